import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { fromNumber, toNumber } from '../core/fixed.ts';
import type { Instrument } from '../core/instruments.ts';
import type { Bar, BarSource, FundingPoint } from './bars.ts';

export const SYNTHETIC_BAR_MS = 900_000;
/** Bars before the one that is running when the market is created, unless told otherwise. */
export const PREHISTORY_BARS = 3000;
/** Quiet bars that end the prehistory, and that start the live market (four bars cover 30 minutes from anywhere). */
const QUIET_BEFORE = 130;
const QUIET_AFTER = 4;
const FUNDING_MS = 8 * 3_600_000;

type Regime = 'quiet' | 'calm' | 'volatile' | 'extreme';

/** Standard deviation of a bar's log return by regime. */
const SIGMA: Record<Regime, number> = { quiet: 0.001, calm: 0.0016, volatile: 0.0035, extreme: 0.008 };

/** Random figures of one bar of one symbol, before they are put on a price. */
interface Draw {
  readonly logReturn: number;
  readonly above: number;
  readonly below: number;
  readonly volume: number;
}
interface DrawnBar extends Draw {
  readonly open: number;
  readonly close: number;
}

function normal(random: RandomGenerator): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(random)));
  return radius * Math.cos(2 * Math.PI * uniformFloat64(random));
}

function clip(value: number): number {
  return Math.max(-3, Math.min(3, value));
}

/** What may differ from the default: bars of history, and the length of a bar. */
interface SyntheticShape {
  readonly prehistoryBars?: number | undefined;
  readonly barMs?: number;
}

/** Whole bars of one symbol, grown on demand by the market that owns it. */
class SyntheticSource implements BarSource {
  readonly barMs: number;
  readonly bars: Bar[] = [];
  readonly #grow: (index: number) => void;
  readonly #fundingRate: (atMs: number) => bigint;

  constructor(barMs: number, grow: (index: number) => void, fundingRate: (atMs: number) => bigint) {
    this.barMs = barMs;
    this.#grow = grow;
    this.#fundingRate = fundingRate;
  }

  bar(index: number): Bar | undefined {
    if (index >= this.bars.length) this.#grow(index);
    return this.bars[index];
  }

  indexAt(ms: number): number {
    const first = this.bars[0];
    return first === undefined ? -1 : Math.max(-1, Math.floor((ms - first.openMs) / this.barMs));
  }

  nextFunding(afterMs: number): FundingPoint {
    const atMs = (Math.floor(afterMs / FUNDING_MS) + 1) * FUNDING_MS;
    return { atMs, rate: this.#fundingRate(atMs) };
  }

  fundingBetween(fromMs: number, toMs: number): readonly FundingPoint[] {
    const first = this.bars[0]?.openMs ?? fromMs;
    const points: FundingPoint[] = [];
    for (let point = this.nextFunding(Math.max(first, fromMs) - 1); point.atMs <= toMs; ) {
      points.push(point);
      point = this.nextFunding(point.atMs);
    }
    return points;
  }
}

/**
 * A seeded market, the same for the same seed and start: correlated log returns whose size follows a regime chain, with
 * jumps; a prehistory that ends at the start price in a quiet stretch, which also opens the market. Figures are those of
 * bars of 15 minutes; bars of another length move by the root of it, in as many bars of each regime.
 */
export class SyntheticMarket {
  readonly sources: ReadonlyMap<string, BarSource>;
  readonly #instruments: readonly Instrument[];
  readonly #grown = new Map<string, SyntheticSource>();
  readonly #random: RandomGenerator;
  #regime: Regime = 'volatile';
  #index = 0;
  readonly #firstOpenMs: number;
  readonly #prehistoryBars: number;
  readonly #barMs: number;

  constructor(
    instruments: readonly Instrument[],
    seed: number,
    startMs: number,
    { prehistoryBars = PREHISTORY_BARS, barMs = SYNTHETIC_BAR_MS }: SyntheticShape = {},
  ) {
    this.#prehistoryBars = prehistoryBars;
    this.#barMs = barMs;
    this.#instruments = instruments;
    this.#random = xoroshiro128plus(seed);
    this.#firstOpenMs = (Math.floor(startMs / barMs) - prehistoryBars) * barMs;
    for (const [order, instrument] of instruments.entries()) {
      const fundingRate = (atMs: number) => syntheticFunding(seed, order, atMs);
      this.#grown.set(instrument.symbol, new SyntheticSource(barMs, (index) => this.#growTo(index), fundingRate));
    }
    this.sources = this.#grown;
    this.#buildPrehistory();
  }

  #buildPrehistory(): void {
    const rows: (readonly Draw[])[] = [];
    for (let index = 0; index < this.#prehistoryBars; index++) rows.push(this.#drawRow());
    for (const [column, instrument] of this.#instruments.entries()) {
      const total = rows.reduce((sum, row) => sum + (row[column]?.logReturn ?? 0), 0);
      let price = toNumber(instrument.startPrice) * Math.exp(-total);
      for (const [index, row] of rows.entries()) {
        const draw = row[column];
        if (draw === undefined) continue;
        const isLast = index === rows.length - 1;
        const close = isLast ? toNumber(instrument.startPrice) : price * Math.exp(draw.logReturn);
        this.#append(instrument, index, { ...draw, open: price, close });
        price = close;
      }
    }
  }

  #growTo(index: number): void {
    while (this.#index <= index) {
      const position = this.#index;
      const row = this.#drawRow();
      for (const [column, instrument] of this.#instruments.entries()) {
        const draw = row[column];
        const last = this.#grown.get(instrument.symbol)?.bars.at(-1);
        if (draw === undefined || last === undefined) continue;
        const open = last.close * toNumber(instrument.tick);
        // A weak pull towards the start price keeps months of tape within sight of it.
        const pull = -0.0002 * Math.log(open / toNumber(instrument.startPrice));
        this.#append(instrument, position, { ...draw, open, close: open * Math.exp(draw.logReturn + pull) });
      }
    }
  }

  #append(instrument: Instrument, index: number, { open, close, above, below, volume }: DrawnBar): void {
    const tick = toNumber(instrument.tick);
    const lot = toNumber(instrument.lot);
    this.#grown.get(instrument.symbol)?.bars.push({
      openMs: this.#firstOpenMs + index * this.#barMs,
      open: Math.round(open / tick),
      high: Math.ceil((Math.max(open, close) * Math.exp(above)) / tick),
      low: Math.floor((Math.min(open, close) * Math.exp(-below)) / tick),
      close: Math.round(close / tick),
      volume: Math.max(1, Math.round((instrument.barVolume * volume) / lot)),
    });
  }

  /** The next bar's figures for every symbol; advances the regime. */
  #drawRow(): readonly Draw[] {
    const random = this.#random;
    const index = this.#index++;
    const isQuiet = index >= this.#prehistoryBars - QUIET_BEFORE && index < this.#prehistoryBars + QUIET_AFTER;
    this.#regime = isQuiet ? 'quiet' : nextRegime(this.#regime, uniformFloat64(random));
    const time = this.#barMs / SYNTHETIC_BAR_MS;
    const usual = SIGMA[this.#regime];
    const sigma = usual * Math.sqrt(time);
    const common = normal(random);
    const jumps = uniformFloat64(random) < 1 / 600 && !isQuiet && this.#regime !== 'extreme';
    const jump = (uniformFloat64(random) < 0.5 ? -1 : 1) * (7 + 7 * uniformFloat64(random));
    if (jumps) this.#regime = 'volatile';
    return this.#instruments.map((_, column) => {
      const scale = sigma * (1 + 0.2 * column);
      const shock = clip(0.8 * common + 0.6 * normal(random)) + (jumps ? jump : 0);
      const wicks = [0, 1].map(() => Math.min(0.8, 0.5 * Math.abs(normal(random))) * scale);
      const activity = Math.exp(0.35 * clip(normal(random))) * (0.6 + (0.4 * usual) / SIGMA.calm) * time;
      const volume = jumps ? activity * 4 : activity;
      return { logReturn: shock * scale, above: wicks[0] ?? 0, below: wicks[1] ?? 0, volume };
    });
  }
}

function nextRegime(regime: Regime, draw: number): Regime {
  switch (regime) {
    case 'quiet':
      return 'calm';
    case 'calm':
      if (draw < 1 / 1500) return 'extreme';
      return draw < 1 / 160 ? 'volatile' : 'calm';
    case 'volatile':
      if (draw < 1 / 150) return 'extreme';
      return draw < 1 / 40 ? 'calm' : 'volatile';
    case 'extreme':
      return draw < 1 / 16 ? 'volatile' : 'extreme';
  }
}

/** Between -0.005 % and 0.02 % per 8 hours, a function of seed, symbol and instant alone. */
function syntheticFunding(seed: number, order: number, atMs: number): bigint {
  const slot = Math.floor(atMs / FUNDING_MS);
  const random = xoroshiro128plus((seed * 7919 + slot * 31 + order) | 0);
  uniformFloat64(random);
  return fromNumber(-0.00005 + 0.00025 * uniformFloat64(random));
}
