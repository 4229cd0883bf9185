import type { RulesView } from '../../daemon/core/arithmetic/quantities.ts';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ExecutionRequest, Side } from '../../daemon/core/request.ts';
import { tickSize } from './oracle-price.ts';
import { add, ceil, div, exact, floor, higher, lower, mul, type Rational, sub, UNITY, whole } from './rational.ts';

/** Bound of an exit's rung in exact fractions (DESIGN 12.5), whole ticks. */
export interface ExitBound {
  /** Null: MARKET, or a price of the caller's own, of which this says nothing. */
  readonly ticks: bigint | null;
  readonly isInsideSpread: boolean;
}

export function boundOfExit(
  request: ExecutionRequest,
  side: Side,
  context: ExecutionContext,
  { exits, market: { freshness } }: IntendedPolicySpec,
): ExitBound {
  const none = { ticks: null, isInsideSpread: false };
  const { market, exit_rung: rung, now_ms: now } = context;
  const { max_slippage_bps: own, origin } = request;
  if (market.rules === null || (request.order_type === 'limit' && request.limit_price !== null)) return none;
  const rungs = exits.ladder_bps;
  if (rung >= rungs.length && origin !== 'agent' && own === null) return none;
  const isFresh = market.quote_at_ms !== null && now - market.quote_at_ms <= freshness.quote_ms;
  const quotes = isFresh && market.bid !== null && market.ask !== null ? [exact(market.bid), exact(market.ask)] : null;
  const quote = quotes?.[side === 'sell' ? 0 : 1] ?? null;
  const tick = tickSize(market.rules);
  const known = market.mark ?? context.exposure.recorded_price;
  const middle =
    quotes === null
      ? own === null || known === null
        ? null
        : exact(known)
      : div(add(...(quotes as [Rational, Rational])), whole(2));
  if (middle === null) return none;
  const [further, nearer] = side === 'sell' ? [lower, higher] : [higher, lower];
  const within = (bps: number): bigint => {
    const part = div(exact(bps), whole(10_000));
    const price = mul(middle, side === 'sell' ? sub(UNITY, part) : add(UNITY, part));
    return side === 'sell' ? ceil(div(price, tick)) : floor(div(price, tick));
  };
  const met = quote === null ? null : side === 'sell' ? floor(div(quote, tick)) : ceil(div(quote, tick));
  const reach = within(rungs[Math.min(rung, rungs.length - 1)] ?? 0);
  const asked = met === null ? reach : further(reach, met);
  const held = own === null ? asked : nearer(asked, within(own));
  const isInsideSpread = met !== null && further(held, met) !== held;
  const ticks = drawnBack(held, side, context, market.rules, freshness.mark_ms);
  const [lowest, highest] = [BigInt(market.rules.min_price_ticks), BigInt(market.rules.max_price_ticks)];
  return { ticks: higher(lowest, lower(highest, ticks)), isInsideSpread };
}

/** The venue's price band about a mark that is fresh, where the quote that the exit meets lies within it. */
function drawnBack(
  ticks: bigint,
  side: Side,
  { market, now_ms: now }: ExecutionContext,
  rules: RulesView,
  freshMs: number,
): bigint {
  const { ask, bid, mark, mark_at_ms: markedAt } = market;
  const quote = side === 'sell' ? bid : ask;
  if (mark === null || markedAt === null || now - markedAt > freshMs || quote === null) return ticks;
  const tick = tickSize(rules);
  const inTicks = (price: Rational, round: (value: Rational) => bigint): bigint => round(div(price, tick));
  if (side === 'sell') {
    const edge = inTicks(mul(exact(mark), exact(rules.multiplier_down)), ceil);
    return edge <= inTicks(exact(quote), floor) ? higher(ticks, edge) : ticks;
  }
  const edge = inTicks(mul(exact(mark), exact(rules.multiplier_up)), floor);
  return edge >= inTicks(exact(quote), ceil) ? lower(ticks, edge) : ticks;
}

/** An exit at a price of its own that the book does not reach: it rests. What a book says that is old is nothing. */
export function isResting(
  { limit_price: limit, order_type: type }: ExecutionRequest,
  side: Side,
  { market, now_ms: now }: ExecutionContext,
  policy: IntendedPolicySpec,
): boolean {
  if (type !== 'limit' || limit === null || market.rules === null) return false;
  const quote = side === 'sell' ? market.bid : market.ask;
  if (quote === null || market.quote_at_ms === null || now - market.quote_at_ms > policy.market.freshness.quote_ms)
    return false;
  const tick = tickSize(market.rules);
  const [asked, met] = [div(exact(limit), tick), div(exact(quote), tick)];
  return side === 'sell'
    ? lower(ceil(asked), BigInt(market.rules.max_price_ticks)) > floor(met)
    : higher(floor(asked), BigInt(market.rules.min_price_ticks)) < ceil(met);
}

/** An exit's own price that the venue takes of nobody: it goes out at the nearest one that it takes. */
export function isBeyondRange(request: ExecutionRequest, side: Side, rules: RulesView): boolean {
  if (request.order_type !== 'limit' || request.limit_price === null) return false;
  const ticks = div(exact(request.limit_price), tickSize(rules));
  return side === 'sell' ? ceil(ticks) > BigInt(rules.max_price_ticks) : floor(ticks) < BigInt(rules.min_price_ticks);
}
