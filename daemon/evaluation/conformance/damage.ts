import type { BookHistory } from './history.ts';

/** What a group of orders did to the account: fees and, at the marks of the last reading, profit and loss. USDT. */
export interface Cost {
  readonly feesUsdt: number;
  /** Signed result of the fills at the last marks, fees taken off. Negative: lost. */
  readonly resultUsdt: number;
  readonly turnoverUsdt: number;
}
export interface Damage {
  readonly byGroup: ReadonlyMap<string, Cost>;
  /** Result of what was held before the first reading. */
  readonly heldBeforeUsdt: number;
  /** Funding and transfers in between. */
  readonly otherUsdt: number;
  readonly equityChangeUsdt: number;
  /** Equity change that none of the above explains: rounding of the books, or a sign that they were misread. */
  readonly unexplainedUsdt: number;
}

/**
 * Splits the change of equity over groups of orders, exactly: every fill of q at p is worth q * (last mark - p) - fee,
 * so the parts add up whatever was closed by whom.
 */
export function measureDamage(history: BookHistory, groupOf: (orderId: number) => string): Damage {
  const { first, last } = history;
  const markOf = (symbol: string): number => last.positions.get(symbol)?.mark ?? 0;
  const byGroup = new Map<string, Cost>();
  for (const { order, fill } of history.newFills()) {
    const group = groupOf(order.orderId);
    const known = byGroup.get(group) ?? { feesUsdt: 0, resultUsdt: 0, turnoverUsdt: 0 };
    const result = order.sign * fill.quantity * (markOf(order.symbol) - fill.price) - fill.feeUsdt;
    byGroup.set(group, {
      feesUsdt: known.feesUsdt + fill.feeUsdt,
      resultUsdt: known.resultUsdt + result,
      turnoverUsdt: known.turnoverUsdt + fill.quantity * fill.price,
    });
  }
  let heldBeforeUsdt = 0;
  for (const [symbol, { quantity, mark }] of first.positions) heldBeforeUsdt += quantity * (markOf(symbol) - mark);
  const otherUsdt = last.otherIncomeUsdt - first.otherIncomeUsdt;
  const equityChangeUsdt = last.equityUsdt - first.equityUsdt;
  const explained = [...byGroup.values()].reduce((sum, cost) => sum + cost.resultUsdt, heldBeforeUsdt + otherUsdt);
  return { byGroup, heldBeforeUsdt, otherUsdt, equityChangeUsdt, unexplainedUsdt: equityChangeUsdt - explained };
}
