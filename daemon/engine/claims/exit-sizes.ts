/**
 * What each claim should have at the venue now, and which claims are over. Pure functions of folded state: no clock, no
 * port, so that the same can be planned elsewhere (SAE-SAME-CODE). Quantities in units of 1e-8.
 */

import type { Side } from '../../core/request.ts';
import { type AskedClaim, closedE8, isLive, isLostForGood, onWayE8 } from '../orders/claims.ts';
import { closableE8, closedBy, heldOn, isBesideNobodys, lackingE8 } from '../orders/holding.ts';
import { remainingE8 } from '../orders/order.ts';
import {
  isAtVenue,
  isPlanned,
  isRejected,
  isResting,
  isTerminal,
  isUnproven,
  liveOrders,
  neverRests,
  newestFirst,
  type OrderState,
} from '../orders/orders.ts';
import { wasRefusedFor } from '../orders/recorded-cause.ts';
import { isSettled, type PositionState } from '../positions/positions.ts';
import { ceilLots, type LotRules, lotE8, toE8, wholeLotsE8 } from '../records/units.ts';
import type { SymbolRules } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';
import { rankOf } from '../tables/rank.ts';

/** One side of a symbol that claims close. */
interface Closing {
  readonly position: PositionState;
  readonly side: Side;
  readonly live: ReadonlySet<OrderState>;
  /** Held by the holder, and in all. */
  readonly own: number;
  readonly all: number;
  /** `reduceOnly` does not keep an exit inside the holder's lots: others' stand beside them, or may. */
  readonly isBeside: boolean;
}

/** What a claim should have at the venue. */
export interface Desired {
  readonly claim: AskedClaim;
  /** Lots that those before it in turn leave. */
  readonly pool: number;
  readonly want: number;
  /** Lots that its orders may still close, of those that were asked for. */
  readonly onWay: number;
}

export function closingOf(state: GateViews, symbol: string, side: Side): Closing {
  const position = state.position(symbol);
  const live = liveOrders(state.orders, symbol);
  const own = position.isContested ? 0 : closedBy(side, closableE8(position, live));
  const all = heldOn(position, side);
  const isBeside = all > own || isBesideNobodys(position, live);
  return { position, side, live, own, all, isBeside };
}

// --- desired -----------------------------------------------------------------------------------------------------------

/**
 * What each claim of one side should have at the venue: one pass over one imagined position. Claims that close now go
 * first, an operator's, a stop's, a cut's, an agent's; then those that rest; older ones first. What one takes, those
 * behind it do not get. `isStopped`: it closes nothing now, whoever asked.
 */
export function desiredOf(
  state: GateViews,
  closing: Closing,
  claims: Iterable<AskedClaim>,
  isStopped: (claim: AskedClaim) => boolean,
): readonly Desired[] {
  const { all, own, position } = closing;
  const inTurn = [...claims].sort(byTurn);
  let ownLeft = own;
  let othersLeft = Math.max(0, all - own);
  return inTurn.map((claim): Desired => {
    const onWay = onWayE8(claim, (order) => !isLostForGood(order)) - growingE8(claim);
    const isOperators = claim.origin === 'operator';
    // Several agents held it by records of before: what rests there stays, and operators close.
    if (position.isContested && !isOperators) {
      const stays = claim.wants === 'rest' ? onWay : 0;
      return { claim, pool: stays, want: stays, onWay };
    }
    const isHolders = isOperators || claim.origin === 'gate' || claim.agent === position.holder;
    const isOver = claim.isCanceled || isStopped(claim) || (claim.isReplaced && claim.wants === 'now');
    const pool = isOperators ? ownLeft + othersLeft : isHolders ? ownLeft : 0;
    const want = isOver ? 0 : Math.min(pool, leftOf(state, closing, claim, pool));
    // What perhaps fills is no claim on lots: reduceOnly keeps both inside what is held, or {@link surelyOf} does.
    const filling = onWayE8(claim, (order) => !isUnproven(order));
    const taken = claim.wants === 'now' ? Math.min(pool, Math.max(want, filling)) : want;
    const ofOthers = isOperators ? Math.min(othersLeft, taken) : 0;
    othersLeft -= ofOthers;
    ownLeft -= taken - ofOthers;
    return { claim, pool, want, onWay };
  });
}

function byTurn(a: AskedClaim, b: AskedClaim): number {
  if (a.wants !== b.wants) return a.wants === 'now' ? -1 : 1;
  const rank = a.wants === 'now' ? rankOf(a) - rankOf(b) : 0;
  return rank || a.seq - b.seq;
}

/** No order of it was ever sent. */
export function isUnsent({ orders }: Pick<AskedClaim, 'orders'>): boolean {
  return orders.every(isPlanned);
}

/**
 * Lots that a claim has still to close: of all those that there are, or of those that were asked for. Where the holder's
 * stand alone, the rest of a part that closes now is at least what the venue takes in an order, as if it were asked anew.
 */
function leftOf({ rules }: GateViews, { isBeside }: Closing, claim: AskedClaim, pool: number): number {
  const closesNow = claim.wants === 'now';
  if (claim.isWhole && closesNow) return pool;
  const leftE8 = Math.max(0, claim.askedE8 - closedE8(claim));
  if (leftE8 === 0 || !closesNow || isBeside || isLive(claim)) return leftE8;
  return Math.max(leftE8, minE8(rules.get(claim.symbol)));
}

/** The smallest order that the venue takes. */
export function minE8(rules: SymbolRules | undefined): number {
  return rules === undefined ? 1 : toE8(Math.max(1, rules.minLots), lotE8(rules));
}

/** Lots by which an order of it grows, once it is proven: its caller has just been permitted that, and nobody asked before. */
function growingE8({ orders }: AskedClaim): number {
  let quantityE8 = 0;
  for (const order of orders)
    if (order.amend !== null && !isTerminal(order))
      quantityE8 += Math.max(0, order.amend.quantityE8 - order.quantityE8);
  return quantityE8;
}

// --- sizes -------------------------------------------------------------------------------------------------------------

/**
 * So much of a position as an order can be written of: whole lots, or all of it, which the lots that cover it close
 * (`closableLots` in snapshot/exposure.ts).
 */
export function writableE8({ all }: Closing, quantityE8: number, rules: LotRules | undefined): number {
  return rules === undefined || quantityE8 === all ? quantityE8 : wholeLotsE8(quantityE8, rules);
}

/**
 * What a claim has still to close where no order can be written of that: less than a lot, beside others'. 0: there is no
 * such rest.
 */
export function restBelowLotE8(state: GateViews, closing: Closing, claim: AskedClaim): number {
  const pool = claim.origin === 'operator' ? closing.all : closing.own;
  const leftE8 = Math.min(pool, leftOf(state, closing, claim, pool));
  return writableE8(closing, leftE8, state.rules.get(claim.symbol)) > 0 ? 0 : leftE8;
}

/** Lots of the next order of a claim that closes now, as far as what is known permits; 0: none may go out now. */
export function nextE8(state: GateViews, closing: Closing, { claim, want }: Desired): number {
  // One order at a time: what is being matched cannot be called back.
  if (claim.orders.some((order) => isAtVenue(order) && !isUnproven(order))) return 0;
  // RISK: lots of an order with unknown outcome count as closed. A full close goes out beside it where reduceOnly keeps both
  // inside what it may close.
  const isOfAll = claim.isWhole && (claim.origin === 'operator' || !closing.isBeside);
  const counted = onWayE8(claim, (order) => !isOfAll || !isUnproven(order));
  const quantityE8 = Math.max(0, want - counted);
  if (claim.origin === 'operator' || !closing.isBeside) return quantityE8;
  if (waitsForReading(state, claim)) return 0;
  return Math.max(0, Math.min(quantityE8, surelyOf(state, closing)));
}

/**
 * Lots of the holder that remain whatever of the exits on their way fills, and whatever the last reading lacks. What it
 * lacks may be what those have filled; as far as exits that are lost may have filled it, those on their way fill as much
 * again. RISK: of what was lost after that reading it shows nothing.
 */
function surelyOf(state: GateViews, { live, own, position, side }: Closing): number {
  const missing = missingOf(position, side, live);
  const isRead = (order: OrderState): boolean => isLostForGood(order) && !isUnread(state, order);
  const byLost = Math.min(missing, exitE8(live, side, isRead));
  return own - Math.max(exitE8(live, side, (order) => !isRead(order)) + byLost, missing);
}

/** The last reading of the account was asked for before that became known of an order. */
function isUnread({ accountAskedMs }: GateViews, { updatedAtMs }: OrderState): boolean {
  return accountAskedMs <= updatedAtMs;
}

/**
 * Lots that the last reading of the account lacks. RISK: what an opening has filled without a report may be in that
 * reading, and would hide as many.
 */
function missingOf(position: PositionState, side: Side, live: ReadonlySet<OrderState>): number {
  let hidden = 0;
  for (const order of live)
    if (!order.reduceOnly && order.side !== side && !order.foreign && !isPlanned(order)) hidden += remainingE8(order);
  return lackingE8(position, side, lackingE8(position, side) > 0 ? hidden : 0);
}

/** Lots that orders of ours on that side may still close; unless said otherwise of those that are not lost for good. */
function exitE8(live: ReadonlySet<OrderState>, side: Side, isCounted = isNotLost): number {
  let quantityE8 = 0;
  for (const order of live)
    if (order.reduceOnly && order.side === side && !order.protective && !order.foreign && isAtVenue(order))
      if (isCounted(order)) quantityE8 += remainingE8(order);
  return quantityE8;
}
function isNotLost(order: OrderState): boolean {
  return !isLostForGood(order);
}

/**
 * The venue refuses exits whose sum exceeds the position: what rests is canceled first, and waited for. An order of unknown
 * outcome that never rests is not in the way.
 */
export function hasRoom({ all, live, side }: Closing, quantityE8: number): boolean {
  return exitE8(live, side, (order) => !isUnproven(order) || !neverRests(order)) + quantityE8 <= all;
}

/** There is none, or what was asked to make some is not proven gone. */
export function lacksRoom(closing: Closing, quantityE8: number): boolean {
  return !hasRoom(closing, quantityE8) || isMakingRoom(closing);
}

/** Lots with which a claim may rest now, beside what it has resting; 0: none, or no order that the venue takes. */
export function restE8(
  state: GateViews,
  closing: Closing,
  { claim, onWay, pool, want }: Desired,
  least: number,
): number {
  if (claim.orders.some((order) => isAtVenue(order) && !isResting(order) && !isLostForGood(order))) return 0;
  const { all, isBeside, live, position, side } = closing;
  const fits = all - missingOf(position, side, live) - exitE8(live, side);
  const room = isBeside && claim.origin !== 'operator' ? Math.min(fits, surelyOf(state, closing)) : fits;
  const quantityE8 = Math.min(want - onWay, room);
  // It rests in one order, once what makes room for it is gone.
  if (quantityE8 < want - onWay && isMakingRoom(closing)) return 0;
  const isAll = quantityE8 > 0 && quantityE8 === closing.own;
  // An exit that closes now is to have the rest that it would take along.
  if (!isAll && pool < closing.own && closing.own - quantityE8 < least) return 0;
  return quantityE8 >= least || isAll ? quantityE8 : 0;
}

/** What was asked to make room is not proven gone. */
export function isMakingRoom({ live, side }: Closing): boolean {
  for (const order of live)
    if (order.reduceOnly && order.side === side && !order.protective && order.cancelRequested) return true;
  return false;
}

/**
 * So much may rest for a claim: an order of what it should have is at least the least one, and takes along a rest that is
 * less than that (core/decide/exit.ts). Of all of a position it is the smallest that covers it.
 */
export function maxRestingE8({ rules }: GateViews, { all, isBeside }: Closing, { claim, pool, want }: Desired): number {
  const known = rules.get(claim.symbol);
  if (known === undefined || want <= 0) return want;
  const least = minE8(known);
  const most = Math.min(Math.max(want, least), pool);
  if (pool - most >= least) return most;
  return pool === all && !isBeside ? Math.max(least, toE8(ceilLots(all, known), lotE8(known))) : pool;
}

/** Orders of a claim that rests that are beyond what it should have, the newest first. */
export function ordersBeyond({ claim, onWay, want }: Desired): readonly OrderState[] {
  const beyond: OrderState[] = [];
  let quantityE8 = onWay;
  for (let i = claim.orders.length - 1; i >= 0 && quantityE8 > want; i -= 1) {
    const order = claim.orders[i]!;
    if (!isAtVenue(order)) continue;
    quantityE8 -= remainingE8(order);
    beyond.push(order);
  }
  return beyond;
}

/**
 * The order of ours that gives its place where the venue takes no more: the symbol's newest opening that rests, else the
 * newest exit of its holder that does; before all, one that is being canceled already. `asked`: those that do not go.
 * INVARIANT: never one that is not ours.
 */
export function findPlace(state: GateViews, symbol: string, asked: ReadonlySet<OrderState>): OrderState | null {
  const { claims, orders } = state;
  const { holder } = state.position(symbol);
  const resting = [...liveOrders(orders, symbol)].filter(
    (order) => isResting(order) && !neverRests(order) && !order.foreign && !order.protective && !asked.has(order),
  );
  const isHolders = (order: OrderState): boolean => claims.of(order)?.wants === 'rest' && order.agent === holder;
  const openings = resting.filter(({ reduceOnly }) => !reduceOnly);
  const exits = resting.filter((order) => order.reduceOnly && order.origin === 'agent' && isHolders(order));
  const canceled = resting.find(({ cancelRequested }) => cancelRequested);
  return canceled ?? openings.sort(newestFirst)[0] ?? exits.sort(newestFirst)[0] ?? null;
}

// --- beside others' lots -----------------------------------------------------------------------------------------------

/**
 * The venue had less to close than was sent: it refused the order as reducing nothing, or filled a part of it. RISK: beside
 * lots that are not the holder's, the next order would close those. It waits for a reading that was asked for later.
 */
export function waitsForReading(state: GateViews, claim: AskedClaim): boolean {
  const last = fellShort(claim);
  if (last === null) return false;
  if (isUnread(state, last)) return true;
  if (!isRejected(last)) return false;
  return !isSettled(state.position(claim.symbol));
}
function fellShort({ orders }: AskedClaim): OrderState | null {
  const last = orders.findLast(({ sentAtMs }) => sentAtMs !== null);
  if (last === undefined || !isTerminal(last)) return null;
  const isPart = last.executedE8 > 0 && last.executedE8 < last.quantityE8 && !last.cancelRequested;
  return isPart || wasRefusedFor(last, 'nothing_to_reduce') ? last : null;
}

/** A claim may wait for a reading of the account: the next one is recorded, though nothing in it is new. */
export function awaitsReading(state: GateViews): boolean {
  for (const claim of state.claims.open) {
    const last = fellShort(claim);
    if (last !== null && isUnread(state, last)) return true;
    for (const order of liveOrders(state.orders, claim.symbol))
      if (order.reduceOnly && isLostForGood(order) && isUnread(state, order)) return true;
  }
  return false;
}

/** Permitted, and not sent yet: what a restart must not forget. */
export function isWaitingExit(order: OrderState): boolean {
  return isPlanned(order) && order.reduceOnly && !order.foreign && !order.protective;
}
