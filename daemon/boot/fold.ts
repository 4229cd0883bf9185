import type { GateEvent } from '../gate/events.ts';
import type { GateState } from '../gate/state/gate-state.ts';
import type { LedgerReader } from '../ledger/types.ts';

/** Folds a whole ledger into views. */
export function applyRecorded(ledger: LedgerReader, state: GateState): void {
  for (const event of ledger.iterateEvents()) if (event.kind !== 'genesis') state.apply(event as unknown as GateEvent);
}
