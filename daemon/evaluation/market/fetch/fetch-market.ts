import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BarGap, MarketInput } from '../../facts/markets.ts';
import { FetchError, openOutFolder, writeWhole } from '../../facts/out-folder.ts';
import { findBarLength, parseBarLength } from '../files.ts';
import { readMarketData } from '../read.ts';
import type { ExchangeClient } from './client.ts';
import { fetchBrackets, fetchExchangeInfo } from './exchange-tables.ts';
import { PageCache } from './page-cache.ts';
import { type PageRequest, parseKlines, parseSettlements, planPages, readThrough } from './pages.ts';

/** Lengths whose bars open at midnight UTC, so that days, funding and all symbols fall on one grid. */
export const INTERVALS = ['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d'] as const;
const DAY_MS = 86_400_000;
/** History before the judged span, in a separate file. */
export const WARMUP_DAYS = 15;
/** Pages of the exchange. A span of 40 days holds at most 960 settlements, also of a symbol that settles hourly. */
const KLINES_PER_PAGE = 1500;
const FUNDING_PER_PAGE = 1000;
const FUNDING_PAGE_MS = 40 * DAY_MS;

export interface FetchOptions {
  readonly symbols: readonly string[];
  readonly interval: (typeof INTERVALS)[number];
  /** Midnights UTC, ms; the last bar opens before `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly folder: string;
  readonly onProgress?: (done: number, total: number) => void;
  /** Rows of one page of bars, at most 1500. */
  readonly klinesPerPage?: number;
}
export interface FetchReport {
  /** Files that this symbol and span consist of, with their checksums. */
  readonly files: readonly MarketInput[];
  readonly gaps: readonly BarGap[];
  /** What was left out or assumed, in words. */
  readonly notes: readonly string[];
  readonly pages: { readonly fetched: number; readonly cached: number };
}
interface FilePlan {
  readonly name: string;
  readonly header: string;
  readonly pages: readonly PageRequest[];
  readonly parse: (body: string, page: PageRequest) => readonly string[];
}

/**
 * Fetches bars, funding, filters and brackets into a folder that `readMarketData` reads. Finished pages lie in its
 * `.cache` with their checksums: another run fetches only what is missing. Only closed bars are taken.
 *
 * @throws FetchError, or MarketDataError when what the exchange gave cannot be used
 */
export async function fetchMarket(client: ExchangeClient, options: FetchOptions): Promise<FetchReport> {
  const { symbols, folder, fromMs } = options;
  checkFolder(options);
  const cache = new PageCache(join(folder, '.cache'));
  const barMs = parseBarLength(options.interval) ?? 0;
  const serverMs = await client.readServerTime();
  const toMs = Math.min(options.toMs, Math.floor(serverMs / barMs) * barMs);
  if (toMs <= fromMs) throw new FetchError('no bar of the asked span has closed yet');
  const plans = symbols.flatMap((symbol) => planSymbol(symbol, options, toMs, barMs));
  const pages = { fetched: 0, cached: 0 };
  const total = plans.reduce((sum, plan) => sum + plan.pages.length, 0);
  options.onProgress?.(0, total);
  await fetchExchangeInfo(client, cache, folder, symbols);
  for (const plan of plans) {
    const lines: string[] = [];
    for (const page of plan.pages) {
      const { value, isCached } = await readThrough(client, cache, page, (body) => plan.parse(body, page));
      for (const line of value) lines.push(line);
      pages[isCached ? 'cached' : 'fetched'] += 1;
      options.onProgress?.(pages.cached + pages.fetched, total);
    }
    if (lines.length > 0) writeWhole(join(folder, plan.name), `${plan.header}\n${lines.join('\n')}\n`);
  }
  if (client.mayReadBrackets) await fetchBrackets(client, cache, folder, symbols);
  const market = readMarketData(folder, { symbols });
  const names = new Set(plans.map((plan) => plan.name));
  return {
    files: market.inputs.filter(({ name }) => names.has(name)),
    gaps: market.symbols.flatMap((bars) => bars.gaps),
    notes: [...describeLeftOut(client, options, toMs), ...market.notes],
    pages,
  };
}

function describeLeftOut(client: ExchangeClient, options: FetchOptions, toMs: number): readonly string[] {
  const notes: string[] = [];
  if (toMs < options.toMs) notes.push(`bars end at ${new Date(toMs).toISOString()}: later ones have not closed yet`);
  if (!client.mayReadBrackets) {
    notes.push('leverage brackets were left out: the exchange shows them only to a signed request, and no key is set');
  }
  return notes;
}

/** The files of one symbol: bars and funding of the history, and of the judged span. */
function planSymbol(symbol: string, options: FetchOptions, endMs: number, barMs: number): readonly FilePlan[] {
  const { interval, fromMs } = options;
  const warmupMs = fromMs - WARMUP_DAYS * DAY_MS;
  const pageMs = barMs * Math.min(KLINES_PER_PAGE, options.klinesPerPage ?? KLINES_PER_PAGE);
  const spans = [
    { from: warmupMs, to: fromMs, name: `${dayOf(warmupMs)}-${dayOf(fromMs)}-warmup` },
    { from: fromMs, to: endMs, name: `${dayOf(fromMs)}-${dayOf(options.toMs)}` },
  ];
  return spans.flatMap(({ from, to, name }): FilePlan[] => [
    {
      name: `${symbol}-um-${interval}-${name}.csv`,
      header: 'open_time_ms,open,high,low,close,volume',
      pages: planPages(
        '/fapi/v1/klines',
        { symbol, interval },
        { fromMs: from, toMs: to, pageMs, limit: pageMs / barMs },
      ),
      parse: parseKlines,
    },
    {
      name: `${symbol}-um-funding-${name}.csv`,
      header: 'funding_time_ms,funding_rate',
      pages: planPages(
        '/fapi/v1/fundingRate',
        { symbol },
        { fromMs: from, toMs: to, pageMs: FUNDING_PAGE_MS, limit: FUNDING_PER_PAGE },
      ),
      parse: parseSettlements,
    },
  ]);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
}

/** One folder holds bars of one length: found out before anything is fetched. */
function checkFolder({ folder, interval, symbols }: FetchOptions): void {
  openOutFolder(folder, FetchError);
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.csv') || name.includes('markprice') || name.includes('funding')) continue;
    const length = findBarLength(name.slice(0, -'.csv'.length));
    const isOurs = symbols.includes(/^[A-Z0-9]+/.exec(name)?.[0] ?? '');
    if (isOurs && length !== null && parseBarLength(length) !== parseBarLength(interval)) {
      throw new FetchError(
        `${join(folder, name)}: this folder holds bars of ${length}; use another one for ${interval}`,
      );
    }
  }
}
