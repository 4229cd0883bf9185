import type { OrderView, RulesView } from './context.ts';
import { ceilTicks, floorTicks, ticksToPrice } from './quantities.ts';
import type { ExecutionRequest } from './request.ts';
import { type AskedSize, askedUsdt, checkRounding } from './rules/rounding.ts';
import { lotsFor } from './rules/staging.ts';
import type { Trace } from './trace.ts';

/** The order that an amend asks for. */
export interface AmendTarget {
  readonly totalLots: number;
  readonly priceTicks: number;
  readonly isMoreAggressive: boolean;
  /** What may still fill, at the worse of mark and limit, is more than before: caps hold for it again. */
  readonly countsForMore: boolean;
}

export function amendedTarget(
  request: ExecutionRequest,
  order: OrderView,
  rules: RulesView,
  mark: number | null,
): AmendTarget {
  const old = order.price_ticks ?? 0;
  const priceTicks =
    request.limit_price === null
      ? old
      : order.side === 'buy'
        ? floorTicks(request.limit_price, rules)
        : ceilTicks(request.limit_price, rules);
  // Sized like a new order at its limit, and counted at the worse of limit and mark.
  const markTicks = mark === null ? 1 : Math.max(1, ceilTicks(mark, rules));
  const valueTicks = Math.max(markTicks, priceTicks);
  const totalLots =
    request.requested_notional === null ? order.lots : lotsFor(request.requested_notional, priceTicks, rules);
  const before = (order.lots - order.filled_lots) * Math.max(markTicks, old);
  return {
    totalLots,
    priceTicks,
    isMoreAggressive: order.side === 'buy' ? priceTicks > old : priceTicks < old,
    // Negated so that NaN counts for more.
    countsForMore: !((totalLots - order.filled_lots) * valueTicks <= before),
  };
}

/** Lots alone make a new size smaller: the order is amended to whole ones, and the answer says so. */
export function checkAmendRounding(
  trace: Trace,
  request: ExecutionRequest,
  target: AmendTarget,
  rules: RulesView,
): void {
  const asked = askedOfAmend(request, target, rules);
  if (asked !== null) checkRounding(trace, asked, target.totalLots);
}
/** Null: the size stays. */
export function askedOfAmend(
  { requested_notional: usdt }: ExecutionRequest,
  { priceTicks }: AmendTarget,
  rules: RulesView,
): AskedSize | null {
  return usdt === null ? null : askedUsdt(usdt, ticksToPrice(priceTicks, rules), rules);
}
