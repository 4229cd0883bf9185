import { MAX_OPENINGS } from '../policy.ts';
import type { AgentKey, PolicyPath } from '../policy-paths.ts';
import { BUDGETS } from './budgets.ts';
import { type AgentDirection, asked, type Bearing, type KeyRow, NOTHING, rests } from './key-row.ts';

/** The same rows below each of several places. */
function under<Place extends string, Key extends string>(
  places: readonly Place[],
  rows: { readonly [key in Key]: KeyRow },
): { readonly [path in `${Place}.${Key}`]: KeyRow } {
  const entries = Object.entries<KeyRow>(rows);
  const all = places.flatMap((place) => entries.map(([key, row]) => [`${place}.${key}`, row] as const));
  return Object.fromEntries(all) as { readonly [path in `${Place}.${Key}`]: KeyRow };
}

/**
 * One row a key of the policy: which change makes it looser, and what a tightening of it bears on (DESIGN 12.5). For
 * comparisons, the review of resting orders, `policy explain` and docs/policy.md. The compiler refuses a key without a row;
 * tests compare the rows with the schema, and with what a review does.
 */
export const POLICY_KEYS: { readonly [path in PolicyPath]: KeyRow } = {
  version: { direction: 'any_change', ...NOTHING },
  name: { direction: 'free', ...NOTHING },
  mode: { direction: ['enforce', 'shadow'], ...rests('account') },

  // Narrowing cannot trap a position: exits and cancels are never out of scope (rule 2).
  'scope.tools': { direction: 'more_members', ...rests('account') },
  'scope.actions': { direction: 'more_members', ...rests('account') },
  'scope.venues': { direction: 'more_members', ...rests('account') },
  'scope.symbols': { direction: 'more_members', ...rests('symbol') },
  'scope.accounts': { direction: 'more_members', ...rests('account') },

  ...under(['budgets'], BUDGETS),

  // Another window, bar or baseline gives another series of sigma: neither is always above the other.
  // The regime is the symbol's; the account's gross cap and order rate follow the strictest one.
  'market.bar_ms': { direction: 'any_change', ...rests('symbol') },
  'market.volatility.window_bars': { direction: 'any_change', ...rests('symbol') },
  'market.volatility.baseline_bars': { direction: 'any_change', ...rests('symbol') },
  'market.volatility.baseline_quantile': { direction: 'larger_by_regime', ...rests('symbol') },
  'market.volatility.min_history_bars': { direction: 'smaller_by_regime', ...rests('symbol') },
  'market.volatility.volatile': { direction: 'larger_by_regime', ...rests('symbol') },
  'market.volatility.extreme': { direction: 'larger_by_regime', ...rests('symbol') },
  'market.volatility.absolute.volatile': { direction: 'larger_by_regime', ...rests('symbol') },
  'market.volatility.absolute.extreme': { direction: 'larger_by_regime', ...rests('symbol') },
  'market.volatility.jump_sigma': { direction: 'larger_by_regime', ...rests('symbol') },
  'market.regime_hold_bars': { direction: 'smaller_by_regime', ...rests('symbol') },
  'market.funding.extreme': { direction: 'larger_by_regime', ...rests('symbol') },
  'market.liquidity.ema_bars': { direction: 'any_change', ...rests('symbol') },
  'market.liquidity.below_quantile': { direction: 'smaller_by_regime', ...rests('symbol') },
  'market.liquidity.baseline_bars': { direction: 'any_change', ...rests('symbol') },
  ...under(['market.regimes.calm', 'market.regimes.volatile', 'market.regimes.extreme'], {
    leverage: { direction: 'factor', ...rests('symbol') },
    notional: { direction: 'factor', ...rests('symbol') },
    order_rate: { direction: 'factor', ...asked('symbol') },
    slippage: { direction: 'factor', ...rests('symbol') },
    cooldown_ms: { direction: 'smaller', ...asked('symbol') },
    slices: { direction: 'smaller', ...asked('symbol') },
    reduce_only: { direction: 'turned_off', ...rests('symbol') },
  }),
  // What is too old says nothing about an order that rests.
  'market.freshness.mark_ms': { direction: 'larger', ...asked('symbol') },
  'market.freshness.quote_ms': { direction: 'larger', ...asked('symbol') },
  'market.freshness.bars': { direction: 'larger', ...asked('symbol') },
  'market.freshness.account_ms': { direction: 'larger', ...asked('account') },
  'market.freshness.filters_ms': { direction: 'larger', ...asked('symbol') },
  'market.freshness.funding_ms': { direction: 'larger', ...asked('symbol') },
  'market.freshness.clock_skew_ms': { direction: 'larger', ...asked('account') },
  'market.freshness.request_ms': { direction: 'larger', ...asked('caller') },
  'market.collar_bps': { direction: 'larger', ...rests('symbol') },

  // The highest equity of a longer period is at least as high, so the drawdown from it is at least as deep.
  'account.drawdown.window_ms': { direction: 'smaller', ...rests('account') },
  'account.drawdown.tiers': { direction: 'tiers', ...rests('account') },
  'account.daily_loss.tiers': { direction: 'tiers', ...rests('account') },
  'account.margin_ratio.tiers': { direction: 'tiers', ...rests('account') },
  'account.concentration.share': { direction: 'larger', ...rests('symbol') },
  'account.concentration.floor_usdt': { direction: 'larger', ...rests('symbol') },
  'account.min_liquidation_distance': { direction: 'smaller', ...rests('symbol') },
  'account.margin_buffer_usdt': { direction: 'smaller', ...rests('account') },

  'trust.default.provenance': { direction: 'larger', ...rests('caller') },
  'trust.default.capability_risk': { direction: 'smaller', ...rests('caller') },
  'trust.unknown_skill.provenance': { direction: 'larger', ...rests('caller') },
  'trust.unknown_skill.capability_risk': { direction: 'smaller', ...rests('caller') },
  'trust.skills': { direction: 'skills', ...rests('caller') },
  'trust.tiers': { direction: 'trust_tiers', ...rests('caller') },
  // A shorter longest ttl lets a warning lapse sooner.
  ...under(['trust.signals.injection', 'trust.signals.narrative', 'trust.signals.anomaly', 'trust.signals.spend'], {
    multiplier: { direction: 'factor', ...rests('signal') },
    reduce_only: { direction: 'turned_off', ...rests('signal') },
    max_ttl_ms: { direction: 'smaller', ...asked('signal') },
  }),

  // More or older trades can raise the probability of one agent and lower that of another.
  'trader_state.window_trades': { direction: 'any_change', ...rests('caller') },
  'trader_state.max_age_ms': { direction: 'any_change', ...rests('caller') },
  'trader_state.base_rate': { direction: 'smaller', ...rests('caller') },
  'trader_state.limit_at': { direction: 'larger', ...rests('caller') },
  'trader_state.block_at': { direction: 'larger', ...rests('caller') },
  'trader_state.multiplier': { direction: 'factor', ...rests('caller') },
  'trader_state.enforce_block': { direction: 'turned_off', ...rests('caller') },

  'temporal.duplicate_window_ms': { direction: 'smaller', ...asked('caller') },
  'temporal.duplicate_exempt': { direction: 'more_members', ...asked('caller') },
  'temporal.flip_interval_ms': { direction: 'smaller', ...asked('symbol') },
  'temporal.breaker.repeats': { direction: 'larger', ...asked('caller') },
  'temporal.breaker.window_ms': { direction: 'smaller', ...asked('caller') },
  'temporal.breaker.cooldown_ms': { direction: 'smaller', ...asked('caller') },

  'staging.spacing_ms': { direction: 'smaller', ...asked('account') },
  'staging.ttl_ms': { direction: 'larger', ...asked('account') },
  // The authority of an order ends it; no review does.
  'standing.resting_ttl_ms': { direction: 'larger', ...asked('account') },
  'standing.deadman_ms': { direction: 'larger_or_off', ...asked('symbol') },
  'standing.resting': { direction: 'larger', ...rests('caller'), absent: MAX_OPENINGS },
  'standing.on_breach': { direction: ['reduce', 'cancel_opening', 'hold'], ...rests('account') },

  // It has no effect.
  'exits.scope': { direction: 'free', ...NOTHING },
  // Exits must never become harder or dearer unnoticed, and each of these keys trades one for the other.
  'exits.ladder_bps': { direction: 'any_change', ...asked('symbol') },
  'exits.step_ms': { direction: 'any_change', ...asked('symbol') },
  'exits.rate': { direction: 'any_change', ...asked('caller') },
  'exits.resting': { direction: 'any_change', ...asked('caller') },
  'exits.resume_ms': { direction: 'any_change', ...asked('caller') },
  'protection.required': { direction: 'turned_off', ...asked('symbol') },
  'protection.stop_bps': { direction: 'larger', ...asked('symbol') },

  'requests.refusals': { direction: 'rate', ...asked('caller') },
  'requests.dry_runs': { direction: 'rate', ...asked('caller') },
  'requests.intercepts': { direction: 'rate', ...asked('caller') },

  'approvals.when': { direction: 'approvals', ...asked('caller') },
  'approvals.window_ms': { direction: 'approvals', ...asked('caller') },
  'approvals.expiry_ms': { direction: 'approvals', ...asked('caller') },
  'approvals.quorum': { direction: 'approvals', ...asked('caller') },
  'approvals.quorum_above_usdt': { direction: 'approvals', ...asked('caller') },

  'intercept.allow': { direction: 'allowed_tools', ...asked('caller') },
  tools: { direction: 'tool_schemas', ...asked('caller') },
  agents: { direction: 'agents', ...rests('caller') },
  loosen_delay_ms: { direction: 'smaller', ...asked('account') },
};
export const POLICY_PATHS = Object.keys(POLICY_KEYS) as readonly PolicyPath[];

/** The keys of an agent's section: of one that bears on a caller it is that agent. */
export const AGENT_KEYS: { readonly [key in AgentKey]-?: Bearing & { readonly direction: AgentDirection } } = {
  scope: { direction: 'key_by_key', ...rests('caller') },
  budgets: { direction: 'key_by_key', ...rests('caller') },
  temporal: { direction: 'key_by_key', ...asked('caller') },
  trader_state: { direction: 'key_by_key', ...rests('caller') },
  exits: { direction: 'key_by_key', ...NOTHING },
  schedule: { direction: 'schedule', ...rests('caller') },
  // The layer that a silent agent gets ends what rests.
  heartbeat_ms: { direction: 'larger', ...asked('caller') },
  loss: { direction: 'loss_tiers', ...rests('caller') },
  reserve: { direction: 'fewer_members', ...rests('symbol') },
};
