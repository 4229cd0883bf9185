import type { Side } from '../../daemon/core/request.ts';

/** An order as the worst case sees it: what may still fill. */
export interface OracleOrder {
  readonly side: Side;
  /** Lots that may still fill. */
  readonly lots: number;
  readonly reduceOnly: boolean;
}
export interface Extremes {
  readonly highest: number;
  readonly lowest: number;
}

/**
 * Highest and lowest position (signed lots) that any subset and order of whole fills, partial fills and cancels can
 * lead through. The venue lets a reduce-only order trade only against the position it finds and never past zero.
 * An order that fills in parts is met here as a fill of every size; what remains counts as canceled later, which is
 * no loss: the remainder is one more fill of the same side. Cost grows with orders! x lots: keep both small.
 */
export function reachablePositions(position: number, orders: readonly OracleOrder[]): Extremes {
  if (orders.length > 7) throw new RangeError('brute force is meant for few orders');
  let highest = position;
  let lowest = position;
  const seen = new Set<string>();
  const visit = (at: number, remaining: readonly number[]): void => {
    const key = `${at}|${remaining.join(',')}`;
    if (seen.has(key)) return;
    seen.add(key);
    if (at > highest) highest = at;
    if (at < lowest) lowest = at;
    orders.forEach((order, index) => {
      const left = remaining[index] ?? 0;
      for (let filled = 1; filled <= left; filled++) {
        const direction = order.side === 'buy' ? 1 : -1;
        const against = order.side === 'buy' ? Math.max(0, -at) : Math.max(0, at);
        const traded = order.reduceOnly ? Math.min(filled, against) : filled;
        if (traded === 0) continue;
        const next = remaining.map((lots, i) => (i === index ? left - filled : lots));
        visit(at + direction * traded, next);
      }
    });
  };
  visit(
    position,
    orders.map((order) => order.lots),
  );
  return { highest, lowest };
}

/** max |P'| x mark in units (lots x ticks) over everything that can happen at this mark. */
export function worstReachableUnits(position: number, markTicks: number, orders: readonly OracleOrder[]): number {
  const { highest, lowest } = reachablePositions(position, orders);
  return Math.max(Math.abs(highest), Math.abs(lowest)) * markTicks;
}
