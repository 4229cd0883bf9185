import { insertInOrder, selectNth } from './order-statistic.ts';
import type { TradeRecord } from './round-trips.ts';

/** How an agent has been trading lately, each in [0, 1], 0 = nothing of the kind. */
export interface TraderFeatures {
  /** Size re-entered with after a loss over the losing trade's: mean growth, fourfold and more is full. */
  readonly reentry_growth: number;
  /** Size re-entered with after a loss over the agent's own median size: mean excess, fourfold and more is full. */
  readonly reentry_size: number;
  /** Losing trades in a row up to now, full at STREAK_FULL. */
  readonly loss_streak: number;
  /** Share of trades that turned against the one before in their symbol, sooner than the agent's usual pace. */
  readonly fast_flips: number;
  /** Pace of the last trades over the agent's own median pace; eightfold and more is full. */
  readonly burst: number;
}
export const TRADER_FEATURE_NAMES = ['reentry_growth', 'reentry_size', 'loss_streak', 'fast_flips', 'burst'] as const;

/** Weight of a finding after each further one of its kind: the last six or so count. */
const DECAY = 0.85;
const FULL_GROWTH = Math.log(4);
const FULL_BURST = Math.log(8);
const STREAK_FULL = 6;
const BURST_TRADES = 5;
/** A pace is compared with its own median only when that rests on more than the trades compared. */
const BURST_MIN_INTERVALS = 2 * BURST_TRADES;

function clampToUnit(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** Log of a ratio in units of {@link FULL_GROWTH}, within [-1, 1]: noise in sizes averages out, one outlier does not dominate. */
function logGrowth(ratio: number): number {
  return Math.min(1, Math.max(-1, Math.log(ratio) / FULL_GROWTH));
}

/** Recency-weighted mean that starts from one finding of 0. */
class DecayingMean {
  #sum = 0;
  #weight = 0;
  add(value: number): void {
    this.#sum = this.#sum * DECAY + value;
    this.#weight = this.#weight * DECAY + 1;
  }
  get value(): number {
    return this.#sum / (this.#weight + 1);
  }
}

function compareByClosing(a: TradeRecord, b: TradeRecord): number {
  return (a.closed_at_ms ?? 0) - (b.closed_at_ms ?? 0);
}

/** Length of the run of losses among the trades closed so far, in the order of their closing, and the last of them. */
class LossRun {
  readonly #byClose: readonly TradeRecord[];
  #next = 0;
  last: TradeRecord | null = null;
  losses = 0;

  constructor(trades: readonly TradeRecord[]) {
    const byClose: TradeRecord[] = [];
    for (let i = 0; i < trades.length; i++)
      if (trades[i]!.closed_at_ms !== null) insertInOrder(byClose, trades[i]!, compareByClosing);
    this.#byClose = byClose;
  }
  advanceThrough(atMs: number): void {
    for (; this.#next < this.#byClose.length; this.#next++) {
      const trade = this.#byClose[this.#next]!;
      if ((trade.closed_at_ms ?? 0) > atMs) return;
      this.last = trade;
      this.losses = (trade.pnl_usdt ?? 0) < 0 ? this.losses + 1 : 0;
    }
  }
}

/** Milliseconds between successive openings, at least 1. */
function openingIntervals(trades: readonly TradeRecord[]): number[] {
  const intervals: number[] = [];
  for (let i = 1; i < trades.length; i++) {
    intervals.push(Math.max(1, trades[i]!.opened_at_ms - trades[i - 1]!.opened_at_ms));
  }
  return intervals;
}

/** Room to select in, reused by every call; what it holds between two says nothing. */
let room = new Float64Array(256);

function medianOf(values: readonly number[]): number {
  const { length } = values;
  if (length === 0) return 0;
  const middle = Math.ceil(length / 2) - 1;
  if (length > room.length) room = new Float64Array(2 * length);
  for (let i = 0; i < length; i += 1) {
    const value = values[i]!;
    // What cannot be compared keeps its place.
    if (Number.isNaN(value)) return [...values].sort((a, b) => a - b)[middle] ?? 0;
    room[i] = value;
  }
  return selectNth(room, length, middle);
}

function measureBurst(intervals: readonly number[], median: number): number {
  if (intervals.length < BURST_MIN_INTERVALS) return 0;
  let recent = 0;
  for (let i = intervals.length - BURST_TRADES; i < intervals.length; i++) recent += intervals[i]! / BURST_TRADES;
  return clampToUnit(Math.log(median / recent) / FULL_BURST);
}

function sizesOf(trades: readonly TradeRecord[]): number[] {
  const sizes: number[] = [];
  for (let i = 0; i < trades.length; i++) sizes.push(trades[i]!.notional_usdt);
  return sizes;
}

/** Measures the trades given, ordered by their opening. No trades: all zero. */
export function measureTrader(trades: readonly TradeRecord[]): TraderFeatures {
  const intervals = openingIntervals(trades);
  const median = medianOf(intervals);
  const medianSize = medianOf(sizesOf(trades));
  const growth = new DecayingMean();
  const size = new DecayingMean();
  const flips = new DecayingMean();
  const run = new LossRun(trades);
  const lastOfSymbol = new Map<string, TradeRecord>();
  for (let i = 0; i < trades.length; i++) {
    const trade = trades[i]!;
    run.advanceThrough(trade.opened_at_ms);
    if (run.losses > 0 && run.last !== null) {
      growth.add(logGrowth(trade.notional_usdt / run.last.notional_usdt));
      size.add(logGrowth(trade.notional_usdt / medianSize));
    }
    const previous = lastOfSymbol.get(trade.symbol);
    if (previous !== undefined) {
      const isFast = trade.opened_at_ms - previous.opened_at_ms < median;
      flips.add(isFast && trade.side !== previous.side ? 1 : 0);
    }
    lastOfSymbol.set(trade.symbol, trade);
  }
  run.advanceThrough(Number.POSITIVE_INFINITY);
  return {
    reentry_growth: clampToUnit(growth.value),
    reentry_size: clampToUnit(size.value),
    loss_streak: Math.min(1, run.losses / STREAK_FULL),
    fast_flips: flips.value,
    burst: measureBurst(intervals, median),
  };
}

/** Logistic weights and the isotonic map from score to probability, fitted offline; see docs/trader-state.md. */
export interface TraderStateModel {
  readonly intercept: number;
  readonly weights: TraderFeatures;
  /** [score, probability], both rising; linear in between, constant beyond the ends. At least one. */
  readonly knots: readonly (readonly [number, number])[];
}
