import type { GateEvent } from '../records/events.ts';
import type { Entry } from '../tables/fold.ts';
import { noteClock } from './clock-moves.ts';
import { FOLD } from './fold.ts';
import { type EndedDecision, takeEnded } from './leave.ts';
import { upcast } from './upcast.ts';
import { GateViews } from './views.ts';

const NONE: readonly EndedDecision[] = [];

/**
 * Every view of the gate, folded from ledger events and from nothing else. `apply`, with the table of {@link FOLD}, is
 * the only writer; it runs in the same event-loop turn as the append, so a decision, its reservation and the next
 * snapshot can never interleave.
 */
export class GateState extends GateViews {
  /** Returns what has left the views by the time of the event. */
  apply(event: GateEvent): readonly EndedDecision[] {
    const fold = FOLD[event.kind] as
      | ((views: GateViews, entry: Entry<GateEvent['payload']>) => void)
      | null
      | undefined;
    if (fold === null) return NONE;
    // Account-side events move `state_seq`, market inputs move `market_seq`.
    if (event.kind === 'market' || event.kind === 'rules') this.marketSeq = event.seq;
    else this.stateSeq = event.seq;
    // Before anything is forgotten by its instant.
    const { aheadMs } = this.time;
    this.time.note(event);
    if (event.kind === 'state') noteClock(this, event.payload, event.at_ms, this.time.aheadMs - aheadMs);
    this.lastEventAtMs = event.at_ms;
    this.latestEventAtMs = Math.max(this.latestEventAtMs, event.at_ms);
    const ended = takeEnded(this, this.time.tMs);
    this.approvals.dropOld(event.at_ms);
    // A kind of a later version has no row.
    fold?.(this, upcast(this, event));
    return ended;
  }
}
