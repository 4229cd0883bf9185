import type { Bar, LeverageBracket, MarketQuote, SymbolRules } from '../../engine/records/venue.ts';
import {
  asObject,
  MalformedAnswerError,
  parseAmount,
  readAmount,
  readInstant,
  readInteger,
  readPositive,
  readText,
  requireList,
  requireObject,
} from '../wire/exact-fields.ts';
import type { Instrument } from './instruments.ts';
import type { Terms } from './market-tables.ts';

const HOUR_MS = 3_600_000;
/** Binance's funding interval where `/fapi/v1/fundingInfo` lists no other. */
const DEFAULT_FUNDING_INTERVAL_MS = 8 * HOUR_MS;

/**
 * `/fapi/v1/leverageBracket`: one row per symbol; a single object for a query of one symbol. What is odd in one row says
 * nothing about the others; a row that names no symbol is none.
 */
export function parseBrackets(json: unknown): ReadonlyMap<string, readonly LeverageBracket[] | MalformedAnswerError> {
  const result = new Map<string, readonly LeverageBracket[] | MalformedAnswerError>();
  for (const row of Array.isArray(json) ? json : [json]) {
    const source = asObject(row);
    if (typeof source.symbol === 'string') result.set(source.symbol, parseBracketsOf(source));
  }
  return result;
}
function parseBracketsOf(source: Readonly<Record<string, unknown>>): readonly LeverageBracket[] | MalformedAnswerError {
  try {
    const brackets = requireList(source.brackets, 'brackets').map(parseBracket);
    brackets.sort((a, b) => a.notionalFloor - b.notionalFloor);
    checkBrackets(brackets);
    return brackets;
  } catch (error) {
    if (error instanceof MalformedAnswerError) return error;
    throw error;
  }
}
function parseBracket(json: unknown): LeverageBracket {
  const source = requireObject(json, 'bracket');
  return {
    initialLeverage: readInteger(source, 'initialLeverage'),
    notionalFloor: readAmount(source, 'notionalFloor'),
    notionalCap: readAmount(source, 'notionalCap'),
    maintenanceRate: readAmount(source, 'maintMarginRatio'),
    cum: readAmount(source, 'cum'),
  };
}
/** Brackets must tile the notionals from zero: a gap would leave a position without a maintenance rate. */
function checkBrackets(brackets: readonly LeverageBracket[]): void {
  let floor = 0;
  for (const bracket of brackets) {
    if (bracket.notionalFloor !== floor || bracket.notionalCap <= floor) {
      throw new MalformedAnswerError('brackets do not follow each other');
    }
    floor = bracket.notionalCap;
  }
  if (brackets.length === 0) throw new MalformedAnswerError('a symbol has no bracket');
}
/** `/fapi/v1/commissionRate` of one symbol. */
export function parseCommission(json: unknown): { takerFee: number; makerFee: number } {
  const source = requireObject(json, 'commissionRate');
  return { takerFee: readAmount(source, 'takerCommissionRate'), makerFee: readAmount(source, 'makerCommissionRate') };
}
/** As old as their oldest part: a part never read dates from 1970, too old to open anything by. */
export function buildRules(instrument: Instrument, terms: Terms, filtersAtMs: number): SymbolRules {
  return {
    symbol: instrument.symbol,
    trading: instrument.isTrading,
    tickMantissa: instrument.tick.mantissa,
    tickScale: instrument.tick.scale,
    lotMantissa: instrument.lot.mantissa,
    lotScale: instrument.lot.scale,
    minLots: instrument.minLots,
    maxLots: instrument.maxLots,
    maxMarketLots: instrument.maxMarketLots,
    minPriceTicks: instrument.minPriceTicks,
    maxPriceTicks: instrument.maxPriceTicks,
    minNotionalUsdt: instrument.minNotionalUsdt,
    multiplierUp: instrument.multiplierUp,
    multiplierDown: instrument.multiplierDown,
    ...(instrument.maxOrders === undefined ? {} : { maxOrders: instrument.maxOrders }),
    takerFee: terms.takerFee,
    makerFee: terms.makerFee,
    brackets: terms.brackets,
    observedAtMs: Math.min(filtersAtMs, terms.bracketsAtMs, terms.feesAtMs),
  };
}
/** Funding interval in milliseconds by symbol, from `/fapi/v1/fundingInfo`; a row that cannot be read lists none. */
export function parseFundingIntervals(json: unknown): ReadonlyMap<string, number> {
  const intervals = new Map<string, number>();
  for (const row of requireList(json, 'fundingInfo')) {
    const source = asObject(row);
    const hours = Number(source.fundingIntervalHours);
    if (typeof source.symbol === 'string' && hours > 0) intervals.set(source.symbol, hours * HOUR_MS);
  }
  return intervals;
}
/** `/fapi/v1/premiumIndex` and `/fapi/v1/ticker/bookTicker` of one symbol, each with its own time. */
export function parseQuote(
  symbol: string,
  premiumIndex: unknown,
  bookTicker: unknown,
  fundingIntervals: ReadonlyMap<string, number>,
): MarketQuote {
  const premium = requireObject(premiumIndex, 'premiumIndex');
  const book = requireObject(bookTicker, 'bookTicker');
  if (readText(premium, 'symbol') !== symbol || readText(book, 'symbol') !== symbol) {
    throw new MalformedAnswerError('quote of another symbol');
  }
  const bid = readPositive(book, 'bidPrice');
  const ask = readPositive(book, 'askPrice');
  if (bid > ask) throw new MalformedAnswerError('the book is crossed');
  return {
    symbol,
    mark: readPositive(premium, 'markPrice'),
    markAtMs: readInstant(premium, 'time'),
    bid,
    ask,
    bidQuantity: parseShown(book.bidQty),
    askQuantity: parseShown(book.askQty),
    quoteAtMs: readInstant(book, 'time'),
    fundingRate: readAmount(premium, 'lastFundingRate'),
    fundingIntervalMs: fundingIntervals.get(symbol) ?? DEFAULT_FUNDING_INTERVAL_MS,
    nextFundingAtMs: readInstant(premium, 'nextFundingTime'),
  };
}

/** A figure that is shown and decides nothing: what cannot be read is none. */
function parseShown(value: unknown): number | null {
  const shown = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof shown === 'number' && Number.isFinite(shown) && shown >= 0 ? shown : null;
}

const INTERVALS: ReadonlyMap<number, string> = new Map([
  [60_000, '1m'],
  [180_000, '3m'],
  [300_000, '5m'],
  [900_000, '15m'],
  [1_800_000, '30m'],
  [HOUR_MS, '1h'],
  [2 * HOUR_MS, '2h'],
  [4 * HOUR_MS, '4h'],
  [6 * HOUR_MS, '6h'],
  [8 * HOUR_MS, '8h'],
  [12 * HOUR_MS, '12h'],
  [24 * HOUR_MS, '1d'],
]);
/** The exchange's name of a bar length, or null if it has no such bars. */
export function findInterval(barMs: number): string | null {
  return INTERVALS.get(barMs) ?? null;
}
/** Rows of `/fapi/v1/klines`, oldest first; bars off the grid or out of order are malformed, gaps are not. */
export function parseBars(json: unknown, barMs: number): readonly Bar[] {
  let previous = Number.NEGATIVE_INFINITY;
  return requireList(json, 'klines').map((entry) => {
    const row = requireList(entry, 'kline');
    const [openTimeMs, open, high, low, close, volume] = row.slice(0, 6).map((cell) => parseAmount(cell, 'kline')) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    if (row.length < 6 || openTimeMs <= previous || openTimeMs % barMs !== 0) {
      throw new MalformedAnswerError('klines are not in order');
    }
    if (!(low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close) && volume >= 0)) {
      throw new MalformedAnswerError('kline is not a bar');
    }
    previous = openTimeMs;
    return { openTimeMs, open, high, low, close, volume };
  });
}
