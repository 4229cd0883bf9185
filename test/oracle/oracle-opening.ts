import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { Budgets, IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ExecutionRequest, Side } from '../../daemon/core/request.ts';
import { orderRateCap } from './oracle-admission.ts';
import { approvedTicks, grantOf } from './oracle-approval.ts';
import { leverageCap, listBounds, marginBound } from './oracle-bounds.ts';
import { type Findings, ownBudgets, type TighteningResult } from './oracle-factors.ts';
import {
  askedInLots,
  exactPrice,
  lotSize,
  markInTicks,
  minimumLots,
  type OpeningInputs,
  type OpeningResult,
  tickSize,
} from './oracle-price.ts';
import {
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
  toNumber,
  whole,
  ZERO,
} from './rational.ts';

/** Rules 12 to 14 of an opening order, in exact fractions (DESIGN section 3, "Arithmetic"). */

export function boundSlippage(
  request: ExecutionRequest,
  policy: IntendedPolicySpec,
  own: Budgets | null,
  tightening: TighteningResult,
  findings: Findings,
): Rational {
  let cap = mul(exact(policy.budgets.slippage_bps), tightening.symbol.slippage);
  if (own !== null) cap = least(cap, exact(own.slippage_bps));
  if (request.max_slippage_bps === null) return cap;
  const asked = exact(request.max_slippage_bps);
  // A slice asks for the cap of its order as that is recorded, in binary: 20/9 has no end, and 2.4 is a little more.
  const isRecorded = Math.abs(toNumber(cap) - request.max_slippage_bps) <= 1e-9;
  if (compare(cap, asked) < 0 && !isRecorded) findings.tighten.add('PRICE_SLIPPAGE');
  return least(cap, asked);
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
  const { market } = context;
  const own = ownBudgets(policy, request.agent);
  const slippage = boundSlippage(request, policy, own, tightening, findings);
  const held = approvedTicks(context);
  const priceTicks = exactPrice(request, context, inputs, slippage, side, policy.market.collar_bps, held);
  const lotValue = mul(whole(higher(markInTicks(inputs), priceTicks)), tickSize(rules), lotSize(rules));

  const sizeValue = mul(whole(sizeTicks(request, side, inputs, priceTicks)), tickSize(rules), lotSize(rules));

  const cap = leverageCap(policy, own, tightening.symbol, rules, side);
  const grant = grantOf(context);
  const requested = BigInt(request.requested_leverage ?? 1);
  const asked = grant === null ? requested : lower(requested, BigInt(grant.leverage));
  const leverage = lower(asked, cap);
  if (leverage < asked) findings.tighten.add('BUDGET_LEVERAGE');
  const { leverage_locked: locked, leverage_setting: setting } = market;
  // What is held is liquidated by the setting, whatever this order asks for.
  if (locked && (setting === null || BigInt(setting) > cap)) findings.deny.add('LEVERAGE_LOCKED');
  const charged = locked && setting !== null ? lower(leverage, BigInt(setting)) : leverage;

  const bounds = listBounds(context, policy, own, tightening, rules, side, leverage);
  bounds.push(marginBound(context, policy, rules, charged, slippage));
  const values = bounds.map((bound) => bound.value);
  const permitted = values.reduce((a, b) => least(a, b));
  const size = askedInLots(request, sizeValue, rules);
  const askedLots = context.slice_lots === null ? floor(size) : BigInt(context.slice_lots);
  const requestedLots = grant === null ? askedLots : lower(askedLots, BigInt(grant.lots));
  for (const bound of bounds) if (floor(div(bound.value, lotValue)) < requestedLots) findings.tighten.add(bound.code);
  const permittedLots = greatest(ZERO, div(permitted, lotValue));
  const fitting = lower(floor(permittedLots), requestedLots);
  if (fitting > BigInt(rules.max_lots)) findings.tighten.add('ABOVE_MAXIMUM');
  const lots = lower(fitting, BigInt(rules.max_lots));
  // Nothing but lots and ticks makes it smaller than what was asked for, by what a lot of it is told to be worth.
  const sentValue = mul(whole(priceTicks), tickSize(rules), lotSize(rules));
  const isLimit = request.order_type === 'limit' && request.limit_price !== null;
  const worth = isLimit ? sizeValue : greatest(mul(exact(inputs.mark), lotSize(rules)), sentValue);
  const isShort = isShortByLots(askedInLots(request, worth, rules), whole(lots));
  const isRounded = context.slice_lots === null && lots === askedLots && isShort;
  if (isRounded) findings.tighten.add('LOT_ROUNDING');
  // What rests was taken already.
  const ofNew = minimumLots(rules, sentValue);
  const minimum = context.phase === 'standing' ? 1n : ofNew;
  return {
    lots,
    requestedLots,
    isRounded,
    leverage,
    priceTicks,
    slippageBps: slippage,
    slices: countSlices(context, policy, own, tightening, lots / minimum),
    permittedLots,
    minimumLots: minimum,
    lotValue,
    sizeValue,
    binding: new Set(bounds.filter((bound) => compare(bound.value, permitted) === 0).map((bound) => bound.code)),
  };
}

/**
 * A limit order is sized at its limit, whatever the mark; a sale beyond what may be sent, which fills at the market, at the
 * price that is sent. A market order is sized as budgets count it.
 */
function sizeTicks(request: ExecutionRequest, side: Side, inputs: OpeningInputs, priceTicks: bigint): bigint {
  const { limit_price: limit, order_type: type } = request;
  if (type !== 'limit' || limit === null) return higher(markInTicks(inputs), priceTicks);
  return side === 'sell' ? priceTicks : higher(floor(div(exact(limit), tickSize(inputs.rules))), priceTicks);
}

/** DESIGN 12.8: smaller than what was asked for by more than 1 % of it. */
export function isShortByLots(asked: Rational, sent: Rational): boolean {
  return compare(mul(whole(100), sub(asked, sent)), asked) > 0;
}

/** k = max(1, min(regime slices, floor(q/q_min), order-rate tokens left)). */
function countSlices(
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  own: Budgets | null,
  tightening: TighteningResult,
  sendable: bigint,
): bigint {
  if (context.phase !== 'parent') return 1n;
  const { pacing } = context;
  const counts = [
    BigInt(policy.market.regimes[tightening.regime].slices),
    sendable,
    BigInt(orderRateCap(policy.budgets.order_rate.max, tightening.account) - pacing.account_sends),
  ];
  if (own !== null) counts.push(BigInt(own.order_rate.max - pacing.agent_sends));
  return higher(1n, counts.reduce(lower));
}
