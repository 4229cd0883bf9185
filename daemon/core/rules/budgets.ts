/** SAE-BUDGET: what market, account, trust and trader leave of the budgets at this instant. */

import { floorSnap } from '../arithmetic/quantities.ts';
import { type CompiledPolicy, type CompiledTier, type Factors, ONE } from '../compiled-policy.ts';
import type { AccountContext, AccountView, ExecutionContext, TrustView } from '../context.ts';
import type { BudgetComponents, BudgetRecord } from '../decision.ts';
import { classifyRegime, highestRegime, REGIME_RANK } from '../features/market.ts';
import type { Regime } from '../policy.ts';
import type { ExecutionRequest } from '../request.ts';
import type { Trace } from './trace.ts';

/** The smaller of both, component by component. */
export function strictest(a: Factors, b: Factors): Factors {
  if (a === b || b === ONE) return a;
  return {
    leverage: Math.min(a.leverage, b.leverage),
    notional: Math.min(a.notional, b.notional),
    order_rate: Math.min(a.order_rate, b.order_rate),
    slippage: Math.min(a.slippage, b.slippage),
  };
}

export function multiply(a: Factors, b: Factors): Factors {
  if (a === ONE) return b;
  if (b === ONE) return a;
  return {
    leverage: a.leverage * b.leverage,
    notional: a.notional * b.notional,
    order_rate: a.order_rate * b.order_rate,
    slippage: a.slippage * b.slippage,
  };
}

/** Tiers that the observed value has reached multiply; one with reduce_only ends opening (SAE-U). */
export interface TierFinding {
  readonly factors: Factors;
  readonly reduceOnly: boolean;
  /** Highest level reached, null when none was. */
  readonly reached: number | null;
}
const NO_TIER: TierFinding = { factors: ONE, reduceOnly: false, reached: null };

export function findTiers(tiers: readonly CompiledTier[], observed: number): TierFinding {
  let factors = ONE;
  let reduceOnly = false;
  let reached: number | null = null;
  for (const tier of tiers) {
    // Negated so that NaN reaches every tier: what cannot be compared is not safe.
    if (observed < tier.at) continue;
    factors = multiply(factors, tier.factors);
    reduceOnly = reduceOnly || tier.reduceOnly;
    reached = reached === null || tier.at > reached ? tier.at : reached;
  }
  return reached === null ? NO_TIER : { factors, reduceOnly, reached };
}

/** The label of the ordered symbol now: what the features say under this policy, and never below the held label. */
export interface RegimeFinding {
  readonly regime: Regime;
  readonly cause: string;
  /** What the cause saw and the threshold that it met, in the cause's own unit. */
  readonly observed: number;
  readonly limit: number;
  /** The strictest of this symbol and of the other symbols with exposure: gross and order rate use it. */
  readonly portfolio: Regime;
}
export function findRegime(
  context: Pick<ExecutionContext, 'exposure' | 'market'>,
  policy: CompiledPolicy,
): RegimeFinding {
  const market = context.market;
  const raw = classifyRegime(market, policy.spec.market);
  const held = REGIME_RANK[market.held_regime] > REGIME_RANK[raw.regime];
  const regime = held ? market.held_regime : raw.regime;
  const other = context.exposure.other_regime;
  return {
    regime,
    cause: held ? 'held' : raw.cause,
    observed: raw.observed,
    limit: raw.limit,
    portfolio: other === null ? regime : highestRegime(regime, other),
  };
}

export interface AccountFinding {
  readonly factors: Factors;
  readonly drawdown: TierFinding;
  readonly dailyLoss: TierFinding;
  readonly marginRatio: TierFinding;
  readonly reduceOnly: boolean;
}
export function findAccount(account: AccountView, policy: CompiledPolicy): AccountFinding {
  const drawdown = findTiers(policy.drawdownTiers, account.drawdown);
  const dailyLoss = findTiers(policy.dailyLossTiers, account.daily_loss);
  const marginRatio = findTiers(policy.marginRatioTiers, account.margin_ratio);
  return {
    factors: multiply(multiply(drawdown.factors, dailyLoss.factors), marginRatio.factors),
    drawdown,
    dailyLoss,
    marginRatio,
    reduceOnly: drawdown.reduceOnly || dailyLoss.reduceOnly || marginRatio.reduceOnly,
  };
}

/** z: the minimum over the evidence. A claim in the request can only lower it (BY-23, BY-34). */
export interface TrustFinding {
  readonly provenance: number;
  readonly capabilityRisk: number;
  readonly factors: Factors;
  readonly reduceOnly: boolean;
}
function findTrust(trust: TrustView, policy: CompiledPolicy): TrustFinding {
  const section = policy.spec.trust;
  const proven = trust.token_skill_sha256;
  const level = proven === null ? section.default : (policy.skills.get(proven) ?? section.unknown_skill);
  let provenance = level.provenance;
  let risk = level.capability_risk;
  const claimed = trust.claimed_skill_sha256;
  if (claimed !== null && claimed !== proven) {
    const claim = policy.skills.get(claimed) ?? section.unknown_skill;
    provenance = Math.min(provenance, claim.provenance);
    risk = Math.max(risk, claim.capability_risk);
  }
  let factors = ONE;
  let reduceOnly = false;
  for (const tier of policy.trustTiers) {
    const below = tier.provenanceBelow !== null && provenance < tier.provenanceBelow;
    const above = tier.capabilityRiskAbove !== null && risk > tier.capabilityRiskAbove;
    if (!below && !above) continue;
    factors = multiply(factors, tier.factors);
    reduceOnly = reduceOnly || tier.reduceOnly;
  }
  for (const kind of trust.signals) reduceOnly = reduceOnly || policy.signals[kind].reduceOnly;
  factors = multiply(factors, signalFactors(trust, policy));
  return { provenance, capabilityRisk: risk, factors, reduceOnly };
}

/** Of the active signals the strictest wins; it multiplies with the tiers of provenance and capability risk. */
function signalFactors(trust: Pick<TrustView, 'signals'>, policy: CompiledPolicy): Factors {
  let signals = ONE;
  for (const kind of trust.signals) signals = strictest(policy.signals[kind].factors, signals);
  return signals;
}

interface BudgetFactorsFound {
  /** g of the ordered symbol. */
  readonly market: Factors;
  /** g of the strictest symbol with exposure. */
  readonly portfolio: Factors;
  readonly account: Factors;
  readonly trust: Factors;
  readonly trader: Factors;
}

/** SAE-BUDGET: B_t = B_0 * g * h * q (* p), component by component, always multiplied in this order. */
function budgetComponents(policy: CompiledPolicy, found: BudgetFactorsFound): BudgetComponents {
  const base = policy.budgets;
  const { market: g, portfolio: gp, account: h, trust: q, trader: p } = found;
  const notional = h.notional * q.notional * p.notional;
  return {
    gross_notional_usdt: base.gross_notional_usdt * gp.notional * notional,
    leverage: base.leverage * g.leverage * h.leverage * q.leverage * p.leverage,
    order_notional_usdt: base.order_notional_usdt * g.notional * notional,
    order_rate: floorSnap(base.order_rate.max * gp.order_rate * h.order_rate * q.order_rate * p.order_rate),
    slippage_bps: base.slippage_bps * g.slippage * h.slippage * q.slippage * p.slippage,
    symbol_notional_usdt: base.symbol_notional_usdt * g.notional * notional,
  };
}

/** Everything about the budgets of this instant: the same for a decision, GET /v1/limits and a standing order. */
export interface BudgetFinding {
  readonly regime: RegimeFinding;
  readonly account: AccountFinding | null;
  readonly trust: TrustFinding;
  readonly budget: BudgetComponents;
  readonly record: BudgetRecord;
}

/** One decision while it is made: what it is about, and what the rules have found so far. */
export interface Deciding {
  readonly trace: Trace;
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
  readonly policy: CompiledPolicy;
  readonly found: BudgetFinding;
}

/** Rule 10: what this agent's recent trades and its own loss put on the budgets (SAE section 6 thresholds). */
function traderFactors(context: ExecutionContext, policy: CompiledPolicy): Factors {
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
export function findLoss({ agent }: ExecutionContext, { lossTiers }: CompiledPolicy): LossFinding | null {
  if (lossTiers === null) return null;
  const day = findTiers(lossTiers.day, agent.losses?.day_usdt ?? Number.NaN);
  const week = findTiers(lossTiers.week, agent.losses?.week_usdt ?? Number.NaN);
  return { factors: multiply(day.factors, week.factors), day, week };
}

export function findBudget(context: ExecutionContext, policy: CompiledPolicy): BudgetFinding {
  const regime = findRegime(context, policy);
  const account = context.account === null ? null : findAccount(context.account, policy);
  const trust = findTrust(context.trust, policy);
  const trader: Factors = traderFactors(context, policy);
  const market = policy.regimes[regime.regime].factors;
  const accountFactors = account === null ? ONE : account.factors;
  const budget = budgetComponents(policy, {
    market,
    portfolio: strictest(market, policy.regimes[regime.portfolio].factors),
    account: accountFactors,
    trust: trust.factors,
    trader,
  });
  const record: BudgetRecord = {
    account: accountFactors,
    budget,
    market,
    regime: regime.regime,
    trader,
    trust: trust.factors,
  };
  return { regime, account, trust, budget, record };
}

/**
 * What bounds the account whoever asks: regime, tiers of the account, and signals about it or the symbol. RISK: what is held
 * was permitted by the trust of those who opened it. By that of a token without a skill, by trades or by a loss of nobody's,
 * the gate would close what it permits, over and over.
 */
export function findAccountBudget(context: AccountContext, policy: CompiledPolicy): BudgetComponents {
  const regime = findRegime(context, policy);
  const market = policy.regimes[regime.regime].factors;
  return budgetComponents(policy, {
    market,
    portfolio: strictest(market, policy.regimes[regime.portfolio].factors),
    account: context.account === null ? ONE : findAccount(context.account, policy).factors,
    trust: signalFactors(context.trust, policy),
    trader: ONE,
  });
}
