import type { LiveOrder, SymbolBook } from './symbol-book.ts';

/** What an order meets: everything but the order itself, at the worst (DESIGN "Arithmetic"), USDT. */
export interface Surroundings {
  /** The order's own side of its symbol, and the whole symbol. */
  readonly sideUsdt: number;
  readonly symbolUsdt: number;
  /** Worst case of the other symbols together, how many they are, and the set of their regimes (and of the symbol's). */
  readonly othersUsdt: number;
  readonly others: number;
  readonly ranks: number;
  /** Opening orders everywhere at full size, and the taker fees they would pay. */
  readonly pendingUsdt: number;
  readonly pendingFeesUsdt: number;
}

export function surround(
  books: readonly SymbolBook[],
  book: SymbolBook,
  sign: number,
  without: LiveOrder | null,
): Surroundings {
  let othersUsdt = 0;
  let others = 0;
  let ranks = 1 << book.regime.rank();
  let pendingUsdt = 0;
  let pendingFeesUsdt = 0;
  for (let i = 0; i < books.length; i++) {
    const other = books[i]!;
    for (let k = 0; k < other.orders.length; k++) {
      const order = other.orders[k]!;
      if (order === without || order.reduceOnly) continue;
      const usdt = (order.lots - order.filled) * other.lotSize * Math.max(other.mark, order.price);
      pendingUsdt += usdt;
      pendingFeesUsdt += usdt * other.instrument.takerFee;
    }
    if (other === book) continue;
    const worst = Math.max(other.sideUsdt(1, null), other.sideUsdt(-1, null));
    if (worst === 0) continue;
    othersUsdt += worst;
    others += 1;
    ranks |= 1 << other.regime.rank();
  }
  const sideUsdt = book.sideUsdt(sign, without);
  const symbolUsdt = Math.max(sideUsdt, book.sideUsdt(-sign, without));
  return { sideUsdt, symbolUsdt, othersUsdt, others, ranks, pendingUsdt, pendingFeesUsdt };
}
