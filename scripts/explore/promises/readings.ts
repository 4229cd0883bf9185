import { buildKlines } from '../../../daemon/exchange-sim/market/klines.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { MarketReading } from '../market-readings.ts';

type Figures = readonly number[];

/** From the close of a bar until it is told, ms: the look at what is missing, and a read that waits for others. */
const READ_WITHIN_MS = 60_000;
/** Of a quote, at quiet: as old as may still open something, ms. */
const FRESH_MS = 5_000;

/**
 * The candles that are told are the exchange's own closed ones, the newest of them, oldest first; the book is the
 * exchange's own at the instant that is told with it. At quiet both are fresh. TD-60 TD-62 TF-60
 * @except the exchange's own bars are longer than the policy's
 */
export function findReadingBreaches(history: History): readonly Breach[] {
  const { gate, readings } = history.world;
  const barsOf = readBars(history);
  const lastMs = readings.reported.at(-1)?.atMs;
  const isQuiet = gate?.keeper.isReconciled === true;
  return readings.reported.flatMap((reading) => {
    const found = [
      ...findCandleBreaches(reading, barsOf(reading.candles.symbol)),
      ...findBookBreaches(history, reading),
      ...(isQuiet && reading.atMs === lastMs ? findOldReadings(history, reading) : []),
    ];
    return found.map(({ code, detail }) => ({
      code,
      detail: `${reading.book.symbol}, told at ${at(reading.atMs)}: ${detail}`,
    }));
  });
}

/** Bars of the exchange up to now by when they open; null: shorter ones than its tape has follow its marks, and change. */
function readBars({ world }: History): (symbol: string) => ReadonlyMap<number, Figures> | null {
  const bars = new Map<string, ReadonlyMap<number, Figures>>();
  const barMs = world.file.spec.market.bar_ms;
  const { world: market } = world.exchange;
  return (symbol) => {
    if (barMs % (market.sources.get(symbol)?.barMs ?? 1) !== 0) return null;
    const known = bars.get(symbol);
    if (known !== undefined) return known;
    const of = market.state.markets.get(symbol);
    const query = { intervalMs: barMs, fromMs: 0, toMs: market.state.nowMs, limit: Number.MAX_SAFE_INTEGER };
    const rows = of === undefined ? [] : (buildKlines(market, of, query) ?? []);
    const [tick, lot] = [Number(of?.barUnits.tick) / 1e8, Number(of?.barUnits.lot) / 1e8];
    const read = new Map(
      rows.map(({ openMs, open, high, low, close, volume }) => [
        openMs,
        [open * tick, high * tick, low * tick, close * tick, Math.round(volume) * lot],
      ]),
    );
    bars.set(symbol, read);
    return read;
  };
}

function findCandleBreaches(
  { candles, limit, serverMs }: MarketReading,
  bars: ReadonlyMap<number, Figures> | null,
): Breach[] {
  const { bars_as_of_ms: asOfMs, candles: reported } = candles;
  const last = reported.at(-1);
  if (last === undefined) return asOfMs === null ? [] : [{ code: 'reading/candles', detail: 'none, and their close' }];
  const barMs = Number(asOfMs) - last.open_at_ms;
  const found: Breach[] = [];
  if (reported.length > limit) found.push({ code: 'reading/candles', detail: `${reported.length} of ${limit}` });
  for (const [index, { open_at_ms: openMs, open, high, low, close, volume }] of reported.entries()) {
    const own = bars?.get(openMs);
    const isSame = own !== undefined && [open, high, low, close, volume].every((it, i) => isNear(it, own[i] ?? 0));
    if (bars !== null && !isSame)
      found.push({ code: 'reading/candle', detail: `${openMs} is ${[open, high, low, close, volume]}, not ${own}` });
    const before = reported[index - 1];
    if (before !== undefined && openMs - before.open_at_ms !== barMs)
      found.push({ code: 'reading/candles', detail: `${openMs} comes after ${before.open_at_ms}` });
  }
  if (Number(asOfMs) > serverMs)
    found.push({ code: 'reading/candles', detail: `the last one closes at ${asOfMs}, the exchange has ${serverMs}` });
  return found;
}

function isNear(reported: number, own: number): boolean {
  return Math.abs(reported - own) <= Math.abs(own) * 1e-9;
}

function findBookBreaches({ world }: History, { book }: MarketReading): Breach[] {
  const { asks, bids, quote_at_ms: quoteAtMs, symbol } = book;
  const reported = String([...bids, ...asks].map(({ price, quantity }) => [price, quantity]));
  if (quoteAtMs === null) return reported === '' ? [] : [{ code: 'reading/book', detail: `${reported} of no time` }];
  const own = world.readings.booksAt(symbol, quoteAtMs);
  if (!world.readings.isWatched || own.has(reported)) return [];
  return [{ code: 'reading/book', detail: `${reported} of ${quoteAtMs} is told, not ${[...own].join(' or ')}` }];
}

function findOldReadings({ world }: History, { book, candles, serverMs }: MarketReading): Breach[] {
  const barMs = world.file.spec.market.bar_ms;
  const closedMs = Math.floor((serverMs - READ_WITHIN_MS) / barMs) * barMs;
  const found: Breach[] = [];
  if (Number(candles.bars_as_of_ms) < closedMs)
    found.push({ code: 'reading/old', detail: `candles up to ${candles.bars_as_of_ms}, at ${serverMs}` });
  if (Number(book.quote_at_ms) < serverMs - FRESH_MS)
    found.push({ code: 'reading/old', detail: `a book of ${book.quote_at_ms}, at ${serverMs}` });
  return found;
}
