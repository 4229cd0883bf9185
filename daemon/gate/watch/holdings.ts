import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import { findMisplaced } from '../plan/holdings.ts';

/** Cancels what must not rest on by whose its symbol is. Cheap: called at every tick and after every fill. */
export function watchHoldings(core: GateCore, canceler: Canceler): () => Promise<unknown> | null {
  return () => {
    const misplaced = findMisplaced(core.state, core.nowMs());
    return misplaced.length === 0 ? null : Promise.all(misplaced.map(({ order, why }) => canceler.cancel(order, why)));
  };
}
