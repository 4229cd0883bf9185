import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import type { MarketInput } from '../facts/markets.ts';
import { MarketDataError } from '../facts/out-folder.ts';

/** A CSV file's cells, only the columns that were requested, in the order that they were requested. */
export interface CsvRows {
  readonly rows: readonly (readonly string[])[];
  readonly input: MarketInput;
}

/** Line of a row in its file: the header is line 1. */
export function lineOf(row: number): number {
  return row + 2;
}

/**
 * Reads a CSV file with a header line; other columns than `columns` are left alone.
 *
 * @throws MarketDataError for a missing column, a ragged line, or a file that cannot be read
 */
export function readCsvRows(path: string, name: string, columns: readonly string[]): CsvRows {
  const bytes = readBytes(path);
  // The first line by itself: a header that lacks a column also makes every row look too long, which says nothing.
  const [header] = parseLines(bytes, path, 1);
  const places = columns.map((column) => header?.indexOf(column) ?? -1);
  const missing = columns.filter((_, i) => places[i] === -1);
  if (missing.length > 0) {
    throw new MarketDataError(
      `${path}:1: column ${missing.join(', ')} is missing; the first line must name ${columns.join(',')}`,
    );
  }
  const [, ...rows] = parseLines(bytes, path);
  const isWhole = header?.length === columns.length && places.every((place, i) => place === i);
  return {
    rows: isWhole ? rows : rows.map((row) => places.map((place) => row[place] ?? '')),
    input: { name, sha256: createHash('sha256').update(bytes).digest('hex'), rows: rows.length },
  };
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

/** An instant in UTC milliseconds. @throws MarketDataError */
export function parseInstant(text: string, where: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= EARLIEST_MS && value <= LATEST_MS) return value;
  throw new MarketDataError(`${where}: ${JSON.stringify(text.slice(0, 40))} is not a time in UTC milliseconds`);
}

/** Decimals that a decimal's text needs, trailing zeros not counted; at most 8, the exchange's finest. */
export function countDecimals(text: string): number {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const fraction = (mantissa.split('.')[1] ?? '').replace(/0+$/, '').length;
  return Math.min(8, Math.max(0, fraction - Number(exponent)));
}
