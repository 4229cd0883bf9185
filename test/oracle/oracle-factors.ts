import type { ExecutionContext } from '../../daemon/core/context.ts';
import { classifyRegime, highestRegime } from '../../daemon/core/features/market.ts';
import type {
  AgentSection,
  Budgets,
  Factor,
  IntendedPolicySpec,
  Multiplier,
  Regime,
  Tier,
  TrustLevel,
} from '../../daemon/core/policy.ts';
import type { ReasonCode } from '../../daemon/core/reasons.ts';
import type { ExecutionRequest } from '../../daemon/core/request.ts';
import { exact, fraction, least, mul, type Rational, UNITY } from './rational.ts';

/** SAE-BUDGET by the letter: B_t = B_0 g h q p, every factor an exact fraction read from the operator's document. */
export const COMPONENTS = ['leverage', 'notional', 'order_rate', 'slippage'] as const;
export type Component = (typeof COMPONENTS)[number];
export type ExactFactors = { readonly [component in Component]: Rational };

export interface Findings {
  readonly deny: Set<ReasonCode>;
  readonly tighten: Set<ReasonCode>;
}
export interface TighteningResult {
  readonly regime: Regime;
  /** Factors of the ordered symbol: order and symbol caps, leverage, slippage. */
  readonly symbol: ExactFactors;
  /** Factors with the smallest g among the ordered symbol and symbols with exposure: gross and order rate. */
  readonly account: ExactFactors;
}

export function exactFactor(factor: Factor): Rational {
  if (typeof factor === 'number') return exact(factor);
  const [above = '', below = ''] = factor.split('/');
  return fraction(BigInt(above), BigInt(below));
}

export function exactMultiplier(multiplier: Multiplier | undefined): ExactFactors {
  const parts = typeof multiplier === 'object' ? multiplier : null;
  const one = parts === null ? exactFactor((multiplier as Factor | undefined) ?? 1) : UNITY;
  return {
    leverage: parts === null ? one : exactFactor(parts.leverage),
    notional: parts === null ? one : exactFactor(parts.notional),
    order_rate: parts === null ? one : exactFactor(parts.order_rate),
    slippage: parts === null ? one : exactFactor(parts.slippage),
  };
}

function combine(a: ExactFactors, b: ExactFactors, how: (a: Rational, b: Rational) => Rational): ExactFactors {
  return {
    leverage: how(a.leverage, b.leverage),
    notional: how(a.notional, b.notional),
    order_rate: how(a.order_rate, b.order_rate),
    slippage: how(a.slippage, b.slippage),
  };
}
const product = (a: ExactFactors, b: ExactFactors): ExactFactors => combine(a, b, (x, y) => mul(x, y));
const strictest = (a: ExactFactors, b: ExactFactors): ExactFactors => combine(a, b, (x, y) => least(x, y));
const NONE = exactMultiplier(1);

export function ownSection(policy: IntendedPolicySpec, agent: string): AgentSection {
  if (Object.hasOwn(policy.agents, agent)) return policy.agents[agent] ?? {};
  return Object.hasOwn(policy.agents, 'default') ? (policy.agents.default ?? {}) : {};
}
export function ownBudgets(policy: IntendedPolicySpec, agent: string): Budgets | null {
  const { budgets } = ownSection(policy, agent);
  return budgets === undefined ? null : { ...policy.budgets, ...budgets };
}

function applyTiers(
  tiers: readonly Tier[],
  observed: number,
  code: ReasonCode,
  findings: Findings,
  start: ExactFactors,
): ExactFactors {
  let result = start;
  for (const tier of tiers) {
    if (observed < tier.at) continue;
    if (tier.reduce_only === true) findings.deny.add(code);
    if (tier.multiplier !== undefined) {
      result = product(result, exactMultiplier(tier.multiplier));
      findings.tighten.add(code);
    }
  }
  return result;
}

/** z = min over the evidence: what the token was created for, and what the caller claims (which only lowers it). */
export function trustLevel(context: ExecutionContext, policy: IntendedPolicySpec): TrustLevel {
  const levelOf = (digest: string): TrustLevel =>
    policy.trust.skills.find((skill) => skill.sha256 === digest) ?? policy.trust.unknown_skill;
  const { token_skill_sha256: token, claimed_skill_sha256: claimed } = context.trust;
  const evidence = [token === null ? policy.trust.default : levelOf(token)];
  if (claimed !== null) evidence.push(levelOf(claimed));
  return {
    provenance: Math.min(...evidence.map((level) => level.provenance)),
    capability_risk: Math.max(...evidence.map((level) => level.capability_risk)),
  };
}

function trustFactors(context: ExecutionContext, policy: IntendedPolicySpec, findings: Findings): ExactFactors {
  const level = trustLevel(context, policy);
  let factors = NONE;
  for (const tier of policy.trust.tiers) {
    const low = tier.provenance_below !== undefined && level.provenance < tier.provenance_below;
    const risky = tier.capability_risk_above !== undefined && level.capability_risk > tier.capability_risk_above;
    if (!low && !risky) continue;
    if (tier.reduce_only === true) findings.deny.add('TRUST_REDUCE_ONLY');
    factors = product(factors, exactMultiplier(tier.multiplier));
    findings.tighten.add('TRUST_TIGHTENED');
  }
  let signals = NONE;
  for (const kind of context.trust.signals) {
    const rule = policy.trust.signals[kind];
    if (rule === undefined) continue;
    if (rule.reduce_only === true) findings.deny.add('TRUST_REDUCE_ONLY');
    signals = strictest(signals, exactMultiplier(rule.multiplier));
    findings.tighten.add('TRUST_TIGHTENED');
  }
  return product(factors, signals);
}

/** An agent's own loss of the day and of seven days; one that is not known counts as any. */
function lossFactors(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  findings: Findings,
): ExactFactors {
  const { loss } = ownSection(policy, request.agent);
  const { losses } = context.agent;
  let factors = NONE;
  for (const [tiers, observed] of [
    [loss?.day ?? [], losses?.day_usdt ?? Number.POSITIVE_INFINITY],
    [loss?.week ?? [], losses?.week_usdt ?? Number.POSITIVE_INFINITY],
  ] as const) {
    const levels = tiers.map(({ at_usdt: at, ...effect }) => ({ at, ...effect }));
    factors = applyTiers(levels, observed, 'AGENT_LOSS', findings, factors);
  }
  return factors;
}

function traderFactors(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  findings: Findings,
): ExactFactors {
  const ofLoss = lossFactors(request, context, policy, findings);
  // A slice re-decides 2-4, 7-9 and 11-13 only, and the agent's own loss.
  if (context.phase === 'slice') return ofLoss;
  const rule = { ...policy.trader_state, ...ownSection(policy, request.agent).trader_state };
  if (rule.enforce_block && context.agent.p_risk >= rule.block_at) findings.deny.add('TRADER_STATE_BLOCKED');
  if (context.agent.p_risk < rule.limit_at) return ofLoss;
  findings.tighten.add('TRADER_STATE_TIGHTENED');
  return product(exactMultiplier(rule.multiplier), ofLoss);
}

/** Rules 7 to 10: the factors, with what they deny and tighten. */
export function tightenBudgets(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: IntendedPolicySpec,
  findings: Findings,
): TighteningResult {
  const raw = classifyRegime(context.market, policy.market).regime;
  const regime = highestRegime(raw, context.market.held_regime);
  const row = policy.market.regimes[regime];
  if (row.reduce_only === true) findings.deny.add('REGIME_REDUCE_ONLY');
  const factorsOf = ({ leverage, notional, order_rate, slippage }: typeof row): ExactFactors =>
    exactMultiplier({ leverage, notional, order_rate, slippage });
  const own = factorsOf(row);
  // Gross and order rate follow the strictest regime of this symbol and of those with exposure.
  const strictestRow = policy.market.regimes[highestRegime(regime, context.exposure.other_regime ?? regime)];
  const smallest = strictest(own, factorsOf(strictestRow));
  if (regime !== 'calm' || (context.exposure.other_regime ?? 'calm') !== 'calm')
    findings.tighten.add('REGIME_TIGHTENED');
  let rest = NONE;
  const { account } = context;
  if (account !== null) {
    const { drawdown, daily_loss, margin_ratio } = policy.account;
    rest = applyTiers(drawdown.tiers, account.drawdown, 'ACCOUNT_DRAWDOWN', findings, rest);
    rest = applyTiers(daily_loss.tiers, account.daily_loss, 'ACCOUNT_DAILY_LOSS', findings, rest);
    rest = applyTiers(margin_ratio.tiers, account.margin_ratio, 'ACCOUNT_MARGIN_RATIO', findings, rest);
  }
  rest = product(rest, trustFactors(context, policy, findings));
  rest = product(rest, traderFactors(request, context, policy, findings));
  return { regime, symbol: product(own, rest), account: product(smallest, rest) };
}
