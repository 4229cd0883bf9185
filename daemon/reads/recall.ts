import type { LedgerPort, StoredEvent } from '../engine/flow/ports.ts';
import type { DecisionEvent } from '../engine/records/decisions.ts';
import { fromRows, type GateViews, type Recalled } from '../engine/state/views.ts';

/**
 * The execution of a recorded decision: from the views, or from the ledger's table of the orders that have left them.
 * Orders of slices and later rungs belong to their parent, which has one end: while its claim goes on, none has ended.
 */
export function recall(
  state: Pick<GateViews, 'claims' | 'orders'>,
  ledger: Pick<LedgerPort, 'readEndedOrders'>,
  stored: Pick<StoredEvent, 'payload'>,
): Recalled {
  const { decision, orders, parent_decision_id: parentId } = stored.payload as DecisionEvent;
  const isPart = parentId !== null && orders.length > 0;
  const id = isPart ? parentId : decision.decision_id;
  const held = state.orders.byDecision.get(id);
  const whole =
    held === undefined
      ? fromRows(orders.length === 0 ? [] : ledger.readEndedOrders({ decisionId: id }))
      : { orders: held, claim: state.claims.find(id) };
  if (!isPart) return whole;
  const ids = new Set(orders.map(({ client_order_id: own }) => own));
  return {
    orders: whole.orders.filter(({ clientOrderId }) => ids.has(clientOrderId)),
    claim: whole.claim?.end === null ? whole.claim : null,
  };
}
