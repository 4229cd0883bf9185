/** A further order of a permitted exit. Pure functions, so that the daemon and a replay decide the same (SAE-SAME-CODE). */
import type { ExecutionDecision } from '../../core/decision.ts';
import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import type { OrderBook, OrderState } from '../orders/orders.ts';
import {
  bareRequest,
  clientOrderId,
  type IdSource,
  laterAsk,
  planSingle,
  type ReviewPlace,
  type Steps,
} from '../plan/orders.ts';
import type { Ask } from '../readings/inputs.ts';
import type { DecisionEvent, PlannedOrder } from '../records/decisions.ts';
import { fromE8 } from '../records/units.ts';

export interface ExitForm {
  readonly quantityE8: number;
  /** Rung of the ladder, 0 the first. */
  readonly rung: number;
  /** An order of the exit that waits unsent, and goes out itself; null: another one is planned. */
  readonly own: OrderState | null;
  /** Of an order that its caller has moved since; absent: as it was asked for. */
  readonly limitPrice?: number | null;
}

/** What a further order of an exit takes from the decision that permitted the exit. */
export interface ExitParent {
  readonly decision: Pick<DecisionEvent['decision'], 'decision_id' | 'seq'>;
  readonly orders: readonly Pick<PlannedOrder, 'side' | 'symbol'>[];
  readonly request: ExecutionRequest;
  readonly route: string;
}

/**
 * The same from an order of the exit, for a record that cannot be read. Whose it is, which side it closes and its bounds
 * on the price are those of the order; how much is the pump's to say.
 */
export function exitParentOf(order: OrderState, decisionId: string, place: ReviewPlace, nowMs: number): ExitParent {
  const { agent, orderType, origin, priceE8, side, slippageBps, symbol, timeInForce } = order;
  // The rungs of a market exit are limit orders, too, and immediate ones: their price is not the caller's.
  const isLimit = orderType === 'limit' && timeInForce === 'GTC';
  return {
    // It ends in its record's seq.
    decision: { decision_id: decisionId, seq: Number.parseInt(decisionId.split('-').at(-1) ?? '', 36) },
    orders: [{ side, symbol }],
    request: {
      ...bareRequest(place, symbol, nowMs),
      agent: agent ?? '',
      intent: 'close',
      limit_price: isLimit && priceE8 !== null ? fromE8(priceE8) : null,
      max_slippage_bps: slippageBps,
      order_type: isLimit ? 'limit' : 'market',
      origin: origin ?? 'agent',
      reduce_only: true,
      requested_leverage: null,
      side,
      skill_sha256: order.claimedSkillSha256,
      tool: 'close_position',
    },
    route: 'close_position',
  };
}

export function exitOrderRequest(parent: ExitParent, form: ExitForm): ExecutionRequest {
  const request = copyRequest(parent.request);
  request.intent = 'close';
  if (form.limitPrice !== undefined) request.limit_price = form.limitPrice;
  request.side = parent.orders[0]?.side ?? parent.request.side;
  request.request_id = null;
  return request;
}

export function exitOrderAsk(place: ReviewPlace, form: ExitForm): Ask {
  const ask = laterAsk(place, form.quantityE8);
  ask.exitRung = form.rung;
  return ask;
}

/** By the number of orders before it, so that no id is used twice. */
export function exitOrderId(ids: IdSource, book: OrderBook, parent: ExitParent, form: ExitForm): string {
  const { decision_id: decisionId, seq } = parent.decision;
  const attempt = book.byDecision.get(decisionId)?.length ?? 1;
  return form.own?.clientOrderId ?? clientOrderId(ids, seq, 0, attempt);
}

export function planExitOrder(
  decision: ExecutionDecision,
  symbol: string,
  id: string,
  steps: Steps | undefined,
): readonly PlannedOrder[] {
  const { effective } = decision;
  if (decision.decision === 'BLOCK' || effective?.action !== 'exit' || steps === undefined) return [];
  return [planSingle(effective, steps, { symbol, id, slice: 0 })];
}
