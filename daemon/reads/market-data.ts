import type { CandlesBody, OrderBookBody } from '../contract/types/reads.ts';
import type { LiveCore } from '../engine/flow/core.ts';
import type { MarketQuote } from '../engine/records/venue.ts';

/** What the feeds keep of a symbol for the gate's own judgement. Nothing is read from the venue for it. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function describeCandles(core: LiveCore, symbol: string, limit: number): CandlesBody {
  const { market } = core;
  const bars = market.bars(symbol);
  const last = bars.at(-1);
  return {
    symbol,
    interval: nameInterval(market.barMs),
    candles: bars.slice(-limit).map(({ openTimeMs, ...figures }) => ({ open_at_ms: openTimeMs, ...figures })),
    bars_as_of_ms: last === undefined ? null : last.openTimeMs + market.barMs,
  };
}

/** As exchanges name it: 15m, 1h, 1d. */
function nameInterval(barMs: number): string {
  if (barMs % DAY_MS === 0) return `${barMs / DAY_MS}d`;
  return barMs % HOUR_MS === 0 ? `${barMs / HOUR_MS}h` : `${barMs / MINUTE_MS}m`;
}

export function describeOrderBook(core: LiveCore, symbol: string): OrderBookBody {
  const quote = core.market.quote(symbol);
  if (quote === null) return { symbol, bids: [], asks: [], mid: null, spread_bps: null, quote_at_ms: null };
  const { ask, askQuantity, bid, bidQuantity, quoteAtMs } = quote;
  return {
    symbol,
    bids: [{ price: bid, quantity: bidQuantity ?? null }],
    asks: [{ price: ask, quantity: askQuantity ?? null }],
    ...measure(quote),
    quote_at_ms: quoteAtMs,
  };
}

/** Without the noise of binary fractions. */
function measure({ ask, bid }: MarketQuote): Pick<OrderBookBody, 'mid' | 'spread_bps'> {
  const mid = (bid + ask) / 2;
  return { mid: Number(mid.toPrecision(12)), spread_bps: Number((((ask - bid) / mid) * 1e4).toPrecision(4)) };
}
