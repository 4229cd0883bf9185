import {
  type ExitForm,
  type ExitParent,
  exitOrderAsk,
  exitOrderId,
  exitOrderRequest,
  planExitOrder,
} from '../claims/exit-request.ts';
import type { EngineCore } from '../flow/core.ts';
import type { OrderState } from '../orders/orders.ts';
import type { Decided } from './decided.ts';
import { consider, recordDecision } from './take-decision.ts';

export interface DecidedOrder {
  readonly decided: Decided;
  /** Null: it is not permitted now. */
  readonly order: OrderState | null;
}

/** Decides a further order of a permitted exit, at the size and on the rung of now. */
export function decideExitOrder(core: EngineCore, parent: ExitParent, form: ExitForm): DecidedOrder {
  const [first] = parent.orders;
  if (first === undefined) throw new Error(`exit ${parent.decision.decision_id} planned no order`);
  const id = exitOrderId(core.ids, core.state.orders, parent, form);
  const considered = consider(core, exitOrderRequest(parent, form), exitOrderAsk(core.settings, form));
  const decided = recordDecision(core, considered, {
    kind: 'slice',
    route: parent.route,
    bodyHash: null,
    texts: {},
    parentDecisionId: parent.decision.decision_id,
    orders: planExitOrder(considered.acted, first.symbol, id, core.state.rules.get(first.symbol)),
  });
  const planned = decided.event.orders[0];
  const order = planned === undefined ? undefined : core.state.orders.all.get(planned.client_order_id);
  return { decided, order: order ?? null };
}
