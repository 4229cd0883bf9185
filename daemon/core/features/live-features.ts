import { isPrice } from './bars.ts';
import type { MarketFeatures } from './market.ts';

/** Stands for a ratio too large to matter, also for a move after a window without any. */
export const MAX_JUMP_RATIO = 1e9;
/** Keeps the liquidity finite when the price has not moved; a thousandth of a basis point. */
const LIQUIDITY_EPSILON = 1e-7;

/** What features are read from once a bar has closed: plain figures, so that they can be kept for every bar. */
export interface WindowSnapshot {
  readonly bar_ms: number;
  readonly bars_as_of_ms: number;
  readonly bar_count: number;
  readonly history_count: number;
  /** Returns in the window, at most its length. */
  readonly return_count: number;
  /** Close of the last closed bar. */
  readonly close: number;
  readonly volume_ema: number;
  /** Of the log returns in the window, and its root. */
  readonly sum_of_squares: number;
  readonly sigma: number;
  readonly sigma_baseline: number | null;
  readonly liquidity_floor: number | null;
  /** Of the last closed bar. */
  readonly jump_ratio: number;
}

/** |r| in units of the window's own move per bar; 0 while there is nothing to compare with. */
export function jumpRatio(move: number, sigmaBefore: number, returnsBefore: number): number {
  if (returnsBefore === 0 || move === 0) return 0;
  const ratio = Math.abs(move) / (sigmaBefore / Math.sqrt(returnsBefore));
  return Math.min(ratio, MAX_JUMP_RATIO);
}

/** EMA(volume) / (sigma + eps), base asset (SAE-LIQ). */
export function liquidityOf(volumeEma: number, sigma: number): number {
  return volumeEma / (sigma + LIQUIDITY_EPSILON);
}

/** Features as of the last closed bar. */
export function readClosedFeatures(snapshot: WindowSnapshot): MarketFeatures {
  const { sigma } = snapshot;
  return buildFeatures(snapshot, sigma, liquidityOf(snapshot.volume_ema, sigma), snapshot.jump_ratio);
}

/**
 * Features with the running bar: its squared log move from the last close is added to the whole window (window_bars
 * closed bars and the running one), so live volatility is never below the closed one and equals it while the mark
 * stands at the last close. Null when the mark is not a price.
 */
export function readLiveFeatures(snapshot: WindowSnapshot, mark: number): MarketFeatures | null {
  if (!isPrice(mark)) return null;
  const move = Math.log(mark / snapshot.close);
  const sigma = Math.sqrt(snapshot.sum_of_squares + move * move);
  const running = jumpRatio(move, snapshot.sigma, snapshot.return_count);
  const jump = Math.max(snapshot.jump_ratio, running);
  return buildFeatures(snapshot, sigma, liquidityOf(snapshot.volume_ema, sigma), jump);
}

function buildFeatures(snapshot: WindowSnapshot, sigma: number, liquidity: number, jump: number): MarketFeatures {
  return {
    bar_ms: snapshot.bar_ms,
    bars_as_of_ms: snapshot.bars_as_of_ms,
    bar_count: snapshot.bar_count,
    history_count: snapshot.history_count,
    sigma,
    sigma_baseline: snapshot.sigma_baseline,
    jump_ratio: jump,
    liquidity,
    liquidity_floor: snapshot.liquidity_floor,
  };
}
