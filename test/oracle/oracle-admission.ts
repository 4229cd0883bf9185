import type { ExecutionContext } from '../../daemon/core/context.ts';
import { scaleBarCount } from '../../daemon/core/features/market.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { ExecutionRequest } from '../../daemon/core/request.ts';
import { type ExactFactors, ownBudgets, ownSection, type TighteningResult } from './oracle-factors.ts';
import { isOpen } from './oracle-schedule.ts';
import { exact, floor, mul } from './rational.ts';

/** Rules 1 and 2 for whatever opens risk. Returns what is out of scope: at least one of these is named. */
export function checkScope(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  findings: Set<ReasonCode>,
): ReadonlySet<ReasonCode> {
  const deny = new Set<ReasonCode>();
  const scope = { ...policy.scope, ...ownSection(policy, request.agent).scope };
  if (context.schema_violation !== null) findings.add('SCHEMA_ARGS');
  if (!scope.tools.includes(request.tool)) deny.add('SCOPE_TOOL');
  if (!scope.actions.includes(request.intent)) deny.add('SCOPE_ACTION');
  if (!scope.venues.some((venue) => venue === request.venue) || request.venue !== context.venue)
    deny.add('SCOPE_VENUE');
  if (request.symbol !== null && !scope.symbols.includes(request.symbol)) deny.add('SCOPE_SYMBOL');
  if (!scope.accounts.includes(request.account) || request.account !== context.account_name) deny.add('SCOPE_ACCOUNT');
  return deny;
}

/** Rule 3 for whatever opens risk. */
export function checkState(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  deny: Set<ReasonCode>,
): void {
  const { schedule } = ownSection(policy, request.agent);
  if (schedule !== undefined && !isOpen(schedule, context.now_ms)) deny.add('AGENT_SCHEDULE');
  if (context.state.state === 'reducing') deny.add('STATE_REDUCING');
  if (context.state.state === 'halted') deny.add('STATE_HALTED');
}

/** Rule 4: an input that is absent, or older than its limit, denies. At exactly the limit it still counts. */
export function checkFreshness(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  deny: Set<ReasonCode>,
): void {
  const { freshness, volatility, bar_ms } = policy.market;
  const { market, account, now_ms: now } = context;
  const isOld = (at: number | null, limit: number): boolean =>
    at === null || now - at > limit || at - now > freshness.clock_skew_ms;
  if (context.clock_skew_ms === null || context.clock_skew_ms > freshness.clock_skew_ms) deny.add('STALE_CLOCK');
  const age = now - request.timestamp_ms;
  if (context.phase === 'parent' && (age > freshness.request_ms || -age > freshness.clock_skew_ms))
    deny.add('STALE_REQUEST');
  if (context.phase !== 'standing' && request.valid_until_ms !== null && now > request.valid_until_ms)
    deny.add('STALE_REQUEST');
  if (market.mark === null || isOld(market.mark_at_ms, freshness.mark_ms)) deny.add('STALE_MARK');
  const { other_mark_at_ms: otherMarkAt } = context.exposure;
  if (otherMarkAt !== null && isOld(otherMarkAt, freshness.mark_ms)) deny.add('STALE_MARK');
  if (market.bid === null || market.ask === null || isOld(market.quote_at_ms, freshness.quote_ms))
    deny.add('STALE_QUOTE');
  const window = scaleBarCount(volatility.window_bars, bar_ms, market.bar_ms);
  // Features come together: one that is missing alone is lost data, and what it said may have been the strictest.
  const { sigma, jump_ratio, liquidity, sigma_baseline, liquidity_floor } = market;
  const hasPast = market.history_count === 0 || (sigma_baseline !== null && liquidity_floor !== null);
  const hasFeatures = sigma !== null && jump_ratio !== null && liquidity !== null && hasPast;
  if (!hasFeatures || market.bar_count < window || isOld(market.bars_as_of_ms, freshness.bars * market.bar_ms))
    deny.add('STALE_BARS');
  if (account === null || isOld(account.observed_at_ms, freshness.account_ms)) deny.add('STALE_ACCOUNT');
  if (market.rules === null || !market.rules.trading || isOld(market.rules.observed_at_ms, freshness.filters_ms))
    deny.add('STALE_FILTERS');
  if (market.funding_rate_8h === null || isOld(market.funding_at_ms, freshness.funding_ms)) deny.add('STALE_FUNDING');
}

export function orderRateCap(max: number, factors: ExactFactors): number {
  return Number(floor(mul(exact(max), factors.order_rate)));
}

/** Rule 6 of a parent. */
export function checkPacing(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  tightening: TighteningResult,
  deny: Set<ReasonCode>,
): void {
  const own = ownSection(policy, request.agent);
  const temporal = { ...policy.temporal, ...own.temporal };
  const { pacing, now_ms: now } = context;
  const { cooldown_ms } = policy.market.regimes[tightening.regime];
  if (pacing.last_open_parent_at_ms !== null && now - pacing.last_open_parent_at_ms < cooldown_ms) deny.add('COOLDOWN');
  if (pacing.account_sends >= orderRateCap(policy.budgets.order_rate.max, tightening.account)) deny.add('RATE');
  if (now < (pacing.venue_sends_free_at_ms ?? now)) deny.add('RATE');
  const ownCaps = ownBudgets(policy, request.agent);
  if (ownCaps !== null && pacing.agent_sends >= ownCaps.order_rate.max) deny.add('RATE');
  if (
    pacing.last_open_fill_at_ms !== null &&
    pacing.last_open_fill_side !== null &&
    pacing.last_open_fill_side !== request.side &&
    now - pacing.last_open_fill_at_ms < temporal.flip_interval_ms
  )
    deny.add('FLIP');
  if (pacing.breaker_until_ms !== null && now < pacing.breaker_until_ms) deny.add('BREAKER');
  const { turnover_usdt_per_day, fees_usdt_per_day } = policy.budgets;
  const { agent } = context;
  if (pacing.turnover_usdt >= turnover_usdt_per_day) deny.add('TURNOVER');
  if (pacing.fees_usdt >= fees_usdt_per_day) deny.add('FEES');
  if (ownCaps === null) return;
  if (agent.turnover_usdt >= ownCaps.turnover_usdt_per_day) deny.add('TURNOVER');
  if (agent.fees_usdt >= ownCaps.fees_usdt_per_day) deny.add('FEES');
}

/** Rule 8 where it concerns the ordered symbol alone. */
export function checkPositionLimits(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  deny: Set<ReasonCode>,
  isInScope: boolean,
): void {
  const { exposure, agent, now_ms: now } = context;
  // Without an account snapshot rule 8 has nothing to judge: rule 4 has denied already.
  if (context.account === null) return;
  const ownCaps = ownBudgets(policy, request.agent);
  if (exposure.liquidation_distance !== null && exposure.liquidation_distance < policy.account.min_liquidation_distance)
    deny.add('ACCOUNT_LIQUIDATION_DISTANCE');
  const isFlat = exposure.long_units === 0 && exposure.short_units === 0;
  if (isInScope && isFlat && exposure.other_positions >= policy.budgets.concurrent_positions)
    deny.add('ACCOUNT_POSITIONS');
  const isAgentFlat = agent.long_units === 0 && agent.short_units === 0;
  if (isInScope && ownCaps !== null && isAgentFlat && agent.other_positions >= ownCaps.concurrent_positions)
    deny.add('ACCOUNT_POSITIONS');
  const holding = ownCaps?.holding_time_ms ?? policy.budgets.holding_time_ms;
  if (exposure.position_since_ms !== null && now - exposure.position_since_ms >= holding)
    deny.add('ACCOUNT_HOLDING_TIME');
}
