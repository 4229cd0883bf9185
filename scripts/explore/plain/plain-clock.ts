import type { GateEvent } from '../../../daemon/engine/records/events.ts';

/** By how much the venue's clock has moved while no time passed, as the records of clocks say. */
export class PlainClock {
  #aheadMs = 0;
  /** The same until this venue time, the last one on record before the clock went ahead. */
  #beforeMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** By so much further with this record, ms; mostly 0. */
  take(event: GateEvent): number {
    const byMs = this.#moved(event);
    if (byMs !== 0) {
      this.#untilMs = byMs > 0 ? this.#lastMs : Number.NEGATIVE_INFINITY;
      this.#beforeMs = this.#aheadMs;
      this.#aheadMs += byMs;
    }
    // The machine's own clock dates these.
    if (event.kind !== 'arming' && event.kind !== 'token_act') this.#lastMs = event.at_ms;
    return byMs;
  }

  /** Venue time of now, as time that has passed, ms. */
  passedMs(nowMs: number): number {
    return nowMs - this.#aheadMs;
  }
  /** The same of an instant that may lie before the last move of the clock. */
  passedAtMs(venueMs: number): number {
    return venueMs - (venueMs <= this.#untilMs ? this.#beforeMs : this.#aheadMs);
  }
  /** Time that has passed, by the venue's clock of now, ms. */
  venueMs(passedMs: number): number {
    return passedMs + this.#aheadMs;
  }

  #moved(event: GateEvent): number {
    if (event.kind !== 'state' || event.payload.layer !== 'boot' || event.payload.t_ms === undefined) return 0;
    const { clock_ahead_ms: aheadMs = 0, t_ms: tMs } = event.payload;
    const goneMs = event.at_ms - tMs - this.#aheadMs;
    // By how much it goes ahead is on record beside the time that has passed, which the gate counts by; both are rounded.
    return aheadMs > 0 && Math.abs(aheadMs - goneMs) > 1 ? aheadMs : goneMs;
  }
}
