import type { ExecutionRequest } from '../../core/request.ts';
import type { DecisionEvent } from '../events.ts';
import type { GateCore } from '../journal/journal.ts';
import { clientOrderId } from '../plan/order-ids.ts';
import { planSingle } from '../plan/orders.ts';
import type { OrderState } from '../state/orders.ts';
import { consider, type Decided, recordDecision } from '../take-decision.ts';

export interface DecidedOrder {
  readonly decided: Decided;
  /** Null: it is not permitted now. */
  readonly order: OrderState | null;
}

export interface ExitForm {
  readonly lots: number;
  readonly rung: number;
  readonly own: OrderState | null;
  /** Of an order that its caller has moved since; absent: as it was requested. */
  readonly limitPrice?: number | null;
}

/**
 * Decides a further order of a permitted exit, at the size and on the rung of now. `own`: an order of it that waits
 * unsent, and goes out itself; null: another one is planned.
 */
export function decideExitOrder(core: GateCore, parent: DecisionEvent, form: ExitForm): DecidedOrder {
  const { decision, request } = parent;
  const [first] = parent.orders;
  if (first === undefined) throw new Error(`exit ${decision.decision_id} planned no order`);
  const attempt = core.state.orders.byDecision.get(decision.decision_id)?.length ?? 1;
  const id = form.own?.clientOrderId ?? clientOrderId(core.ids, decision.seq, 0, attempt);
  const asked: ExecutionRequest = {
    ...request,
    intent: 'close',
    limit_price: form.limitPrice === undefined ? request.limit_price : form.limitPrice,
    side: first.side,
    request_id: null,
  };
  const considered = consider(core, asked, {
    phase: 'slice',
    venue: core.settings.venue,
    accountName: core.settings.account,
    tokenSkillSha256: null,
    schemaViolation: null,
    own: null,
    leaving: null,
    exitRung: form.rung,
    sliceLots: form.lots,
    parentPriceTicks: null,
    target: null,
  });
  const { decision: verdict, effective } = considered.acted;
  const isSent = verdict !== 'BLOCK' && effective?.action === 'exit';
  const decided = recordDecision(core, considered, {
    kind: 'slice',
    route: parent.route,
    bodyHash: null,
    texts: {},
    parentDecisionId: decision.decision_id,
    orders: isSent ? [planSingle(effective, first.symbol, id, 0)] : [],
  });
  const planned = decided.event.orders[0];
  const order = planned === undefined ? undefined : core.state.orders.all.get(planned.client_order_id);
  return { decided, order: order ?? null };
}
