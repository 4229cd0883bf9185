import type { Side } from '../../core/request.ts';
import { isUnproven } from './exit-targets.ts';
import { remainingLots } from './exposure.ts';
import { heldOn, lackingLots } from './held-lots.ts';
import { isResting, newestFirst, type OrderState } from './orders.ts';
import { longLots, type PositionState, shortLots } from './positions.ts';

/**
 * Signed lots of a position that an agent may still close: its share, which follows fills, less what its exits in
 * flight (or unknown) may already close, so that parallel exits together close no more than the share.
 *
 * While the whole position is the agent's own, nothing is subtracted: reduceOnly keeps any number of exits within the
 * position, and an exit must not be refused because of another with unknown outcome. Resting exits do not count: they
 * make room for a new one. An amend makes no room, so for it they do count (`isAmend`). `own`: the order that is
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
 * An agent's resting exits that its share no longer covers while others hold part of the position: its share shrank
 * (an operator's exit, a cut), or others joined. If they filled, they would close another's lots. The newest
 * are listed first, until the others fit.
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
    resting.sort(newestFirst);
    for (const order of resting) {
      if (lots <= room) break;
      lots -= remainingLots(order);
      beyond.push(order);
    }
  }
  return beyond;
}

/** Whether others hold part of what this side closes, or may hold some while an exit is in flight. */
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
 * Whether all of the agent's share is already being closed, so that no resting exit may be sent beside it. Where others
 * hold the rest, both exits would close theirs too. Where it holds all, the venue would refuse the exit (-2022). There
 * only exits known to be in flight count: an unknown outcome delays nothing.
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

/**
 * Lots that exits on their way on a side may close beyond what is held there: by an agent's own exits beyond its share,
 * by all of them beyond the position (`agent` null). RISK: each was sized by what was held when it was sent; the venue
 * takes it late, and closes what was opened meanwhile. One that is lost does not arrive any more; a person's rests where
 * the list shows it, and closes what they mean it to. What the last account reading, requested at `readAtMs`, lacks is
 * not held, unless exits that it may contain explain it.
 */
export function exitsBeyondHeld(
  position: PositionState | undefined,
  orders: ReadonlySet<OrderState>,
  closing: Side,
  agent: string | null,
  readAtMs: number,
): number {
  let onWay = 0;
  let mayBeRead = 0;
  for (const order of orders) {
    if (order.side !== closing || !isExitOnItsWay(order) || order.foreign) continue;
    if ((order.sentAtMs ?? 0) <= readAtMs) mayBeRead += remainingLots(order);
    if (order.status !== 'lost' && (agent === null || order.agent === agent)) onWay += remainingLots(order);
  }
  if (onWay === 0) return 0;
  const lacking = Math.max(0, lackingLots(position, closing) - mayBeRead);
  return Math.max(0, onWay - Math.max(0, heldOn(position, closing, agent) - lacking));
}

/** Signed lots that all agents together hold of a position. The gate's own exits come out of them. */
export function agentsShare(position: PositionState | undefined): number {
  let lots = 0;
  for (const share of position?.shares.values() ?? []) lots += share;
  return lots;
}

/**
 * Neither a resting take-profit, which waits at the venue until it is canceled to make room, nor an unsent exit:
 * that one holds nothing and is decided again before it is sent.
 */
function isExitOnItsWay(order: OrderState): boolean {
  return order.reduceOnly && !order.protective && order.status !== 'pending_send' && !isRestingExit(order);
}
function isRestingExit(order: OrderState): boolean {
  return order.reduceOnly && !order.protective && isResting(order) && order.timeInForce === 'GTC';
}
