import type { EngineCore, LiveCore } from './core.ts';
import { type Flow, resultsOf, type Started } from './step.ts';

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

/** Starts what nobody waits for; that it failed is an alert. */
export function startAlone(core: EngineCore, code: string, task: () => readonly Started<unknown>[]): void {
  const onFailure = (error: unknown): void => core.alertRarely(code, String(error));
  try {
    for (const started of task()) started.onEnd((end) => end.kind === 'failed' && onFailure(end.error));
  } catch (error) {
    onFailure(error);
  }
}
