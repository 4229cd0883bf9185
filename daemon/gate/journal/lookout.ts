import type { VenueOrder } from '../venue-port.ts';

/** What the venue shows and no record of this ledger explains. */
export interface StrangeOrder {
  /**
   * `LEDGER_BEHIND_VENUE`: an id of this very ledger that it never gave, or gave to another order: an older copy of it was
   * put back, or another copy trades. `OTHER_DAEMON`: the id is another Holdfast ledger's.
   */
  readonly code: 'LEDGER_BEHIND_VENUE' | 'OTHER_DAEMON';
  readonly detail: string;
  readonly symbol: string;
}

/** Told by whoever reads the account; ledger-check.ts is the one. */
export interface Lookout {
  /** The venue shows another order under the id of one of ours. */
  found(strange: StrangeOrder): void;
  /** An open list shows an order that no record explains. */
  listed(report: VenueOrder): void;
  /** Somebody else may have traded in the symbol; null: in any. */
  suspect(symbol: string | null): void;
}

const nothing = (): void => undefined;
export const NO_LOOKOUT: Lookout = { found: nothing, listed: nothing, suspect: nothing };
