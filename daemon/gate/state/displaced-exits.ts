import type { DecisionEvent, OrderIntentEvent } from '../events.ts';
import { heldOn } from './held-lots.ts';
import { isTerminal, type OrderState } from './orders.ts';
import type { PositionState } from './positions.ts';

/** Reason of a cancel that only makes room: what it takes away rests again afterwards. */
export const MAKES_ROOM = 'makes room for an exit';

/** Resting exits that were canceled to make room for another exit, until they rest again; folded from events alone. */
export class DisplacedExits {
  /** With whose lots each would take profit of: its agent's share, or, where that held none, the position. */
  readonly #orders = new Map<OrderState, string | null>();

  /** Those that the venue has canceled, and of which something is left. */
  *waiting(): Generator<OrderState> {
    for (const order of this.#orders.keys()) if (isTerminal(order.status)) yield order;
  }
  get size(): number {
    return this.#orders.size;
  }

  /** A cancel was asked for. */
  note(order: OrderState, event: OrderIntentEvent, position: PositionState | undefined): void {
    if (event.action !== 'cancel' || event.reason !== MAKES_ROOM || order.origin !== 'agent') return;
    if (order.reduceOnly && !order.protective && order.timeInForce === 'GTC' && order.decisionId !== null)
      this.#orders.set(order, heldOn(position, order.side, order.agent) > 0 ? order.agent : null);
  }

  /** It ended: nothing is left of one that filled. */
  settle(order: OrderState): void {
    if (!this.#orders.has(order) || !isTerminal(order.status)) return;
    if (order.status !== 'canceled' || order.executedLots >= order.lots) this.#orders.delete(order);
  }

  /** What was closed has nothing left to take profit of: what is opened later is another matter. */
  follow(symbol: string, position: PositionState): void {
    for (const [order, whose] of this.#orders)
      if (order.symbol === symbol && heldOn(position, order.side, whose) === 0) this.#orders.delete(order);
  }

  /** It was decided again, whatever came of it; or its caller wants it gone, though it is at the moment. */
  apply({ agent, decision, orders, parent_decision_id: parentId, request }: DecisionEvent): void {
    if (this.#orders.size === 0) return;
    for (const order of this.#orders.keys()) {
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
