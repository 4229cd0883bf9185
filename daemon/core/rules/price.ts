/** Prices in ticks: how far an opening order and the rungs of an exit may reach, and what an order counts for there. */

import {
  areUsable,
  ceilTicks,
  floorTicks,
  lotsToQuantity,
  minimumLots,
  type RulesView,
  ticksToPrice,
} from '../arithmetic/quantities.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext, MarketView } from '../context.ts';
import type { SizedAction } from '../decision.ts';
import type { ExecutionRequest, Side } from '../request.ts';
import type { Trace } from './trace.ts';

/** Price bound of an opening order (rule 11) in ticks, and what one lot is valued at. */
export interface PriceBound {
  readonly slippageBps: number;
  readonly priceTicks: number;
  /** v = max(mark rounded up to the tick, p): the worse of limit and mark (BY-02). Budgets count by it. */
  readonly valueTicks: number;
  /** At which a notional is made of lots: a limit order's at its limit, whatever the mark; a market order's at v. */
  readonly sizeTicks: number;
}

/** What the market says of a price, and how far from the mark it may be. */
interface Quoted {
  readonly mid: number;
  readonly mark: number;
  readonly collarBps: number;
}

/**
 * p = floor_tick(min(limit, ref (1 + sl/1e4), mark (1 + collar))) for a buy, mirrored for a sell; ref is the mid of the
 * fresh book. The caller's price never values a market order. The collar binds the aggressive side only.
 */
export function boundPrice(
  rules: RulesView,
  side: Side,
  limitPrice: number | null,
  slippageBps: number,
  { mid, mark, collarBps }: Quoted,
): PriceBound {
  const markTicks = ceilTicks(mark, rules);
  if (side === 'buy') {
    let bound = Math.min(mid * (1 + slippageBps / 1e4), mark * (1 + collarBps / 1e4));
    if (limitPrice !== null) bound = Math.min(bound, limitPrice);
    const priceTicks = floorTicks(bound, rules);
    const valueTicks = Math.max(markTicks, priceTicks);
    // The limit that was asked for, also where the slippage bound is sent in its place.
    const sizeTicks = limitPrice === null ? valueTicks : floorTicks(limitPrice, rules);
    return { slippageBps, priceTicks, valueTicks, sizeTicks };
  }
  let bound = Math.max(mid * (1 - slippageBps / 1e4), mark * (1 - collarBps / 1e4));
  if (limitPrice !== null) bound = Math.max(bound, limitPrice);
  const priceTicks = ceilTicks(bound, rules);
  const valueTicks = Math.max(markTicks, priceTicks);
  // RISK: a sale far below the market fills at the market: by its own limit it would be more than was asked for.
  return { slippageBps, priceTicks, valueTicks, sizeTicks: limitPrice === null ? valueTicks : priceTicks };
}

/** A price reaches less far than another one: it is lower for a buy, higher for a sell. */
export function isShortOf(ticks: number, other: number, side: Side): boolean {
  return side === 'sell' ? ticks > other : ticks < other;
}

/** The nearest price that PRICE_FILTER permits; a bound that is no price holds nothing. */
export function nearestPrice(priceTicks: number, rules: RulesView): number {
  const { max_price_ticks: highest, min_price_ticks: lowest } = rules;
  if (Number.isSafeInteger(highest) && highest >= 1 && priceTicks > highest) return highest;
  return Number.isSafeInteger(lowest) && priceTicks < lowest ? lowest : priceTicks;
}

/**
 * The venue takes no limit order beyond its lowest and highest price. Denied here, so that an agent cannot have the
 * venue refuse us by asking for it. False: it is denied.
 */
export function checkRange(trace: Trace, priceTicks: number, rules: RulesView): boolean {
  const nearest = nearestPrice(priceTicks, rules);
  if (nearest === priceTicks) return true;
  trace.deny(11, 'PRICE_OUT_OF_RANGE', ticksToPrice(priceTicks, rules), ticksToPrice(nearest, rules), 'USDT');
  return false;
}

/** Rule 11, SAE-M5: dislocation of book and mark, the slippage cap, and the bound that the exchange will enforce. */
export function checkPrice(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  side: Side,
  slippageCapBps: number,
): PriceBound | null {
  const { mark, bid, ask, rules } = context.market;
  if (mark === null || bid === null || ask === null || rules === null) {
    trace.skip(11, 'PRICE');
    return null;
  }
  const mid = (bid + ask) / 2;
  const collarBps = policy.spec.market.collar_bps;
  const dislocationBps = Math.abs(mid / mark - 1) * 1e4;
  // Compared without a quotient: a book exactly at the collar is inside it.
  if (!(Math.abs(mid - mark) * 1e4 <= collarBps * mark)) {
    trace.deny(11, 'PRICE_DISLOCATED', dislocationBps, collarBps, 'bps');
    return null;
  }
  const requested = request.max_slippage_bps ?? slippageCapBps;
  const slippageBps = Math.min(requested, slippageCapBps);
  const limitPrice = request.order_type === 'limit' ? request.limit_price : null;
  const bound = boundPrice(rules, side, limitPrice, slippageBps, { mid, mark, collarBps });
  if (slippageBps < requested) trace.tighten(11, 'PRICE_SLIPPAGE', requested, slippageCapBps, 'bps');
  else trace.pass(11, 'PRICE', slippageBps, slippageCapBps, 'bps');
  if (!(bound.priceTicks > 0 && Number.isSafeInteger(bound.valueTicks))) {
    trace.deny(11, 'PRICE_DISLOCATED', ticksToPrice(bound.priceTicks, rules), 0, 'USDT');
    return null;
  }
  return bound;
}

/** The book that an exit meets: the middle, and the quote that it trades against, USDT. */
interface FreshBook {
  readonly middle: number;
  readonly quote: number;
}

/** Null: no quote is known, or it is too old to say where the market is. A book of one side has its quote for a middle. */
function freshBook(
  { market: { ask, bid, quote_at_ms: quotedAt }, now_ms: now }: ExecutionContext,
  { spec }: CompiledPolicy,
  side: Side,
): FreshBook | null {
  const [quote, other] = side === 'sell' ? [bid, ask] : [ask, bid];
  if (quotedAt === null || quote === null || !(quote > 0) || now - quotedAt > spec.market.freshness.quote_ms)
    return null;
  return { middle: other === null || !(other > 0) ? quote : (quote + other) / 2, quote };
}

/** Bound of one rung in ticks. */
interface ExitBound {
  readonly priceTicks: number;
  /** Distance of the quote from the middle, bps, where the caller's own bound does not reach it; else null. */
  readonly quoteBps: number | null;
}

/**
 * A rung is counted from the middle of the book, and reaches at least the quote that it trades against; a bound of the
 * caller, from the middle too, binds only if it gave one, and then whatever the quote is (DESIGN 12.5): off the mark, or
 * the price on record, where there is no usable book. Null: the exit has no bound and no book, and goes out as MARKET
 * reduceOnly.
 */
export function boundExit(
  context: ExecutionContext,
  policy: CompiledPolicy,
  rules: RulesView,
  side: Side,
  rungBps: number,
  callerBps: number | null,
): ExitBound | null {
  const book = freshBook(context, policy, side);
  const middle = book?.middle ?? (callerBps === null ? null : (context.market.mark ?? context.exposure.recorded_price));
  if (middle === null || !(middle > 0)) return null;
  const own = callerBps === null ? null : ticksAway(middle, callerBps, rules, side);
  let ticks = ticksAway(middle, rungBps, rules, side);
  let quoteBps: number | null = null;
  if (book !== null) {
    const met = quoteTicks(book.quote, rules, side);
    if (isShortOf(ticks, met, side)) ticks = met;
    if (own !== null && isShortOf(own, met, side)) quoteBps = (Math.abs(book.quote - middle) / middle) * 1e4;
  }
  if (own !== null && isShortOf(own, ticks, side)) ticks = own;
  if (!(ticks > 0 && Number.isSafeInteger(ticks))) return null;
  return { priceTicks: nearestPrice(insideBand(context, policy, rules, side, ticks), rules), quoteBps };
}

/** The outermost whole tick within that distance. */
function ticksAway(middle: number, bps: number, rules: RulesView, side: Side): number {
  return side === 'sell' ? ceilTicks(middle * (1 - bps / 1e4), rules) : floorTicks(middle * (1 + bps / 1e4), rules);
}
/** The first tick at which an order meets the quote. */
function quoteTicks(quote: number, rules: RulesView, side: Side): number {
  return side === 'sell' ? floorTicks(quote, rules) : ceilTicks(quote, rules);
}

/**
 * A rung that reaches through the edge of the venue's price band (PERCENT_PRICE, about the mark) is drawn back to that
 * edge: the venue would refuse it. Only where the best quote lies inside the band, so that the rung still meets it, and
 * only by a mark that is fresh: an old one says nothing about the band.
 */
function insideBand(
  context: ExecutionContext,
  policy: CompiledPolicy,
  rules: RulesView,
  side: Side,
  ticks: number,
): number {
  const { bid, ask, mark, mark_at_ms: markedAt } = context.market;
  if (mark === null || markedAt === null || context.now_ms - markedAt > policy.spec.market.freshness.mark_ms)
    return ticks;
  if (side === 'sell') {
    const floor = ceilTicks(mark * rules.multiplier_down, rules);
    return bid !== null && floor > ticks && floor <= floorTicks(bid, rules) ? floor : ticks;
  }
  const ceiling = floorTicks(mark * rules.multiplier_up, rules);
  return ask !== null && ceiling < ticks && ceiling >= ceilTicks(ask, rules) ? ceiling : ticks;
}

/**
 * A caller's own exit limit, held to the ladder's last rung on its aggressive side: further away it would fill no
 * better, and the venue refuses prices outside its band (PERCENT_PRICE), which would refuse the exit. An old quote
 * holds nothing: the market may have left it behind, and an exit that is held to it would not fill.
 */
export function limitExitTicks(
  context: ExecutionContext,
  policy: CompiledPolicy,
  rules: RulesView,
  side: Side,
  limit: number,
): number {
  const asked = Math.max(1, side === 'sell' ? ceilTicks(limit, rules) : floorTicks(limit, rules));
  const lastRungBps = policy.spec.exits.ladder_bps.at(-1) ?? 0;
  const last = boundExit(context, policy, rules, side, lastRungBps, null)?.priceTicks ?? asked;
  return insideBand(context, policy, rules, side, isShortOf(last, asked, side) ? last : asked);
}

/**
 * Whether an exit will rest at its own price, as a take-profit does, or closes now. Without a usable book nobody can
 * tell: it counts as one that closes.
 */
export function restsAtItsPrice(effective: SizedAction, context: ExecutionContext, policy: CompiledPolicy): boolean {
  const { rules } = context.market;
  if (effective.time_in_force !== 'GTC' || effective.price_ticks === null || rules === null) return false;
  const book = freshBook(context, policy, effective.side);
  return (
    book !== null && isShortOf(effective.price_ticks, quoteTicks(book.quote, rules, effective.side), effective.side)
  );
}

/**
 * An opening at the worse of mark and price, USDT. RISK: at its own price, lots that rest far below the mark would need
 * nobody, and an amend to a higher price adds none.
 */
export function countedUsdt(
  { lots, notional }: Pick<SizedAction, 'lots' | 'notional'>,
  { market: { mark, rules } }: Pick<ExecutionContext, 'market'>,
): number {
  return mark === null || rules === null ? notional : Math.max(notional, lotsToQuantity(lots, rules) * mark);
}

/**
 * The least notional of an opening market order that is not below the venue's minimum, USDT, in whole cents upwards: on
 * either side and with any slippage bound up to `slippageBps`. Null while mark or filters are not known.
 */
export function smallestOrderUsdt(market: MarketView, slippageBps: number, collarBps: number): number | null {
  const { ask, bid, mark, rules } = market;
  if (rules === null || mark === null || !(mark > 0) || !areUsable(rules)) return null;
  const mid = bid !== null && ask !== null && bid > 0 ? (bid + ask) / 2 : mark;
  let least = 0;
  for (const side of ['buy', 'sell'] as const)
    for (const bps of [0, slippageBps]) {
      const { priceTicks, valueTicks } = boundPrice(rules, side, null, bps, { mid, mark, collarBps });
      if (!(priceTicks > 0)) return null;
      least = Math.max(least, lotsToQuantity(minimumLots(rules, priceTicks), rules) * ticksToPrice(valueTicks, rules));
    }
  return Math.ceil(least * 100 - 1e-6) / 100;
}
