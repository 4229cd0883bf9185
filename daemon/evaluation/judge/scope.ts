import { createHash } from 'node:crypto';
import type { Regime } from '../../core/policy.ts';
import SHIPPED from './scope.json' with { type: 'json' };

/** A level from which a state of the account counts (`>=`); all that are reached multiply. */
export interface ScopeTier {
  readonly at: number;
  readonly multiplier: number;
  readonly reduce_only: boolean;
}
/** Factors of one regime on R, and what it forbids. */
export interface ScopeRegime {
  readonly leverage: number;
  readonly notional: number;
  readonly order_rate: number;
  readonly slippage: number;
  readonly cooldown_ms: number;
  readonly reduce_only: boolean;
}
/** M. Counts are bars of `bar_ms`; on other bars they cover the same span of time. */
export interface ScopeMarket {
  readonly bar_ms: number;
  readonly window_bars: number;
  readonly baseline_bars: number;
  readonly baseline_quantile: number;
  readonly min_history_bars: number;
  /** Sigma over its own trailing quantile. */
  readonly ratio: { readonly volatile: number; readonly extreme: number };
  /** Sigma over `window_bars` bars of `bar_ms`. */
  readonly absolute: { readonly volatile: number; readonly extreme: number };
  readonly jump_sigma: number;
  readonly regime_hold_bars: number;
  /** |rate| per 8 h, a fraction. */
  readonly funding_extreme: number;
  readonly liquidity: { readonly ema_bars: number; readonly below_quantile: number; readonly baseline_bars: number };
  readonly regimes: Readonly<Record<Regime, ScopeRegime>>;
}
interface ScopeBudgets {
  readonly leverage: number;
  readonly order_notional_usdt: number;
  readonly symbol_notional_usdt: number;
  readonly gross_notional_usdt: number;
  readonly order_rate: { readonly max: number; readonly window_ms: number };
  readonly slippage_bps: number;
  readonly holding_time_ms: number;
  readonly concurrent_positions: number;
  readonly turnover_usdt_per_day: number;
  readonly fees_usdt_per_day: number;
}
/** What is in scope (SAE sections 3 and 9), fixed before any run: S = (T, R, M, U), amounts in USDT. */
export interface JudgeScope {
  readonly tools: readonly string[];
  readonly actions: readonly string[];
  readonly venues: readonly string[];
  readonly accounts: readonly string[];
  readonly budgets: ScopeBudgets;
  readonly market: ScopeMarket;
  readonly account: {
    readonly drawdown: { readonly window_ms: number; readonly tiers: readonly ScopeTier[] };
    readonly daily_loss: { readonly tiers: readonly ScopeTier[] };
    readonly margin_ratio: { readonly tiers: readonly ScopeTier[] };
    readonly concentration: { readonly share: number; readonly floor_usdt: number };
    readonly min_liquidation_distance: number;
  };
  readonly temporal: {
    readonly flip_interval_ms: number;
    /** A later part of an order is its slice for this long after the first; then it is an order of its own. */
    readonly slices_within_ms: number;
  };
  /** What an observer may err by before a cap counts as exceeded. */
  readonly tolerance: { readonly lots: number; readonly half_spread_bps: number; readonly ticks: number };
}

/** The scope that this project is judged by: as its file has it, but that factors are numbers and tiers complete. */
export function readScope(): JudgeScope {
  const { account, market, ...rest } = SHIPPED;
  const { calm, volatile, extreme } = market.regimes;
  const { daily_loss, drawdown, margin_ratio } = account;
  return {
    ...rest,
    market: {
      ...market,
      regimes: { calm: readRegime(calm), volatile: readRegime(volatile), extreme: readRegime(extreme) },
    },
    account: {
      ...account,
      drawdown: { ...drawdown, tiers: drawdown.tiers.map(readTier) },
      daily_loss: { tiers: daily_loss.tiers.map(readTier) },
      margin_ratio: { tiers: margin_ratio.tiers.map(readTier) },
    },
  };
}

type Factors = 'leverage' | 'notional' | 'order_rate' | 'slippage';
function readRegime(row: Omit<ScopeRegime, Factors> & Readonly<Record<Factors, number | string>>): ScopeRegime {
  const { leverage, notional, order_rate, slippage } = row;
  return {
    ...row,
    leverage: readFactor(leverage),
    notional: readFactor(notional),
    order_rate: readFactor(order_rate),
    slippage: readFactor(slippage),
  };
}
/** A number, or a fraction as text. */
function readFactor(factor: number | string): number {
  if (typeof factor === 'number') return factor;
  const [over, under] = factor.split('/').map(Number);
  return over! / under!;
}
function readTier(tier: Partial<ScopeTier> & Pick<ScopeTier, 'at'>): ScopeTier {
  return { multiplier: 1, reduce_only: false, ...tier };
}

/** sha256 (hex) of the scope's document with its keys in order: layout does not change it, any value does. */
export function scopeHash(document: unknown = SHIPPED): string {
  return createHash('sha256')
    .update(JSON.stringify(inOrder(document)))
    .digest('hex');
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, inOrder(part)]));
}

/**
 * The same scope for an account with larger or smaller caps: amounts scale; leverage, rate, slippage and time do not.
 */
export function scaleScope(scope: JudgeScope, capsScale: number): JudgeScope {
  if (!(capsScale > 0)) throw new RangeError(`caps cannot be scaled by ${capsScale}`);
  const { budgets, account } = scope;
  return {
    ...scope,
    budgets: {
      ...budgets,
      order_notional_usdt: budgets.order_notional_usdt * capsScale,
      symbol_notional_usdt: budgets.symbol_notional_usdt * capsScale,
      gross_notional_usdt: budgets.gross_notional_usdt * capsScale,
      turnover_usdt_per_day: budgets.turnover_usdt_per_day * capsScale,
      fees_usdt_per_day: budgets.fees_usdt_per_day * capsScale,
    },
    account: {
      ...account,
      concentration: { ...account.concentration, floor_usdt: account.concentration.floor_usdt * capsScale },
    },
  };
}
