import type { GateEvent } from '../records/events.ts';

/** Recorded by the host's clock, which says nothing of how much has passed. */
const HOST_DATED: ReadonlySet<string> = new Set(['arming', 'token_act']);

/**
 * Logical time, `t`: milliseconds that passed, on the scale of venue time. It never goes back, and it goes on by what
 * has passed: a venue's clock that jumps moves what lies between the two, and nothing that is dated by `t`. Venue time
 * is turned into `t`, and back, here alone; elsewhere neither is compared with the other.
 */
export class PassedTime {
  /** Of the last record, and the venue time of it. */
  tMs = 0;
  lastAtMs = Number.NEGATIVE_INFINITY;
  /** Venue time less `t`. */
  aheadMs = 0;
  /** The same until this venue time, the last one on record before the venue's clock went ahead. */
  beforeMs = 0;
  untilMs = Number.NEGATIVE_INFINITY;

  /**
   * Reads a record. The first of each process, and those of a clock that jumped, say their `t`; until the next of them `t`
   * goes with venue time. Older daemons recorded the jumps instead, which nothing else reads for that.
   */
  note({ at_ms: atMs, kind, payload }: GateEvent): void {
    if (HOST_DATED.has(kind)) return;
    if (kind !== 'state') this.#goOn(atMs);
    else if (payload.t_ms !== undefined) {
      this.tMs = Math.max(this.tMs, payload.t_ms);
      if (payload.layer !== 'boot') return;
      this.#lieAhead(atMs - this.tMs);
    } else {
      if (payload.clock_ahead_ms !== undefined) this.#lieAhead(this.aheadMs + payload.clock_ahead_ms);
      this.#goOn(atMs);
      if (payload.clock_set_back === true) this.#lieAhead(atMs - this.tMs);
    }
    this.lastAtMs = atMs;
  }
  #goOn(atMs: number): void {
    this.tMs = Math.max(this.tMs, atMs - this.aheadMs);
  }
  #lieAhead(aheadMs: number): void {
    if (aheadMs === this.aheadMs) return;
    this.untilMs = aheadMs > this.aheadMs ? this.lastAtMs : Number.NEGATIVE_INFINITY;
    this.beforeMs = this.aheadMs;
    this.aheadMs = aheadMs;
  }

  /** `t` of now, by the venue time of now. */
  atNow(nowMs: number): number {
    return Math.max(this.tMs, nowMs - this.aheadMs);
  }
  /** `t` of something that the venue dates. */
  of(venueMs: number): number {
    return venueMs - (venueMs <= this.untilMs ? this.beforeMs : this.aheadMs);
  }
  /** Venue time that a clock showed at a `t`: {@link of} of it is that `t` again. */
  wasAtMs(tMs: number): number {
    return tMs + (tMs <= this.untilMs - this.beforeMs ? this.beforeMs : this.aheadMs);
  }
  /** Venue time of a `t`, for people and for what is recorded. */
  venueMs(tMs: number): number {
    return tMs + this.aheadMs;
  }
  /** The same of one that may be absent. */
  venueMsOf(tMs: number | null): number | null {
    return tMs === null ? null : this.venueMs(tMs);
  }
}
