import type { ExecutionContext, RulesView } from '../../daemon/core/context.ts';
import type { Budgets, IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { ExecutionRequest, Side } from '../../daemon/core/request.ts';
import { type Findings, ownBudgets, type TighteningResult } from './oracle-factors.ts';
import {
  add,
  ceil,
  compare,
  div,
  exact,
  floor,
  greatest,
  higher,
  least,
  lower,
  mul,
  type Rational,
  sub,
  UNITY,
  whole,
  ZERO,
} from './rational.ts';

/** Rules 11 to 13 of an opening order, in exact fractions (DESIGN section 3, "Arithmetic"). */
export interface OpeningResult {
  readonly lots: bigint;
  readonly requestedLots: bigint;
  readonly leverage: bigint;
  readonly priceTicks: bigint;
  readonly slippageBps: Rational;
  readonly slices: bigint;
  /** Not an integer in general: how many lots the caps permit, before flooring. */
  readonly permittedLots: Rational;
  readonly minimumLots: bigint;
  /** Value of one lot, USDT. */
  readonly lotValue: Rational;
  /** One of these refuses the order when nothing is left (several when they bind alike). */
  readonly binding: ReadonlySet<ReasonCode>;
}
export interface OpeningInputs {
  readonly mark: number;
  readonly bid: number;
  readonly ask: number;
  readonly rules: RulesView;
}

const BPS = whole(10_000);
export function tickSize(rules: RulesView): Rational {
  return div(whole(rules.tick_mantissa), whole(rules.tick_scale));
}
export function lotSize(rules: RulesView): Rational {
  return div(whole(rules.lot_mantissa), whole(rules.lot_scale));
}

/** Buy: floor_tick(min(limit, ref (1 + sl))); sell mirrored. */
function boundPrice(request: ExecutionRequest, inputs: OpeningInputs, slippage: Rational, side: Side): bigint {
  const ref = div(add(exact(inputs.bid), exact(inputs.ask)), whole(2));
  const tick = tickSize(inputs.rules);
  const limit = request.limit_price === null ? null : exact(request.limit_price);
  if (side === 'buy') {
    const bound = mul(ref, add(UNITY, div(slippage, BPS)));
    return floor(div(limit === null ? bound : least(limit, bound), tick));
  }
  const bound = mul(ref, sub(UNITY, div(slippage, BPS)));
  return ceil(div(limit === null ? bound : greatest(limit, bound), tick));
}

/** Least lots that the venue takes at this price. */
export function minimumLots(rules: RulesView, priceTicks: bigint): bigint {
  const perLot = mul(whole(priceTicks), tickSize(rules), lotSize(rules));
  if (perLot.n <= 0n) return 1n << 200n;
  const byNotional = ceil(div(exact(rules.min_notional_usdt), perLot));
  const byQuantity = BigInt(rules.min_lots);
  return byNotional > byQuantity ? byNotional : byQuantity;
}

interface Bound {
  readonly code: ReasonCode;
  readonly value: Rational;
}

/** What is left of a day's turnover and fees, as notional; fees of what is still to fill are set aside. */
function dailyBounds(
  code: ReasonCode,
  caps: Budgets,
  used: { readonly turnover: number; readonly fees: number; readonly pending: number },
  takerFee: Rational,
): Bound[] {
  const pending = exact(used.pending);
  const bounds = [{ code, value: sub(sub(exact(caps.turnover_usdt_per_day), exact(used.turnover)), pending) }];
  if (takerFee.n > 0n) {
    const fees = sub(exact(caps.fees_usdt_per_day), exact(used.fees));
    bounds.push({ code, value: sub(div(fees, takerFee), pending) });
  }
  return bounds;
}

/** Largest leverage at which an isolated position, opened now, is at least this far from its liquidation price. */
function leverageByLiquidationDistance(rules: RulesView, distance: number, side: Side): bigint {
  const mmr = exact(rules.maintenance_rate);
  for (let leverage = 125n; leverage > 1n; leverage--) {
    const margin = sub(div(UNITY, whole(leverage)), mmr);
    const moved = div(margin, side === 'buy' ? sub(UNITY, mmr) : add(UNITY, mmr));
    if (compare(moved, exact(distance)) >= 0) return leverage;
  }
  return 1n;
}

function leverageCap(budget: number, tightening: TighteningResult): bigint {
  const scaled = floor(mul(exact(budget), tightening.symbol.leverage));
  return scaled > 1n ? scaled : 1n;
}

export function projectOpening(
  request: ExecutionRequest,
  side: Side,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  tightening: TighteningResult,
  inputs: OpeningInputs,
  findings: Findings,
): OpeningResult {
  const { rules } = inputs;
  const { exposure, agent, pacing, market, account } = context;
  const caps = policy.budgets;
  const own = ownBudgets(policy, request.agent);
  const f = tightening;

  let L = leverageCap(caps.leverage, f);
  if (own !== null) L = lower(L, leverageCap(own.leverage, f));
  L = lower(L, leverageByLiquidationDistance(rules, policy.account.min_liquidation_distance, side));
  const asked = BigInt(request.requested_leverage ?? 1);
  const leverage = asked < L ? asked : L;
  if (leverage < asked)
    for (const code of ['BUDGET_LEVERAGE', 'BUDGET_AGENT', 'ACCOUNT_LIQUIDATION_DISTANCE'] as const)
      findings.tighten.add(code);
  if (
    market.leverage_locked &&
    (market.leverage_setting === null || market.leverage_setting > Math.floor(caps.leverage))
  )
    findings.deny.add('LEVERAGE_LOCKED');

  let slippageCap = mul(exact(caps.slippage_bps), f.symbol.slippage);
  if (own !== null) slippageCap = least(slippageCap, mul(exact(own.slippage_bps), f.symbol.slippage));
  const slippage =
    request.max_slippage_bps === null ? slippageCap : least(slippageCap, exact(request.max_slippage_bps));
  if (request.max_slippage_bps !== null && compare(slippageCap, exact(request.max_slippage_bps)) < 0)
    findings.tighten.add('PRICE_SLIPPAGE');

  const ref = div(add(exact(inputs.bid), exact(inputs.ask)), whole(2));
  const away = sub(div(ref, exact(inputs.mark)), UNITY);
  const size = away.n < 0n ? { n: -away.n, d: away.d } : away;
  if (compare(size, div(exact(policy.market.collar_bps), BPS)) > 0) findings.deny.add('PRICE_DISLOCATED');

  const tick = tickSize(rules);
  let priceTicks = boundPrice(request, inputs, slippage, side);
  if (context.parent_price_ticks !== null) {
    const parent = whole(context.parent_price_ticks);
    if (side === 'buy') {
      const worst = floor(mul(parent, add(UNITY, div(slippage, BPS))));
      if (priceTicks > worst) priceTicks = worst;
    } else {
      const worst = ceil(mul(parent, sub(UNITY, div(slippage, BPS))));
      if (priceTicks < worst) priceTicks = worst;
    }
  }
  const markTicks = ceil(div(exact(inputs.mark), tick));
  const valueTicks = higher(markTicks, priceTicks);
  const lotValue = mul(whole(valueTicks), tick, lotSize(rules));

  const unit = mul(tick, lotSize(rules));
  const W = mul(whole(side === 'buy' ? exposure.long_units : exposure.short_units), unit);
  const Go = exact(exposure.gross_other_usdt);
  const bounds: Bound[] = [
    { code: 'BUDGET_NOTIONAL', value: mul(exact(caps.order_notional_usdt), f.symbol.notional) },
    { code: 'BUDGET_SYMBOL', value: sub(mul(exact(caps.symbol_notional_usdt), f.symbol.notional), W) },
    { code: 'BUDGET_GROSS', value: sub(sub(mul(exact(caps.gross_notional_usdt), f.account.notional), Go), W) },
  ];
  if (account !== null) {
    const equity = exact(account.equity_usdt);
    bounds.push({ code: 'BUDGET_ACCOUNT_LEVERAGE', value: sub(sub(mul(whole(L), equity), Go), W) });
    const free = sub(
      sub(exact(account.available_usdt), exact(account.reserved_margin_usdt)),
      exact(policy.account.margin_buffer_usdt),
    );
    const phi = add(mul(whole(2), exact(rules.taker_fee)), div(slippage, BPS));
    const u = whole(leverage);
    bounds.push({ code: 'BUDGET_MARGIN', value: div(mul(free, u), add(UNITY, mul(phi, u))) });
  }
  const { share, floor_usdt } = policy.account.concentration;
  if (share < 1) {
    const c = exact(share);
    const K = greatest(exact(floor_usdt), mul(div(c, sub(UNITY, c)), Go));
    bounds.push({ code: 'BUDGET_CONCENTRATION', value: sub(K, W) });
  }
  const bracket = rules.bracket_caps[Number(L) - 1];
  bounds.push({ code: 'BUDGET_BRACKET', value: bracket === undefined ? ZERO : sub(exact(bracket), W) });
  if (context.phase === 'parent') {
    const used = { turnover: pacing.turnover_usdt, fees: pacing.fees_usdt, pending: pacing.pending_turnover_usdt };
    bounds.push(...dailyBounds('BUDGET_TURNOVER', caps, used, exact(rules.taker_fee)));
  }
  if (own !== null) {
    const aW = mul(whole(side === 'buy' ? agent.long_units : agent.short_units), unit);
    const aGo = exact(agent.gross_other_usdt);
    bounds.push({ code: 'BUDGET_AGENT', value: mul(exact(own.order_notional_usdt), f.symbol.notional) });
    bounds.push({ code: 'BUDGET_AGENT', value: sub(mul(exact(own.symbol_notional_usdt), f.symbol.notional), aW) });
    bounds.push({
      code: 'BUDGET_AGENT',
      value: sub(sub(mul(exact(own.gross_notional_usdt), f.account.notional), aGo), aW),
    });
    if (context.phase === 'parent') {
      const used = { turnover: agent.turnover_usdt, fees: agent.fees_usdt, pending: 0 };
      bounds.push(...dailyBounds('BUDGET_AGENT', own, used, exact(rules.taker_fee)));
    }
  }

  const [firstBound, ...others] = bounds.map((bound) => bound.value);
  const permitted = least(firstBound ?? ZERO, ...others);
  const requestedLots =
    context.slice_lots === null
      ? floor(div(exact(request.requested_notional ?? 0), lotValue))
      : BigInt(context.slice_lots);
  const permittedLots = greatest(ZERO, div(permitted, lotValue));
  let lots = floor(permittedLots);
  if (lots > requestedLots) lots = requestedLots;
  if (lots > BigInt(rules.max_lots)) {
    lots = BigInt(rules.max_lots);
    findings.tighten.add('ABOVE_MAXIMUM');
  }
  const binding = new Set(bounds.filter((bound) => compare(bound.value, permitted) === 0).map((bound) => bound.code));
  for (const bound of bounds) {
    if (compare(bound.value, mul(whole(requestedLots), lotValue)) < 0) findings.tighten.add(bound.code);
  }
  const least_ = minimumLots(rules, priceTicks);
  return {
    lots,
    requestedLots,
    leverage,
    priceTicks,
    slippageBps: slippage,
    slices: countSlices(context, policy, tightening, lots, least_, own),
    permittedLots,
    minimumLots: least_,
    lotValue,
    binding: permitted.n <= 0n ? binding : new Set<ReasonCode>(['BELOW_MINIMUM']),
  };
}

/** k = max(1, min(regime slices, floor(q/q_min), order-rate tokens left)). */
function countSlices(
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  tightening: TighteningResult,
  lots: bigint,
  minimum: bigint,
  own: Budgets | null,
): bigint {
  if (context.phase !== 'parent') return 1n;
  const tokens = (max: number, sends: number): bigint =>
    floor(mul(exact(max), tightening.account.order_rate)) - BigInt(sends);
  const counts = [
    BigInt(policy.market.regimes[tightening.regime].slices),
    lots / minimum,
    tokens(policy.budgets.order_rate.max, context.pacing.account_sends),
  ];
  if (own !== null) counts.push(tokens(own.order_rate.max, context.pacing.agent_sends));
  return higher(1n, counts.reduce(lower));
}
