import { type AgentSection, MAX_OPENINGS } from '../policy.ts';
import type { PolicyPath } from '../policy-paths.ts';

/**
 * For every key of the policy, the change that makes it looser: that may let through what was refused, cut or
 * delayed before, or may weaken an exit or a stop. Where no direction is provable, any change counts.
 */
export type Direction =
  /** Never looser: a label. */
  | 'free'
  /** Every change counts as looser. */
  | 'any_change'
  | 'larger'
  /** Like `larger`, and 0, which is none at all, is the loosest; absent is DEADMAN_MS. */
  | 'larger_or_off'
  | 'smaller'
  /** Like `larger` and `smaller`, for keys that decide the regime: sound only while a higher regime is never looser. */
  | 'larger_by_regime'
  | 'smaller_by_regime'
  /** A number, or a fraction as text, compared by value; absent is 1. Larger is looser. */
  | 'factor'
  /** true -> false (or absent) is looser. */
  | 'turned_off'
  /** A new member is looser. */
  | 'more_members'
  /** {max, window_ms}: looser unless every sequence that it permits was permitted before. */
  | 'rate'
  /** In order of looseness: a later word than before is looser. */
  | readonly string[]
  /** Step functions of one level: looser where a factor rises, or reduce_only ends, at any level. */
  | 'tiers'
  /** Step functions of provenance and capability risk, likewise. */
  | 'trust_tiers'
  /** sha256 -> trust: looser where any digest, listed or not, is trusted more than before. */
  | 'skills'
  /** name -> schema: a new name, or another schema, is looser. */
  | 'allowed_tools'
  /** name -> schema: a removed name, or another schema, is looser. */
  | 'tool_schemas'
  /** Looser where an order goes out without an approval that it needed before, or with an easier one. */
  | 'approvals'
  /** name -> section: looser where any agent, listed or not, has wider limits than before. */
  | 'agents';

/** The compiler refuses a key of the policy that has no direction, and a direction that has no key. */
export const DIRECTIONS: { readonly [path in PolicyPath]: Direction } = {
  version: 'any_change',
  name: 'free',
  mode: ['enforce', 'shadow'],

  // Narrowing cannot trap a position: exits and cancels are never out of scope (rule 2).
  'scope.tools': 'more_members',
  'scope.actions': 'more_members',
  'scope.venues': 'more_members',
  'scope.symbols': 'more_members',
  'scope.accounts': 'more_members',

  'budgets.leverage': 'larger',
  'budgets.order_notional_usdt': 'larger',
  'budgets.symbol_notional_usdt': 'larger',
  'budgets.gross_notional_usdt': 'larger',
  'budgets.order_rate': 'rate',
  'budgets.slippage_bps': 'larger',
  'budgets.holding_time_ms': 'larger',
  'budgets.concurrent_positions': 'larger',
  'budgets.turnover_usdt_per_day': 'larger',
  'budgets.fees_usdt_per_day': 'larger',

  // Another window, bar or baseline gives another series of sigma: neither is always above the other.
  'market.bar_ms': 'any_change',
  'market.volatility.window_bars': 'any_change',
  'market.volatility.baseline_bars': 'any_change',
  'market.volatility.baseline_quantile': 'larger_by_regime',
  'market.volatility.min_history_bars': 'smaller_by_regime',
  'market.volatility.volatile': 'larger_by_regime',
  'market.volatility.extreme': 'larger_by_regime',
  'market.volatility.absolute.volatile': 'larger_by_regime',
  'market.volatility.absolute.extreme': 'larger_by_regime',
  'market.volatility.jump_sigma': 'larger_by_regime',
  'market.regime_hold_bars': 'smaller_by_regime',
  'market.funding.extreme': 'larger_by_regime',
  'market.liquidity.ema_bars': 'any_change',
  'market.liquidity.below_quantile': 'smaller_by_regime',
  'market.liquidity.baseline_bars': 'any_change',
  'market.regimes.calm.leverage': 'factor',
  'market.regimes.calm.notional': 'factor',
  'market.regimes.calm.order_rate': 'factor',
  'market.regimes.calm.slippage': 'factor',
  'market.regimes.calm.cooldown_ms': 'smaller',
  'market.regimes.calm.slices': 'smaller',
  'market.regimes.calm.reduce_only': 'turned_off',
  'market.regimes.volatile.leverage': 'factor',
  'market.regimes.volatile.notional': 'factor',
  'market.regimes.volatile.order_rate': 'factor',
  'market.regimes.volatile.slippage': 'factor',
  'market.regimes.volatile.cooldown_ms': 'smaller',
  'market.regimes.volatile.slices': 'smaller',
  'market.regimes.volatile.reduce_only': 'turned_off',
  'market.regimes.extreme.leverage': 'factor',
  'market.regimes.extreme.notional': 'factor',
  'market.regimes.extreme.order_rate': 'factor',
  'market.regimes.extreme.slippage': 'factor',
  'market.regimes.extreme.cooldown_ms': 'smaller',
  'market.regimes.extreme.slices': 'smaller',
  'market.regimes.extreme.reduce_only': 'turned_off',
  'market.freshness.mark_ms': 'larger',
  'market.freshness.quote_ms': 'larger',
  'market.freshness.bars': 'larger',
  'market.freshness.account_ms': 'larger',
  'market.freshness.filters_ms': 'larger',
  'market.freshness.funding_ms': 'larger',
  'market.freshness.clock_skew_ms': 'larger',
  'market.freshness.request_ms': 'larger',
  'market.collar_bps': 'larger',

  // The highest equity of a longer period is at least as high, so the drawdown from it is at least as deep.
  'account.drawdown.window_ms': 'smaller',
  'account.drawdown.tiers': 'tiers',
  'account.daily_loss.tiers': 'tiers',
  'account.margin_ratio.tiers': 'tiers',
  'account.concentration.share': 'larger',
  'account.concentration.floor_usdt': 'larger',
  'account.min_liquidation_distance': 'smaller',
  'account.margin_buffer_usdt': 'smaller',

  'trust.default.provenance': 'larger',
  'trust.default.capability_risk': 'smaller',
  'trust.unknown_skill.provenance': 'larger',
  'trust.unknown_skill.capability_risk': 'smaller',
  'trust.skills': 'skills',
  'trust.tiers': 'trust_tiers',
  // A shorter longest ttl lets a warning lapse sooner.
  'trust.signals.injection.multiplier': 'factor',
  'trust.signals.injection.reduce_only': 'turned_off',
  'trust.signals.injection.max_ttl_ms': 'smaller',
  'trust.signals.narrative.multiplier': 'factor',
  'trust.signals.narrative.reduce_only': 'turned_off',
  'trust.signals.narrative.max_ttl_ms': 'smaller',
  'trust.signals.anomaly.multiplier': 'factor',
  'trust.signals.anomaly.reduce_only': 'turned_off',
  'trust.signals.anomaly.max_ttl_ms': 'smaller',
  'trust.signals.spend.multiplier': 'factor',
  'trust.signals.spend.reduce_only': 'turned_off',
  'trust.signals.spend.max_ttl_ms': 'smaller',

  // More or older trades can raise the probability of one agent and lower that of another.
  'trader_state.window_trades': 'any_change',
  'trader_state.max_age_ms': 'any_change',
  'trader_state.base_rate': 'smaller',
  'trader_state.limit_at': 'larger',
  'trader_state.block_at': 'larger',
  'trader_state.multiplier': 'factor',
  'trader_state.enforce_block': 'turned_off',

  'temporal.duplicate_window_ms': 'smaller',
  'temporal.duplicate_exempt': 'more_members',
  'temporal.flip_interval_ms': 'smaller',
  'temporal.breaker.repeats': 'larger',
  'temporal.breaker.window_ms': 'smaller',
  'temporal.breaker.cooldown_ms': 'smaller',

  'staging.spacing_ms': 'smaller',
  'staging.ttl_ms': 'larger',
  'standing.resting_ttl_ms': 'larger',
  'standing.deadman_ms': 'larger_or_off',
  'standing.resting': 'larger',
  'standing.on_breach': ['reduce', 'cancel_opening', 'hold'],

  // It has no effect.
  'exits.scope': 'free',
  // Exits must never become harder or dearer unnoticed, and each of these keys trades one for the other.
  'exits.ladder_bps': 'any_change',
  'exits.step_ms': 'any_change',
  'exits.rate': 'any_change',
  'exits.resting': 'any_change',
  'exits.resume_ms': 'any_change',
  'protection.required': 'turned_off',
  'protection.stop_bps': 'larger',

  'requests.refusals': 'rate',
  'requests.dry_runs': 'rate',
  'requests.intercepts': 'rate',

  'approvals.when': 'approvals',
  'approvals.window_ms': 'approvals',
  'approvals.expiry_ms': 'approvals',
  'approvals.quorum': 'approvals',
  'approvals.quorum_above_usdt': 'approvals',

  'intercept.allow': 'allowed_tools',
  tools: 'tool_schemas',
  agents: 'agents',
  loosen_delay_ms: 'smaller',
};

/** Values of keys that are absent, where their direction compares numbers. */
export const ABSENT_VALUES: { readonly [path in PolicyPath]?: number } = { 'standing.resting': MAX_OPENINGS };

export const POLICY_PATHS = Object.keys(DIRECTIONS) as readonly PolicyPath[];

/** The keys inside the entries of a list or map that its direction reads. A test compares them with the schema. */
export const ENTRY_KEYS: { readonly [path: string]: readonly string[] } = {
  'budgets.order_rate': ['max', 'window_ms'],
  'exits.rate': ['max', 'window_ms'],
  'requests.refusals': ['max', 'window_ms'],
  'requests.dry_runs': ['max', 'window_ms'],
  'requests.intercepts': ['max', 'window_ms'],
  'account.drawdown.tiers': ['at', 'multiplier', 'reduce_only'],
  'account.daily_loss.tiers': ['at', 'multiplier', 'reduce_only'],
  'account.margin_ratio.tiers': ['at', 'multiplier', 'reduce_only'],
  'trust.tiers': ['provenance_below', 'capability_risk_above', 'multiplier', 'reduce_only'],
  // `name` is for people: the digest decides.
  'trust.skills': ['name', 'sha256', 'provenance', 'capability_risk'],
  'approvals.when': [
    'notional_above_usdt',
    'untraded_ms',
    'provenance_below',
    'capability_risk_above',
    'venues',
    'agents',
    'request',
  ],
  tools: ['args'],
  agents: ['scope', 'budgets', 'temporal', 'trader_state', 'exits', 'schedule', 'heartbeat_ms', 'loss', 'reserve'],
};

/** The parts of the policy that an agent's section may contain. */
export const AGENT_PARTS = ['scope', 'budgets', 'temporal', 'trader_state', 'exits'] as const;

/** How the limits that only an agent's section has are compared. Absent, they bind nothing. */
export type AgentDirection =
  /** Looser where an instant is open that was closed before. */
  | 'schedule'
  | 'larger'
  /** Step functions of the loss, as `tiers`. */
  | 'loss_tiers'
  /** Looser where a symbol that was kept from the others no longer is. */
  | 'fewer_members';
export const AGENT_DIRECTIONS: {
  readonly [part in Exclude<keyof AgentSection, (typeof AGENT_PARTS)[number]>]-?: AgentDirection;
} = {
  schedule: 'schedule',
  heartbeat_ms: 'larger',
  loss: 'loss_tiers',
  reserve: 'fewer_members',
};
