import type { AgentKey, PolicyPath } from './policy-paths.ts';

/** What a tightening bears on: the account, each symbol, each caller, or what the signal names. */
export type Scope = 'account' | 'symbol' | 'caller' | 'signal';
export interface Bearing {
  /** Null: it tightens nothing. */
  readonly scope: Scope | null;
  /** On what rests, too (rule 15), and not only on what is asked or sent from then on. */
  readonly rests: boolean;
}

const NOTHING: Bearing = { scope: null, rests: false };
const rests = (scope: Scope): Bearing => ({ scope, rests: true });
const asked = (scope: Scope): Bearing => ({ scope, rests: false });

/**
 * What each key of the policy bears on (DESIGN 12.5): the one table for the review of resting orders, `policy explain` and
 * docs/policy.md. The compiler refuses a key without a row; tests compare it with the schema, and with what a review does.
 */
export const SCOPES: { readonly [path in PolicyPath]: Bearing } = {
  version: NOTHING,
  name: NOTHING,
  mode: rests('account'),

  'scope.tools': rests('account'),
  'scope.actions': rests('account'),
  'scope.venues': rests('account'),
  'scope.symbols': rests('symbol'),
  'scope.accounts': rests('account'),

  'budgets.leverage': rests('account'),
  'budgets.order_notional_usdt': rests('account'),
  'budgets.symbol_notional_usdt': rests('symbol'),
  'budgets.gross_notional_usdt': rests('account'),
  'budgets.order_rate': asked('account'),
  'budgets.slippage_bps': rests('account'),
  'budgets.holding_time_ms': rests('symbol'),
  'budgets.concurrent_positions': rests('account'),
  'budgets.turnover_usdt_per_day': asked('account'),
  'budgets.fees_usdt_per_day': asked('account'),

  // The regime is the symbol's; the account's gross cap and order rate follow the strictest one.
  'market.bar_ms': rests('symbol'),
  'market.volatility.window_bars': rests('symbol'),
  'market.volatility.baseline_bars': rests('symbol'),
  'market.volatility.baseline_quantile': rests('symbol'),
  'market.volatility.min_history_bars': rests('symbol'),
  'market.volatility.volatile': rests('symbol'),
  'market.volatility.extreme': rests('symbol'),
  'market.volatility.absolute.volatile': rests('symbol'),
  'market.volatility.absolute.extreme': rests('symbol'),
  'market.volatility.jump_sigma': rests('symbol'),
  'market.regime_hold_bars': rests('symbol'),
  'market.funding.extreme': rests('symbol'),
  'market.liquidity.ema_bars': rests('symbol'),
  'market.liquidity.below_quantile': rests('symbol'),
  'market.liquidity.baseline_bars': rests('symbol'),
  'market.regimes.calm.leverage': rests('symbol'),
  'market.regimes.calm.notional': rests('symbol'),
  'market.regimes.calm.order_rate': asked('symbol'),
  'market.regimes.calm.slippage': rests('symbol'),
  'market.regimes.calm.cooldown_ms': asked('symbol'),
  'market.regimes.calm.slices': asked('symbol'),
  'market.regimes.calm.reduce_only': rests('symbol'),
  'market.regimes.volatile.leverage': rests('symbol'),
  'market.regimes.volatile.notional': rests('symbol'),
  'market.regimes.volatile.order_rate': asked('symbol'),
  'market.regimes.volatile.slippage': rests('symbol'),
  'market.regimes.volatile.cooldown_ms': asked('symbol'),
  'market.regimes.volatile.slices': asked('symbol'),
  'market.regimes.volatile.reduce_only': rests('symbol'),
  'market.regimes.extreme.leverage': rests('symbol'),
  'market.regimes.extreme.notional': rests('symbol'),
  'market.regimes.extreme.order_rate': asked('symbol'),
  'market.regimes.extreme.slippage': rests('symbol'),
  'market.regimes.extreme.cooldown_ms': asked('symbol'),
  'market.regimes.extreme.slices': asked('symbol'),
  'market.regimes.extreme.reduce_only': rests('symbol'),
  // What is too old says nothing about an order that rests.
  'market.freshness.mark_ms': asked('symbol'),
  'market.freshness.quote_ms': asked('symbol'),
  'market.freshness.bars': asked('symbol'),
  'market.freshness.account_ms': asked('account'),
  'market.freshness.filters_ms': asked('symbol'),
  'market.freshness.funding_ms': asked('symbol'),
  'market.freshness.clock_skew_ms': asked('account'),
  'market.freshness.request_ms': asked('caller'),
  'market.collar_bps': rests('symbol'),

  'account.drawdown.window_ms': rests('account'),
  'account.drawdown.tiers': rests('account'),
  'account.daily_loss.tiers': rests('account'),
  'account.margin_ratio.tiers': rests('account'),
  'account.concentration.share': rests('symbol'),
  'account.concentration.floor_usdt': rests('symbol'),
  'account.min_liquidation_distance': rests('symbol'),
  'account.margin_buffer_usdt': rests('account'),

  'trust.default.provenance': rests('caller'),
  'trust.default.capability_risk': rests('caller'),
  'trust.unknown_skill.provenance': rests('caller'),
  'trust.unknown_skill.capability_risk': rests('caller'),
  'trust.skills': rests('caller'),
  'trust.tiers': rests('caller'),
  'trust.signals.injection.multiplier': rests('signal'),
  'trust.signals.injection.reduce_only': rests('signal'),
  'trust.signals.injection.max_ttl_ms': asked('signal'),
  'trust.signals.narrative.multiplier': rests('signal'),
  'trust.signals.narrative.reduce_only': rests('signal'),
  'trust.signals.narrative.max_ttl_ms': asked('signal'),
  'trust.signals.anomaly.multiplier': rests('signal'),
  'trust.signals.anomaly.reduce_only': rests('signal'),
  'trust.signals.anomaly.max_ttl_ms': asked('signal'),
  'trust.signals.spend.multiplier': rests('signal'),
  'trust.signals.spend.reduce_only': rests('signal'),
  'trust.signals.spend.max_ttl_ms': asked('signal'),

  'trader_state.window_trades': rests('caller'),
  'trader_state.max_age_ms': rests('caller'),
  'trader_state.base_rate': rests('caller'),
  'trader_state.limit_at': rests('caller'),
  'trader_state.block_at': rests('caller'),
  'trader_state.multiplier': rests('caller'),
  'trader_state.enforce_block': rests('caller'),

  'temporal.duplicate_window_ms': asked('caller'),
  'temporal.duplicate_exempt': asked('caller'),
  'temporal.flip_interval_ms': asked('symbol'),
  'temporal.breaker.repeats': asked('caller'),
  'temporal.breaker.window_ms': asked('caller'),
  'temporal.breaker.cooldown_ms': asked('caller'),

  'staging.spacing_ms': asked('account'),
  'staging.ttl_ms': asked('account'),
  // The authority of an order ends it; no review does.
  'standing.resting_ttl_ms': asked('account'),
  'standing.resting': rests('caller'),
  'standing.deadman_ms': asked('symbol'),
  'standing.on_breach': rests('account'),

  'exits.scope': NOTHING,
  'exits.ladder_bps': asked('symbol'),
  'exits.step_ms': asked('symbol'),
  'exits.rate': asked('caller'),
  'exits.resting': asked('caller'),
  'exits.resume_ms': asked('caller'),
  'protection.required': asked('symbol'),
  'protection.stop_bps': asked('symbol'),

  'requests.refusals': asked('caller'),
  'requests.dry_runs': asked('caller'),
  'requests.intercepts': asked('caller'),

  'approvals.when': asked('caller'),
  'approvals.window_ms': asked('caller'),
  'approvals.expiry_ms': asked('caller'),
  'approvals.quorum': asked('caller'),
  'approvals.quorum_above_usdt': asked('caller'),

  'intercept.allow': asked('caller'),
  tools: asked('caller'),
  agents: rests('caller'),
  loosen_delay_ms: asked('account'),
};

/** What each key of an agent's section bears on: that caller, or the symbols that it names. */
export const AGENT_SCOPES: { readonly [key in AgentKey]-?: Bearing } = {
  scope: rests('caller'),
  budgets: rests('caller'),
  temporal: asked('caller'),
  trader_state: rests('caller'),
  exits: NOTHING,
  reserve: rests('symbol'),
  schedule: rests('caller'),
  // The layer that a silent agent gets ends what rests.
  heartbeat_ms: asked('caller'),
  loss: rests('caller'),
};
