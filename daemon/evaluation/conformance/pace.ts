/** Bounds what a fleet sends: so many requests a second, and so many in all. */
export class Pace {
  readonly #intervalMs: number;
  #nextMs = 0;
  #left: number;

  constructor(requestsPerSecond: number, most: number) {
    this.#intervalMs = 1000 / requestsPerSecond;
    this.#left = most;
  }

  /** Waits for the next slot; false when the count is used up or the run has ended. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (this.#left <= 0) return false;
    this.#left -= 1;
    const now = performance.now();
    // A burst of one step goes out together; what follows waits until the average holds again.
    const at = Math.max(now - BURST_MS, this.#nextMs);
    this.#nextMs = at + this.#intervalMs;
    if (at > now) await wait(at - now, signal);
    return !signal.aborted;
  }
}
const BURST_MS = 200;

/** Resolves after `ms`, or at once when the run ends. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
