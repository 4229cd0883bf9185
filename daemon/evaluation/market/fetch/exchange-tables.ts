import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FetchError, writeWhole } from '../../facts/out-folder.ts';
import { BRACKETS_NAME, EXCHANGE_INFO_NAME } from '../exchange-files.ts';
import { compareText } from '../files.ts';
import type { ExchangeClient } from './client.ts';
import type { PageCache } from './page-cache.ts';
import { parseJson, readThrough } from './pages.ts';

type Entry = Readonly<Record<string, unknown>> & { readonly symbol: string };

/**
 * Filters of the symbols into `exchangeInfo.json`, as the exchange wrote them; other symbols of the file stay.
 *
 * @throws FetchError when the exchange does not list one of them
 */
export async function fetchExchangeInfo(
  client: ExchangeClient,
  cache: PageCache,
  folder: string,
  symbols: readonly string[],
): Promise<void> {
  const path = '/fapi/v1/exchangeInfo';
  const { value } = await readThrough(client, cache, { path, query: {} }, (body) => {
    const info = parseJson(body, path) as { readonly symbols?: unknown } | null;
    return { info, listed: entriesOf(info?.symbols, path) };
  });
  const { info, listed } = value;
  const kept = symbols.map((symbol) => {
    const entry = listed.find((each) => each.symbol === symbol);
    if (entry === undefined) throw new FetchError(`${client.origin}: the exchange lists no symbol ${symbol}`);
    return entry;
  });
  const file = join(folder, EXCHANGE_INFO_NAME);
  const before = readExisting(file) as { readonly symbols?: unknown } | null;
  const merged = { ...info, symbols: mergeEntries(before?.symbols, kept) };
  writeWhole(file, `${JSON.stringify(merged, null, 1)}\n`);
}

/** Leverage brackets of the symbols into `leverageBracket.json`. The read is signed: the client needs keys. */
export async function fetchBrackets(
  client: ExchangeClient,
  cache: PageCache,
  folder: string,
  symbols: readonly string[],
): Promise<void> {
  const path = '/fapi/v1/leverageBracket';
  const kept: Entry[] = [];
  for (const symbol of symbols) {
    const ask = { path, query: { symbol }, isSigned: true };
    const { value: entry } = await readThrough(client, cache, ask, (body) => {
      const answer = parseJson(body, path);
      // For one symbol the documentation shows an object, the exchange a list.
      const entries = entriesOf(Array.isArray(answer) ? answer : [answer], path);
      const found = entries.find((each) => each.symbol === symbol);
      if (found === undefined) throw new FetchError(`${path}: the answer has no brackets of ${symbol}`);
      return found;
    });
    kept.push(entry);
  }
  const file = join(folder, BRACKETS_NAME);
  writeWhole(file, `${JSON.stringify(mergeEntries(readExisting(file), kept), null, 1)}\n`);
}

function entriesOf(value: unknown, path: string): readonly Entry[] {
  const isList = Array.isArray(value) && value.every((each) => typeof (each as Entry | null)?.symbol === 'string');
  if (!isList) throw new FetchError(`${path}: the answer is not a list of symbols`);
  return value as Entry[];
}

function readExisting(file: string): unknown {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** The new entries, and those of the file before that they do not replace, by symbol. */
function mergeEntries(before: unknown, fetched: readonly Entry[]): readonly Entry[] {
  const old = Array.isArray(before) ? (before as (Entry | null)[]) : [];
  const kept = old.filter(
    (entry): entry is Entry =>
      typeof entry?.symbol === 'string' && !fetched.some((each) => each.symbol === entry.symbol),
  );
  return [...kept, ...fetched].sort((a, b) => compareText(a.symbol, b.symbol));
}
