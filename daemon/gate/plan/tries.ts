import type { Rejection } from '../venue-port.ts';

/** Refusals in a row after which an exit gives up, and says so. */
const MOST_FAILURES = 8;
const BACK_OFF_MS = [200, 400, 800, 1_600, 3_200] as const;
/**
 * Orders of the venue's largest size into which one exit is split at most: a filter of a lot or two must not flood it.
 */
const MOST_PARTS = 100;

/** When an exit may go on after what became of its last order; wall ms of the process. */
export class Tries {
  failures = 0;
  /** Of them, those for what rests beside it: refusals for anything else say nothing about room. */
  crowded = 0;
  nextAt = Number.NEGATIVE_INFINITY;
  #parts = 0;

  /** False: another attempt is pointless. */
  afterRefusal(rejection: Rejection | null, isRetryable: boolean, now: number, scale: number): boolean {
    this.failures += 1;
    if (rejection?.consequence === 'cancel_sibling') this.crowded += 1;
    const mayMend = rejection === null || rejection.consequence !== 'none' || isRetryable;
    if (!mayMend || this.failures >= MOST_FAILURES) return false;
    const askedMs = (rejection?.retryAfterMs ?? 0) / Math.max(1, scale);
    const backOffMs = BACK_OFF_MS[Math.min(this.failures - 1, BACK_OFF_MS.length - 1)] ?? 0;
    this.nextAt = now + Math.max(backOffMs, askedMs);
    return true;
  }

  /** A part of the venue's largest size filled: the next part follows at once. False: there were too many. */
  afterPart(): boolean {
    this.reset();
    this.#parts += 1;
    return this.#parts < MOST_PARTS;
  }

  afterRung(now: number, stepMs: number): void {
    this.reset();
    this.nextAt = now + stepMs;
  }

  reset(): void {
    this.failures = 0;
    this.crowded = 0;
  }
}
