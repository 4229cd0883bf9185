import type { Side } from '../../core/request.ts';
import { isUnproven } from './exit-targets.ts';
import { remainingLots } from './exposure.ts';
import { isResting, type OrderState } from './orders.ts';
import { longLots, type PositionState, shortLots } from './positions.ts';

/**
 * Signed lots of a position that an agent may still close: its share, which follows fills, less what its exits on their
 * way (in flight, unknown) may close already, so that parallel exits together close no more than the share.
 *
 * While the whole position is the agent's own nothing is taken off: reduceOnly keeps any number of exits within the
 * position, and an exit must not be refused for another whose outcome is not known. Resting exits are not counted: they
 * make room for a new one. An amend makes no room, so for it they count as well (`isAmend`). `own`: the order that is
 * decided again.
 */
export function closableShare(
  position: PositionState | undefined,
  orders: ReadonlySet<OrderState>,
  agent: string,
  own: OrderState | null,
  isAmend = false,
): number {
  const share = position?.shares.get(agent) ?? 0;
  if (position === undefined || share === 0 || orders.size === 0) return share;
  const closing: Side = share > 0 ? 'sell' : 'buy';
  if (!isShared(position, orders, agent, closing)) return share;
  let taken = 0;
  for (const order of orders) {
    if (order.side !== closing || order.agent !== agent || order === own) continue;
    if (isExitOnItsWay(order) || (isAmend && isRestingExit(order))) taken += remainingLots(order);
  }
  return Math.sign(share) * Math.max(0, Math.abs(share) - taken);
}

/**
 * Resting exits of an agent that its share no longer covers while others hold a part of the position: its share shrank
 * (an exit of the operator, a cut by the gate), or others joined. Filled, they would close what is another's. The newest
 * are named first, until the others fit.
 */
export function exitsBeyondShare(
  position: PositionState | undefined,
  orders: ReadonlySet<OrderState>,
  agent: string,
): readonly OrderState[] {
  const beyond: OrderState[] = [];
  if (position === undefined) return beyond;
  for (const closing of ['sell', 'buy'] as const) {
    const resting = [...orders].filter(
      (order) => order.side === closing && order.agent === agent && isRestingExit(order) && !order.cancelRequested,
    );
    if (resting.length === 0 || !isShared(position, orders, agent, closing)) continue;
    const share = closableShare(position, orders, agent, null);
    const room = Math.max(0, closing === 'sell' ? share : -share);
    let lots = resting.reduce((sum, order) => sum + remainingLots(order), 0);
    resting.sort((a, b) => b.plannedAtMs - a.plannedAtMs || (a.clientOrderId < b.clientOrderId ? 1 : -1));
    for (const order of resting) {
      if (lots <= room) break;
      lots -= remainingLots(order);
      beyond.push(order);
    }
  }
  return beyond;
}

/** Whether others hold a part of what this side closes, or may come to hold one while an exit is on its way. */
export function isShared(
  position: PositionState,
  orders: ReadonlySet<OrderState>,
  agent: string,
  closing: Side,
): boolean {
  const share = position.shares.get(agent) ?? 0;
  const held = closing === 'sell' ? longLots(position) : shortLots(position);
  if (held > Math.max(0, closing === 'sell' ? share : -share)) return true;
  for (const order of orders)
    if (held > 0 && order.side !== closing && !order.reduceOnly && order.agent !== agent) return true;
  return false;
}

/**
 * Whether all of the agent's share is being closed already, so that nothing that rests may be sent beside it: where others
 * hold the rest both would close theirs too; where it holds all, the venue would refuse the exit (-2022). There only what
 * is known to be on its way counts: an outcome that nobody can tell holds nothing up.
 */
export function waitsForOwnExits(
  position: PositionState | undefined,
  orders: ReadonlySet<OrderState>,
  agent: string,
): boolean {
  const share = position?.shares.get(agent) ?? 0;
  if (share === 0) return false;
  if (closableShare(position, orders, agent, null) === 0) return true;
  const closing: Side = share > 0 ? 'sell' : 'buy';
  let taken = 0;
  for (const order of orders) {
    if (order.side !== closing || order.agent !== agent) continue;
    if (isExitOnItsWay(order) && !isUnproven(order)) taken += remainingLots(order);
  }
  return taken >= Math.abs(share);
}

/** Signed lots of a position that the agents hold together: what the gate closes on its own account comes out of it. */
export function agentsShare(position: PositionState | undefined): number {
  let lots = 0;
  for (const share of position?.shares.values() ?? []) lots += share;
  return lots;
}

/**
 * A take-profit that rests is none: it waits at the venue until it is canceled to make room. Nor is one that is not sent:
 * it holds nothing, and is decided again before it goes out.
 */
function isExitOnItsWay(order: OrderState): boolean {
  return order.reduceOnly && !order.protective && order.status !== 'pending_send' && !isRestingExit(order);
}
function isRestingExit(order: OrderState): boolean {
  return order.reduceOnly && !order.protective && isResting(order) && order.timeInForce === 'GTC';
}
