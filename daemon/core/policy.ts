/**
 * The Intended Policy Spec (SAE sections 3 and 6; DESIGN section 4) as plain types: what an operator writes.
 * The TypeBox schema in contract/policy.ts describes the same shape and a compile-time check keeps both equal.
 * Every amount is in USDT, every duration in milliseconds, every fraction is of one.
 */
import type { BUDGETS, BudgetKey, OptionalBudget } from './keys/budgets.ts';
import type { Action, ToolName } from './request.ts';
import type { AgentSchedule } from './rules/schedule.ts';
import type { VenueName } from './venues.ts';

/** A factor on B_0: a number, or an exact fraction such as `2/3`. */
export type Factor = number | string;
/** Smallest factor: below it a cap is practically zero. `reduce_only: true` says that nothing may be opened. */
export const MIN_FACTOR = 0.0001;
export interface ComponentFactors {
  readonly leverage: Factor;
  readonly notional: Factor;
  readonly order_rate: Factor;
  readonly slippage: Factor;
}
/** One factor for every component, or one per component; several that match multiply. */
export type Multiplier = Factor | ComponentFactors;
export const REGIMES = ['calm', 'volatile', 'extreme'] as const;
export type Regime = (typeof REGIMES)[number];
export const SIGNAL_KINDS = ['injection', 'narrative', 'anomaly', 'spend'] as const;
export type SignalKind = (typeof SIGNAL_KINDS)[number];

export interface RateLimit {
  readonly max: number;
  readonly window_ms: number;
}
export interface Scope {
  readonly tools: readonly ToolName[];
  readonly actions: readonly Action[];
  readonly venues: readonly VenueName[];
  readonly symbols: readonly string[];
  readonly accounts: readonly string[];
}
/** R: B_0, absolute. */
export type Budgets = {
  readonly [key in BudgetKey]: (typeof BUDGETS)[key]['unit'] extends 'orders' ? RateLimit : number;
};
/** As an operator writes them. */
export type WrittenBudgets = Omit<Budgets, OptionalBudget> & Partial<Pick<Budgets, OptionalBudget>>;
export interface RegimeRow extends ComponentFactors {
  readonly cooldown_ms: number;
  readonly slices: number;
  readonly reduce_only?: boolean;
}
export interface MarketSection {
  readonly bar_ms: number;
  readonly volatility: {
    readonly window_bars: number;
    readonly baseline_bars: number;
    readonly baseline_quantile: number;
    readonly min_history_bars: number;
    readonly volatile: number;
    readonly extreme: number;
    readonly absolute: { readonly volatile: number; readonly extreme: number };
    readonly jump_sigma: number;
  };
  readonly regime_hold_bars: number;
  readonly funding: { readonly extreme: number };
  readonly liquidity: { readonly ema_bars: number; readonly below_quantile: number; readonly baseline_bars: number };
  readonly regimes: { readonly calm: RegimeRow; readonly volatile: RegimeRow; readonly extreme: RegimeRow };
  readonly freshness: {
    readonly mark_ms: number;
    readonly quote_ms: number;
    readonly bars: number;
    readonly account_ms: number;
    readonly filters_ms: number;
    readonly funding_ms: number;
    readonly clock_skew_ms: number;
    readonly request_ms: number;
  };
  readonly collar_bps: number;
}
export interface Tier {
  readonly at: number;
  readonly multiplier?: Multiplier;
  readonly reduce_only?: boolean;
}
export interface AccountSection {
  readonly drawdown: { readonly window_ms: number; readonly tiers: readonly Tier[] };
  readonly daily_loss: { readonly tiers: readonly Tier[] };
  readonly margin_ratio: { readonly tiers: readonly Tier[] };
  readonly concentration: { readonly share: number; readonly floor_usdt: number };
  readonly min_liquidation_distance: number;
  readonly margin_buffer_usdt: number;
}
export interface TrustLevel {
  readonly provenance: number;
  readonly capability_risk: number;
}
export interface SkillEntry extends TrustLevel {
  readonly name: string;
  readonly sha256: string;
}
export interface TrustTier {
  readonly provenance_below?: number;
  readonly capability_risk_above?: number;
  readonly multiplier?: Multiplier;
  readonly reduce_only?: boolean;
}
export interface SignalRule {
  readonly multiplier?: Multiplier;
  readonly reduce_only?: boolean;
  readonly max_ttl_ms: number;
}
export interface TrustSection {
  readonly default: TrustLevel;
  readonly unknown_skill: TrustLevel;
  readonly skills: readonly SkillEntry[];
  readonly tiers: readonly TrustTier[];
  readonly signals: {
    readonly injection: SignalRule;
    readonly narrative: SignalRule;
    readonly anomaly: SignalRule;
    /** Absent: signals of this kind are refused. */
    readonly spend?: SignalRule;
  };
}
export interface TraderStateSection {
  readonly window_trades: number;
  readonly max_age_ms: number;
  readonly base_rate: number;
  readonly limit_at: number;
  readonly block_at: number;
  readonly multiplier: Multiplier;
  readonly enforce_block: boolean;
}
export interface TemporalSection {
  readonly duplicate_window_ms: number;
  readonly duplicate_exempt: readonly string[];
  readonly flip_interval_ms: number;
  readonly breaker: { readonly repeats: number; readonly window_ms: number; readonly cooldown_ms: number };
}
export interface ExitsSection {
  /** Read, and ignored: an agent closes what it holds. */
  readonly scope?: 'own' | 'account';
  readonly ladder_bps: readonly number[];
  readonly step_ms: number;
  readonly rate: RateLimit;
  /** Most exits of one agent that rest at their own price; absent: 50. */
  readonly resting?: number;
  /** Age up to which an agent's exit continues after a restart, or while its bound is inside the spread, ms. */
  readonly resume_ms?: number;
}
export interface StandingSection {
  readonly resting_ttl_ms: number;
  readonly on_breach: 'hold' | 'cancel_opening' | 'reduce';
  /** Silence of the daemon after which the venue cancels what opens, ms; 0: never; absent: {@link DEADMAN_MS}. */
  readonly deadman_ms?: number;
  /** Most openings of one agent in a symbol that rest, or are on their way; absent: {@link MAX_OPENINGS}. */
  readonly resting?: number;
}
export const MAX_OPENINGS = 20;
export const DEADMAN_MS = 120_000;
/** Calls without an effect that are recorded one by one, of each agent; beyond them they are summed. */
export const REQUEST_KINDS = ['refusals', 'dry_runs', 'intercepts'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];
export type RequestsSection = { readonly [kind in RequestKind]?: RateLimit };
/** What holds where a policy is silent: some 6 kB a record, so that all three together stay below 2 MB a minute. */
export const REQUEST_CEILING: RateLimit = { max: 60, window_ms: 60_000 };
/** Counts from a loss in USDT on. */
export interface LossTier {
  readonly at_usdt: number;
  readonly multiplier?: Multiplier;
  readonly reduce_only?: boolean;
}
/** Tiers on an agent's own loss of this UTC day, and of this day and the six before; absent: none. */
export interface AgentLoss {
  readonly day?: readonly LossTier[];
  readonly week?: readonly LossTier[];
}
/** What one agent is held to beside the account's policy; may only tighten it. */
export interface AgentSection {
  readonly scope?: Partial<Scope>;
  readonly budgets?: Partial<Budgets>;
  readonly temporal?: Partial<TemporalSection>;
  readonly trader_state?: Partial<TraderStateSection>;
  /** Read, and ignored: an agent closes what it holds. */
  readonly exits?: { readonly scope?: 'own' };
  /** Symbols that are kept for this agent, also while they are flat. */
  readonly reserve?: readonly string[];
  readonly schedule?: AgentSchedule;
  /** Longest time without a call before its opening orders are canceled, ms. */
  readonly heartbeat_ms?: number;
  readonly loss?: AgentLoss;
}
/** Members of a request that a condition may name. */
export const APPROVAL_KEYS = [
  'account',
  'limit_price',
  'max_slippage_bps',
  'order_type',
  'origin',
  'requested_leverage',
  'requested_notional',
  'side',
  'skill_sha256',
  'strategy_id',
  'symbol',
  'tool',
] as const;
export type ApprovalKey = (typeof APPROVAL_KEYS)[number];
/** All that are given must hold. */
export interface RequestMatch {
  readonly in?: readonly (string | number)[];
  readonly above?: number;
  readonly below?: number;
}
/** All that are given must hold; none: every opening order. */
export interface ApprovalCondition {
  /** What the agent opens without an approval within `window_ms`, this order included. */
  readonly notional_above_usdt?: number;
  /** Time since the last opening fill of the symbol; one without any counts as longer. */
  readonly untraded_ms?: number;
  readonly provenance_below?: number;
  readonly capability_risk_above?: number;
  readonly venues?: readonly VenueName[];
  readonly agents?: readonly string[];
  /** By members of APPROVAL_KEYS. */
  readonly request?: { readonly [key: string]: RequestMatch };
}
/** Opening orders that a person must approve. */
export interface ApprovalsSection {
  /** One that holds is enough. */
  readonly when: readonly ApprovalCondition[];
  readonly window_ms: number;
  readonly expiry_ms: number;
  /** Different people who must approve above `quorum_above_usdt`; absent: 1. */
  readonly quorum?: number;
  /** Absent: every approval needs the quorum. */
  readonly quorum_above_usdt?: number;
}
/** Approvals of one agent that wait at a time. */
export const MAX_PENDING_APPROVALS = 3;
export type JsonSchemaObject = { readonly [key: string]: unknown };

export interface IntendedPolicySpec {
  readonly version: 1;
  readonly name: string;
  readonly mode: 'enforce' | 'shadow';
  readonly scope: Scope;
  readonly budgets: WrittenBudgets;
  readonly market: MarketSection;
  readonly account: AccountSection;
  readonly trust: TrustSection;
  readonly trader_state: TraderStateSection;
  readonly temporal: TemporalSection;
  readonly staging: { readonly spacing_ms: number; readonly ttl_ms: number };
  readonly standing: StandingSection;
  readonly exits: ExitsSection;
  readonly protection: { readonly required: boolean; readonly stop_bps: number };
  /** Absent, or silent on a kind: REQUEST_CEILING. */
  readonly requests?: RequestsSection;
  /** Absent: no order needs an approval. */
  readonly approvals?: ApprovalsSection;
  readonly intercept: { readonly allow: { readonly [tool: string]: JsonSchemaObject } };
  readonly tools: { readonly [tool: string]: { readonly args: JsonSchemaObject } };
  readonly agents: { readonly [agent: string]: AgentSection };
  readonly loosen_delay_ms: number;
}
/** One key in which a policy is looser than another, with its value in the current one and in the candidate. */
export interface LooserKey {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
  readonly why: string;
}
