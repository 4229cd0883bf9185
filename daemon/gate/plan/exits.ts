/**
 * What of all exits goes out next, and which of them are over. Pure functions of folded state: no clock, no port, so
 * that the same can be planned elsewhere (SAE-SAME-CODE). Sizes in lots.
 */
import type { Side } from '../../core/request.ts';
import { EXIT_CAUSES, type ExitEnd } from '../events.ts';
import { type ExitTarget, isUnproven, liveOrdersOf, unsentLots, whoseOf } from '../state/exit-targets.ts';
import type { GateState } from '../state/gate-state.ts';
import { heldOn } from '../state/held-lots.ts';
import { isResting, isTerminal, type OrderState } from '../state/orders.ts';
import { capOf, isRefutedBesideYounger, ordersThatCount } from './exit-caps.ts';
import { isLostForGood } from './rests.ts';

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
  let live = 0;
  let rests = false;
  for (const { order } of target.allotments) {
    if (isTerminal(order.status)) continue;
    live += 1;
    if (order.timeInForce === 'GTC' && isResting(order)) rests = true;
  }
  if (rests && live === 1) return { reason: 'rests', detail: 'it rests at its own price' };
  const { first } = target;
  const canceled = first.status === 'canceled' && first.sentAtMs === null && target.allotments.length === 0;
  if (canceled || target.allotments.some(({ order }) => wasCanceled(target, order))) {
    if (live > 0) return null;
    return { reason: 'canceled', detail: (canceled ? first.detail : null) ?? 'canceled by its caller' };
  }
  if (live > 0) return null;
  if (target.leftLots > 0 && !holdsNothing(state, target))
    return nextRung(target, rungs) < rungs
      ? null
      : { reason: 'exhausted', detail: 'no rung of the ladder filled all of it' };
  if (mayStillOpen(target)) return null;
  return target.filledLots > 0
    ? { reason: 'filled', detail: '' }
    : { reason: 'nothing_left', detail: 'nothing is left to close: it is closed already' };
}

/** As its caller, or an operator, wished. */
function wasCanceled({ gaveWay }: ExitTarget, order: OrderState): boolean {
  return isTerminal(order.status) && order.cancelRequested && gaveWay?.has(order) !== true;
}

/**
 * An order of it that rested made room for another exit: it goes out again once none works on its side that has not made
 * room itself. RISK: before that it would be in the way again, and the venue refuses the other one for it.
 */
function waitsForRoom({ targets }: GateState, { gaveWay, key, side, symbol }: ExitTarget): boolean {
  if (gaveWay === null) return false;
  for (const other of targets.open) {
    if (other.symbol !== symbol || other.side !== side || other.key === key || other.gaveWay !== null) continue;
    if (other.leftLots === 0 && other.allotments.length > 0) continue;
    const live = [...liveOrdersOf(other)];
    if (live.length === 0 || !live.every(isLostForGood)) return true;
  }
  return false;
}

/**
 * Its caller holds nothing on that side any more, by whatever was proven of fills and of the account: a lag between the
 * two may have left lots in the target that were closed meanwhile.
 */
function holdsNothing({ positions }: GateState, target: ExitTarget): boolean {
  return heldOn(positions.get(target.symbol), target.side, whoseOf(target)) === 0;
}

/** Openings of before it have not ended: what they fill is to be closed as well. */
function mayStillOpen({ isWhole, openings }: ExitTarget): boolean {
  if (!isWhole) return false;
  for (const order of openings ?? []) if (!isTerminal(order.status)) return true;
  return false;
}

/** A group that has not had its turn yet. */
interface Turn {
  readonly key: string;
  readonly targets: readonly ExitTarget[];
  readonly agent: string;
  /** Of its most urgent cause. */
  readonly rank: number;
  readonly index: number;
}

/**
 * The groups of one pass, each once: operator, stop, cut, then the agents in turn, who was served longest ago first.
 * RISK: each is planned when it is its turn, since what another one has sent by then is on its way.
 */
export class ExitTurns {
  readonly #state: GateState;
  readonly #rungs: number;
  readonly #servedAt: (agent: string) => number;
  /** The next one last; in order as long as the last agent was not served. */
  #turns: Turn[];
  #last: { readonly agent: string; readonly servedAt: number } | null = null;

  constructor(state: GateState, open: Iterable<ExitTarget>, rungs: number, servedAt: (agent: string) => number) {
    this.#state = state;
    this.#rungs = rungs;
    this.#servedAt = servedAt;
    this.#turns = [...groupTargets(open)].map(([key, targets], index) => ({
      key,
      targets,
      agent: targets[0]?.agent ?? '',
      rank: Math.min(...targets.map(({ cause }) => EXIT_CAUSES.indexOf(cause))),
      index,
    }));
    this.#sort();
  }

  #sort(): void {
    const turnOf = new Map(this.#turns.map(({ agent }) => [agent, this.#servedAt(agent)]));
    const servedAt = ({ agent }: Turn): number => turnOf.get(agent) ?? 0;
    this.#turns.sort((a, b) => b.rank - a.rank || servedAt(b) - servedAt(a) || b.index - a.index);
  }

  /** The next group that has something to send; null: none has. */
  next(): ExitGroup | null {
    if (this.#last !== null && this.#servedAt(this.#last.agent) !== this.#last.servedAt) this.#sort();
    for (let turn = this.#turns.pop(); turn !== undefined; turn = this.#turns.pop()) {
      const { agent, key, targets } = turn;
      this.#last = { agent, servedAt: this.#servedAt(agent) };
      const open = targets.filter(({ end }) => end === null);
      if (open.length === 0) continue;
      const group = planGroup(this.#state, key, open, this.#rungs);
      if (group.lots > 0) return group;
    }
    return null;
  }
}

function planGroup(state: GateState, key: string, targets: readonly ExitTarget[], rungs: number): ExitGroup {
  const [oldest] = targets;
  if (oldest === undefined) throw new Error('a group without targets');
  const { symbol, side } = oldest;
  const isBusy = targets.some((target) => [...liveOrdersOf(target)].some((order) => !isUnproven(order)));
  const orders = ordersThatCount(state, symbol);
  const sendable: ExitTarget[] = [];
  let lots = 0;
  // RISK: each is bounded by what was held when it was requested: what a younger one may close is not an older one's.
  for (const target of isBusy ? [] : targets) {
    if (nextRung(target, rungsOf(target, rungs)) >= rungsOf(target, rungs)) continue;
    if (isRefutedBesideYounger(state, target) || waitsForRoom(state, target)) continue;
    const cap = Math.min(target.roomLots, capOf(state, target, target.roomLots, orders));
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
  if (target.gaveWay?.has(last) === true) return rung;
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

/** Permitted, and not sent yet: what a restart must not forget. */
export function isWaitingExit(order: OrderState): boolean {
  return order.status === 'pending_send' && order.reduceOnly && !order.foreign && !order.protective;
}

/** An order of it may still fill. */
export function isLive(target: ExitTarget): boolean {
  for (const _ of liveOrdersOf(target)) return true;
  return false;
}
