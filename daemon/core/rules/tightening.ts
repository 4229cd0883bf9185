import type { CompiledPolicy } from '../compiled-policy.ts';
import { type Factors, ONE } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import { exitEndsAtMs } from '../exit.ts';
import type { ReasonCode } from '../reasons.ts';
import type { ExecutionRequest, Side } from '../request.ts';
import type { Trace } from '../trace.ts';
import {
  type AccountFinding,
  findTiers,
  multiply,
  type RegimeFinding,
  type TierFinding,
  type TrustFinding,
} from './budgets.ts';

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
export function holdingTimeMs({ budgets, agentBudgets }: CompiledPolicy): number {
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

/** Rule 10: what this agent's recent trades and its own loss put on the budgets (SAE section 6 thresholds). */
export function traderFactors(context: ExecutionContext, policy: CompiledPolicy): Factors {
  const loss = lossFactors(context, policy);
  const trades = recentTradesFactors(context, policy);
  return trades === ONE ? loss : multiply(trades, loss);
}
/** Of both, what the agent's recent trades put on the budgets. */
export function recentTradesFactors(context: ExecutionContext, policy: CompiledPolicy): Factors {
  const isCalm = context.phase === 'slice' || context.agent.p_risk < policy.traderState.limit_at;
  return isCalm ? ONE : policy.traderStateFactors;
}
/** Of both, what the agent's own loss puts on them. */
export function lossFactors(context: ExecutionContext, policy: CompiledPolicy): Factors {
  return findLoss(context, policy)?.factors ?? ONE;
}

interface LossFinding {
  readonly factors: Factors;
  readonly day: TierFinding;
  readonly week: TierFinding;
}
/** Null: the agent's policy has no tiers on its loss. One that is not known reaches all of them. */
function findLoss({ agent }: ExecutionContext, { lossTiers }: CompiledPolicy): LossFinding | null {
  if (lossTiers === null) return null;
  const day = findTiers(lossTiers.day, agent.losses?.day_usdt ?? Number.NaN);
  const week = findTiers(lossTiers.week, agent.losses?.week_usdt ?? Number.NaN);
  return { factors: multiply(day.factors, week.factors), day, week };
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
