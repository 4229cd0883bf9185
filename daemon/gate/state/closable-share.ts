import type { Side } from '../../core/request.ts';
import { remainingLots } from './exposure.ts';
import { isResting, type OrderState } from './orders.ts';
import { longLots, type PositionState, shortLots } from './positions.ts';

/**
 * Signed lots of a position that an agent may still close: its share, which follows fills, less what its exits on their
 * way (unsent, in flight, unknown) may close already, so that parallel exits together close no more than the share.
 *
 * While the whole position is the agent's own nothing is taken off: reduceOnly keeps any number of exits within the
 * position, and an exit must not be refused for another whose outcome is not known. Resting exits are not counted: they
 * make room for a new one. `own`: the order that is decided again.
 */
export function closableShare(
  position: PositionState | undefined,
  orders: ReadonlySet<OrderState>,
  agent: string,
  own: OrderState | null,
): number {
  const share = position?.shares.get(agent) ?? 0;
  if (position === undefined || share === 0 || orders.size === 0) return share;
  const entering: Side = share > 0 ? 'buy' : 'sell';
  let onTheirWay = 0;
  // What others hold of this side, or may come to hold while an exit is on its way.
  let isShared = (share > 0 ? longLots(position) : shortLots(position)) > Math.abs(share);
  for (const order of orders) {
    if (order.side === entering) isShared ||= !order.reduceOnly && order.agent !== agent;
    else if (order.agent === agent && order !== own && isExitOnItsWay(order)) onTheirWay += remainingLots(order);
  }
  if (!isShared) return share;
  return Math.sign(share) * Math.max(0, Math.abs(share) - onTheirWay);
}

/** Signed lots of a position that the agents hold together: what the gate closes on its own account comes out of it. */
export function agentsShare(position: PositionState | undefined): number {
  let lots = 0;
  for (const share of position?.shares.values() ?? []) lots += share;
  return lots;
}

/** A take-profit that rests is none: it waits at the venue until it is canceled to make room. */
function isExitOnItsWay(order: OrderState): boolean {
  return order.reduceOnly && !order.protective && !(isResting(order) && order.timeInForce === 'GTC');
}
