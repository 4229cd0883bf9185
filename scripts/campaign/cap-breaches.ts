import type { BookOrder, Books } from './evidence.ts';

export interface Caps {
  readonly symbolUsdt: number;
  readonly grossUsdt: number;
}

const ROUNDING_USDT = 1e-6;

/**
 * Walks the books from the first order on: at every placement, what each symbol and the account could hold if every
 * order of one side filled, at the worse of mark and price, is within the caps. An end and a placement of the same
 * millisecond are taken as if the end came first: the books do not say.
 */
export function findCapBreaches(books: Books, caps: Caps): readonly string[] {
  const orders = [...books.orders].sort((a, b) => a.order_id - b.order_id);
  const fills = orders
    .flatMap((order) => order.fills.map((fill) => ({ fill, orderId: order.order_id })))
    .sort((a, b) => a.fill.trade_id - b.fill.trade_id);
  const held = new Map<string, number>();
  const live = new Set<BookOrder>();
  const found: string[] = [];
  let next = 0;
  for (const order of orders) {
    const atMs = order.created_ms;
    for (; next < fills.length; next += 1) {
      const { fill, orderId } = fills[next]!;
      const isBefore = fill.time_ms < atMs || (fill.time_ms === atMs && orderId < order.order_id);
      if (!isBefore) break;
      held.set(fill.symbol, Number(fill.position_after));
    }
    for (const other of live) if (!isOpen(other) && other.updated_ms <= atMs) live.delete(other);
    live.add(order);
    if (order.reduce_only) continue;
    const worst = worstOf(books, live, held, atMs);
    const symbolUsdt = worst.get(order.symbol) ?? 0;
    const grossUsdt = [...worst.values()].reduce((sum, usdt) => sum + usdt, 0);
    if (symbolUsdt > caps.symbolUsdt + ROUNDING_USDT)
      found.push(`${order.symbol} could hold ${symbolUsdt} USDT when ${order.client_order_id} came`);
    if (grossUsdt > caps.grossUsdt + ROUNDING_USDT)
      found.push(`the account could hold ${grossUsdt} USDT when ${order.client_order_id} came`);
  }
  for (const { symbol, mark_price: mark, quantity } of books.positions)
    if (Math.abs(Number(quantity)) * Number(mark) > caps.symbolUsdt + ROUNDING_USDT)
      found.push(`${symbol} holds ${quantity} at ${mark}`);
  return found;
}

function isOpen(order: BookOrder): boolean {
  return order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
}

/** USDT that each symbol could hold: the larger of its two sides. */
function worstOf(
  books: Books,
  live: ReadonlySet<BookOrder>,
  held: ReadonlyMap<string, number>,
  atMs: number,
): ReadonlyMap<string, number> {
  const worst = new Map<string, number>();
  for (const { symbol, mark_price } of books.positions) {
    const mark = Number(mark_price);
    const position = held.get(symbol) ?? 0;
    let long = Math.max(0, position) * mark;
    let short = Math.max(0, -position) * mark;
    for (const order of live) {
      if (order.symbol !== symbol || order.reduce_only) continue;
      const filled = order.fills
        .filter((fill) => fill.time_ms < atMs)
        .reduce((sum, fill) => sum + Number(fill.quantity), 0);
      const value = (Number(order.quantity) - filled) * Math.max(mark, Number(order.price));
      if (order.side === 'BUY') long += value;
      else short += value;
    }
    worst.set(symbol, Math.max(long, short));
  }
  return worst;
}
