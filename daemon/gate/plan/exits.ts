/**
 * What of all exits goes out next, and which of them are over. Pure functions of folded state: no clock, no port, so that
 * the same can be planned elsewhere (SAE-SAME-CODE). Sizes in lots.
 */
import type { Side } from '../../core/request.ts';
import { EXIT_CAUSES, type ExitEnd } from '../events.ts';
import { agentsShare, isShared } from '../state/closable-share.ts';
import { type ExitTarget, isUnproven, liveOrdersOf, unsentLots } from '../state/exit-targets.ts';
import { remainingLots } from '../state/exposure.ts';
import type { GateState } from '../state/gate-state.ts';
import { heldOn } from '../state/held-lots.ts';
import { isResting, isTerminal, liveOrders, type OrderState } from '../state/orders.ts';
import type { PositionState } from '../state/positions.ts';
import { heldAt } from '../state/shares.ts';

/** Targets that share an order, and what that would carry now. */
export interface ExitGroup {
  readonly key: string;
  /** Those that the order is for, oldest first. */
  readonly targets: readonly ExitTarget[];
  readonly symbol: string;
  readonly side: Side;
  /** Lots of the next order; 0: nothing may go out now. */
  readonly lots: number;
  /** Rung of the ladder on which it goes out. */
  readonly rung: number;
  /** No order of these targets has been sent yet: it takes a token of its agent's rate. */
  readonly isFirst: boolean;
}

/** How a target that is over has ended, in words for its caller. */
export interface Ending {
  readonly target: ExitTarget;
  readonly reason: ExitEnd;
  readonly detail: string;
}

/** Open targets by key, the keys in the order of their oldest. */
function groupTargets(targets: Iterable<ExitTarget>): ReadonlyMap<string, readonly ExitTarget[]> {
  const groups = new Map<string, ExitTarget[]>();
  for (const target of targets) {
    const known = groups.get(target.key);
    if (known === undefined) groups.set(target.key, [target]);
    else known.push(target);
  }
  return groups;
}

/**
 * Targets whose lots are closed, whose order has come to rest, or whose ladder is at its end. `rungs`: of the policy's
 * ladder; what an operator or the gate asks for has one more, MARKET reduceOnly.
 */
export function findEndings(state: GateState, targets: Iterable<ExitTarget>, rungs: number): readonly Ending[] {
  const endings: Ending[] = [];
  for (const target of targets) {
    const ending = findEnding(state, target, rungsOf(target, rungs));
    if (ending !== null) endings.push({ target, ...ending });
  }
  return endings;
}

/** What an operator or the gate asks for ends in MARKET reduceOnly. */
function rungsOf({ origin }: ExitTarget, rungs: number): number {
  return rungs + (origin === 'agent' ? 0 : 1);
}

function findEnding(state: GateState, target: ExitTarget, rungs: number): Omit<Ending, 'target'> | null {
  const live = [...liveOrdersOf(target)];
  const resting = live.find((order) => order.timeInForce === 'GTC' && isResting(order));
  if (resting !== undefined && live.length === 1) return { reason: 'rests', detail: 'it rests at its own price' };
  const { first } = target;
  const canceled = first.status === 'canceled' && first.sentAtMs === null && target.allotments.length === 0;
  if (canceled || target.allotments.some(({ order }) => isTerminal(order.status) && order.cancelRequested)) {
    if (live.length > 0) return null;
    return { reason: 'canceled', detail: (canceled ? first.detail : null) ?? 'canceled by its caller' };
  }
  if (live.length > 0) return null;
  if (target.leftLots > 0 && !holdsNothing(state, target))
    return nextRung(target, rungs) < rungs
      ? null
      : { reason: 'exhausted', detail: 'no rung of the ladder filled all of it' };
  if (mayStillOpen(target)) return null;
  return target.filledLots > 0
    ? { reason: 'filled', detail: '' }
    : { reason: 'nothing_left', detail: 'nothing is left to close: it is closed already' };
}

/**
 * Its caller holds nothing on that side any more, by whatever was proven of fills and of the account: a lag between the
 * two may have left lots in the target that were closed meanwhile.
 */
function holdsNothing({ positions }: GateState, { agent, origin, scope, side, symbol }: ExitTarget): boolean {
  return heldOn(positions.get(symbol), side, origin === 'agent' && scope === 'own' ? agent : null) === 0;
}

/** Openings of before it have not ended: what they fill is to be closed as well. */
function mayStillOpen({ isWhole, openings }: ExitTarget): boolean {
  if (!isWhole) return false;
  for (const order of openings) if (!isTerminal(order.status)) return true;
  return false;
}

/** What each group would send now; those with nothing to send are left out. In the order in which they go out. */
export function planExits(
  state: GateState,
  open: Iterable<ExitTarget>,
  rungs: number,
  servedAt: (agent: string) => number,
): readonly ExitGroup[] {
  const groups: ExitGroup[] = [];
  for (const [key, targets] of groupTargets(open)) {
    const group = planGroup(state, key, targets, rungs);
    if (group.lots > 0) groups.push(group);
  }
  return inTurn(groups, servedAt);
}

function planGroup(state: GateState, key: string, targets: readonly ExitTarget[], rungs: number): ExitGroup {
  const [oldest] = targets;
  if (oldest === undefined) throw new Error('a group without targets');
  const { symbol, side } = oldest;
  const isBusy = targets.some((target) => [...liveOrdersOf(target)].some((order) => !isUnproven(order)));
  const sendable: ExitTarget[] = [];
  let lots = 0;
  // RISK: each is bounded by what was held when it was asked for: what a younger one may close is not an older one's.
  for (const target of isBusy ? [] : targets) {
    if (nextRung(target, rungsOf(target, rungs)) >= rungsOf(target, rungs)) continue;
    const cap = Math.min(target.roomLots, capOf(state, target, target.roomLots));
    const sent = Math.min(unsentLots(target), Math.max(0, cap - lots));
    if (sent <= 0) continue;
    lots += sent;
    sendable.push(target);
  }
  // The highest that one of them has reached: whoever asks again must not hold its own exit at the first one.
  const rung = sendable.reduce((highest, target) => Math.max(highest, nextRung(target, rungsOf(target, rungs))), 0);
  const isFirst = sendable.every((target) => target.allotments.length === 0);
  return { key, targets: sendable, symbol, side, lots, rung, isFirst };
}

/**
 * Lots that the caller may send now. Exits on their way come off what they close, an agent's share or, where it may close
 * all, the position; those of unknown outcome only while others hold a part of it, since `reduceOnly` keeps a sole
 * holder's inside it. An operator waits for nobody.
 */
function capOf(state: GateState, target: ExitTarget, room: number): number {
  const { agent, origin, scope, side, symbol } = target;
  const position = state.positions.get(symbol);
  const held = heldOn(position, side, null);
  if (origin === 'operator') return held;
  if (origin === 'gate') {
    const owned = agentsShare(position);
    return scope === 'account' ? held : Math.min(held, Math.max(0, side === 'sell' ? owned : -owned));
  }
  const orders = liveOrders(state.orders, symbol);
  const share = scope === 'own' ? heldOn(position, side, agent) : held;
  // RISK: beside what was opened since, `reduceOnly` no longer keeps the exit inside what it was asked for.
  const isOlder = share > room || [...orders].some((order) => opensAfter(order, target));
  const isAlone =
    !isOlder && (position === undefined || scope === 'account' || !isShared(position, orders, agent, side));
  let onWay = 0;
  for (const order of orders) {
    if (order.side !== side || !isExitOnItsWay(order) || !closesTheSame(order, agent, scope)) continue;
    const isOfAll = scope === 'own' && order.agent !== agent;
    if (isAlone && (isUnproven(order) || isOfAll)) continue;
    const left = remainingLots(order);
    // It comes out of all shares in proportion; beside what was opened since, out of what was held before that.
    onWay += isOfAll && !isOlder ? mostTaken(position, order, agent) : left;
  }
  // What is on its way closes what was held first: not what was opened since.
  return Math.max(0, Math.min(share, room) - onWay);
}

/**
 * Lots of an agent's share that an exit of all takes at most, rounded up: a part of what is held now, should it fill now;
 * or of what was held when it was sent, should it have filled then, of which what was opened since takes no part.
 */
function mostTaken(position: PositionState | undefined, order: OrderState, agent: string): number {
  const { sentAtMs, side } = order;
  if (position === undefined) return 0;
  const direction = side === 'sell' ? 1 : -1;
  const now = heldAt(position, direction, Number.POSITIVE_INFINITY);
  const then = heldAt(position, direction, sentAtMs ?? Number.POSITIVE_INFINITY);
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
 * An exit on its way closes what another may close: of one share, as an operator's and the gate's do of all; or, where an
 * agent may close the whole position, of that. RISK: side by side they close more than was held once somebody has opened
 * something in between, or what is another agent's.
 */
export function closesTheSame(order: OrderState, agent: string, scope: 'own' | 'account'): boolean {
  return scope === 'account' || order.agent === agent || order.origin !== 'agent';
}

/** An opening whose fills are not the exit's to close may fill before it: as a rule one that was asked for after it. */
function opensAfter(order: OrderState, { isWhole, openings, side }: ExitTarget): boolean {
  const mayFill = !order.reduceOnly && order.side !== side && order.status !== 'pending_send';
  return mayFill && !(isWhole && openings.has(order));
}

/** At the venue or about to be, and not at rest. */
export function isExitOnItsWay(order: OrderState): boolean {
  if (!order.reduceOnly || order.protective || order.foreign || order.status === 'pending_send') return false;
  return !(isResting(order) && order.timeInForce === 'GTC');
}

/** Messages of -4016, -4024 and -4131: the price is out of the venue's band, and the same would be refused again. */
const BAND_WORDS = /PERCENT_PRICE|mark price multiplier|price can't be (higher|lower) than/i;

/**
 * The next rung of a target. A part of the venue's largest size that filled, and an order that never reached the venue,
 * are no step up the ladder; one whose price the band refused is, but for the last, which has no other price.
 */
export function nextRung(target: ExitTarget, rungs: number): number {
  const last = target.allotments.at(-1)?.order;
  if (last === undefined) return 0;
  const rung = Math.max(0, target.rung);
  switch (last.status) {
    case 'filled':
    case 'not_placed':
      return rung;
    case 'rejected':
      return BAND_WORDS.test(last.detail ?? '') ? Math.min(rung + 1, rungs - 1) : rung;
    case 'canceled':
      return last.venueOrderId === null ? rung : rung + 1;
    default:
      return rung + 1;
  }
}

/** Operator, stop, cut, then the agents in turn: who was served longest ago goes first. */
function inTurn(groups: ExitGroup[], servedAt: (agent: string) => number): readonly ExitGroup[] {
  const rankOf = ({ targets }: ExitGroup): number =>
    Math.min(...targets.map(({ cause }) => EXIT_CAUSES.indexOf(cause)));
  const turnOf = ({ targets }: ExitGroup): number => servedAt(targets[0]?.agent ?? '');
  return groups
    .map((group, index) => ({ group, index }))
    .sort((a, b) => rankOf(a.group) - rankOf(b.group) || turnOf(a.group) - turnOf(b.group) || a.index - b.index)
    .map(({ group }) => group);
}

/** Permitted, and not sent yet: what a restart must not forget. */
export function isWaitingExit(order: OrderState): boolean {
  return order.status === 'pending_send' && order.reduceOnly && !order.foreign && !order.protective;
}
