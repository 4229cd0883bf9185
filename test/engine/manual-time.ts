import type { TimePort } from '../../daemon/time/time-port.ts';

interface Waiting {
  readonly atMs: number;
  readonly nr: number;
  readonly fn: () => void;
}

/** Time that moves only by `advance`, which calls what falls due in its order and lets what follows from it settle. */
export class ManualTime implements TimePort {
  #nowMs = 0;
  #nr = 0;
  #waiting: Waiting[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }
  hostMs(): number {
    return this.#nowMs;
  }
  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.after(ms, resolve);
      const end = (): void => {
        timer.cancel();
        resolve();
      };
      signal?.addEventListener('abort', end, { once: true });
    });
  }
  after(ms: number, fn: () => void): { cancel(): void } {
    this.#nr += 1;
    const entry = { atMs: this.#nowMs + Math.max(0, ms), nr: this.#nr, fn };
    this.#waiting.push(entry);
    return { cancel: () => (this.#waiting = this.#waiting.filter((other) => other !== entry)) };
  }
  every(ms: number, fn: () => void): { cancel(): void } {
    let timer = { cancel: (): unknown => undefined };
    const next = (): void => {
      timer = this.after(ms, () => {
        next();
        fn();
      });
    };
    next();
    return { cancel: () => void timer.cancel() };
  }
  nextTurn(fn: () => void): { cancel(): void } {
    return this.after(0, fn);
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let due = this.#next(untilMs); due !== null; due = this.#next(untilMs)) {
      this.#waiting = this.#waiting.filter((other) => other !== due);
      this.#nowMs = due.atMs;
      due.fn();
      await settle();
    }
    this.#nowMs = untilMs;
  }
  #next(untilMs: number): Waiting | null {
    let next: Waiting | null = null;
    for (const entry of this.#waiting) {
      if (entry.atMs > untilMs) continue;
      if (next === null || entry.atMs < next.atMs || (entry.atMs === next.atMs && entry.nr < next.nr)) next = entry;
    }
    return next;
  }
}

/** What follows from what was called, through any number of promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
