import type { GateEvent } from '../../../daemon/engine/records/events.ts';

/** By how much the venue's clock has moved while no time passed, as the records of clocks say. */
export class PlainClock {
  #aheadMs = 0;

  /** By so much further with this record, ms; mostly 0. */
  take(event: GateEvent): number {
    if (event.kind !== 'state' || event.payload.layer !== 'boot' || event.payload.t_ms === undefined) return 0;
    const { clock_ahead_ms: aheadMs = 0, t_ms: tMs } = event.payload;
    const goneMs = event.at_ms - tMs - this.#aheadMs;
    // By how much it goes ahead is on record beside the time that has passed, which the gate counts by; both are rounded.
    const byMs = aheadMs > 0 && Math.abs(aheadMs - goneMs) > 1 ? aheadMs : goneMs;
    this.#aheadMs += byMs;
    return byMs;
  }
}
