import type { LiveCore } from './core.ts';
import { type Flow, resultsOf } from './step.ts';

/** Logs that a read failed, and returns false. */
export function noteUnread(core: LiveCore, what: string, error: unknown): boolean {
  core.ports.log.warn({ what, error: String(error) }, 'could not be read');
  return false;
}

/** Reads all of it at once: whether every reading succeeded. */
export function* allRead(core: LiveCore, readings: readonly Flow<boolean>[]): Flow<boolean> {
  const begun = readings.map((reading) => core.begin(reading));
  return (yield* resultsOf(begun)).every((ok) => ok);
}
