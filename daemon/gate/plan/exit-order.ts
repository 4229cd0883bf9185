/** A further order of a permitted exit. Pure functions, so that the daemon and a replay decide the same (SAE-SAME-CODE). */
import type { ExecutionDecision } from '../../core/decision.ts';
import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import type { DecisionEvent, PlannedOrder } from '../events.ts';
import type { Ask } from '../snapshot/inputs.ts';
import { laterAsk } from '../snapshot/inputs.ts';
import type { OrderBook, OrderState } from '../state/orders.ts';
import { clientOrderId, type IdSource } from './order-ids.ts';
import { planSingle } from './orders.ts';
import type { ReviewPlace } from './standing.ts';

export interface ExitForm {
  readonly lots: number;
  /** Rung of the ladder, 0 the first. */
  readonly rung: number;
  /** An order of the exit that waits unsent, and goes out itself; null: another one is planned. */
  readonly own: OrderState | null;
  /** Of an order that its caller has moved since; absent: as it was asked for. */
  readonly limitPrice?: number | null;
}

export function exitOrderRequest(parent: DecisionEvent, form: ExitForm): ExecutionRequest {
  const request = copyRequest(parent.request);
  request.intent = 'close';
  if (form.limitPrice !== undefined) request.limit_price = form.limitPrice;
  request.side = parent.orders[0]?.side ?? parent.request.side;
  request.request_id = null;
  return request;
}

export function exitOrderAsk(place: ReviewPlace, form: ExitForm): Ask {
  const ask = laterAsk(place, null, null, form.lots);
  ask.exitRung = form.rung;
  return ask;
}

/** By the number of orders before it, so that no id is used twice. */
export function exitOrderId(ids: IdSource, book: OrderBook, parent: DecisionEvent, form: ExitForm): string {
  const { decision_id: decisionId, seq } = parent.decision;
  const attempt = book.byDecision.get(decisionId)?.length ?? 1;
  return form.own?.clientOrderId ?? clientOrderId(ids, seq, 0, attempt);
}

export function planExitOrder(decision: ExecutionDecision, symbol: string, id: string): readonly PlannedOrder[] {
  const { effective } = decision;
  return decision.decision === 'BLOCK' || effective?.action !== 'exit' ? [] : [planSingle(effective, symbol, id, 0)];
}
