import type { OrderState } from '../state/orders.ts';

/** What a decision is about, and so does not count against itself. */
export interface Own {
  /** Order that is decided again (slice, standing, modify). */
  readonly own: OrderState | null;
  /** Standing review: orders that this very review is canceling already. */
  readonly leaving: ReadonlySet<OrderState> | null;
}

/** Orders other than those that are being decided; `agent`: of that agent alone. Mostly there are none at all. */
export function othersThan(orders: ReadonlySet<OrderState>, own: Own, agent: string | null): Iterable<OrderState> {
  return orders.size === 0 ? orders : eachOther(orders, own, agent);
}
function* eachOther(orders: ReadonlySet<OrderState>, own: Own, agent: string | null): Generator<OrderState> {
  for (const order of orders) {
    if (agent !== null && order.agent !== agent) continue;
    if (isOther(order, own)) yield order;
  }
}
/** Neither decided again, nor leaving, nor an unsent part of the same parent. */
export function isOther(order: OrderState, { own, leaving }: Own): boolean {
  if (order === own || leaving?.has(order) === true) return false;
  const isSibling = own !== null && own.decisionId !== null && order.decisionId === own.decisionId;
  return !isSibling || order.status !== 'pending_send';
}
