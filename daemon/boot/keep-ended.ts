import { type EndedDecision, KEEP_ENDED_ROWS_MS, toRows } from '../engine/state/leave.ts';
import type { Ledger } from '../ledger/types.ts';

/** Rows of one commit. */
const MAX_ROWS = 1_000;

/** Writes the orders that a start's fold lets go of, as the daemon wrote them when it let go of them. */
export function keepEnded(ledger: Ledger): (ended: readonly EndedDecision[]) => void {
  // The `t` of now is not known before the fold: by the venue's time some more are left out, of those that are about to go.
  const sinceMs = (ledger.readEvent(ledger.lastSeq())?.at_ms ?? 0) - KEEP_ENDED_ROWS_MS;
  let pending = 0;
  return (ended) => {
    const rows = ended.filter(({ endedAtMs }) => endedAtMs > sinceMs).flatMap(toRows);
    if (rows.length === 0) return;
    ledger.putEndedOrders(rows);
    pending += rows.length;
    if (pending < MAX_ROWS) return;
    ledger.flush();
    pending = 0;
  };
}
