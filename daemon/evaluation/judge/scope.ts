import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Regime } from '../../core/policy.ts';

/**
 * Reads an untrusted document into a shape: every key must be there, none may be unknown, and all that is wrong is
 * listed at once.
 */
export type Leaf = (value: unknown, path: string, errors: string[]) => unknown;
export interface Shape {
  readonly [key: string]: Leaf | Shape;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The document as the shape's leaves read it; `errors` collects `path: what is allowed`. */
export function parseShape(shape: Shape, value: unknown, path: string, errors: string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (!isRecord(value)) {
    errors.push(`${path}: an object is wanted`);
    return result;
  }
  for (const key of Object.keys(value)) if (!Object.hasOwn(shape, key)) errors.push(`${path}.${key}: unknown key`);
  for (const [key, part] of Object.entries(shape)) {
    const where = `${path}.${key}`;
    if (!Object.hasOwn(value, key)) errors.push(`${where}: missing`);
    else
      result[key] =
        typeof part === 'function' ? part(value[key], where, errors) : parseShape(part, value[key], where, errors);
  }
  return result;
}

/** A number from `least` to `most`. */
export function number(least: number, most: number): Leaf {
  return (value, path, errors) => {
    if (typeof value !== 'number' || !(value >= least && value <= most))
      errors.push(`${path}: a number from ${least} to ${most} is wanted`);
    return value;
  };
}

export function whole(least: number, most: number): Leaf {
  return (value, path, errors) => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
      errors.push(`${path}: a whole number from ${least} to ${most} is wanted`);
    return value;
  };
}

export const isTrueOrFalse: Leaf = (value, path, errors) => {
  if (typeof value !== 'boolean') errors.push(`${path}: true or false is wanted`);
  return value;
};

/** A factor in (0, 1]: a number, or a fraction as text. */
export const factor: Leaf = (value, path, errors) => {
  const parts = typeof value === 'string' ? /^([1-9][0-9]*)\/([1-9][0-9]*)$/.exec(value) : null;
  const read = parts === null ? value : Number(parts[1]) / Number(parts[2]);
  if (typeof read !== 'number' || !(read > 0 && read <= 1))
    errors.push(`${path}: a factor above 0 and up to 1 is wanted`);
  return read;
};

export const names: Leaf = (value, path, errors) => {
  const isList = Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'string');
  if (!isList || new Set(value).size !== value.length) errors.push(`${path}: a list of different names is wanted`);
  return value;
};

export function exactly(wanted: unknown): Leaf {
  return (value, path, errors) => {
    if (value !== wanted) errors.push(`${path}: ${JSON.stringify(wanted)} is wanted`);
    return value;
  };
}

/** Levels that rise, each with a multiplier, `reduce_only`, or both. */
export const tiers: Leaf = (value, path, errors) => {
  if (!Array.isArray(value)) {
    errors.push(`${path}: a list is wanted`);
    return value;
  }
  let last = 0;
  return value.map((entry: unknown, i) => {
    const where = `${path}[${i}]`;
    const given = isRecord(entry) ? entry : {};
    const tier = { multiplier: 1, reduce_only: false, ...given };
    const read = parseShape({ at: number(0, 1), multiplier: factor, reduce_only: isTrueOrFalse }, tier, where, errors);
    if (!('multiplier' in given) && given.reduce_only !== true) errors.push(`${where}: has no effect`);
    if (typeof read.at === 'number' && read.at <= last) errors.push(`${where}.at: must rise`);
    last = typeof read.at === 'number' ? read.at : last;
    return read;
  });
};

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
