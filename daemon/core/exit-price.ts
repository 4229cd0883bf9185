import type { CompiledPolicy } from './compiled-policy.ts';
import type { ExecutionContext, RulesView } from './context.ts';
import type { SizedAction } from './decision.ts';
import { ceilTicks, floorTicks } from './quantities.ts';
import type { Side } from './request.ts';
import { isShortOf, nearestPrice } from './rules/price.ts';

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
export interface ExitBound {
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
