import type { DecisionEvent, OrderIntentEvent } from '../events.ts';
import { isTerminal, type OrderState } from './orders.ts';

/** Reason of a cancel that only makes room: what it takes away rests again afterwards. */
export const MAKES_ROOM = 'makes room for an exit';

/** Resting exits that were canceled to make room for another exit, until they rest again; folded from events alone. */
export class DisplacedExits {
  readonly #orders = new Set<OrderState>();

  /** Those that the venue has canceled, and of which something is left. */
  *waiting(): Generator<OrderState> {
    for (const order of this.#orders) if (isTerminal(order.status)) yield order;
  }
  get size(): number {
    return this.#orders.size;
  }

  /** A cancel was asked for. */
  note(order: OrderState, event: OrderIntentEvent): void {
    if (event.action !== 'cancel' || event.reason !== MAKES_ROOM || order.origin !== 'agent') return;
    if (order.reduceOnly && !order.protective && order.timeInForce === 'GTC' && order.decisionId !== null)
      this.#orders.add(order);
  }

  /** It ended: nothing is left of one that filled. */
  settle(order: OrderState): void {
    if (!this.#orders.has(order) || !isTerminal(order.status)) return;
    if (order.status !== 'canceled' || order.executedLots >= order.lots) this.#orders.delete(order);
  }

  /** What the position was closed of has nothing left to take profit of. */
  follow(symbol: string, lots: number): void {
    for (const order of this.#orders)
      if (order.symbol === symbol && (order.side === 'sell' ? lots <= 0 : lots >= 0)) this.#orders.delete(order);
  }

  /** It was decided again, whatever came of it; or its caller wants it gone, though it is at the moment. */
  apply({ agent, decision, orders, parent_decision_id: parentId, request }: DecisionEvent): void {
    if (this.#orders.size === 0) return;
    for (const order of this.#orders) {
      const isAgain = decision.kind === 'slice' && parentId === order.decisionId;
      const isMeant =
        decision.kind === 'tool' &&
        request.intent === 'cancel' &&
        (request.origin === 'operator' || agent === order.agent) &&
        (request.client_order_id === null
          ? request.symbol === null || request.symbol === order.symbol
          : request.client_order_id === order.clientOrderId);
      // A further order of the same decision that did not go out leaves nothing to rest either.
      if (isMeant || (isAgain && orders[0]?.client_order_id !== order.clientOrderId)) this.#orders.delete(order);
    }
  }
}
