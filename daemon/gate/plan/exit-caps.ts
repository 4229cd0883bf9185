/**
 * How many lots an exit may close beside what is on its way already, and beside what was opened after it. Pure
 * functions of folded state: no clock, no port (SAE-SAME-CODE). Sizes in lots.
 */
import type { Side } from '../../core/request.ts';
import { agentsShare, isShared } from '../state/closable-share.ts';
import { isCutShort, isRefuted } from '../state/doubted-exits.ts';
import { type ExitTarget, isUnproven, whoseOf } from '../state/exit-targets.ts';
import { remainingLots } from '../state/exposure.ts';
import type { GateState } from '../state/gate-state.ts';
import { heldOn, lackingLots } from '../state/held-lots.ts';
import { isResting, liveOrders, type OrderState } from '../state/orders.ts';
import type { PositionState } from '../state/positions.ts';
import { sharesAt } from '../state/shares.ts';

/**
 * Lots that the caller may send now. Exits on their way come off what they close, an agent's share or, where it may
 * close all, the position; those of unknown outcome only while others hold a part of it, since `reduceOnly` keeps a
 * sole holder's inside it. An operator's and the gate's wait for nobody; beside what was opened since, they leave out
 * what a reading lacks, as all do.
 */
export function capOf(
  state: GateState,
  target: ExitTarget,
  room: number,
  orders: ReadonlySet<OrderState> = liveOrders(state.orders, target.symbol),
): number {
  const { agent, origin, scope, side, symbol } = target;
  const position = state.positions.get(symbol);
  const held = heldOn(position, side, null);
  const isOlder = mayCloseYounger(state, target, orders);
  // What is on its way, or closed already and not proven to be, was held first: not what was opened since.
  const missing = isOlder || haveOthersOpened(position, target) ? missingLots(position, side, orders) : 0;
  if (origin !== 'agent') {
    const owned = agentsShare(position);
    const isBound = origin === 'gate' && scope === 'own';
    const most = isBound ? Math.min(held, Math.max(0, side === 'sell' ? owned : -owned)) : held;
    return isOlder ? Math.max(0, Math.min(most, room) - missing) : most;
  }
  const share = scope === 'own' ? heldOn(position, side, agent) : held;
  const isAlone =
    !isOlder && (position === undefined || scope === 'account' || !isShared(position, orders, agent, side));
  let onWay = 0;
  for (const order of orders) {
    if (order.side !== side || !closesTheSame(order, agent, scope)) continue;
    if (!isExitOnItsWay(order) && !(isOlder && isOpeningOnItsWay(order))) continue;
    const isOfAll = scope === 'own' && order.agent !== agent;
    if (isAlone && (isUnproven(order) || isOfAll)) continue;
    const left = remainingLots(order);
    // It comes out of all shares in proportion; beside what was opened since, out of what was held before that.
    onWay += isOfAll && !isOlder ? mostTaken(position, order, agent) : left;
  }
  return Math.max(0, Math.min(share, room) - Math.max(onWay, missing));
}

/**
 * Lots that the last reading of the account lacks. RISK: what an opening has filled without a report may be in that
 * reading, and would hide as many; of one that rests that is so where the reading lacks something anyway.
 */
export function missingLots(position: PositionState | undefined, side: Side, orders: ReadonlySet<OrderState>): number {
  const mayHide = lackingLots(position, side) > 0 ? isOpeningAtTheVenue : isOpeningOnItsWay;
  return lackingLots(position, side, openingLots(orders, side, mayHide));
}

/** Lots that such openings may have added, without a report, to what `side` closes. */
function openingLots(
  orders: ReadonlySet<OrderState>,
  side: Side,
  isMeant: (order: OrderState) => boolean = isOpeningOnItsWay,
): number {
  let lots = 0;
  for (const order of orders) if (order.side !== side && isMeant(order)) lots += remainingLots(order);
  return lots;
}

/**
 * Lots of an agent's share that an exit of all takes at most, rounded up: a part of what is held now, should it fill
 * now; or of what was held when it was sent, should it have filled then, of which what was opened since takes no part.
 */
function mostTaken(position: PositionState | undefined, order: OrderState, agent: string): number {
  const { sentAtMs, side } = order;
  if (position === undefined) return 0;
  const direction = side === 'sell' ? 1 : -1;
  const now = sharesAt(position, direction, Number.POSITIVE_INFINITY);
  const then = sharesAt(position, direction, sentAtMs ?? Number.POSITIVE_INFINITY);
  const all = heldOn(position, side, null);
  const allThen = all - sumOf(now) + sumOf(then);
  const partOf = (share: number, total: number): number =>
    share === 0 ? 0 : Math.ceil((remainingLots(order) * share) / Math.max(share, total));
  return Math.max(partOf(now.get(agent) ?? 0, all), partOf(then.get(agent) ?? 0, allThen));
}

function sumOf(held: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const lots of held.values()) sum += lots;
  return sum;
}

/**
 * An exit on its way closes what another may close: of one share, as an operator's and the gate's do of all; or, where
 * an agent may close the whole position, of that. RISK: side by side they close more than was held once somebody has
 * opened something in between, or what is another agent's.
 */
export function closesTheSame(order: OrderState, agent: string, scope: 'own' | 'account'): boolean {
  return scope === 'account' || order.agent === agent || order.origin !== 'agent';
}

/**
 * Something was opened since the exit was requested, or may be. RISK: beside that, `reduceOnly` no longer keeps it
 * inside the size of its request.
 */
export function mayCloseYounger(
  { orders: book, positions }: GateState,
  target: ExitTarget,
  orders: ReadonlySet<OrderState> = liveOrders(book, target.symbol),
): boolean {
  if (heldOn(positions.get(target.symbol), target.side, whoseOf(target)) > target.roomLots) return true;
  for (const order of orders) if (opensAfter(order, target)) return true;
  return false;
}

/** RISK: what another agent opened since is no more an exit's to close than what its own agent did. */
function isBesideYounger(state: GateState, target: ExitTarget): boolean {
  return mayCloseYounger(state, target) || haveOthersOpened(state.positions.get(target.symbol), target);
}

/** Others have opened what an agent's exit would close since it was requested. */
function haveOthersOpened(position: PositionState | undefined, target: ExitTarget): boolean {
  const whose = whoseOf(target);
  if (position === undefined || whose === null) return false;
  const { fills } = position;
  const direction = target.side === 'sell' ? 1 : -1;
  for (let at = fills.length - 1; at >= 0 && fills[at]!.atMs > target.openedAtMs; at -= 1)
    if (fills[at]!.changes.some(({ agent, lots }) => agent !== whose && lots * direction > 0)) return true;
  return false;
}

/**
 * The venue has said of its last order that nothing is held which it would reduce, so somebody closed it who told
 * nobody. RISK: what was opened since is held now, and the next order would close that: it waits until a reading of the
 * account that was requested later agrees with what is known.
 */
export function isRefutedBesideYounger(state: GateState, target: ExitTarget): boolean {
  if (!isRefuted(target) && !isCutShort(target)) return false;
  if (!isBesideYounger(state, target)) return false;
  // Beside fills that are not reported yet, a reading agrees by chance.
  if (isUnread(state, target) || openingLots(liveOrders(state.orders, target.symbol), target.side) > 0) return true;
  if (!isRefuted(target)) return false;
  const position = state.positions.get(target.symbol);
  return position !== undefined && (position.disputedLots !== null || position.behindLots !== null);
}

/** Beside what was opened since, nothing of it is known to be held: it sends nothing before that is. */
export function waitsForReading(state: GateState, target: ExitTarget): boolean {
  if (!isBesideYounger(state, target)) return false;
  return isRefutedBesideYounger(state, target) || capOf(state, target, target.roomLots) === 0;
}

/** A target may wait for a reading of the account: the next one is recorded, though nothing in it is new. */
export function awaitsReading(state: GateState): boolean {
  for (const target of state.targets.open)
    if ((isRefuted(target) || isCutShort(target)) && isUnread(state, target)) return true;
  return false;
}

function isUnread({ account }: GateState, { allotments }: ExitTarget): boolean {
  return (account?.requested_at_ms ?? 0) <= (allotments.at(-1)?.order.updatedAtMs ?? 0);
}

/** Lots that the targets of an order have left to close, in sum within what was held when each was requested. */
export function lotsLeft(targets: readonly ExitTarget[]): number {
  return targets.reduce((sum, { leftLots, roomLots }) => sum + Math.min(leftLots, Math.max(0, roomLots - sum)), 0);
}

/** Live orders of a symbol without the exits that wait unsent, which may be many and close nothing yet. */
export function ordersThatCount({ orders }: GateState, symbol: string): ReadonlySet<OrderState> {
  const counting = new Set<OrderState>();
  for (const order of liveOrders(orders, symbol))
    if (!order.reduceOnly || order.status !== 'pending_send') counting.add(order);
  return counting;
}

/** An opening whose fills are not the exit's to close may fill before it: as a rule one that was requested after it. */
function opensAfter(order: OrderState, { isWhole, openings, side }: ExitTarget): boolean {
  const mayFill = !order.reduceOnly && order.side !== side && order.status !== 'pending_send';
  return mayFill && !(isWhole && openings?.has(order) === true);
}

/** At the venue or about to be, and not at rest. */
export function isExitOnItsWay(order: OrderState): boolean {
  return order.reduceOnly && !order.protective && isOnItsWay(order);
}
/** RISK: one that never rests, and that the venue shows as working, has filled what it could: its report is late. */
export function isOpeningOnItsWay(order: OrderState): boolean {
  return !order.reduceOnly && isOnItsWay(order);
}
/** Also one that rests. */
function isOpeningAtTheVenue(order: OrderState): boolean {
  return !order.reduceOnly && !order.foreign && order.status !== 'pending_send';
}
function isOnItsWay(order: OrderState): boolean {
  if (order.foreign || order.status === 'pending_send') return false;
  return !(isResting(order) && order.timeInForce === 'GTC');
}
