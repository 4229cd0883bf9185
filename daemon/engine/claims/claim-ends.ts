/** Which claims are over, and how. Pure functions of folded state. */

import { type AskedClaim, type Claim, closedE8, isLive, isLostForGood, NOTHING_LEFT } from '../orders/claims.ts';
import {
  isAtVenue,
  isCanceled,
  isFilled,
  isPlanned,
  isRefused,
  isRejected,
  isResting,
  liveOrders,
  type OrderState,
} from '../orders/orders.ts';
import { wasRefusedFor } from '../orders/recorded-cause.ts';
import type { ExitEnd } from '../records/decisions.ts';
import { formatQuantityE8 } from '../records/units.ts';
import type { GateViews } from '../state/views.ts';
import { closingOf, isUnsent, restBelowLotE8 } from './exit-sizes.ts';

/** How a claim that is over has ended, in words for its caller. */
export interface Ending {
  readonly reason: ExitEnd;
  readonly detail: string;
}

const HALTED: Ending = { reason: 'halted', detail: 'STATE_HALTED: trading was halted before all of it was closed' };

/** `exits.resume_ms` of a policy without it. */
export const RESUME_MS = 300_000;
const EXHAUSTED: Ending = { reason: 'exhausted', detail: 'no rung of the ladder filled all of it' };
const OUT_OF_TIME: Ending = {
  reason: 'exhausted',
  detail: 'no order within its max_slippage_bps filled all of it for exits.resume_ms',
};

/** What the end of a claim depends on beside what is recorded of it. */
export interface Around {
  /** Of the policy's ladder. */
  readonly rungs: number;
  /** Trading was halted for it. */
  readonly isStopped: boolean;
  /** It is older than `exits.resume_ms`. */
  readonly isLate: boolean;
}

/** Null: it goes on. */
export function findEnding(state: GateViews, claim: Claim, around: Around): Ending | null {
  return claim.wants === 'rest' ? findRestEnding(state, claim, around.isStopped) : findNowEnding(state, claim, around);
}

function findRestEnding(state: GateViews, claim: Claim, isStopped: boolean): Ending | null {
  if (isLive(claim)) return null;
  if (claim.isCanceled) return { reason: 'canceled', detail: 'canceled by its caller' };
  if (closedE8(claim) >= claim.askedE8) return { reason: 'filled', detail: '' };
  if (isNothingLeft(state, claim)) return { reason: 'nothing_left', detail: NOTHING_LEFT };
  // What rested before rests again once trading goes on.
  return isStopped && isUnsent(claim) ? HALTED : findRestBelowLot(state, claim);
}

function findNowEnding(state: GateViews, claim: Claim, { isLate, isStopped, rungs }: Around): Ending | null {
  const live = claim.orders.filter((order) => isAtVenue(order) && !isLostForGood(order));
  const [only] = live;
  if (live.length === 1 && only?.timeInForce === 'GTC' && isResting(only))
    return { reason: 'rests', detail: 'it rests at its own price' };
  if (live.length > 0) return null;
  if (claim.isCanceled) return { reason: 'canceled', detail: 'canceled by its caller' };
  const done = closedE8(claim);
  const isDone = !claim.isWhole && done >= claim.askedE8;
  if (isDone || isNothingLeft(state, claim))
    return done > 0
      ? { reason: 'filled', detail: '' }
      : { reason: 'nothing_left', detail: 'nothing is left to close: it is closed already' };
  if (claim.isReplaced) return { reason: 'canceled', detail: 'a full close has taken its place' };
  const rest = findRestBelowLot(state, claim);
  if (rest !== null) return rest;
  if (isStopped) return HALTED;
  const isBound = isBounded(claim);
  if (isBound && isLate) return OUT_OF_TIME;
  if (isBound || isHeldNothing(state, claim)) return null;
  return nextRung(claim, rungsOf(claim, rungs)) < rungsOf(claim, rungs) ? null : EXHAUSTED;
}

/**
 * Its caller has bound its price: it goes on within that, whatever the ladder and whatever its orders meet, for
 * `exits.resume_ms` at most.
 */
export function isBounded({ orders }: AskedClaim): boolean {
  return orders.some(({ slippageBps }) => slippageBps !== null);
}
function lastSent({ orders }: AskedClaim): OrderState | undefined {
  return orders.findLast(({ sentAtMs }) => sentAtMs !== null);
}

/** What is left of it is less than a lot, as after a change of the venue's steps: no order closes it. */
function findRestBelowLot(state: GateViews, claim: Claim): Ending | null {
  const { side, symbol } = claim;
  const leftE8 = restBelowLotE8(state, closingOf(state, symbol, side), claim);
  if (leftE8 === 0) return null;
  const quantity = formatQuantityE8(leftE8, state.rules.get(symbol));
  return { reason: 'exhausted', detail: `${quantity} of it is left, which is less than the venue takes in an order` };
}

/** Nothing is held of what it may close, and nothing that was asked for before it may still open some. */
export function isNothingLeft(state: GateViews, claim: Claim): boolean {
  return isHeldNothing(state, claim) && !mayStillOpen(state, claim);
}
function isHeldNothing(state: GateViews, { agent, origin, side, symbol }: Claim): boolean {
  const { all, own, position } = closingOf(state, symbol, side);
  if (origin === 'operator') return all === 0;
  if (position.isContested) return all === 0;
  return own === 0 || (origin === 'agent' && position.holder !== agent);
}

/** Openings of before it are on their way; one that rests counts for a full close, which has canceled it. */
function mayStillOpen(
  { orders }: GateViews,
  { agent, isWhole, openedAtMs, origin, side, symbol, wants }: Claim,
): boolean {
  for (const order of liveOrders(orders, symbol)) {
    if (order.reduceOnly || order.side === side || order.foreign || order.plannedAtMs > openedAtMs) continue;
    if (origin === 'agent' && order.agent !== agent) continue;
    if (isPlanned(order)) continue;
    if (wants === 'now' ? isWhole : !isResting(order)) return true;
  }
  return false;
}

/** What an operator or the gate asks for ends in MARKET reduceOnly, unless it has a bound. */
export function rungsOf(claim: AskedClaim, rungs: number): number {
  return rungs + (claim.origin === 'agent' || isBounded(claim) ? 0 : 1);
}

/** The next rung of a claim. One that its caller has bound stays at the last; so does one whose price the band refused. */
export function nextRung(claim: AskedClaim, rungs: number): number {
  const next = Math.max(0, claim.rung) + (isStep(claim) ? 1 : 0);
  const last = lastSent(claim);
  const staysAtLast = isBounded(claim) || (last !== undefined && isRejected(last));
  return staysAtLast ? Math.min(next, rungs - 1) : next;
}

/**
 * Its last order was one step up the ladder: no part of the venue's largest size that filled, nor one that never reached
 * the venue, or gave way; but one whose price the band refused.
 */
function isStep(claim: AskedClaim): boolean {
  const last = lastSent(claim);
  if (last === undefined || claim.gaveWay.includes(last)) return false;
  if (isRefused(last)) return wasRefusedFor(last, 'price_band');
  return !isFilled(last) && !(isCanceled(last) && last.venueOrderId === null);
}
