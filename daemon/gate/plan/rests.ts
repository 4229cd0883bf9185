/**
 * Whether an exit that is to rest may go out now, and how large. Pure functions of folded state: no clock, no port
 * (SAE-SAME-CODE). Sizes in lots.
 */
import type { Side } from '../../core/request.ts';
import { type DisplacedExit, hasNothingLeft } from '../state/displaced-exits.ts';
import { neverRests } from '../state/evidence.ts';
import { type ExitBound, mayOpenStill } from '../state/exit-bounds.ts';
import { isUnproven, liveOrdersOf } from '../state/exit-targets.ts';
import { remainingLots } from '../state/exposure.ts';
import type { GateState } from '../state/gate-state.ts';
import { heldOn } from '../state/held-lots.ts';
import { liveOrders, type OrderState } from '../state/orders.ts';
import { isExitOnItsWay, isOpeningOnItsWay, missingLots } from './exit-caps.ts';

/** Nothing is left of what it was to close. `whose`: share that bounds it; null: the position does. */
export function isClosedOtherwise({ positions }: GateState, exit: DisplacedExit, whose: string | null): boolean {
  const { side, symbol } = exit.order;
  return hasNothingLeft(exit) || (heldOn(positions.get(symbol), side, whose) === 0 && !mayOpenStill(exit.bound));
}

/**
 * Lots with which it may go out now; 0: not now. One that was never placed makes its own room. One that made room waits
 * for exits that work on its side, and rests beside what rests already.
 */
export function lotsToRest(state: GateState, exit: DisplacedExit, whose: string | null): number {
  const { agent, bound, hasRested, order } = exit;
  const { origin, side, symbol } = order;
  if (isRoomNeeded(state, symbol, side)) return 0;
  const held = heldOn(state.positions.get(symbol), side, whose);
  const left = Math.min(order.lots - order.executedLots, held, sureRoom(state, bound));
  if (!hasRested) return Math.min(Math.max(0, left), lotsDue(state, exit));
  if (isBehind(state, exit)) return 0;
  const others = [...liveOrders(state.orders, symbol)].filter(
    (one) => one.reduceOnly && !one.protective && one.side === side && (origin !== 'agent' || one.agent === agent),
  );
  return Math.max(0, Math.min(left, held - sumLeft(others), roomBeside(state, bound, others)));
}

/**
 * Lots with which one that waits for its turn may go out; 0: not now. RISK: once something was opened since it was
 * asked for, what is on its way closes what was held first: it waits for that, or goes by what an unknown outcome may
 * leave.
 */
export function lotsDue(state: GateState, { agent, bound, order }: DisplacedExit): number {
  const { side, symbol } = order;
  const left = Math.max(0, Math.min(order.lots, bound.roomLots));
  if (!mayMeetYounger(state, bound)) return left;
  const live = [...liveOrders(state.orders, symbol)].filter((one) => one !== order && one.agent === agent);
  const onWay = live.filter((one) => one.side === side && isExitOnItsWay(one));
  if (!onWay.every(isUnproven)) return 0;
  return Math.max(0, Math.min(left, sureRoom(state, bound, onWay)));
}

/**
 * Lots of a bound that are sure to be held still. RISK: beside what was opened since, what its agent's orders may have
 * closed unread, exits on their way (`onWay`) and openings of its side, comes off what was held first; so does what the
 * last reading of the account lacks.
 */
function sureRoom(state: GateState, bound: ExitBound, onWay: readonly OrderState[] = []): number {
  if (!mayMeetYounger(state, bound)) return bound.roomLots;
  const { agent, side, symbol } = bound;
  const live = liveOrders(state.orders, symbol);
  const openings = [...live].filter((one) => one.agent === agent && one.side === side && isOpeningOnItsWay(one));
  const missing = missingLots(state.positions.get(symbol), side, live);
  return bound.roomLots - Math.max(missing, sumLeft([...onWay, ...openings]));
}

/**
 * Something was opened since it was requested, or may be: `reduceOnly` no longer keeps it inside what was held then.
 */
export function mayMeetYounger({ orders, positions }: GateState, bound: ExitBound): boolean {
  const { agent, openings, roomLots, side, symbol, whose } = bound;
  if (heldOn(positions.get(symbol), side, whose) > roomLots) return true;
  for (const one of liveOrders(orders, symbol))
    if (one.agent === agent && !one.reduceOnly && one.side !== side && one.status !== 'pending_send')
      if (!openings.has(one)) return true;
  return false;
}

/**
 * Whether one that waits for its turn has to wait on: it needs room, and what its agent has on its way there is not
 * known to rest yet. RISK: room that is made beside those is too small, and the venue refuses what is above the
 * position.
 */
export function waitsForRests({ orders, positions }: GateState, order: OrderState, lots: number): boolean {
  const { agent, side, symbol } = order;
  let isOnWay = false;
  let sum = lots;
  for (const one of liveOrders(orders, symbol)) {
    if (one === order || !one.reduceOnly || one.protective || one.side !== side || one.agent !== agent) continue;
    if (one.status === 'pending_send') continue;
    sum += remainingLots(one);
    if (isExitOnItsWay(one) && !isUnproven(one)) isOnWay = true;
  }
  return isOnWay && sum > heldOn(positions.get(symbol), side, agent);
}

/**
 * Lots that an exit may have beside `others`, its agent's. RISK: what was held when one was requested bounds it and all
 * that were requested before, in sum: each by itself would leave room for them in what was opened since.
 */
export function roomBeside({ displaced, orders }: GateState, own: ExitBound, others: readonly OrderState[]): number {
  const { bounds } = displaced;
  // A close that has no bound, and of which nobody knows what it did, may have closed what was held first.
  const askedAtMs = ({ decisionId, plannedAtMs, timeInForce }: OrderState): number =>
    bounds.find(decisionId)?.askedAtMs ??
    (timeInForce === 'GTC' ? (orders.byDecision.get(decisionId ?? '')?.[0]?.plannedAtMs ?? plannedAtMs) : 0);
  let room = Number.POSITIVE_INFINITY;
  for (const bound of bounds.all) {
    const isOfSame = bound.symbol === own.symbol && bound.side === own.side && bound.whose === own.whose;
    if (!isOfSame || bound.agent !== own.agent || bound.askedAtMs < own.askedAtMs) continue;
    const elder = others.filter((one) => askedAtMs(one) <= bound.askedAtMs);
    room = Math.min(room, bound.roomLots - sumLeft(elder));
  }
  return room;
}

/** Another one is to be placed that it made room for. */
function isBehind({ displaced }: GateState, { agent, order }: DisplacedExit): boolean {
  for (const other of displaced.all) {
    if (other.hasRested || other.agent !== agent || other.order.status === 'pending_send') continue;
    if (other.order.symbol === order.symbol && other.order.side === order.side) return true;
  }
  return false;
}

/**
 * RISK: an exit of anybody works on that side: what rests before it would make the venue refuse it. Not one that is
 * lost and never rests: it works no more, and what it may have closed is counted.
 */
function isRoomNeeded({ displaced, orders, targets }: GateState, symbol: string, side: Side): boolean {
  for (const target of targets.open) {
    if (target.symbol !== symbol || target.side !== side) continue;
    if (target.leftLots === 0 && target.allotments.length > 0) continue;
    const live = [...liveOrdersOf(target)];
    if (live.length === 0 || !live.every(isLostForGood)) return true;
  }
  return [...liveOrders(orders, symbol)].some(
    (order) =>
      order.side === side &&
      isExitOnItsWay(order) &&
      // On its way to its own price.
      !displaced.has(order.decisionId ?? '') &&
      !isLostForGood(order),
  );
}

/** What became of it perhaps nobody will ever tell; at the venue it is not. */
export function isLostForGood(order: OrderState): boolean {
  return order.status === 'lost' && neverRests(order);
}
function sumLeft(orders: readonly OrderState[]): number {
  return orders.reduce((sum, order) => sum + remainingLots(order), 0);
}
