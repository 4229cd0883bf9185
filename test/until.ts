import { setTimeout as delay } from 'node:timers/promises';

/** Real time is no measure of a program on a loaded machine, only a guard against one that hangs. */
export const PATIENCE_MS = 120_000;

/** For so long it is asked turn after turn; what takes longer depends on another process, which needs the processor. */
const TURNS_FOR_MS = 20;
const MAX_PAUSE_MS = 25;

/** Asks again and again until the condition holds; fails with `what` when it never does. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs: number = PATIENCE_MS,
): Promise<void> {
  const begunMs = performance.now();
  while (!(await isSo())) {
    const waitedMs = performance.now() - begunMs;
    if (waitedMs > withinMs) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
    if (waitedMs < TURNS_FOR_MS) await turn();
    else await delay(Math.min(MAX_PAUSE_MS, waitedMs / 20));
  }
}

/** Everything that has arrived by now is handled. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How often a watch looks, and the most that one look counts: a little more than it takes on a quiet machine. */
const LOOK_MS = 10;
const MAX_OF_A_LOOK_MS = 12;

/** Starts to measure a span, in which a machine that stands still, or is too busy to run this process, counts little. */
export function startWatch(onLook: (countedMs: number) => void = () => undefined): { readonly stop: () => number } {
  let countedMs = 0;
  let lastMs = performance.now();
  const look = (): void => {
    const nowMs = performance.now();
    countedMs += Math.min(nowMs - lastMs, MAX_OF_A_LOOK_MS);
    lastMs = nowMs;
    onLook(countedMs);
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return countedMs;
    },
  };
}

/** Waits for a span of such a watch: what a machine does meanwhile depends less on how fast it is. */
export function waitByWatch(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', end);
      watch.stop();
      resolve();
    };
    const watch = startWatch((countedMs) => {
      if (countedMs >= ms) end();
    });
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
