/**
 * What rests on an exit's side of a position, and may be in its way: pure functions of folded state, so that the daemon and
 * a replay make the same room (SAE-SAME-CODE). Sizes in lots.
 */
import { closableShare, isShared } from '../state/closable-share.ts';
import { remainingLots } from '../state/exposure.ts';
import type { GateState } from '../state/gate-state.ts';
import { isResting, liveOrders, type OrderState } from '../state/orders.ts';
import { longLots, shortLots } from '../state/positions.ts';
import { isExitOnItsWay, isOpeningOnItsWay, lotsLeft, mayCloseYounger } from './exit-caps.ts';
import { lotsDue, mayMeetYounger, roomBeside } from './rests.ts';

const SHARE_SHRANK = 'its share shrank while room was made';
const CLOSED_MEANWHILE = 'what it was to close was closed while room was made';

/** An agent's exit is bound to its share where its policy says so. */
export type IsBound = (order: OrderState) => boolean;

/** What an exit has left to close as things stand: its targets' lots, or what bounds one that rests. */
export function leftOf(state: GateState, order: OrderState): number {
  const own = state.targets.targetsOf(order);
  if (own.length > 0) return lotsLeft(own);
  const exit = state.displaced.find(order.decisionId ?? '');
  return exit === null ? Number.POSITIVE_INFINITY : lotsDue(state, exit);
}

/**
 * Why an exit must not go out as it was sized; null: it may. `before`: what it had left when it was decided. RISK: a
 * take-profit that filled while room was made has closed a part already; what is held now may be another agent's, or
 * was opened since.
 */
export function whyTooLarge(state: GateState, order: OrderState, before: number, isBound: IsBound): string | null {
  if (isAboveShare(state, order, isBound)) return SHARE_SHRANK;
  const left = leftOf(state, order);
  return left < before && left < order.lots && mayMeetWhatIsYounger(state, order) ? CLOSED_MEANWHILE : null;
}

function mayMeetWhatIsYounger(state: GateState, order: OrderState): boolean {
  const targets = state.targets.targetsOf(order);
  if (targets.length > 0) return targets.some((target) => mayCloseYounger(state, target));
  const exit = state.displaced.find(order.decisionId ?? '');
  return exit !== null && mayMeetYounger(state, exit.bound);
}

/**
 * An exit and what makes room for it could together close what others hold, or what was opened since: it waits for the
 * proof that the room is made. An operator's exit, and the gate's, wait for nobody.
 */
export function mayCloseMore(state: GateState, order: OrderState, isBound: IsBound): boolean {
  if (order.origin !== 'agent') return false;
  return mayMeetWhatIsYounger(state, order) || mayCloseOthers(state, order, isBound);
}

/** An agent's exit that has become larger than what it may close, while others hold the rest. */
function isAboveShare({ orders, positions }: GateState, order: OrderState, isBound: IsBound): boolean {
  if (order.agent === null || !isBound(order)) return false;
  const position = positions.get(order.symbol);
  const live = liveOrders(orders, order.symbol);
  const share = Math.abs(closableShare(position, live, order.agent, order));
  // Whole positions are kept by reduceOnly; a refusal there is worse than an order that the venue cuts.
  const held = position === undefined ? 0 : order.side === 'sell' ? longLots(position) : shortLots(position);
  return order.lots > share && held + openedByOthers(live, order) > share;
}

/** RISK: what another agent's opening has filled without an answer is held as well, and is no more this exit's to close. */
function openedByOthers(live: ReadonlySet<OrderState>, { agent, side }: OrderState): number {
  let lots = 0;
  for (const other of live)
    if (other.side !== side && other.agent !== agent && isOpeningOnItsWay(other)) lots += remainingLots(other);
  return lots;
}

/**
 * The venue refused the exit for them: an agent's own first, or all agents' for an operator and the gate, then whatever
 * else reduces the position. `refusals`: for that reason, in a row; a refusal for any other says nothing about what rests.
 * RISK: never a protective stop, which outlives every exit until the position is flat.
 */
export function isSibling(other: OrderState, order: OrderState, refusals: number): boolean {
  return (
    isRestingExit(other, order) &&
    !other.protective &&
    (refusals >= 3 || !other.foreign) &&
    (refusals >= 2 || order.origin !== 'agent' || other.agent === order.agent)
  );
}

/**
 * What is canceled to make room; empty: nothing, as for an operator, for whom only the venue says what conflicts. Resting reduce-only orders on the same side would make the venue refuse
 * the exit once their sum exceeds the position: the agent's own take-profits are canceled first. Another exit on its way is
 * none of them: it makes no room, and the position may be the smaller by it when this one comes.
 */
export function findInTheWay(state: GateState, order: OrderState, isBound: IsBound): ReadonlySet<OrderState> {
  if (order.origin === 'operator') return NOTHING;
  const resting = [...liveOrders(state.orders, order.symbol)].filter(
    (other) => isRestingExit(other, order) && isResting(other) && !other.protective && other.kind === 'regular',
  );
  if (resting.length === 0) return NOTHING;
  const position = state.position(order.symbol);
  const held = order.side === 'sell' ? longLots(position) : shortLots(position);
  // An agent's orders together close no more than its own share: the rest may be another agent's.
  const share = Math.abs(position.shares.get(order.agent ?? '') ?? 0);
  const size = isBound(order) ? Math.min(held, share) : held;
  // A stop and a cut go first: whatever agents left resting makes room for them.
  const own = new Set(
    resting.filter((other) => (order.origin === 'agent' ? other.agent === order.agent : !other.foreign)),
  );
  const onWay = [...liveOrders(state.orders, order.symbol)].filter(
    (other) => other !== order && other.side === order.side && isExitOnItsWay(other),
  );
  const ownOnWay = onWay.filter((other) => order.origin !== 'agent' || other.agent === order.agent);
  const lotsOf = (...sets: Iterable<OrderState>[]): number =>
    sets.flatMap((orders) => [...orders]).reduce((sum, other) => sum + remainingLots(other), order.lots);
  const bound = order.origin === 'agent' ? state.displaced.bounds.find(order.decisionId) : null;
  const isBeyondBound = bound !== null && order.lots > roomBeside(state, bound, [...own]);
  return lotsOf(resting, onWay) <= held && lotsOf(own, ownOnWay) <= size && !isBeyondBound ? NOTHING : own;
}
const NOTHING: ReadonlySet<OrderState> = new Set();

function mayCloseOthers({ orders, positions }: GateState, order: OrderState, isBound: IsBound): boolean {
  if (order.agent === null || !isBound(order)) return false;
  const position = positions.get(order.symbol);
  return position !== undefined && isShared(position, liveOrders(orders, order.symbol), order.agent, order.side);
}

/** A reduce-only order on the same side that waits at the venue, or may: not another attempt that is on its way. */
function isRestingExit(other: OrderState, order: OrderState): boolean {
  if (other === order || !other.reduceOnly || other.side !== order.side || isUnsent(other)) return false;
  return other.timeInForce === 'GTC' || other.foreign || other.protective;
}

/** A new order is not sized beside it, and none is canceled that the venue may not know yet. */
function isUnsent({ status }: OrderState): boolean {
  return status === 'pending_send' || status === 'in_flight';
}
