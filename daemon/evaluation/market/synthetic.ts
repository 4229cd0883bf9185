import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { toNumber } from '../../exchange-sim/core/fixed.ts';
import { findInstrument, type Instrument } from '../../exchange-sim/core/instruments.ts';
import type { FundingPoint, MarketData, SymbolBars } from '../facts/markets.ts';
import { allocateColumns, type BarColumns } from './bar-columns.ts';
import { convertInstrument } from './instruments.ts';

/** First judged instant of every synthetic market: a Monday at midnight UTC. */
const START_MS = Date.UTC(2025, 0, 6);
const FUNDING_MS = 8 * 3_600_000;
/** The exchange's interest component, which funding returns to. */
const FUNDING_AT_REST = 0.0001;
/** Rate per 8 hours for a trend of 1 (log return per bar of 15 minutes), and its bound. */
const FUNDING_BY_TREND = 2.4;
const LARGEST_FUNDING = 0.003;
/** Prices stay within this many ticks from below: a market that crashes for ever would reach zero. */
const FEWEST_TICKS = 100;

export interface SyntheticMarketOptions {
  /** 32-bit integer: the same seed and options, the same market to the bit. */
  readonly seed: number;
  /** Judged bars, and bars of history before them. */
  readonly bars: number;
  readonly warmupBars: number;
  /** A divisor of 8 hours, or a multiple of them. */
  readonly barMs: number;
  /** Symbols of the simulated exchange. */
  readonly symbols: readonly string[];
}

/**
 * A made-up market for when there are no data: stretches of calm, volatile and crashing bars, jumps, correlated
 * symbols, volume that rises with volatility, and funding every 8 hours that follows the trend. Prices are whole ticks,
 * volumes whole lots, every bar opens at the close before it, and there are no gaps.
 *
 * @throws RangeError for options that make no market
 */
export function buildSyntheticMarket(options: SyntheticMarketOptions): MarketData {
  const { seed, bars, warmupBars, barMs } = options;
  const instruments = checkOptions(options);
  const count = warmupBars + bars;
  const source = new MoveSource(seed, instruments.length, barMs);
  const moves = Array.from({ length: count }, () => source.next());
  const firstMs = START_MS - warmupBars * barMs;
  const funding = buildFunding(moves, firstMs, barMs);
  const symbols = instruments.map((instrument, i): SymbolBars => {
    const columns = walkPrices(
      instrument,
      moves.map((move) => move.bars[i]!),
      firstMs,
      barMs,
    );
    return { instrument: convertInstrument(instrument), ...columns, funding, gaps: [] };
  });
  return {
    barMs,
    startMs: START_MS,
    endMs: START_MS + bars * barMs,
    symbols,
    inputs: [{ name: 'synthetic', sha256: hashSymbols(symbols), rows: count * symbols.length }],
  };
}

function checkOptions({ seed, bars, warmupBars, barMs, symbols }: SyntheticMarketOptions): readonly Instrument[] {
  if (!Number.isInteger(seed) || (seed | 0) !== seed) throw new RangeError('the seed must be a 32-bit integer');
  if (!Number.isSafeInteger(bars) || bars < 1) throw new RangeError('bars must be an integer, 1 or more');
  if (!Number.isSafeInteger(warmupBars) || warmupBars < 0) throw new RangeError('warmupBars must be an integer >= 0');
  const isWhole =
    Number.isSafeInteger(barMs) && barMs >= 60_000 && (FUNDING_MS % barMs === 0 || barMs % FUNDING_MS === 0);
  if (!isWhole) throw new RangeError('barMs must divide 8 hours or be a multiple of them, at least a minute');
  if (symbols.length === 0 || new Set(symbols).size !== symbols.length) {
    throw new RangeError('symbols must be given, each once');
  }
  return symbols.map((symbol) => {
    const instrument = findInstrument(symbol);
    if (instrument === undefined) throw new RangeError(`the synthetic market knows no symbol ${symbol}`);
    return instrument;
  });
}

/** Puts one symbol's moves on prices, from its usual price on. */
function walkPrices(instrument: Instrument, moves: readonly BarMove[], firstMs: number, barMs: number): BarColumns {
  const { tickMantissa, tickScale, lotMantissa, lotScale } = convertInstrument(instrument);
  const columns = allocateColumns(moves.length);
  const toPrice = (ticks: number): number => (ticks * tickMantissa) / tickScale;
  const atLeast = (ticks: number): number => Math.max(FEWEST_TICKS, Math.round(ticks));
  let close = Math.round((toNumber(instrument.startPrice) * tickScale) / tickMantissa);
  for (const [i, move] of moves.entries()) {
    const open = close;
    close = atLeast(open * Math.exp(move.logReturn));
    columns.openMs[i] = firstMs + i * barMs;
    columns.open[i] = toPrice(open);
    columns.high[i] = toPrice(Math.round(Math.max(open, close) * Math.exp(move.above)));
    columns.low[i] = toPrice(atLeast(Math.min(open, close) * Math.exp(-move.below)));
    columns.close[i] = toPrice(close);
    const lots = Math.max(1, Math.round((move.activity * instrument.barVolume * lotScale) / lotMantissa));
    columns.volume[i] = (lots * lotMantissa) / lotScale;
  }
  return columns;
}

/** A settlement follows the trend of the last bar that closed before it or at its instant. */
function buildFunding(moves: readonly MarketMove[], firstMs: number, barMs: number): readonly FundingPoint[] {
  const points: FundingPoint[] = [];
  const endMs = firstMs + moves.length * barMs;
  for (let atMs = Math.ceil(firstMs / FUNDING_MS) * FUNDING_MS; atMs < endMs; atMs += FUNDING_MS) {
    const trend = moves[Math.floor((atMs - firstMs) / barMs) - 1]?.trend ?? 0;
    const rate = FUNDING_AT_REST + FUNDING_BY_TREND * trend;
    const bounded = Math.max(-LARGEST_FUNDING, Math.min(LARGEST_FUNDING, rate));
    // The exchange publishes eight decimals.
    points.push({ atMs, rate: Math.round(bounded * 1e8) / 1e8, intervalMs: FUNDING_MS });
  }
  return points;
}

/** Over the bars and settlements themselves, little-endian, in the order of the symbols. */
function hashSymbols(symbols: readonly SymbolBars[]): string {
  const hash = createHash('sha256');
  for (const { openMs, open, high, low, close, volume, funding } of symbols) {
    const settled = Float64Array.from(funding.flatMap(({ atMs, rate }) => [atMs, rate]));
    for (const column of [openMs, open, high, low, close, volume, settled]) {
      hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    }
  }
  return hash.digest('hex');
}

export type MarketMood = 'calm' | 'volatile' | 'crash';

/** Figures of a bar of this length; other lengths are scaled by time (variance and chances grow with it). */
const BASE_BAR_MS = 900_000;
/** Standard deviation of a bar's log return, and its drift, by mood. */
const SIGMA: Readonly<Record<MarketMood, number>> = { calm: 0.0015, volatile: 0.0034, crash: 0.009 };
const DRIFT: Readonly<Record<MarketMood, number>> = { calm: 0.000_01, volatile: 0.000_12, crash: -0.0035 };
/** Chance a bar of leaving one mood for another: calm lasts two days, volatile half a day, a crash some two hours. */
const LEAVE: Readonly<Record<MarketMood, readonly (readonly [to: MarketMood, chance: number])[]>> = {
  calm: [
    ['crash', 1 / 2000],
    ['volatile', 1 / 200],
  ],
  volatile: [
    ['crash', 1 / 250],
    ['calm', 1 / 48],
  ],
  crash: [['volatile', 1 / 9]],
};
const JUMP_CHANCE: Readonly<Record<MarketMood, number>> = { calm: 1 / 1200, volatile: 1 / 400, crash: 1 / 40 };
/** A trend that fades with a half-life of about three days and adds to the drift of all symbols. */
const TREND_KEPT = 0.9976;
const TREND_NOISE = 0.000_006;
/** Share of a symbol's noise that all symbols have in common. */
const COMMON_SHARE = 0.8;
const OWN_SHARE = 0.6;
/** Later symbols move more: the first is the market's own. */
const EXTRA_BETA = 0.2;

/** Random figures of one bar of one symbol before they are put on a price. */
export interface BarMove {
  readonly logReturn: number;
  /** Log distances of the high above, and of the low below, both ends of the bar's body. */
  readonly above: number;
  readonly below: number;
  /** In units of the symbol's usual volume of a bar. */
  readonly activity: number;
}
export interface MarketMove {
  readonly mood: MarketMood;
  /** Drift of all symbols by the running trend, per bar. */
  readonly trend: number;
  /** In the order of the symbols. */
  readonly bars: readonly BarMove[];
}

/** Moves of all symbols bar by bar: a chain of moods, a common and an own noise, jumps, and a slow trend. */
export class MoveSource {
  readonly #random: RandomGenerator;
  readonly #time: number;
  readonly #symbols: number;
  #mood: MarketMood = 'calm';
  #trend = 0;

  /** `seed`: 32-bit integer. */
  constructor(seed: number, symbols: number, barMs: number) {
    this.#random = xoroshiro128plus(seed);
    this.#symbols = symbols;
    this.#time = barMs / BASE_BAR_MS;
  }

  next(): MarketMove {
    this.#mood = this.#nextMood();
    this.#trend = this.#trend * TREND_KEPT ** this.#time + TREND_NOISE * Math.sqrt(this.#time) * this.#normal();
    const sigma = SIGMA[this.#mood] * Math.sqrt(this.#time);
    const common = this.#normal();
    const jump = this.#drawJump();
    const drift = (DRIFT[this.#mood] + this.#trend) * this.#time;
    const bars = Array.from({ length: this.#symbols }, (_, i) => {
      const scale = sigma * (1 + EXTRA_BETA * i);
      const shock = COMMON_SHARE * common + OWN_SHARE * this.#normal() + jump;
      return {
        logReturn: drift + shock * scale,
        above: this.#wick() * scale,
        below: this.#wick() * scale,
        activity: this.#drawActivity(jump !== 0),
      };
    });
    return { mood: this.#mood, trend: this.#trend, bars };
  }

  #nextMood(): MarketMood {
    const draw = uniformFloat64(this.#random);
    let below = 0;
    for (const [to, chance] of LEAVE[this.#mood]) {
      below += 1 - (1 - chance) ** this.#time;
      if (draw < below) return to;
    }
    return this.#mood;
  }

  /** 0, or seven to fourteen standard deviations at once: more often down than up. */
  #drawJump(): number {
    const happens = uniformFloat64(this.#random) < 1 - (1 - JUMP_CHANCE[this.#mood]) ** this.#time;
    const size = 7 + 7 * uniformFloat64(this.#random);
    const sign = uniformFloat64(this.#random) < 0.6 ? -1 : 1;
    return happens ? sign * size : 0;
  }

  #wick(): number {
    return Math.min(2, 0.6 * Math.abs(this.#normal()));
  }

  /** Volume rises with volatility, and fourfold with a jump. */
  #drawActivity(jumps: boolean): number {
    const byMood = 0.4 + (0.6 * SIGMA[this.#mood]) / SIGMA.calm;
    return Math.exp(0.35 * this.#normal()) * byMood * (jumps ? 4 : 1) * this.#time;
  }

  /** Standard normal, cut at four. */
  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(this.#random)));
    const value = radius * Math.cos(2 * Math.PI * uniformFloat64(this.#random));
    return Math.max(-4, Math.min(4, value));
  }
}
