import type { Bracket } from '../../exchange-sim/core/brackets.ts';
import { type E8, minimum, ONE, parseE8, toNumber } from '../../exchange-sim/core/fixed.ts';
import { findInstrument, type Instrument } from '../../exchange-sim/core/instruments.ts';
import { MAKER_RATE, TAKER_RATE } from '../../exchange-sim/core/state.ts';
import type { BracketTier, ReplayInstrument } from '../facts/markets.ts';
import { MarketDataError } from '../facts/out-folder.ts';
import { BRACKETS_NAME, EXCHANGE_INFO_NAME, type ExchangeFiles, type SymbolFilters } from './exchange-files.ts';

const FEES = { takerFee: toNumber(TAKER_RATE), makerFee: toNumber(MAKER_RATE) };
/** Stands in where the exchange's table is not known: low leverage and much maintenance margin, so ruin comes early. */
const CAUTIOUS_BRACKETS: readonly BracketTier[] = [
  { initialLeverage: 20, notionalFloor: 0, notionalCap: 1_000_000, maintenanceRate: 0.025, cum: 0 },
];
const ASSUMED_MIN_NOTIONAL_USDT = 5;

/** What the text of the bars lets one infer of a symbol's filters. */
export interface DataPrecision {
  readonly priceDecimals: number;
  readonly volumeDecimals: number;
  /** Base asset. */
  readonly largestVolume: number;
}

/** Whether a symbol's figures are known without any file beside the bars. */
export function isKnownSymbol(symbol: string): boolean {
  return findInstrument(symbol) !== undefined;
}

/** A fixed-point step as mantissa / scale, both integers, scale a power of ten as small as it can be. */
function reduceStep(step: E8): readonly [mantissa: number, scale: number] {
  let mantissa = step;
  let scale = ONE;
  while (scale > 1n && mantissa % 10n === 0n) {
    mantissa /= 10n;
    scale /= 10n;
  }
  return [Number(mantissa), Number(scale)];
}

type Sizes = Pick<ReplayInstrument, 'minLots' | 'maxLots' | 'minNotionalUsdt' | 'brackets'>;
function ofSteps(symbol: string, tick: E8, lot: E8, sizes: Sizes): ReplayInstrument {
  const [tickMantissa, tickScale] = reduceStep(tick);
  const [lotMantissa, lotScale] = reduceStep(lot);
  return { symbol, tickMantissa, tickScale, lotMantissa, lotScale, ...sizes, ...FEES };
}

function toTier(tier: Bracket): BracketTier {
  return {
    initialLeverage: tier.initialLeverage,
    notionalFloor: toNumber(tier.notionalFloor),
    notionalCap: toNumber(tier.notionalCap),
    maintenanceRate: toNumber(tier.maintMarginRatio),
    cum: toNumber(tier.cum),
  };
}

/** Filters, fees and brackets of a symbol of the simulated exchange, as the evaluation uses them. */
export function convertInstrument(instrument: Instrument): ReplayInstrument {
  const { brackets, lot, maxMarketQuantity, maxQuantity, minNotional, minQuantity, symbol, tick } = instrument;
  return ofSteps(symbol, tick, lot, {
    minLots: Number(minQuantity / lot),
    maxLots: Number(minimum(maxMarketQuantity, maxQuantity) / lot),
    minNotionalUsdt: toNumber(minNotional),
    brackets: brackets.map(toTier),
  });
}

function fromFilters(symbol: string, filters: SymbolFilters, brackets: readonly BracketTier[]): ReplayInstrument {
  const figure = (name: keyof SymbolFilters): E8 => {
    const value = parseE8(filters[name]) ?? 0n;
    if (value <= 0n) throw new MarketDataError(`${EXCHANGE_INFO_NAME}: ${name} of ${symbol} is not above 0`);
    return value;
  };
  const step = figure('stepSize');
  return ofSteps(symbol, figure('tickSize'), step, {
    minLots: Math.max(1, Number((figure('minQty') + step - 1n) / step)),
    maxLots: Number(figure('maxQty') / step),
    minNotionalUsdt: toNumber(figure('minNotional')),
    brackets,
  });
}

function infer(symbol: string, precision: DataPrecision, brackets: readonly BracketTier[]): ReplayInstrument {
  const lotScale = 10 ** precision.volumeDecimals;
  return {
    symbol,
    tickMantissa: 1,
    tickScale: 10 ** precision.priceDecimals,
    lotMantissa: 1,
    lotScale,
    minLots: 1,
    // More than the busiest bar traded has no price in these data.
    maxLots: Math.max(1, Math.floor(precision.largestVolume * lotScale)),
    minNotionalUsdt: ASSUMED_MIN_NOTIONAL_USDT,
    ...FEES,
    brackets,
  };
}

/**
 * What is known of a symbol: the simulated exchange's figures where it has them, else the exchange's JSON beside the
 * bars, else what the bars show. `notes` say in words what was assumed.
 *
 * @throws MarketDataError when the JSON beside the bars cannot be used
 */
export function resolveInstrument(
  symbol: string,
  files: ExchangeFiles,
  precision: DataPrecision,
): { readonly instrument: ReplayInstrument; readonly notes: readonly string[] } {
  const known = findInstrument(symbol);
  if (known !== undefined) return { instrument: convertInstrument(known), notes: [] };
  const notes: string[] = [];
  const brackets = files.brackets.get(symbol) ?? CAUTIOUS_BRACKETS;
  if (!files.brackets.has(symbol)) {
    notes.push(`${symbol}: no brackets in ${BRACKETS_NAME}; one tier is assumed, 20x with 2.5 % maintenance margin`);
  }
  const filters = files.filters.get(symbol);
  if (filters !== undefined) return { instrument: fromFilters(symbol, filters, brackets), notes };
  const instrument = infer(symbol, precision, brackets);
  notes.push(
    `${symbol}: no filters in ${EXCHANGE_INFO_NAME}; inferred from the bars: tick 1/${instrument.tickScale}, ` +
      `lot 1/${instrument.lotScale}, at least ${ASSUMED_MIN_NOTIONAL_USDT} USDT an order`,
  );
  return { instrument, notes };
}
