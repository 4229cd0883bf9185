import {
  asObject,
  commonStep,
  formatE8,
  type JsonObject,
  MalformedAnswerError,
  parseStep,
  parseUnitsCeil,
  parseUnitsFloor,
  readAmount,
  readDecimalText,
  readInteger,
  readText,
  requireList,
  requireObject,
  type Step,
  stepE8,
} from '../wire/exact-fields.ts';

/**
 * Filters of one symbol from exchangeInfo, in whole ticks and lots. A quantity has one grid: what both LOT_SIZE and
 * MARKET_LOT_SIZE take, so that an order may go out as either.
 */
export interface Instrument {
  readonly symbol: string;
  readonly isTrading: boolean;
  readonly tick: Step;
  readonly lot: Step;
  readonly minLots: number;
  readonly maxLots: number;
  readonly maxMarketLots: number;
  readonly minPriceTicks: number;
  readonly maxPriceTicks: number;
  readonly minNotionalUsdt: number;
  readonly multiplierUp: number;
  readonly multiplierDown: number;
  /** MAX_NUM_ORDERS, where the exchange says so. */
  readonly maxOrders?: number;
  /** The exchange's own entry, for ccxt's market table. */
  readonly raw: JsonObject;
}

/** Lot and tick of a symbol, by which an order is written. */
export type Steps = Pick<Instrument, 'symbol' | 'tick' | 'lot'>;

function findFilter(filters: readonly unknown[], type: string): JsonObject {
  for (const candidate of filters) {
    const filter = requireObject(candidate, 'filter');
    if (filter.filterType === type) return filter;
  }
  throw new MalformedAnswerError(`filter ${type} is missing`);
}
function readMaxOrders(filters: readonly unknown[]): Pick<Instrument, 'maxOrders'> {
  const filter = filters.find((each) => requireObject(each, 'filter').filterType === 'MAX_NUM_ORDERS');
  if (filter === undefined) return {};
  const maxOrders = readInteger(requireObject(filter, 'filter'), 'limit');
  return maxOrders > 0 ? { maxOrders } : {};
}
function isUsdtPerpetual(raw: JsonObject): boolean {
  return raw.contractType === 'PERPETUAL' && raw.marginAsset === 'USDT';
}
function parseInstrument(raw: JsonObject): Instrument {
  const filters = requireList(raw.filters, 'filters');
  const lotSize = findFilter(filters, 'LOT_SIZE');
  const marketLotSize = findFilter(filters, 'MARKET_LOT_SIZE');
  const percentPrice = findFilter(filters, 'PERCENT_PRICE');
  const priceFilter = findFilter(filters, 'PRICE_FILTER');
  const tick = parseStep(readDecimalText(priceFilter, 'tickSize'), 'tickSize');
  const maxPriceTicks = parseUnitsFloor(readDecimalText(priceFilter, 'maxPrice'), tick, 'maxPrice');
  const lot = parseLot(lotSize, marketLotSize);
  const minLots = (filter: JsonObject): number => parseUnitsCeil(readDecimalText(filter, 'minQty'), lot, 'minQty');
  return {
    symbol: readText(raw, 'symbol'),
    isTrading: readText(raw, 'status') === 'TRADING' && isUsdtPerpetual(raw),
    tick,
    lot,
    minLots: Math.max(minLots(lotSize), minLots(marketLotSize)),
    maxLots: parseUnitsFloor(readDecimalText(lotSize, 'maxQty'), lot, 'maxQty'),
    maxMarketLots: parseUnitsFloor(readDecimalText(marketLotSize, 'maxQty'), lot, 'maxQty'),
    minPriceTicks: Math.max(1, parseUnitsCeil(readDecimalText(priceFilter, 'minPrice'), tick, 'minPrice')),
    // The exchange writes 0 for a limit that does not apply.
    maxPriceTicks: maxPriceTicks > 0 ? maxPriceTicks : Number.MAX_SAFE_INTEGER,
    minNotionalUsdt: readAmount(findFilter(filters, 'MIN_NOTIONAL'), 'notional'),
    multiplierUp: readAmount(percentPrice, 'multiplierUp'),
    multiplierDown: readAmount(percentPrice, 'multiplierDown'),
    ...readMaxOrders(filters),
    raw,
  };
}
/** The exchange writes 0 for a step that does not apply. */
function parseLot(lotSize: JsonObject, marketLotSize: JsonObject): Step {
  const lot = parseStep(readDecimalText(lotSize, 'stepSize'), 'stepSize');
  if (readAmount(marketLotSize, 'stepSize') === 0) return lot;
  return commonStep(lot, parseStep(readDecimalText(marketLotSize, 'stepSize'), 'stepSize'), 'stepSize');
}

/**
 * An entry in exchangeInfo's form for a symbol with only its steps known: ccxt needs nothing else of it to build a
 * request and to name the symbol.
 */
export function entryOf({ symbol, tick, lot }: Steps): JsonObject {
  const base = symbol.replace(/USDT$/, '');
  const filter = (filterType: string, name: string, step: Step) => ({ filterType, [name]: formatE8(stepE8(step)) });
  return {
    symbol,
    pair: symbol,
    contractType: 'PERPETUAL',
    status: 'TRADING',
    baseAsset: base === '' ? symbol : base,
    quoteAsset: 'USDT',
    marginAsset: 'USDT',
    orderTypes: ['LIMIT', 'MARKET', 'STOP_MARKET'],
    timeInForce: ['GTC', 'IOC', 'GTX'],
    filters: [
      filter('PRICE_FILTER', 'tickSize', tick),
      filter('LOT_SIZE', 'stepSize', lot),
      filter('MARKET_LOT_SIZE', 'stepSize', lot),
    ],
  };
}

/**
 * The symbols of one exchangeInfo, kept as raw entries (somebody else's position or order may be in any of them) and
 * parsed on first use. Contracts other than USDT-margined perpetuals are never opened: they never count as
 * trading, but positions in them are counted and can be closed.
 */
export class InstrumentTable {
  readonly observedAtMs: number;
  readonly #raw = new Map<string, JsonObject>();
  readonly #parsed = new Map<string, Instrument>();

  constructor(exchangeInfo: unknown, observedAtMs: number) {
    this.observedAtMs = observedAtMs;
    let hasPerpetual = false;
    for (const entry of requireList(requireObject(exchangeInfo, 'exchangeInfo').symbols, 'symbols')) {
      // An entry that names no symbol says nothing about any.
      const raw = asObject(entry);
      if (typeof raw.symbol !== 'string') continue;
      this.#raw.set(raw.symbol, raw);
      hasPerpetual ||= isUsdtPerpetual(raw);
    }
    if (!hasPerpetual) throw new MalformedAnswerError('exchangeInfo lists no USDT perpetual');
  }
  /** @throws MalformedAnswerError when the exchange does not list it */
  requireListed(symbol: string): void {
    if (!this.#raw.has(symbol)) throw new MalformedAnswerError(`symbol ${symbol} is not in exchangeInfo`);
  }
  /** Null: the exchange does not list it. Throws when its entry is malformed. */
  find(symbol: string): Instrument | null {
    const known = this.#parsed.get(symbol);
    if (known !== undefined) return known;
    const raw = this.#raw.get(symbol);
    if (raw === undefined) return null;
    const instrument = parseInstrument(raw);
    this.#parsed.set(symbol, instrument);
    return instrument;
  }
  require(symbol: string): Instrument {
    this.requireListed(symbol);
    return this.find(symbol) as Instrument;
  }
}
