import { isBesideNobodys, isReleasedFrom, unownedE8 } from '../orders/holding.ts';
import type { OrderState } from '../orders/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import type { GateViews } from '../state/views.ts';

/** Why an opening is canceled that must not rest on, by whose the symbol is (DESIGN 12.1). */
const UNOWNED = 'lots or orders of nobody stand in the symbol: nothing opens beside them';
const AGAINST = 'the position has come to be of the other side';
const RELEASED = 'an operator has released the symbol';

/**
 * Openings of agents to be canceled, and slices to be dropped: the symbol is not theirs, something of nobody has appeared
 * beside them, or the first fill has made the position one of the other side. A pure function of folded state.
 */
export function findMisplaced(
  { orders, positions, time }: GateViews,
  nowMs: number,
): readonly { readonly order: OrderState; readonly why: string }[] {
  const found: { readonly order: OrderState; readonly why: string }[] = [];
  for (const [symbol, live] of orders.live) {
    const position = live.size === 0 ? undefined : positions.get(symbol);
    if (position === undefined) continue;
    const isUnowned = position.isContested || isBesideNobodys(position, live);
    for (const order of live) {
      if (order.reduceOnly || order.origin !== 'agent' || order.agent === null || order.cancelRequested) continue;
      const isAgainst = position.quantityE8 !== 0 && (order.side === 'buy') !== position.quantityE8 > 0;
      if (isUnowned) found.push({ order, why: UNOWNED });
      else if (isAgainst) found.push({ order, why: AGAINST });
      else if (isReleasedFrom(position, order.agent, time.atNow(nowMs))) found.push({ order, why: RELEASED });
    }
  }
  return found;
}

/**
 * Positions in which nothing opens before an operator has said whose they are: lots of nobody beside an agent's, or of
 * several agents by records of before.
 */
export function findUnowned({ positions }: GateViews): readonly PositionState[] {
  return [...positions.values()].filter(
    (position) => position.isContested || (position.holder !== null && unownedE8(position) !== 0),
  );
}
