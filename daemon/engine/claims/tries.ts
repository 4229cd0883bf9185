import type { Rejection } from '../records/venue.ts';
import { rowOf } from '../tables/cause.ts';

/** Refusals of its own in a row after which an exit gives up, and says so. */
const MAX_FAILURES = 8;
const BACK_OFF_MS = [200, 400, 800, 1_600, 3_200] as const;
/** After one wait that the venue imposes, and after each further one in a row. */
const WAIT_MS = [...BACK_OFF_MS, 5_000, 10_000] as const;
/** Between two orders of an exit that its caller has bound. */
const BOUNDED_MS = [...BACK_OFF_MS, 5_000] as const;
/** A cancel that hangs holds up an exit that waits for its place for no longer, ms. */
const PLACE_WITHIN_MS = rowOf('order_limit').minWaitMs;
/** Between two orders of an exit that need not wait, ms. */
const FREE_APART_MS = PLACE_WITHIN_MS;
/**
 * Orders of the venue's largest size into which one exit is split at most: a filter of a lot or two must not flood it.
 */
const MAX_PARTS = 100;

/** When an exit may go on after what became of its last order; wall ms of the process. */
export class Tries {
  failures = 0;
  /** Of them, those for what rests beside it: refusals for anything else say nothing about room. */
  crowded = 0;
  nextAt = Number.NEGATIVE_INFINITY;
  /** The last one was refused for what rests beside it, which is being canceled: the next one goes out once it is gone. */
  awaitsRoom = false;
  /** The venue's limit on open orders was in its way. */
  lacksPlace = false;
  /** Since when it is refused for what goes to make room; null: it is not. */
  #crowdedAt: number | null = null;
  #waits = 0;
  /** When an order of it last went out for what the one before had lacked. */
  #freeAt = Number.NEGATIVE_INFINITY;
  #parts = 0;
  /** Orders in a row that its caller has bound, and of which nothing filled. */
  #bounded = 0;

  /** Its next order is held up for want of a place, or goes out soon and would be: what would rest takes none meanwhile. */
  wantsPlace(now: number): boolean {
    return this.lacksPlace && (this.#waits > 0 || this.nextAt <= now + PLACE_WITHIN_MS);
  }

  /**
   * When its next order may go out. `isFree`: what the last one lacked is there. RISK: that need not help, and each further
   * refusal frees another place: resting orders would all go for it within a moment.
   */
  dueAt(isFree: boolean): number {
    return isFree ? Math.min(this.nextAt, this.#freeAt + FREE_APART_MS) : this.nextAt;
  }
  noteFree(now: number): void {
    this.#freeAt = now;
  }

  /**
   * RISK: a cancel that is held up is asked for again and again, and proves its room late: a refusal for what goes counts
   * only once that has lasted, so that what never goes ends it.
   */
  isCrowdedFor(ms: number, now: number): boolean {
    this.#crowdedAt ??= now;
    return now - this.#crowdedAt >= ms;
  }

  /** `isSpared`: it does not count, whatever its cause. False: another attempt is pointless. */
  afterRefusal(rejection: Rejection | null, now: number, scale: number, isSpared = false): boolean {
    // The room that was freed for it went to another, or did not help.
    this.awaitsRoom = false;
    const askedMs = (rejection?.retryAfterMs ?? 0) / Math.max(1, scale);
    const row = rejection === null ? null : rowOf(rejection.cause);
    // RISK: this says nothing about the order, and an exit that counted it would be lost in any outage.
    if (row?.counts === false || isSpared) {
      this.#waits += 1;
      this.nextAt = now + Math.max(nth(WAIT_MS, this.#waits), askedMs, row?.minWaitMs ?? 0);
      return true;
    }
    this.#waits = 0;
    this.failures += 1;
    if (rejection?.cause === 'nothing_to_reduce') this.crowded += 1;
    // An exit that may still fill does not end yet: it waits then, too.
    this.nextAt = now + Math.max(nth(BACK_OFF_MS, this.failures), askedMs);
    const mayMend = row === null || row.first !== null || row.retryable;
    return mayMend && this.failures < MAX_FAILURES;
  }

  /** A part of the venue's largest size filled: the next part follows at once. False: there were too many. */
  afterPart(): boolean {
    this.reset();
    this.#parts += 1;
    return this.#parts < MAX_PARTS;
  }

  afterRung(now: number, stepMs: number): void {
    this.reset();
    this.#bounded = 0;
    this.nextAt = now + stepMs;
  }

  /** Nothing filled within its caller's bound: the next one goes out soon, then more and more seldom. */
  afterBounded(now: number, stepMs: number, leftMs: number): void {
    this.reset();
    this.#bounded += 1;
    this.nextAt = now + Math.min(Math.max(stepMs, nth(BOUNDED_MS, this.#bounded)), Math.max(0, leftMs));
  }

  reset(): void {
    this.awaitsRoom = false;
    this.failures = 0;
    this.crowded = 0;
    this.#crowdedAt = null;
    this.#waits = 0;
  }
}

function nth(waits: readonly number[], count: number): number {
  return waits[Math.min(count, waits.length) - 1] ?? 0;
}
