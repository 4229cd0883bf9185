import type { RulesView } from '../../daemon/core/arithmetic/quantities.ts';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { Budgets, IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { Side } from '../../daemon/core/request.ts';
import type { ExactFactors, TighteningResult } from './oracle-factors.ts';
import { lotSize, tickSize } from './oracle-price.ts';
import {
  add,
  compare,
  div,
  exact,
  floor,
  greatest,
  higher,
  lower,
  mul,
  type Rational,
  sub,
  UNITY,
  whole,
  ZERO,
} from './rational.ts';

/** F(B_t) of an opening order: every bound on its notional, USDT (DESIGN "Feasible set of an opening order"). */
export interface Bound {
  readonly code: ReasonCode;
  readonly value: Rational;
}

/** Largest leverage at which an isolated position, opened now, is at least this far from its liquidation price. */
export function leverageByLiquidationDistance(rules: RulesView, distance: number, side: Side): bigint {
  const mmr = exact(rules.maintenance_rate);
  // Its margin, 1 / leverage, less the maintenance is lost on the way of (1 -+ mmr) times the distance.
  const margin = add(mul(exact(distance), side === 'buy' ? sub(UNITY, mmr) : add(UNITY, mmr)), mmr);
  for (let leverage = 125n; leverage > 1n; leverage--)
    if (compare({ n: 1n, d: leverage }, margin) >= 0) return leverage;
  return 1n;
}

/** L = max(1, floor(B_L)): also the cap on gross exposure over equity. */
function accountLeverage(policy: IntendedPolicySpec, factors: ExactFactors): bigint {
  return higher(1n, floor(mul(exact(policy.budgets.leverage), factors.leverage)));
}

/** What one order may ask for: L, the agent's own cap (absolute, as its other caps are), the liquidation distance. */
export function leverageCap(
  policy: IntendedPolicySpec,
  own: Budgets | null,
  factors: ExactFactors,
  rules: RulesView,
  side: Side,
): bigint {
  let cap = accountLeverage(policy, factors);
  if (own !== null) cap = lower(cap, floor(exact(own.leverage)));
  cap = lower(cap, leverageByLiquidationDistance(rules, policy.account.min_liquidation_distance, side));
  return higher(1n, cap);
}

export function listBounds(
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  own: Budgets | null,
  factors: TighteningResult,
  rules: RulesView,
  side: Side,
  leverage: bigint,
): Bound[] {
  const { exposure, account } = context;
  const caps = policy.budgets;
  const unit = mul(tickSize(rules), lotSize(rules));
  const W = mul(whole(side === 'buy' ? exposure.long_units : exposure.short_units), unit);
  const Go = exact(exposure.gross_other_usdt);
  const held = exact(exposure.gross_other_sent_usdt);
  const bounds: Bound[] = [
    { code: 'BUDGET_NOTIONAL', value: mul(exact(caps.order_notional_usdt), factors.symbol.notional) },
    { code: 'BUDGET_SYMBOL', value: sub(mul(exact(caps.symbol_notional_usdt), factors.symbol.notional), W) },
    { code: 'BUDGET_GROSS', value: sub(sub(mul(exact(caps.gross_notional_usdt), factors.account.notional), Go), W) },
  ];
  const equity = account === null ? ZERO : exact(account.equity_usdt);
  bounds.push({
    code: 'BUDGET_ACCOUNT_LEVERAGE',
    value: sub(sub(mul(whole(accountLeverage(policy, factors.symbol)), equity), Go), W),
  });
  const { share, floor_usdt } = policy.account.concentration;
  if (share < 1) {
    const K = greatest(exact(floor_usdt), mul(div(exact(share), sub(UNITY, exact(share))), held));
    bounds.push({ code: 'BUDGET_CONCENTRATION', value: sub(K, W) });
  }
  // "At L" read as the leverage that is charged: a cap above what the symbol allows would else forbid every order.
  // A locked setting is what the venue applies, if it is above the charged one.
  const { leverage_locked: locked, leverage_setting: setting } = context.market;
  const atVenue = locked && setting !== null ? Math.max(Number(leverage), setting) : Number(leverage);
  const bracket = rules.bracket_caps[atVenue - 1];
  bounds.push({ code: 'BUDGET_BRACKET', value: bracket === undefined ? ZERO : sub(exact(bracket), W) });
  if (context.phase !== 'standing') bounds.push(...dailyBounds(context, policy, rules));
  if (own !== null) bounds.push(...ownBounds(context, own, unit, side));
  if (own !== null && context.phase !== 'standing') {
    const { agent } = context;
    const used = add(exact(agent.turnover_usdt), exact(agent.pending_turnover_usdt));
    bounds.push({ code: 'BUDGET_AGENT', value: sub(exact(own.turnover_usdt_per_day), used) });
    if (rules.taker_fee > 0) {
      const left = sub(exact(own.fees_usdt_per_day), add(exact(agent.fees_usdt), exact(agent.pending_fees_usdt)));
      bounds.push({ code: 'BUDGET_AGENT', value: div(left, exact(rules.taker_fee)) });
    }
  }
  return bounds;
}

/** What is left of the day's turnover and fees, as notional; what is still to fill is set aside. */
function dailyBounds(context: ExecutionContext, policy: IntendedPolicySpec, rules: RulesView): Bound[] {
  const { pacing } = context;
  const { turnover_usdt_per_day: turnover, fees_usdt_per_day: fees } = policy.budgets;
  const pending = exact(pacing.pending_turnover_usdt);
  const bounds: Bound[] = [
    { code: 'BUDGET_TURNOVER', value: sub(sub(exact(turnover), exact(pacing.turnover_usdt)), pending) },
  ];
  if (rules.taker_fee > 0) {
    const spent = sub(sub(exact(fees), exact(pacing.fees_usdt)), exact(pacing.pending_fees_usdt));
    bounds.push({ code: 'BUDGET_FEES', value: div(spent, exact(rules.taker_fee)) });
  }
  return bounds;
}

/** The agent's own smaller caps on its own exposure. */
function ownBounds(context: ExecutionContext, own: Budgets, unit: Rational, side: Side): Bound[] {
  const { agent } = context;
  const code = 'BUDGET_AGENT';
  const base = mul(whole(side === 'buy' ? agent.long_units : agent.short_units), unit);
  const other = exact(agent.gross_other_usdt);
  return [
    { code, value: exact(own.order_notional_usdt) },
    { code, value: sub(exact(own.symbol_notional_usdt), base) },
    { code, value: sub(sub(exact(own.gross_notional_usdt), other), base) },
  ];
}

/** n (1/l + phi) <= M, phi = both fees and the slippage bound. */
export function marginBound(
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  rules: RulesView,
  leverage: bigint,
  slippage: Rational,
): Bound {
  const { account } = context;
  if (account === null) return { code: 'BUDGET_MARGIN', value: ZERO };
  const taken = add(exact(account.reserved_margin_usdt), exact(policy.account.margin_buffer_usdt));
  const free = sub(exact(account.available_usdt), taken);
  const phi = add(mul(whole(2), exact(rules.taker_fee)), div(slippage, whole(10_000)));
  return { code: 'BUDGET_MARGIN', value: div(free, add(div(UNITY, whole(leverage)), phi)) };
}
