import { ABSENT_BUDGETS } from './keys/budgets.ts';
import type {
  AgentSection,
  Budgets,
  Factor,
  IntendedPolicySpec,
  LossTier,
  Multiplier,
  Regime,
  RegimeRow,
  Scope,
  SignalKind,
  SignalRule,
  TemporalSection,
  Tier,
  TraderStateSection,
  TrustLevel,
  TrustTier,
} from './policy.ts';
import { type CompiledSchedule, compileSchedule } from './rules/schedule.ts';

/** Numbers by component; the order of multiplication is fixed so that figures are reproducible to the digit. */
export interface Factors {
  readonly leverage: number;
  readonly notional: number;
  readonly order_rate: number;
  readonly slippage: number;
}
export const ONE: Factors = { leverage: 1, notional: 1, order_rate: 1, slippage: 1 };

export interface CompiledTier {
  readonly at: number;
  readonly factors: Factors;
  readonly reduceOnly: boolean;
}
export interface CompiledTrustTier {
  readonly provenanceBelow: number | null;
  readonly capabilityRiskAbove: number | null;
  readonly factors: Factors;
  readonly reduceOnly: boolean;
}
export interface CompiledRegime {
  readonly factors: Factors;
  readonly cooldownMs: number;
  readonly slices: number;
  readonly reduceOnly: boolean;
}
export interface CompiledSignal {
  readonly factors: Factors;
  readonly reduceOnly: boolean;
}

/**
 * The policy as `decide` reads it for one agent: fractions are numbers, lists are sets, the agent's own section is
 * merged in (it may only tighten; `isAtMost` checks that at load). `spec` stays the operator's own document.
 */
export interface CompiledPolicy {
  readonly spec: IntendedPolicySpec;
  readonly hash: string;
  readonly agent: string;
  readonly tools: ReadonlySet<string>;
  readonly actions: ReadonlySet<string>;
  readonly venues: ReadonlySet<string>;
  readonly symbols: ReadonlySet<string>;
  readonly accounts: ReadonlySet<string>;
  readonly duplicateExempt: ReadonlySet<string>;
  readonly budgets: Budgets;
  /** The agent's own caps on its own exposure, or null when it has none. */
  readonly agentBudgets: Budgets | null;
  readonly regimes: { readonly [regime in Regime]: CompiledRegime };
  readonly drawdownTiers: readonly CompiledTier[];
  readonly dailyLossTiers: readonly CompiledTier[];
  readonly marginRatioTiers: readonly CompiledTier[];
  readonly trustTiers: readonly CompiledTrustTier[];
  readonly skills: ReadonlyMap<string, TrustLevel>;
  readonly signals: { readonly [kind in SignalKind]: CompiledSignal };
  readonly temporal: TemporalSection;
  readonly traderState: TraderStateSection;
  readonly traderStateFactors: Factors;
  /** Which agent a symbol is reserved for (DESIGN 12.1). */
  readonly reserved: ReadonlyMap<string, string>;
  /** When this agent may open; null: at any time. */
  readonly schedule: CompiledSchedule | null;
  /** Null: it may be silent for as long as it likes. */
  readonly heartbeatMs: number | null;
  /** Tiers on this agent's own loss, USDT; null: none. */
  readonly lossTiers: { readonly day: readonly CompiledTier[]; readonly week: readonly CompiledTier[] } | null;
}

/** Value of a factor: `2/3` is the quotient, a number is itself. Precondition: checked by the policy schema. */
export function factorValue(factor: Factor): number {
  if (typeof factor === 'number') return factor;
  const slash = factor.indexOf('/');
  return Number(factor.slice(0, slash)) / Number(factor.slice(slash + 1));
}

export function compileMultiplier(multiplier: Multiplier | undefined): Factors {
  if (multiplier === undefined) return ONE;
  if (typeof multiplier === 'object') {
    return {
      leverage: factorValue(multiplier.leverage),
      notional: factorValue(multiplier.notional),
      order_rate: factorValue(multiplier.order_rate),
      slippage: factorValue(multiplier.slippage),
    };
  }
  const value = factorValue(multiplier);
  return { leverage: value, notional: value, order_rate: value, slippage: value };
}

function compileTier(tier: Tier): CompiledTier {
  return { at: tier.at, factors: compileMultiplier(tier.multiplier), reduceOnly: tier.reduce_only === true };
}
function compileLossTier({ at_usdt: at, ...effect }: LossTier): CompiledTier {
  return compileTier({ at, ...effect });
}
function compileTrustTier(tier: TrustTier): CompiledTrustTier {
  return {
    provenanceBelow: tier.provenance_below ?? null,
    capabilityRiskAbove: tier.capability_risk_above ?? null,
    factors: compileMultiplier(tier.multiplier),
    reduceOnly: tier.reduce_only === true,
  };
}
function compileRegime(row: RegimeRow): CompiledRegime {
  return {
    factors: compileMultiplier({
      leverage: row.leverage,
      notional: row.notional,
      order_rate: row.order_rate,
      slippage: row.slippage,
    }),
    cooldownMs: row.cooldown_ms,
    slices: row.slices,
    reduceOnly: row.reduce_only === true,
  };
}
/** A signal that came under an earlier policy does nothing under one without its kind. */
const NO_SIGNAL: CompiledSignal = { factors: compileMultiplier(undefined), reduceOnly: false };
function compileSignal(rule: SignalRule | undefined): CompiledSignal {
  if (rule === undefined) return NO_SIGNAL;
  return { factors: compileMultiplier(rule.multiplier), reduceOnly: rule.reduce_only === true };
}

/** The section of an agent: its own entry, else `default`. Looked up as an own key: names come from tokens. */
export function agentSection(spec: IntendedPolicySpec, agent: string): AgentSection {
  if (Object.hasOwn(spec.agents, agent)) return spec.agents[agent] ?? {};
  if (Object.hasOwn(spec.agents, 'default')) return spec.agents.default ?? {};
  return {};
}

/** With a value for each key that is left out. */
export function completeBudgets({ budgets }: IntendedPolicySpec): Budgets {
  return { ...ABSENT_BUDGETS, ...budgets };
}

/** The agent of each symbol that is reserved; a valid policy reserves none twice. */
export function reservationsOf({ agents }: IntendedPolicySpec): ReadonlyMap<string, string> {
  const reserved = new Map<string, string>();
  for (const [agent, { reserve }] of Object.entries(agents))
    for (const symbol of reserve ?? []) reserved.set(symbol, agent);
  return reserved;
}

/** Compiles a valid policy for one agent. `hash` is the sha256 of the document's canonical JSON. */
export function compilePolicy(spec: IntendedPolicySpec, hash: string, agent: string): CompiledPolicy {
  const own = agentSection(spec, agent);
  const scope: Scope = { ...spec.scope, ...own.scope };
  const traderState: TraderStateSection = { ...spec.trader_state, ...own.trader_state };
  return {
    spec,
    hash,
    agent,
    tools: new Set<string>(scope.tools),
    actions: new Set<string>(scope.actions),
    venues: new Set<string>(scope.venues),
    symbols: new Set<string>(scope.symbols),
    accounts: new Set<string>(scope.accounts),
    duplicateExempt: new Set<string>(own.temporal?.duplicate_exempt ?? spec.temporal.duplicate_exempt),
    budgets: completeBudgets(spec),
    agentBudgets: own.budgets === undefined ? null : { ...completeBudgets(spec), ...own.budgets },
    regimes: {
      calm: compileRegime(spec.market.regimes.calm),
      volatile: compileRegime(spec.market.regimes.volatile),
      extreme: compileRegime(spec.market.regimes.extreme),
    },
    drawdownTiers: spec.account.drawdown.tiers.map(compileTier),
    dailyLossTiers: spec.account.daily_loss.tiers.map(compileTier),
    marginRatioTiers: spec.account.margin_ratio.tiers.map(compileTier),
    trustTiers: spec.trust.tiers.map(compileTrustTier),
    skills: new Map(spec.trust.skills.map((skill) => [skill.sha256, skill])),
    signals: {
      injection: compileSignal(spec.trust.signals.injection),
      narrative: compileSignal(spec.trust.signals.narrative),
      anomaly: compileSignal(spec.trust.signals.anomaly),
      spend: compileSignal(spec.trust.signals.spend),
    },
    temporal: { ...spec.temporal, ...own.temporal },
    traderState,
    traderStateFactors: compileMultiplier(traderState.multiplier),
    reserved: reservationsOf(spec),
    schedule: own.schedule === undefined ? null : compileSchedule(own.schedule),
    heartbeatMs: own.heartbeat_ms ?? null,
    lossTiers:
      own.loss === undefined
        ? null
        : { day: (own.loss.day ?? []).map(compileLossTier), week: (own.loss.week ?? []).map(compileLossTier) },
  };
}
