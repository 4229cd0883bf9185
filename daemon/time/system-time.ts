import type { TimePort, Timer, TimerOptions } from './time-port.ts';

/** Longest timer of Node, which fires longer ones at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The time of this process: the only place of the daemon that sets timers and reads clocks for the parts that use it.
 */
export const SYSTEM_TIME: TimePort = {
  monotonicMs: () => performance.now(),
  hostMs: () => Date.now(),
  delay: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        setImmediate(resolve);
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, bound(ms));
      signal?.addEventListener('abort', end, { once: true });
    }),
  after: (ms, fn, options) => timerOf(setTimeout(fn, bound(ms)), options),
  every: (ms, fn, options) => timerOf(setInterval(fn, bound(ms)), options),
  nextTurn: (fn) => {
    const immediate = setImmediate(fn);
    return { cancel: () => clearImmediate(immediate) };
  },
};

function bound(ms: number): number {
  return Math.min(LONGEST_TIMER_MS, Math.max(0, ms));
}

function timerOf(timer: NodeJS.Timeout, options: TimerOptions | undefined): Timer {
  if (options?.unref === true) timer.unref();
  return { cancel: () => clearTimeout(timer) };
}
