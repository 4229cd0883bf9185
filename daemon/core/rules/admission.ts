import { areUsable, type RulesView } from '../arithmetic/quantities.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext, MarketView } from '../context.ts';
import type { ActionClass } from '../decision.ts';
import { scaleBarCount } from '../features/market.ts';
import type { ReasonCode } from '../reasons.ts';
import type { ExecutionRequest } from '../request.ts';
import { opensAt } from './schedule.ts';
import type { Trace } from './trace.ts';

/** Rule 1: the operator's JSON Schema for the tool; exits and cancels pass it (they are never refused for form). */
export function checkSchema(trace: Trace, context: ExecutionContext, action: ActionClass): void {
  if (context.schema_violation !== null && action !== 'exit' && action !== 'cancel') {
    trace.deny(1, 'SCHEMA_ARGS', context.schema_violation, null, null);
  } else trace.pass(1, 'SCHEMA_ARGS');
}

/**
 * Rule 2, SAE-T: tool, action, venue, symbol, account. A symbol with exposure is in scope for exits and cancels; what
 * is meant for another venue or account is not for this door at all.
 */
export function checkScope(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  action: ActionClass,
): void {
  if (request.venue !== context.venue) trace.deny(2, 'SCOPE_VENUE', request.venue, context.venue, null);
  else if (request.account !== context.account_name)
    trace.deny(2, 'SCOPE_ACCOUNT', request.account, context.account_name, null);
  // INVARIANT: an exit or a cancel of this account is never out of scope (DESIGN "Verified exit").
  else if (action === 'exit' || action === 'cancel') trace.pass(2, 'SCOPE');
  else if (!policy.tools.has(request.tool)) trace.deny(2, 'SCOPE_TOOL', request.tool, null, null);
  else if (!policy.actions.has(request.intent)) trace.deny(2, 'SCOPE_ACTION', request.intent, null, null);
  else if (!policy.venues.has(request.venue)) trace.deny(2, 'SCOPE_VENUE', request.venue, null, null);
  else if (request.symbol === null || !policy.symbols.has(request.symbol))
    trace.deny(2, 'SCOPE_SYMBOL', request.symbol, listSymbols(policy), null);
  else if (!policy.accounts.has(request.account)) trace.deny(2, 'SCOPE_ACCOUNT', request.account, null, null);
  else trace.pass(2, 'SCOPE');
}

/** Longest list of symbols that a reason carries, characters. */
const LIST_CHARACTERS = 120;
/** What is in scope, in a fixed order; null when that is too long for a reason. */
function listSymbols(policy: CompiledPolicy): string | null {
  const list = [...policy.symbols].sort().join(', ');
  return list.length <= LIST_CHARACTERS ? list : null;
}

/**
 * Rule 3: the most restrictive stored layer. `reducing` lets exits and cancels pass; in `halted` agents may only cancel
 * their opening orders; an operator may still exit, and the gate may place protective stops (it asks for nothing else
 * then).
 */
export function checkState(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  action: ActionClass,
  reducesRisk: boolean,
): void {
  const { state, layer, reason } = context.state;
  const note = reason === null ? layer : `${layer}: ${reason}`;
  switch (state) {
    case 'active':
      trace.pass(3, 'STATE');
      return;
    case 'reducing':
      if (action === 'exit' || action === 'cancel' || reducesRisk) trace.pass(3, 'STATE', state);
      else trace.deny(3, 'STATE_REDUCING', state, note, null);
      return;
    case 'halted': {
      const opening = context.order === null || !context.order.reduce_only;
      if (
        (action === 'cancel' && (opening || request.origin !== 'agent')) ||
        (action === 'exit' && request.origin !== 'agent')
      ) {
        trace.pass(3, 'STATE', state);
      } else trace.deny(3, 'STATE_HALTED', state, note, null);
    }
  }
}

/** Rule 3: an agent opens within its own hours only. */
export function checkSchedule(trace: Trace, context: ExecutionContext, policy: CompiledPolicy): void {
  if (policy.schedule === null) return;
  const now = context.now_ms;
  const opensAtMs = opensAt(policy.schedule, now);
  if (opensAtMs > now) trace.denyFor(3, 'AGENT_SCHEDULE', opensAtMs - now, opensAtMs - now, null, 'ms');
  else trace.pass(3, 'AGENT_SCHEDULE');
}

/** An instant is fresh when it is at most `maxAgeMs` old and not from the future by more than the allowed skew. */
function isFresh(instantMs: number | null, nowMs: number, maxAgeMs: number, skewMs: number): boolean {
  return instantMs !== null && nowMs - instantMs <= maxAgeMs && instantMs - nowMs <= skewMs;
}
function ageOf(instantMs: number | null, nowMs: number): number | null {
  return instantMs === null ? null : nowMs - instantMs;
}

/**
 * Rule 4: every input of an opening order must be known and fresh. Missing is stale (BY-19), the future is too (BY-22).
 */
export function checkFreshness(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
): void {
  const limits = policy.spec.market.freshness;
  const { market, account, now_ms: now } = context;
  const skew = limits.clock_skew_ms;
  let stale = false;
  if (context.clock_skew_ms === null || !(context.clock_skew_ms <= skew))
    stale = refuse(trace, 'STALE_CLOCK', context.clock_skew_ms, skew, 'ms');
  if (!isTimely(request, context, limits.request_ms, skew))
    stale = refuse(trace, 'STALE_REQUEST', now - request.timestamp_ms, limits.request_ms, 'ms');
  const otherMarkAtMs = context.exposure.other_mark_at_ms;
  if (!(market.mark !== null && market.mark > 0 && isFresh(market.mark_at_ms, now, limits.mark_ms, skew)))
    stale = refuse(trace, 'STALE_MARK', ageOf(market.mark_at_ms, now), limits.mark_ms, 'ms');
  // RISK: caps over all symbols rest on the marks of the others as well.
  else if (otherMarkAtMs !== null && !isFresh(otherMarkAtMs, now, limits.mark_ms, skew))
    stale = refuse(trace, 'STALE_MARK', ageOf(otherMarkAtMs, now), limits.mark_ms, 'ms');
  const hasQuote = market.bid !== null && market.ask !== null && market.bid > 0 && market.ask >= market.bid;
  if (!(hasQuote && isFresh(market.quote_at_ms, now, limits.quote_ms, skew)))
    stale = refuse(trace, 'STALE_QUOTE', ageOf(market.quote_at_ms, now), limits.quote_ms, 'ms');
  const windowBars = scaleBarCount(policy.spec.market.volatility.window_bars, policy.spec.market.bar_ms, market.bar_ms);
  const barsMs = limits.bars * market.bar_ms;
  if (!(hasFeatures(market) && market.bar_count >= windowBars))
    stale = refuse(trace, 'STALE_BARS', market.bar_count, windowBars, 'bars');
  else if (!isFresh(market.bars_as_of_ms, now, barsMs, skew))
    stale = refuse(trace, 'STALE_BARS', ageOf(market.bars_as_of_ms, now), barsMs, 'ms');
  if (account === null || !isFresh(account.observed_at_ms, now, limits.account_ms, skew))
    stale = refuse(trace, 'STALE_ACCOUNT', ageOf(account?.observed_at_ms ?? null, now), limits.account_ms, 'ms');
  const rules = market.rules;
  if (!(rules?.trading === true && areUsable(rules) && isFresh(rules.observed_at_ms, now, limits.filters_ms, skew)))
    stale = refuse(trace, 'STALE_FILTERS', ageOf(rules?.observed_at_ms ?? null, now), limits.filters_ms, 'ms');
  if (!(market.funding_rate_8h !== null && isFresh(market.funding_at_ms, now, limits.funding_ms, skew)))
    stale = refuse(trace, 'STALE_FUNDING', ageOf(market.funding_at_ms, now), limits.funding_ms, 'ms');
  if (!Number.isFinite(sumOfFigures(context))) stale = refuse(trace, 'STALE_INPUT', null, null, null);
  if (!stale) trace.pass(4, 'FRESHNESS');
}

type StaleCode = Extract<ReasonCode, `STALE_${string}`>;
/** Denies for an input that is missing, old or from the future; true, for what is stale now. */
function refuse(
  trace: Trace,
  code: StaleCode,
  observed: number | null,
  limit: number | null,
  unit: string | null,
): true {
  trace.deny(4, code, observed, limit, unit);
  return true;
}

/** A request is bound to its own validity, and a new ask also to its age. A standing order was requested long ago. */
function isTimely(request: ExecutionRequest, context: ExecutionContext, maxAgeMs: number, skewMs: number): boolean {
  if (context.phase === 'standing') return true;
  if (request.valid_until_ms !== null && request.valid_until_ms < context.now_ms) return false;
  if (context.phase === 'slice') return true;
  const ageMs = context.now_ms - request.timestamp_ms;
  return ageMs <= maxAgeMs && -ageMs <= skewMs;
}

/** Features come together: one that is missing alone is lost data, and what it said may have been the strictest. */
function hasFeatures(market: MarketView): boolean {
  const hasScale = market.history_count === 0 || (market.sigma_baseline !== null && market.liquidity_floor !== null);
  return market.sigma !== null && market.jump_ratio !== null && market.liquidity !== null && hasScale;
}

/**
 * Adds up every figure that an opening order rests on. The sum means nothing; but NaN and infinity, with which each
 * comparison of a later rule would be false and so look harmless, stay in it.
 */
function sumOfFigures(context: ExecutionContext): number {
  const { account, agent, exposure, market, pacing } = context;
  const rules = market.rules === null ? 0 : sumOfRules(market.rules);
  const accounts =
    account === null
      ? 0
      : account.available_usdt +
        account.daily_loss +
        account.drawdown +
        account.equity_usdt +
        account.margin_ratio +
        account.reserved_margin_usdt;
  const agents =
    agent.fees_usdt +
    agent.gross_other_usdt +
    agent.long_units +
    agent.short_units +
    agent.other_positions +
    agent.p_risk +
    agent.pending_fees_usdt +
    agent.pending_turnover_usdt +
    agent.turnover_usdt +
    (agent.losses?.day_usdt ?? 0) +
    (agent.losses?.week_usdt ?? 0);
  const exposures =
    exposure.gross_other_sent_usdt +
    exposure.gross_other_usdt +
    exposure.long_units +
    exposure.short_units +
    exposure.other_positions +
    (exposure.liquidation_distance ?? 0) +
    (exposure.position_since_ms ?? 0);
  const markets =
    (market.sigma ?? 0) +
    (market.funding_rate_8h ?? 0) +
    (market.mark ?? 0) +
    (market.bid ?? 0) +
    (market.ask ?? 0) +
    market.bar_ms +
    (market.leverage_setting ?? 0);
  const paces =
    pacing.account_sends +
    pacing.agent_sends +
    pacing.fees_usdt +
    pacing.turnover_usdt +
    pacing.pending_fees_usdt +
    pacing.pending_turnover_usdt +
    (pacing.breaker_until_ms ?? 0) +
    (pacing.last_open_fill_at_ms ?? 0) +
    (pacing.last_open_parent_at_ms ?? 0);
  return rules + accounts + agents + exposures + markets + paces + context.now_ms;
}
function sumOfRules(rules: RulesView): number {
  return (
    rules.lot_mantissa +
    rules.lot_scale +
    rules.maintenance_rate +
    rules.max_lots +
    rules.max_market_lots +
    rules.max_price_ticks +
    rules.min_lots +
    rules.min_notional_usdt +
    rules.min_price_ticks +
    rules.multiplier_down +
    rules.multiplier_up +
    rules.taker_fee +
    rules.tick_mantissa +
    rules.tick_scale
  );
}

/** Rule 5: the same intent again within seconds is a repeated prompt, not a second order (BY-11). */
export function checkDuplicate(trace: Trace, context: ExecutionContext, policy: CompiledPolicy): void {
  if (context.phase !== 'parent') trace.skip(5, 'DUPLICATE_INTENT');
  else if (context.duplicate_of !== null) {
    const { duplicate_of: earlier, duplicate_until_ms: untilMs, now_ms: now } = context;
    const windowMs = policy.temporal.duplicate_window_ms;
    if (untilMs === undefined) trace.deny(5, 'DUPLICATE_INTENT', earlier, windowMs, 'ms');
    else trace.denyFor(5, 'DUPLICATE_INTENT', untilMs - now, earlier, windowMs, 'ms');
  } else trace.pass(5, 'DUPLICATE_INTENT');
}
