import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Regime } from '../../core/policy.ts';
import { exactly, factor, isTrueOrFalse, names, number, parseShape, type Shape, tiers, whole } from './scope-shape.ts';

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
export interface ScopeBudgets {
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
  readonly version: 1;
  readonly tools: readonly string[];
  readonly actions: readonly string[];
  readonly venues: readonly string[];
  /** The symbols of the judged market, and no other. */
  readonly symbols: 'market';
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

const FILE = new URL('./scope.json', import.meta.url);
const LONGEST_MS = 315_360_000_000;
const usdt = number(0.01, 1e12);
const count = whole(1, 1e6);
const span = whole(1, LONGEST_MS);
const share = number(1e-6, 1);
const level = number(1e-6, 1e3);
const REGIME: Shape = {
  leverage: factor,
  notional: factor,
  order_rate: factor,
  slippage: factor,
  cooldown_ms: whole(0, LONGEST_MS),
  reduce_only: isTrueOrFalse,
};
const SHAPE: Shape = {
  version: exactly(1),
  tools: names,
  actions: names,
  venues: names,
  symbols: exactly('market'),
  accounts: names,
  budgets: {
    leverage: whole(1, 125),
    order_notional_usdt: usdt,
    symbol_notional_usdt: usdt,
    gross_notional_usdt: usdt,
    order_rate: { max: count, window_ms: span },
    slippage_bps: number(0.1, 5000),
    holding_time_ms: span,
    concurrent_positions: whole(1, 1000),
    turnover_usdt_per_day: usdt,
    fees_usdt_per_day: usdt,
  },
  market: {
    bar_ms: whole(1, 86_400_000),
    window_bars: whole(2, 1e6),
    baseline_bars: whole(2, 1e6),
    baseline_quantile: number(0.01, 0.99),
    min_history_bars: count,
    ratio: { volatile: level, extreme: level },
    absolute: { volatile: level, extreme: level },
    jump_sigma: level,
    regime_hold_bars: count,
    funding_extreme: share,
    liquidity: { ema_bars: count, below_quantile: number(0, 0.99), baseline_bars: whole(2, 1e6) },
    regimes: { calm: REGIME, volatile: REGIME, extreme: REGIME },
  },
  account: {
    drawdown: { window_ms: span, tiers },
    daily_loss: { tiers },
    margin_ratio: { tiers },
    concentration: { share: number(0.01, 0.99), floor_usdt: number(0, 1e12) },
    min_liquidation_distance: number(0.001, 0.99),
  },
  temporal: { flip_interval_ms: span, slices_within_ms: span },
  tolerance: { lots: number(0, 1000), half_spread_bps: number(0, 1000), ticks: number(0, 1000) },
};

/** Everything that is wrong with a scope document, one line each. */
export class ScopeError extends Error {
  readonly code = 'SCOPE_INVALID';
  constructor(violations: readonly string[]) {
    super(`the judge's scope is not valid:\n${violations.join('\n')}`);
    this.name = 'ScopeError';
  }
}

/** Reads a scope from its document. Throws ScopeError with every violation. */
export function parseScope(document: unknown): JudgeScope {
  const errors: string[] = [];
  const scope = parseShape(SHAPE, document, 'scope', errors);
  if (errors.length > 0) throw new ScopeError(errors);
  return scope as unknown as JudgeScope;
}

/** The scope that this project is judged by. Throws ScopeError. */
export function readScope(): JudgeScope {
  return parseScope(JSON.parse(readFileSync(FILE, 'utf8')));
}

/** sha256 (hex) of the scope's document with its keys in order: layout does not change it, any value does. */
export function scopeHash(document: unknown = JSON.parse(readFileSync(FILE, 'utf8'))): string {
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
