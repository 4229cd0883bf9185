import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BracketTier, MarketInput } from '../facts/markets.ts';
import { MarketDataError } from '../facts/out-folder.ts';
import { parseDecimal } from './csv-rows.ts';

export const EXCHANGE_INFO_NAME = 'exchangeInfo.json';
export const BRACKETS_NAME = 'leverageBracket.json';

/** Filters of one symbol as `GET /fapi/v1/exchangeInfo` writes them: decimal text. */
export interface SymbolFilters {
  readonly tickSize: string;
  readonly stepSize: string;
  readonly minQty: string;
  readonly maxQty: string;
  readonly minNotional: string;
}
export interface ExchangeFiles {
  readonly filters: ReadonlyMap<string, SymbolFilters>;
  readonly brackets: ReadonlyMap<string, readonly BracketTier[]>;
  readonly inputs: readonly MarketInput[];
}
export const NO_EXCHANGE_FILES: ExchangeFiles = { filters: new Map(), brackets: new Map(), inputs: [] };
type Json = Readonly<Record<string, unknown>>;

/**
 * The exchange's own JSON beside the bars, where it is there: `exchangeInfo.json` and `leverageBracket.json`.
 *
 * @throws MarketDataError for text that is not what the exchange answers
 */
export function readExchangeFiles(folder: string): ExchangeFiles {
  const inputs: MarketInput[] = [];
  const filters = new Map<string, SymbolFilters>();
  const brackets = new Map<string, readonly BracketTier[]>();
  const info = readJson(folder, EXCHANGE_INFO_NAME);
  if (info !== null) {
    const symbols = listOf(info.value, 'symbols', info.path);
    for (const entry of symbols) filters.set(textOf(entry, 'symbol', info.path), parseFilters(entry, info.path));
    inputs.push({ name: EXCHANGE_INFO_NAME, sha256: info.sha256, rows: symbols.length });
  }
  const table = readJson(folder, BRACKETS_NAME);
  if (table !== null) {
    // Asked for one symbol the exchange answers one object, else a list.
    const entries = Array.isArray(table.value) ? (table.value as Json[]) : [table.value as Json];
    for (const entry of entries) brackets.set(textOf(entry, 'symbol', table.path), parseTiers(entry, table.path));
    inputs.push({ name: BRACKETS_NAME, sha256: table.sha256, rows: entries.length });
  }
  return { filters, brackets, inputs };
}

function readJson(folder: string, name: string): { path: string; value: unknown; sha256: string } | null {
  const path = join(folder, name);
  if (!existsSync(path)) return null;
  const bytes = readFileSync(path);
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return { path, value, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch {
    throw new MarketDataError(`${path}: not JSON`);
  }
}

function parseFilters(entry: Json, path: string): SymbolFilters {
  const list = listOf(entry, 'filters', path);
  const filter = (type: string): Json => {
    const found = list.find((each) => each.filterType === type);
    if (found === undefined) throw new MarketDataError(`${path}: ${String(entry.symbol)} has no filter ${type}`);
    return found;
  };
  const price = filter('PRICE_FILTER');
  const lot = filter('LOT_SIZE');
  return {
    tickSize: decimalOf(price, 'tickSize', path),
    stepSize: decimalOf(lot, 'stepSize', path),
    minQty: decimalOf(lot, 'minQty', path),
    maxQty: decimalOf(lot, 'maxQty', path),
    minNotional: decimalOf(filter('MIN_NOTIONAL'), 'notional', path),
  };
}

function parseTiers(entry: Json, path: string): readonly BracketTier[] {
  const tiers = listOf(entry, 'brackets', path).map((tier) => ({
    initialLeverage: numberOf(tier, 'initialLeverage', path),
    notionalFloor: numberOf(tier, 'notionalFloor', path),
    notionalCap: numberOf(tier, 'notionalCap', path),
    maintenanceRate: numberOf(tier, 'maintMarginRatio', path),
    cum: numberOf(tier, 'cum', path),
  }));
  const sorted = tiers.sort((a, b) => a.notionalFloor - b.notionalFloor);
  const isTable = sorted.every((tier, i) => tier.notionalFloor === (sorted[i - 1]?.notionalCap ?? 0));
  if (sorted.length === 0 || !isTable) {
    throw new MarketDataError(`${path}: the brackets of ${String(entry.symbol)} do not follow one another from 0`);
  }
  return sorted;
}

function listOf(value: unknown, name: string, path: string): Json[] {
  const list = typeof value === 'object' && value !== null ? (value as Json)[name] : undefined;
  const isList = Array.isArray(list) && list.every((each) => typeof each === 'object' && each !== null);
  if (!isList) throw new MarketDataError(`${path}: "${name}" is not a list of objects`);
  return list as Json[];
}
function textOf(entry: Json, name: string, path: string): string {
  const value = entry[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new MarketDataError(`${path}: "${name}" is missing`);
}
function decimalOf(entry: Json, name: string, path: string): string {
  const text = textOf(entry, name, path);
  if ((parseDecimal(text) ?? 0) > 0) return text;
  throw new MarketDataError(`${path}: "${name}" is not a number above 0`);
}
function numberOf(entry: Json, name: string, path: string): number {
  const value = entry[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new MarketDataError(`${path}: "${name}" is not a number, 0 or more`);
}
