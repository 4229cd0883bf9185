import { buildLevels } from '../../core/book.ts';
import { format, toNumber } from '../../core/fixed.ts';
import type { Instrument } from '../../core/instruments.ts';
import { lotSize, marketLotSize } from '../../core/orders/filters.ts';
import { bookOf, LIQUIDATION_RATE, type Market } from '../../core/state.ts';
import { ORDERS_PER_10S, ORDERS_PER_MINUTE, WEIGHT_PER_MINUTE } from '../../faults/limits.ts';
import type { Bar } from '../../market/bars.ts';
import { quoteVolume, type World } from '../../market/world.ts';
import { priceText, quantityText } from './render-order.ts';

const ORDER_TYPES = [
  'LIMIT',
  'MARKET',
  'STOP',
  'STOP_MARKET',
  'TAKE_PROFIT',
  'TAKE_PROFIT_MARKET',
  'TRAILING_STOP_MARKET',
];

function trim(value: bigint): string {
  const text = format(value);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function renderLotSize(filterType: string, { lot, maximum, minimum }: ReturnType<typeof lotSize>): unknown {
  return { filterType, stepSize: trim(lot), minQty: trim(minimum), maxQty: trim(maximum) };
}

function renderFilters(i: Instrument): readonly unknown[] {
  return [
    {
      filterType: 'PRICE_FILTER',
      tickSize: priceText(i.tick),
      minPrice: priceText(i.minPrice),
      maxPrice: trim(i.maxPrice),
    },
    renderLotSize('LOT_SIZE', lotSize(i)),
    renderLotSize('MARKET_LOT_SIZE', marketLotSize(i)),
    { filterType: 'MAX_NUM_ORDERS', limit: i.maxOrders },
    { filterType: 'MAX_NUM_ALGO_ORDERS', limit: i.maxAlgoOrders },
    { filterType: 'MIN_NOTIONAL', notional: trim(i.minNotional) },
    {
      filterType: 'PERCENT_PRICE',
      multiplierUp: format(i.multiplierUp, 4),
      multiplierDown: format(i.multiplierDown, 4),
      multiplierDecimal: '4',
    },
  ];
}

function renderSymbol({ instrument: i, status }: Market): Record<string, unknown> {
  return {
    symbol: i.symbol,
    pair: i.symbol,
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: i.onboardMs,
    status,
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: i.baseAsset,
    quoteAsset: 'USDT',
    marginAsset: 'USDT',
    pricePrecision: i.pricePrecision,
    quantityPrecision: i.quantityPrecision,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: [i.subType],
    settlePlan: 0,
    triggerProtect: '0.0500',
    liquidationFee: format(LIQUIDATION_RATE, 6),
    marketTakeBound: '0.05',
    maxMoveOrderLimit: 10_000,
    filters: renderFilters(i),
    orderTypes: ORDER_TYPES,
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
  };
}

/** GET /fapi/v1/exchangeInfo. */
export function renderExchangeInfo(world: World, serverTimeMs: number): Record<string, unknown> {
  return {
    timezone: 'UTC',
    serverTime: serverTimeMs,
    futuresType: 'U_MARGINED',
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: WEIGHT_PER_MINUTE },
      { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: ORDERS_PER_MINUTE },
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: ORDERS_PER_10S },
    ],
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols: [...world.state.markets.values()].map(renderSymbol),
  };
}

/** One row of GET /fapi/v1/klines; mark price rows carry no volume. */
export function renderKline(market: Market, bar: Bar, intervalMs: number, isMark: boolean): readonly unknown[] {
  const { pricePrecision } = market.instrument;
  const { tick, lot } = market.barUnits;
  const price = (ticks: number) => format(BigInt(ticks) * tick, isMark ? 8 : pricePrecision);
  const prices = [price(bar.open), price(bar.high), price(bar.low), price(bar.close)];
  const closeMs = bar.openMs + intervalMs - 1;
  if (isMark) return [bar.openMs, ...prices, '0', closeMs, '0', 60, '0', '0', '0'];
  const volume = BigInt(Math.round(bar.volume)) * lot;
  const quote = quoteVolume(market, bar);
  const count = Math.max(1, Math.round(toNumber(volume) * 2));
  const half = [format(volume / 2n, 3), format(quote / 2n, 5)];
  return [bar.openMs, ...prices, format(volume, 3), closeMs, format(quote, 5), count, ...half, '0'];
}

/** GET /fapi/v1/premiumIndex. */
export function renderPremiumIndex(market: Market, nowMs: number): Record<string, unknown> {
  return {
    symbol: market.instrument.symbol,
    markPrice: format(market.mark),
    indexPrice: format(market.mark),
    estimatedSettlePrice: format(market.mark),
    lastFundingRate: format(market.fundingRate),
    interestRate: '0.00010000',
    nextFundingTime: Number.isFinite(market.nextFundingMs) ? market.nextFundingMs : 0,
    time: nowMs,
  };
}

/** GET /fapi/v1/ticker/bookTicker. */
export function renderBookTicker(market: Market, nowMs: number): Record<string, unknown> {
  const book = bookOf(market);
  const bid = buildLevels(book, 'bid', 1)[0];
  const ask = buildLevels(book, 'ask', 1)[0];
  return {
    symbol: market.instrument.symbol,
    bidPrice: priceText(bid?.price ?? 0n),
    bidQty: quantityText(bid?.quantity ?? 0n),
    askPrice: priceText(ask?.price ?? 0n),
    askQty: quantityText(ask?.quantity ?? 0n),
    time: nowMs,
    lastUpdateId: nowMs,
  };
}

/** GET /fapi/v1/depth. */
export function renderDepth(market: Market, nowMs: number, limit: number): Record<string, unknown> {
  const book = bookOf(market);
  const side = (name: 'bid' | 'ask') =>
    buildLevels(book, name, limit).map((level) => [priceText(level.price), quantityText(level.quantity)]);
  return { lastUpdateId: nowMs, E: nowMs, T: nowMs, bids: side('bid'), asks: side('ask') };
}

/** GET /fapi/v1/ticker/24hr from the bars of the last 24 hours. */
export function renderTicker(market: Market, bars: readonly Bar[], nowMs: number): Record<string, unknown> {
  const { symbol } = market.instrument;
  const { tick, lot } = market.barUnits;
  const open = BigInt(bars[0]?.open ?? 0) * tick || market.mark;
  const high = BigInt(bars.reduce((top, bar) => Math.max(top, bar.high), 0)) * tick || market.mark;
  const low = BigInt(bars.reduce((bottom, bar) => Math.min(bottom, bar.low), bars[0]?.low ?? 0)) * tick || market.mark;
  const volume = bars.reduce((sum, bar) => sum + BigInt(Math.round(bar.volume)), 0n) * lot;
  const quote = bars.reduce((sum, bar) => sum + quoteVolume(market, bar), 0n);
  const change = market.mark - open;
  return {
    symbol,
    priceChange: format(change, 2),
    priceChangePercent: format((change * 10_000_000_000n) / open, 3),
    weightedAvgPrice: format(volume === 0n ? market.mark : (quote * 100_000_000n) / volume, 2),
    lastPrice: format(market.mark, 2),
    lastQty: format(lot, 3),
    openPrice: format(open, 2),
    highPrice: format(high, 2),
    lowPrice: format(low, 2),
    volume: format(volume, 3),
    quoteVolume: format(quote, 2),
    openTime: nowMs - 86_400_000,
    closeTime: nowMs,
    firstId: 1,
    lastId: Math.max(1, bars.length),
    count: Math.max(1, bars.length),
  };
}

/** GET /fapi/v1/ticker/price. */
export function renderPrice(market: Market, nowMs: number): Record<string, unknown> {
  return { symbol: market.instrument.symbol, price: format(market.mark, 2), time: nowMs };
}

/** GET /fapi/v1/leverageBracket, one symbol. */
export function renderBrackets(market: Market): Record<string, unknown> {
  return {
    symbol: market.instrument.symbol,
    notionalCoef: 1,
    brackets: market.instrument.brackets.map((tier) => ({
      bracket: tier.bracket,
      initialLeverage: tier.initialLeverage,
      notionalCap: toNumber(tier.notionalCap),
      notionalFloor: toNumber(tier.notionalFloor),
      maintMarginRatio: toNumber(tier.maintMarginRatio),
      cum: toNumber(tier.cum),
    })),
  };
}
