import type { VenueOrder } from '../../engine/records/venue.ts';

/** Orders and trades at the venue that no record of this ledger explains. */
export interface StrangeOrder {
  /**
   * `LEDGER_BEHIND_VENUE`: an id of this ledger that it never issued, or issued for another order. An older copy was
   * restored, or another copy trades. `OTHER_DAEMON`: the id belongs to another Holdfast ledger.
   */
  readonly code: 'LEDGER_BEHIND_VENUE' | 'OTHER_DAEMON';
  readonly detail: string;
  readonly symbol: string;
}

/** Called by the account reads; ledger-check.ts implements it. */
export interface Lookout {
  /** The venue shows another order under the id of one of ours. */
  found(strange: StrangeOrder): void;
  /** A list of open orders shows one that no record explains. */
  listed(report: VenueOrder): void;
  /** Somebody else may have traded in the symbol; null: in any. */
  suspect(symbol: string | null): void;
}

const nothing = (): void => undefined;
export const NO_LOOKOUT: Lookout = { found: nothing, listed: nothing, suspect: nothing };
