/**
 * Rules 6 to 10, and the holder's of rule 12: waits, rates and budgets of the day; then what market, account, trust and
 * trader tighten.
 */
import { type CompiledPolicy, type CompiledTier, ONE } from '../compiled-policy.ts';
import { type ExecutionContext, exitEndsAtMs } from '../context.ts';
import type { BudgetComponents } from '../decision.ts';
import { DAY_BUDGETS, type DayBudget } from '../keys/budgets.ts';
import type { Regime } from '../policy.ts';
import type { ReasonCode } from '../reasons.ts';
import type { ExecutionRequest, Side } from '../request.ts';
import { type AccountFinding, findLoss, type RegimeFinding, type TierFinding, type TrustFinding } from './budgets.ts';
import type { Trace } from './trace.ts';

/** Rule 6: cooldown, order rate, flip interval, breaker, turnover and fees of the day. Denied asks change nothing. */
export function checkTemporal(
  trace: Trace,
  context: ExecutionContext,
  policy: CompiledPolicy,
  side: Side,
  regime: Regime,
  budget: BudgetComponents,
): void {
  if (context.phase !== 'parent') {
    trace.skip(6, 'TEMPORAL');
    return;
  }
  const { pacing, now_ms: now } = context;
  const cooldownMs = policy.regimes[regime].cooldownMs;
  const last = pacing.last_open_parent_at_ms;
  const sinceLast = last === null ? null : now - last;
  if (last !== null && now - last < cooldownMs)
    trace.denyFor(6, 'COOLDOWN', last + cooldownMs - now, sinceLast, cooldownMs, 'ms');
  else trace.pass(6, 'COOLDOWN', sinceLast, cooldownMs, 'ms');

  checkRate(trace, context, policy, budget);

  const flipMs = policy.temporal.flip_interval_ms;
  const fillAt = pacing.last_open_fill_at_ms;
  if (fillAt !== null && pacing.last_open_fill_side !== side && now - fillAt < flipMs) {
    trace.denyFor(6, 'FLIP', fillAt + flipMs - now, now - fillAt, flipMs, 'ms');
  } else trace.pass(6, 'FLIP', fillAt === null ? null : now - fillAt, flipMs, 'ms');

  if (pacing.breaker_until_ms !== null && now < pacing.breaker_until_ms) {
    trace.denyFor(6, 'BREAKER', pacing.breaker_until_ms - now, pacing.breaker_until_ms - now, 0, 'ms');
  } else trace.pass(6, 'BREAKER');

  for (const day of DAY_BUDGETS) checkDay(trace, day, context, policy);
}

/** A budget of the last 24 hours: the account's, then the agent's own. */
function checkDay(
  trace: Trace,
  { key, spent, usedUsdt }: DayBudget,
  { pacing, agent }: ExecutionContext,
  { budgets, agentBudgets: own }: CompiledPolicy,
): void {
  const usdt = usedUsdt(pacing);
  const ownUsdt = usedUsdt(agent);
  if (!(usdt < budgets[key])) trace.deny(6, spent, usdt, budgets[key], 'USDT');
  else if (own !== null && !(ownUsdt < own[key])) trace.deny(6, spent, ownUsdt, own[key], 'USDT');
  else trace.pass(6, spent, usdt, budgets[key], 'USDT');
}

/** SAE-M4: whether an order token is left, in what the venue takes, in the account's window and in the agent's own. */
export function checkRate(
  trace: Trace,
  context: ExecutionContext,
  policy: CompiledPolicy,
  budget: Pick<BudgetComponents, 'order_rate'>,
): void {
  const { pacing, now_ms: now } = context;
  const own = policy.agentBudgets;
  // Beyond it a reserve is left for exits, operators and stops.
  const venueFreeAt = pacing.venue_sends_free_at_ms;
  if (venueFreeAt !== undefined && now < venueFreeAt) trace.denyFor(6, 'RATE', venueFreeAt - now, null, null, null);
  else if (!(pacing.account_sends < budget.order_rate)) {
    const freeAt = pacing.account_sends_free_at_ms ?? now + policy.budgets.order_rate.window_ms;
    trace.denyFor(6, 'RATE', freeAt - now, pacing.account_sends, budget.order_rate, 'orders');
  } else if (own !== null && !(pacing.agent_sends < own.order_rate.max)) {
    const freeAt = pacing.agent_sends_free_at_ms ?? now + own.order_rate.window_ms;
    trace.denyFor(6, 'RATE', freeAt - now, pacing.agent_sends, own.order_rate.max, 'orders');
  } else trace.pass(6, 'RATE', pacing.account_sends, budget.order_rate, 'orders');
}

/** Rule 7, SAE-M: the market regime reduces the budgets or ends opening. */
export function checkRegime(trace: Trace, found: RegimeFinding, policy: CompiledPolicy): void {
  if (policy.regimes[found.regime].reduceOnly)
    trace.deny(7, 'REGIME_REDUCE_ONLY', found.observed, found.limit, found.cause);
  else if (found.regime === 'calm' && found.portfolio === 'calm')
    trace.pass(7, 'REGIME', found.observed, found.limit, found.cause);
  else trace.tighten(7, 'REGIME_TIGHTENED', found.observed, found.limit, found.cause);
}

function checkTier(trace: Trace, code: ReasonCode, observed: number, tier: TierFinding): void {
  if (tier.reduceOnly) trace.deny(8, code, observed, tier.reached, 'fraction');
  else if (tier.reached !== null) trace.tighten(8, code, observed, tier.reached, 'fraction');
  else trace.pass(8, code, observed, null, 'fraction');
}

/** Rule 8, SAE-U: drawdown, daily loss, margin ratio, liquidation distance, positions (in scope), holding time. */
export function checkAccount(
  trace: Trace,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: AccountFinding | null,
  isInScope: boolean,
): void {
  const { account, exposure, now_ms: now } = context;
  if (account === null || found === null) {
    trace.skip(8, 'ACCOUNT');
    return;
  }
  checkTier(trace, 'ACCOUNT_DRAWDOWN', account.drawdown, found.drawdown);
  checkTier(trace, 'ACCOUNT_DAILY_LOSS', account.daily_loss, found.dailyLoss);
  checkTier(trace, 'ACCOUNT_MARGIN_RATIO', account.margin_ratio, found.marginRatio);

  const minimum = policy.spec.account.min_liquidation_distance;
  const distance = exposure.liquidation_distance;
  if (distance !== null && !(distance >= minimum))
    trace.deny(8, 'ACCOUNT_LIQUIDATION_DISTANCE', distance, minimum, 'fraction');
  else trace.pass(8, 'ACCOUNT_LIQUIDATION_DISTANCE', distance, minimum, 'fraction');

  // No order of a symbol out of scope takes a place, whatever is free.
  if (isInScope) checkPositions(trace, context, policy);
  else trace.skip(8, 'ACCOUNT_POSITIONS');

  const holdingMs = holdingTimeMs(policy);
  const since = exposure.position_since_ms;
  if (since !== null && now - since >= holdingMs) trace.deny(8, 'ACCOUNT_HOLDING_TIME', now - since, holdingMs, 'ms');
  else trace.pass(8, 'ACCOUNT_HOLDING_TIME', since === null ? null : now - since, holdingMs, 'ms');
}

/** How long a position may be held before it may only shrink, ms. */
function holdingTimeMs({ budgets, agentBudgets }: CompiledPolicy): number {
  return Math.min(budgets.holding_time_ms, agentBudgets?.holding_time_ms ?? budgets.holding_time_ms);
}

/** A new symbol needs a free place; adding to one that has exposure does not. */
function checkPositions(trace: Trace, context: ExecutionContext, policy: CompiledPolicy): void {
  const { exposure, agent } = context;
  const limit = policy.budgets.concurrent_positions;
  const isNew = exposure.long_units === 0 && exposure.short_units === 0;
  const own = policy.agentBudgets;
  const isNewForAgent = agent.long_units === 0 && agent.short_units === 0;
  if (isNew && !(exposure.other_positions < limit))
    trace.deny(8, 'ACCOUNT_POSITIONS', exposure.other_positions, limit, 'positions');
  else if (own !== null && isNewForAgent && !(agent.other_positions < own.concurrent_positions)) {
    trace.deny(8, 'ACCOUNT_POSITIONS', agent.other_positions, own.concurrent_positions, 'positions');
  } else trace.pass(8, 'ACCOUNT_POSITIONS', exposure.other_positions, limit, 'positions');
}

/** Rule 9, SAE-TRUST: provenance, capability risk and signals. */
export function checkTrust(trace: Trace, found: TrustFinding, context: ExecutionContext): void {
  const observed = context.trust.signals.length > 0 ? context.trust.signals.join('+') : found.provenance;
  if (found.reduceOnly) trace.deny(9, 'TRUST_REDUCE_ONLY', observed, found.capabilityRisk, null);
  else if (found.factors !== ONE) trace.tighten(9, 'TRUST_TIGHTENED', observed, found.capabilityRisk, null);
  else trace.pass(9, 'TRUST', found.provenance, found.capabilityRisk, null);
}

/** Rule 10: an agent's own loss ends or tightens its own opening; in every phase, as that of the account does. */
export function checkAgentLoss(trace: Trace, context: ExecutionContext, policy: CompiledPolicy): void {
  const found = findLoss(context, policy);
  if (found === null) return;
  const { losses } = context.agent;
  for (const [tier, observed, unit] of [
    [found.day, losses?.day_usdt ?? null, 'USDT, today'],
    [found.week, losses?.week_usdt ?? null, 'USDT, 7 days'],
  ] as const) {
    if (tier.reduceOnly) trace.deny(10, 'AGENT_LOSS', observed, tier.reached, unit);
    else if (tier.reached !== null) trace.tighten(10, 'AGENT_LOSS', observed, tier.reached, unit);
    else trace.pass(10, 'AGENT_LOSS', observed, null, unit);
  }
}
export function checkTraderState(trace: Trace, context: ExecutionContext, policy: CompiledPolicy): void {
  const p = context.agent.p_risk;
  const { limit_at: limitAt, block_at: blockAt, enforce_block: enforced } = policy.traderState;
  if (context.phase === 'slice') trace.skip(10, 'TRADER_STATE');
  else if (enforced && !(p < blockAt)) trace.deny(10, 'TRADER_STATE_BLOCKED', p, blockAt, 'probability');
  else if (!(p < limitAt)) trace.tighten(10, 'TRADER_STATE_TIGHTENED', p, limitAt, 'probability');
  else trace.pass(10, 'TRADER_STATE', p, limitAt, 'probability');
}

/**
 * Whose the symbol is (DESIGN 12.1): one agent holds it, and nothing opens beside what is nobody's, against the position,
 * beside an order of which nobody knows what became, or beside an exit that closes now. What rests already stays, unless
 * the policy in force keeps the symbol for another agent.
 */
export function checkHolding(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  side: Side,
): void {
  const { exposure, holding, now_ms: now, phase } = context;
  const { heldBy, isUnowned } = findHolder(request, context, policy);
  if (heldBy !== null) trace.deny(12, 'SYMBOL_HELD', heldBy, null, null);
  if (phase === 'standing') return;
  if (isUnowned) trace.deny(12, 'SYMBOL_UNOWNED', null, null, null);
  const against = side === 'buy' ? exposure.short_lots : exposure.long_lots;
  if (against > 0) trace.deny(12, 'AGAINST_POSITION', against, 0, 'lots');
  if (holding === undefined) return;
  const { exit_decision: exit, unproven_order: unproven } = holding;
  if (unproven !== null) trace.deny(12, 'ORDER_UNPROVEN', unproven, null, null);
  if (exit !== null) trace.denyFor(12, 'EXIT_IN_PROGRESS', exitEndsAtMs(holding, now) - now, exit, null, null);
}
/** Who keeps the symbol from the asker (null: nobody), and whether something of nobody's does. */
export function findHolder(
  { agent, origin, symbol }: ExecutionRequest,
  { holding, phase }: ExecutionContext,
  { reserved }: CompiledPolicy,
): { readonly heldBy: string | null; readonly isUnowned: boolean } {
  const reservedFor = reserved.get(symbol ?? '') ?? null;
  const isReserved = reservedFor !== null && (origin === 'operator' || reservedFor !== agent);
  const keeper = isReserved ? (origin === 'operator' ? reservedFor : 'reserved') : null;
  const heldBy = phase === 'standing' ? keeper : (holding?.held_by ?? keeper);
  return { heldBy, isUnowned: holding?.is_unowned === true && origin === 'agent' };
}

/** How far an agent's own loss is from its next tier. USDT. */
interface LossRow {
  readonly span: 'day' | 'week';
  readonly label: string;
  /** The tier: the next one, or the one that ended opening, or the last. */
  readonly tierUsdt: number;
  /** The loss so far; a profit is none. */
  readonly usedUsdt: number;
}

/** None where the agent's policy has no tiers on its loss. A loss that is not known is not a number. */
export function listLossRows({ agent }: ExecutionContext, { lossTiers }: CompiledPolicy): readonly LossRow[] {
  if (lossTiers === null) return [];
  const spans = [
    ['day', "agent's own loss today", lossTiers.day, agent.losses?.day_usdt],
    ['week', "agent's own loss of seven days", lossTiers.week, agent.losses?.week_usdt],
  ] as const;
  return spans.flatMap(([span, label, tiers, loss]) => {
    if (tiers.length === 0) return [];
    const usedUsdt = Math.max(0, loss ?? Number.NaN);
    return [{ span, label, tierUsdt: tierOf(tiers, usedUsdt), usedUsdt }];
  });
}

function tierOf(tiers: readonly CompiledTier[], usedUsdt: number): number {
  const ending = tiers.filter(({ at, reduceOnly }) => reduceOnly && usedUsdt >= at).map(({ at }) => at);
  if (ending.length > 0) return Math.min(...ending);
  const ahead = tiers.filter(({ at }) => usedUsdt < at).map(({ at }) => at);
  return ahead.length > 0 ? Math.min(...ahead) : Math.max(...tiers.map(({ at }) => at));
}
