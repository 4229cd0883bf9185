/**
 * Longest single sleep towards a time on the domain clock, wall ms. The caller then checks again: the clock may have
 * jumped, or its rate changed, since the span was computed.
 */
export const LOOK_AGAIN_MS = 5_000;

/** What it comes to; undefined once the signal aborts: a flow that waits goes on no more then. */
export function untilStop<R>(running: Promise<R>, signal: AbortSignal): Promise<R | undefined> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
    running.then(resolve, reject);
  });
}
