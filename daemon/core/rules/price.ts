import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext, RulesView } from '../context.ts';
import { ceilTicks, floorTicks, ticksToPrice } from '../quantities.ts';
import type { ExecutionRequest, Side } from '../request.ts';
import type { Trace } from '../trace.ts';

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
