import { format } from '../../core/fixed.ts';
import type { Market } from '../../core/state.ts';
import { buildKlines, INTERVALS } from '../../market/klines.ts';
import { apiError } from '../../refusals/params.ts';
import { type Context, type Routes, requireMarket, selectMarkets } from './context.ts';
import {
  renderBookTicker,
  renderDepth,
  renderExchangeInfo,
  renderKline,
  renderPremiumIndex,
  renderPrice,
  renderTicker,
} from './render-market.ts';

const DEPTH_LIMITS = [5, 10, 20, 50, 100, 500, 1000];

/** With `symbol` one object, without it a list of all. */
function oneOrAll({ market: { state }, params }: Context, render: (market: Market, nowMs: number) => unknown): unknown {
  const rows = selectMarkets(state, params).map((market) => render(market, state.nowMs));
  return params.text('symbol') === undefined ? rows : rows[0];
}

function klines({ market: world, params }: Context, isMark: boolean): unknown {
  const market = requireMarket(world.state, params);
  const intervalMs = INTERVALS.get(params.requireText('interval'));
  if (intervalMs === undefined) throw apiError('BAD_INTERVAL');
  const bars = buildKlines(world, market, {
    intervalMs,
    fromMs: params.integer('startTime'),
    toMs: params.integer('endTime'),
    limit: params.limit(500, 1500),
  });
  if (bars === undefined) throw apiError('BAD_INTERVAL');
  return bars.map((bar) => renderKline(market, bar, intervalMs, isMark));
}

function depth({ market: { state }, params }: Context): unknown {
  const market = requireMarket(state, params);
  const limit = params.limit(500, 1000);
  if (!DEPTH_LIMITS.includes(limit)) throw apiError('INVALID_DEPTH_LIMIT', String(limit));
  return renderDepth(market, state.nowMs, limit);
}

function ticker(context: Context): unknown {
  const { market: world } = context;
  return oneOrAll(context, (market, nowMs) => {
    const barMs = world.sources.get(market.instrument.symbol)?.barMs ?? 900_000;
    const query = { intervalMs: barMs, fromMs: nowMs - 86_400_000, toMs: nowMs, limit: 1500 };
    return renderTicker(market, buildKlines(world, market, query) ?? [], nowMs);
  });
}

/** Settlements with the mark of their instant, as far as the bars know it (the open of the bar that began then). */
function fundingRates({ market: world, params }: Context): unknown {
  const { state, sources } = world;
  const limit = params.limit(100, 1000);
  const isOpenStart = params.text('startTime') === undefined;
  const from = params.integer('startTime') ?? 0;
  const to = Math.min(params.integer('endTime') ?? state.nowMs, state.nowMs);
  const rows = selectMarkets(state, params).flatMap((market) => {
    const { symbol } = market.instrument;
    const { tick } = market.barUnits;
    const source = sources.get(symbol);
    const points = source?.fundingBetween(from, to) ?? [];
    const kept = isOpenStart ? points.slice(-limit) : points.slice(0, limit);
    return kept.map((point) => {
      const bar = source?.bar(source.indexAt(point.atMs));
      return {
        symbol,
        fundingTime: point.atMs,
        fundingRate: format(point.rate),
        markPrice: bar === undefined ? '' : format(BigInt(bar.open) * tick),
        rateType: 'Regular',
      };
    });
  });
  return rows.sort((a, b) => a.fundingTime - b.fundingTime);
}

function fundingInfo({ market: { state } }: Context): unknown {
  return [...state.markets.values()].map((market) => ({
    symbol: market.instrument.symbol,
    adjustedFundingRateCap: '0.00300',
    adjustedFundingRateFloor: '-0.00300',
    fundingIntervalHours: 8,
    disclaimer: true,
    updateTime: null,
  }));
}

/** The clock that clients see, which a fault may put off. */
function clientClockMs({ exchange, state }: Context): number {
  return state.nowMs + exchange.faults.clockOffsetMs;
}

function serverTime(context: Context): unknown {
  return { serverTime: clientClockMs(context) };
}

function exchangeInfo(context: Context): unknown {
  return renderExchangeInfo(context.market, clientClockMs(context));
}

/** Public market data. */
export const MARKET_ROUTES: Routes = {
  'GET /fapi/v1/ping': { security: 'none', weight: 1, handle: () => ({}) },
  'GET /fapi/v1/time': { security: 'none', weight: 1, handle: serverTime },
  'GET /fapi/v1/exchangeInfo': { security: 'none', weight: 1, handle: exchangeInfo },
  'GET /fapi/v1/klines': { security: 'none', weight: 5, handle: (context) => klines(context, false) },
  'GET /fapi/v1/markPriceKlines': { security: 'none', weight: 5, handle: (context) => klines(context, true) },
  'GET /fapi/v1/ticker/24hr': { security: 'none', weight: 1, handle: ticker },
  'GET /fapi/v1/ticker/price': { security: 'none', weight: 1, handle: (context) => oneOrAll(context, renderPrice) },
  'GET /fapi/v2/ticker/price': { security: 'none', weight: 1, handle: (context) => oneOrAll(context, renderPrice) },
  'GET /fapi/v1/ticker/bookTicker': {
    security: 'none',
    weight: 2,
    weightOfAll: 5,
    handle: (context) => oneOrAll(context, renderBookTicker),
  },
  'GET /fapi/v1/premiumIndex': {
    security: 'none',
    weight: 1,
    weightOfAll: 10,
    handle: (context) => oneOrAll(context, renderPremiumIndex),
  },
  'GET /fapi/v1/depth': { security: 'none', weight: 5, handle: depth },
  'GET /fapi/v1/fundingRate': { security: 'none', weight: 1, handle: fundingRates },
  'GET /fapi/v1/fundingInfo': { security: 'none', weight: 1, handle: fundingInfo },
};
