import type { Side } from '../../../core/request.ts';
import type { MarketData, SymbolBars } from '../../facts/markets.ts';
import { remembered } from '../../facts/remembered.ts';

const DAY_MS = 86_400_000;
const VOLATILITY_SPAN_MS = 15 * 3_600_000;

/**
 * Judged bars of one symbol by what had happened when they opened (indices into its columns, ascending): plain figures
 * of the bars before, not the gate's own, so that no episode is chosen by what the gate thinks.
 */
export interface Instants {
  readonly judged: readonly number[];
  /** The wildest twentieth by the volatility of the 15 hours before. */
  readonly wild: readonly number[];
  /** After the worst twentieth of days, falls and rises alike. */
  readonly afterLosses: readonly number[];
  /** The calmer half. */
  readonly calm: readonly number[];
  /** Volatility has just crossed its upper quartile. */
  readonly boundaries: readonly number[];
  /** Last bar before a gap and first bar after it. */
  readonly besideGaps: readonly number[];
}

const known = new WeakMap<MarketData, Map<string, Instants>>();

/** Computed once per symbol of a market. */
export function findInstants(market: MarketData, bars: SymbolBars): Instants {
  const bySymbol = remembered(known, market, () => new Map<string, Instants>());
  return remembered(bySymbol, bars.instrument.symbol, () => computeInstants(market, bars));
}

function computeInstants({ startMs, endMs, barMs }: MarketData, bars: SymbolBars): Instants {
  const { openMs, close } = bars;
  const sigma = trailingVolatility(close, Math.max(2, Math.round(VOLATILITY_SPAN_MS / barMs)));
  const dayBars = Math.max(1, Math.round(DAY_MS / barMs));
  const judged: number[] = [];
  for (let i = 1; i < openMs.length; i++) {
    // The last two bars stay free: an episode needs time to do harm.
    if (openMs[i]! >= startMs && openMs[i]! < endMs - 2 * barMs) judged.push(i);
  }
  const moves = judged.map((i) => Math.abs(Math.log(close[i - 1]! / close[Math.max(0, i - 1 - dayBars)]!)));
  const levels = judged.map((i) => sigma[i - 1]!);
  const [wildFrom, calmBelow, upper] = [quantile(levels, 0.95), quantile(levels, 0.5), quantile(levels, 0.75)];
  const lossesFrom = quantile(moves, 0.95);
  return {
    judged,
    wild: judged.filter((_, n) => levels[n]! >= wildFrom),
    afterLosses: judged.filter((_, n) => moves[n]! >= lossesFrom),
    calm: judged.filter((_, n) => levels[n]! <= calmBelow),
    boundaries: judged.filter((i) => i > 1 && sigma[i - 1]! >= upper !== sigma[i - 2]! >= upper),
    besideGaps: judged.filter(
      (i) => openMs[i]! - openMs[i - 1]! > barMs || (i + 1 < openMs.length && openMs[i + 1]! - openMs[i]! > barMs),
    ),
  };
}

/** Root of the summed squared log moves of the last `window` bars, at each bar's close. */
function trailingVolatility(close: Float64Array, window: number): Float64Array {
  const squares = new Float64Array(close.length);
  const sigma = new Float64Array(close.length);
  let sum = 0;
  for (let i = 1; i < close.length; i++) {
    squares[i] = Math.log(close[i]! / close[i - 1]!) ** 2;
    sum += squares[i]! - (i > window ? squares[i - window]! : 0);
    sigma[i] = Math.sqrt(Math.max(0, sum));
  }
  return sigma;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** Instants of a bar's extremes as shares of it: the mark walks open -> one extreme -> the other -> close. */
const FIRST_EXTREME = 7 / 20;
const SECOND_EXTREME = 14 / 20;

export interface Moment {
  readonly bar: number;
  /** Share of the bar that has passed. */
  readonly share: number;
  readonly side: Side;
  /** What a position taken then loses until it can be undone, as a fraction of its price. */
  readonly loss: number;
}

/**
 * The entry of one bar that loses most until a strategy can react: bought at the high or sold at the low and held to
 * the closes of this bar and the next. Only schedules may look ahead like this.
 */
export function worstMoment({ open, high, low, close }: SymbolBars, bar: number): Moment {
  const exit = (close[bar]! + (close[bar + 1] ?? close[bar]!)) / 2;
  const bought = (high[bar]! - exit) / high[bar]!;
  const sold = (exit - low[bar]!) / low[bar]!;
  // A flat account sees the bar's own direction: a rising bar falls first.
  const isLowFirst = close[bar]! >= open[bar]!;
  return bought >= sold
    ? { bar, share: isLowFirst ? SECOND_EXTREME : FIRST_EXTREME, side: 'buy', loss: bought }
    : { bar, share: isLowFirst ? FIRST_EXTREME : SECOND_EXTREME, side: 'sell', loss: sold };
}

/** The side that loses from an instant of a bar on, by the same exit. Only schedules may look ahead like this. */
export function losingSideAt({ open, high, low, close }: SymbolBars, bar: number, share: number): Side {
  const exit = (close[bar]! + (close[bar + 1] ?? close[bar]!)) / 2;
  const isLowFirst = close[bar]! >= open[bar]!;
  const [first, second] = isLowFirst ? [low[bar]!, high[bar]!] : [high[bar]!, low[bar]!];
  return exit < priceAt([open[bar]!, first, second, close[bar]!], share) ? 'buy' : 'sell';
}

/** The mark of a flat account's path at a share of the bar. */
function priceAt([open, first, second, close]: readonly [number, number, number, number], share: number): number {
  if (share < FIRST_EXTREME) return open + (first - open) * (share / FIRST_EXTREME);
  if (share < SECOND_EXTREME)
    return first + ((second - first) * (share - FIRST_EXTREME)) / (SECOND_EXTREME - FIRST_EXTREME);
  return second + ((close - second) * (share - SECOND_EXTREME)) / (1 - SECOND_EXTREME);
}

/** The worst moment among `patience` bars of `allowed` (ascending) from position `at` on. */
export function worstMomentFrom(bars: SymbolBars, allowed: readonly number[], at: number, patience: number): Moment {
  let worst = worstMoment(bars, allowed[at]!);
  for (let n = at + 1; n < Math.min(allowed.length, at + patience); n++) {
    const moment = worstMoment(bars, allowed[n]!);
    if (moment.loss > worst.loss) worst = moment;
  }
  return worst;
}
