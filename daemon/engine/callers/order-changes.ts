import { everyLiveOrder, isTerminal, liveOrders, type OrderBook, type OrderState } from '../orders/orders.ts';
import type { DecisionEvent, OrderIntentEvent } from '../records/decisions.ts';
import { isInCancelAll, type LayerMap } from './layers.ts';

/** How many changes are kept. The orders themselves show what older ones did. */
export const MAX_CHANGES = 1_000;

/** The orders of one permitted modify, cancel or cancel_all, and its outcome besides their own status. */
export interface OrderChange {
  readonly action: 'amend' | 'cancel';
  readonly orders: readonly OrderState[];
  /** Amend: the venue proved one of both forms. A cancel shows in the status of its orders. */
  isSettled: boolean;
  /** Amend: why the old form stays, in the venue's words. */
  refusal: string | null;
}

/** Changes by their decision, folded from events alone. */
export class OrderChanges {
  private readonly byDecision = new Map<string, OrderChange>();
  /** How many changes are of an order. */
  private readonly concerned = new Map<OrderState, number>();

  find(decisionId: string): OrderChange | null {
    return this.byDecision.get(decisionId) ?? null;
  }

  /** Applies a decision on a tool call. */
  begin(event: DecisionEvent, book: OrderBook, layers: LayerMap, tMs: number): void {
    const action = event.decision.effective?.action;
    if (action !== 'amend' && action !== 'cancel') return;
    const orders = findConcerned(event, book, layers, tMs);
    if (action === 'amend')
      for (const order of orders) this.#settle(order, 'what became of it was not proven before the next change');
    const change: OrderChange = { action, orders, isSettled: false, refusal: null };
    this.byDecision.set(event.decision.decision_id, change);
    this.#concern(change, 1);
    for (const [oldest, old] of this.byDecision) {
      if (this.byDecision.size <= MAX_CHANGES) break;
      this.byDecision.delete(oldest);
      this.#concern(old, -1);
    }
  }

  isConcerned(order: OrderState): boolean {
    return this.concerned.has(order);
  }
  #concern({ orders }: OrderChange, by: 1 | -1): void {
    for (const order of orders) {
      const times = (this.concerned.get(order) ?? 0) + by;
      if (times === 0) this.concerned.delete(order);
      else this.concerned.set(order, times);
    }
  }

  /** Applies the proof of one of both forms. */
  settle(order: OrderState, event: OrderIntentEvent): void {
    if (event.action === 'amended') this.#settle(order, null);
    else if (event.action === 'amend_failed') this.#settle(order, event.reason);
  }

  /** The amend of an order of which nothing is proven: there is one at most. */
  #settle(order: OrderState, refusal: string | null): void {
    for (const change of this.byDecision.values())
      if (change.action === 'amend' && !change.isSettled && change.orders.includes(order)) {
        change.isSettled = true;
        change.refusal = refusal;
      }
  }
}

function findConcerned(
  { request }: DecisionEvent,
  book: OrderBook,
  layers: LayerMap,
  tMs: number,
): readonly OrderState[] {
  if (request.client_order_id !== null) {
    const order = book.all.get(request.client_order_id);
    return order === undefined ? [] : [order];
  }
  const candidates = request.symbol === null ? everyLiveOrder(book) : liveOrders(book, request.symbol);
  return [...candidates].filter((order) => !isTerminal(order) && isInCancelAll(order, request, layers, tMs));
}
