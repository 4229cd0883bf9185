import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import type { MarketInput } from '../facts/markets.ts';
import { MarketDataError } from '../facts/out-folder.ts';
import { unzipCsv } from './zip.ts';

/** Columns that are wanted, under the names that they have. */
export interface CsvColumns {
  readonly ours: readonly string[];
  /** In Binance's own files. */
  readonly theirs: readonly string[];
  /** Columns of a file of Binance's without a header, of which these are the first; null: there are no such files. */
  readonly bare: number | null;
}
/** A CSV file's cells, only the columns that are wanted, in their order. */
export interface CsvRows {
  readonly rows: readonly (readonly string[])[];
  readonly input: MarketInput;
  /** Line of the first row. */
  readonly firstLine: number;
  /** One of Binance's own files, whose times may be in microseconds. */
  readonly isTheirs: boolean;
}

/**
 * Reads a CSV file, or the one in a zip archive; other columns than `columns` are left alone. The sha256 is that of the
 * file as it lies there.
 *
 * @throws MarketDataError for a missing column, a ragged line, or a file that cannot be read
 */
export function readCsvRows(path: string, name: string, columns: CsvColumns): CsvRows {
  const file = readBytes(path);
  const bytes = path.endsWith('.zip') ? unzipCsv(file, path) : file;
  // The first line by itself: a header that lacks a column also makes every row look too long, which says nothing.
  const [first = []] = parseLines(bytes, path, 1);
  const { isTheirs, places } = findColumns(first, columns, path);
  const lines = parseLines(bytes, path);
  const firstLine = places === null ? 1 : 2;
  const rows = places === null ? lines : lines.slice(1);
  const wanted = places ?? columns.theirs.map((_, i) => i);
  const isWhole = first.length === wanted.length && wanted.every((place, i) => place === i);
  return {
    rows: isWhole ? rows : rows.map((row) => wanted.map((place) => row[place] ?? '')),
    input: { name, sha256: createHash('sha256').update(file).digest('hex'), rows: rows.length },
    firstLine,
    isTheirs,
  };
}

/** `places`: null where the first line is no header. @throws MarketDataError */
function findColumns(
  first: readonly string[],
  { bare, ours, theirs }: CsvColumns,
  path: string,
): { readonly isTheirs: boolean; readonly places: readonly number[] | null } {
  if (first.length === bare && /^\d+$/.test(first[0] ?? '')) return { isTheirs: true, places: null };
  for (const names of [ours, theirs]) {
    const places = names.map((column) => first.indexOf(column));
    if (!places.includes(-1)) return { isTheirs: names === theirs, places };
  }
  const missing = ours.filter((column) => !first.includes(column));
  throw new MarketDataError(
    `${path}:1: column ${missing.join(', ')} is missing; the first line must name ${ours.join(',')}`,
  );
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new MarketDataError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

/** `most`: how many records; all of them when absent. */
function parseLines(bytes: Buffer, path: string, most?: number): string[][] {
  try {
    return parse(bytes, {
      bom: true,
      trim: true,
      max_record_size: 10_000,
      ...(most === undefined ? {} : { to: most }),
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new MarketDataError(`${path}: ${error.message}`);
  }
}

const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?$/;

/** A finite decimal; NaN, Infinity, blanks and anything else come back as null. */
export function parseDecimal(text: string): number | null {
  if (!DECIMAL.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

/** 1973: an earlier figure is a time in seconds, not milliseconds. */
const EARLIEST_MS = 100_000_000_000;
/** 2100: a later one is in microseconds. */
const LATEST_MS = 4_102_444_800_000;

/** An instant in UTC milliseconds; of Binance's own files, whole ones in microseconds too. @throws MarketDataError */
export function parseInstant(text: string, isTheirs: boolean, where: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  const isMicros = isTheirs && value > LATEST_MS && value % 1000 === 0;
  const ms = isMicros ? value / 1000 : value;
  if (ms >= EARLIEST_MS && ms <= LATEST_MS) return ms;
  const unit = isTheirs ? 'milliseconds or microseconds' : 'milliseconds';
  throw new MarketDataError(`${where}: ${JSON.stringify(text.slice(0, 40))} is not a time in UTC ${unit}`);
}

/** Decimals that a decimal's text needs, trailing zeros not counted; at most 8, the exchange's finest. */
export function countDecimals(text: string): number {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const fraction = (mantissa.split('.')[1] ?? '').replace(/0+$/, '').length;
  return Math.min(8, Math.max(0, fraction - Number(exponent)));
}
