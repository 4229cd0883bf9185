import type { TimePort } from '../time/time-port.ts';

/**
 * The exchange's clock. `wall`: server time runs `scale` times as fast as the wall from an epoch on. `manual`: it
 * stands still and only `jump` moves it.
 */
export interface Clock {
  readonly mode: 'wall' | 'manual';
  readonly scale: number;
  /** Server time at the wall instant `wallMs`: server time = epoch + (wall - wallMs) * scale. */
  epochMs(): number;
  readonly wallMs: number;
  /** Server time now, in UTC milliseconds. */
  now(): number;
  /** Moves server time forward by `ms`. */
  jump(ms: number): void;
  /** Wall milliseconds since a manual clock was last moved: how far a client's own clock may have run on. */
  drift(): number;
}

export function createClock(time: TimePort, mode: 'wall' | 'manual', epochMs: number, scale: number): Clock {
  const wallMs = time.hostMs();
  const startedMs = time.monotonicMs();
  let jumpedMs = 0;
  let movedAtMs = startedMs;
  const elapsed = () => (mode === 'wall' ? (time.monotonicMs() - startedMs) * scale : 0);
  return {
    mode,
    scale,
    epochMs: () => epochMs + jumpedMs,
    wallMs,
    now: () => Math.floor(epochMs + jumpedMs + elapsed()),
    jump: (ms) => {
      jumpedMs += ms;
      movedAtMs = time.monotonicMs();
    },
    drift: () => (mode === 'manual' ? time.monotonicMs() - movedAtMs : 0),
  };
}
