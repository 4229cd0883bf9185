import { FetchError } from '../../facts/out-folder.ts';
import { parseDecimal } from '../csv-rows.ts';
import type { ExchangeClient, Query } from './client.ts';
import type { PageCache } from './page-cache.ts';

/** One request of the plan: rows of an instant in [fromMs, toMs). */
export interface PageRequest {
  readonly path: string;
  readonly query: Query;
  readonly fromMs: number;
  readonly toMs: number;
  /** The exchange gives no more rows than this at once. */
  readonly limit: number;
}

/** Cuts a span into requests of `spanMs`: the same cut at every run, so that pages are found again. */
export function planPages(
  path: string,
  query: Query,
  span: { readonly fromMs: number; readonly toMs: number; readonly pageMs: number; readonly limit: number },
): readonly PageRequest[] {
  const pages: PageRequest[] = [];
  for (let fromMs = span.fromMs; fromMs < span.toMs; fromMs += span.pageMs) {
    const toMs = Math.min(span.toMs, fromMs + span.pageMs);
    const { limit } = span;
    pages.push({ path, query: { ...query, startTime: fromMs, endTime: toMs - 1, limit }, fromMs, toMs, limit });
  }
  return pages;
}

/**
 * What a read says that cannot change any more: from the cache, else from the exchange. Only an answer that `parse`
 * takes goes into the cache, so that a bad one is requested again.
 */
export async function readThrough<T>(
  client: ExchangeClient,
  cache: PageCache,
  ask: { readonly path: string; readonly query: Query; readonly isSigned?: boolean },
  parse: (body: string) => T,
): Promise<{ readonly value: T; readonly isCached: boolean }> {
  const text = Object.entries(ask.query).map(([name, value]) => `${name}=${value}`);
  const asked = `${client.origin}${ask.path}?${text.join('&')}`;
  const known = cache.read(asked);
  if (known !== null) return { value: parse(known), isCached: true };
  const body = await (ask.isSigned === true ? client.getSigned : client.get).call(client, ask.path, ask.query);
  const value = parse(body);
  cache.write(asked, body);
  return { value, isCached: false };
}

export function parseJson(body: string, path: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new FetchError(`${path}: the answer is not JSON`);
  }
}

/** A kline as a line of the CSV form, in the exchange's own digits. @throws FetchError for anything that is none */
export function parseKlines(body: string, page: PageRequest): readonly string[] {
  return parseRows(body, page, (row) => {
    const [openMs, ...cells] = row as readonly unknown[];
    return { atMs: openMs, cells: cells.slice(0, 5), width: 5 };
  });
}

/** A settlement as a line of the CSV form. @throws FetchError for anything that is none */
export function parseSettlements(body: string, page: PageRequest): readonly string[] {
  return parseRows(body, page, (row) => {
    const { fundingTime, fundingRate } = row as { fundingTime?: unknown; fundingRate?: unknown };
    return { atMs: fundingTime, cells: [fundingRate], width: 1 };
  });
}

interface Row {
  readonly atMs: unknown;
  readonly cells: readonly unknown[];
  readonly width: number;
}

function parseRows(body: string, page: PageRequest, read: (row: object) => Row): readonly string[] {
  const rows = parseJson(body, page.path);
  if (!Array.isArray(rows)) throw new FetchError(`${page.path}: the answer is not a list`);
  if (rows.length > page.limit) throw new FetchError(`${page.path}: ${rows.length} rows, more than were asked for`);
  let beforeMs = Number.NEGATIVE_INFINITY;
  return rows.map((row: unknown, i) => {
    const bad = (what: string): FetchError => new FetchError(`${page.path}: row ${i + 1} ${what}`);
    if (typeof row !== 'object' || row === null) throw bad('is not a row');
    const { atMs, cells, width } = read(row);
    if (typeof atMs !== 'number' || !Number.isSafeInteger(atMs)) throw bad('has no time');
    if (atMs < page.fromMs || atMs >= page.toMs) throw bad(`lies outside the span that was asked for (${atMs})`);
    if (atMs <= beforeMs) throw bad('is not later than the one before');
    beforeMs = atMs;
    const isNumeric = cells.every((cell) => typeof cell === 'string' && parseDecimal(cell) !== null);
    if (cells.length !== width || !isNumeric) throw bad('holds something that is not a number');
    return `${atMs},${cells.join(',')}`;
  });
}
