import type { FundingPoint, MarketInput } from '../facts/markets.ts';
import { MarketDataError } from '../facts/out-folder.ts';
import { checkLater } from './bar-columns.ts';
import { type CsvColumns, parseDecimal, parseInstant, readCsvRows } from './csv-rows.ts';
import type { MarketFile } from './files.ts';

const COLUMNS: CsvColumns = {
  ours: ['funding_time_ms', 'funding_rate'],
  theirs: ['calc_time', 'last_funding_rate'],
  bare: null,
};
const HOUR_MS = 3_600_000;
/** Intervals that the exchange settles funding at (SAE-FUND). */
const INTERVALS_MS = [1, 2, 4, 8].map((hours) => hours * HOUR_MS);
const DEFAULT_INTERVAL_MS = 8 * HOUR_MS;
/** No exchange settles half of a position's value at once: a larger rate is another unit, such as percent. */
const LARGEST_RATE = 0.5;

interface Settlement {
  readonly atMs: number;
  readonly rate: number;
}

/**
 * Settled funding of one symbol from its files, oldest first. A point's interval is the time since the one before it
 * (the first: until the next), where that is one the exchange uses; else 8 hours.
 *
 * @throws MarketDataError with file and line
 */
export function readFundingFiles(files: readonly MarketFile[]): {
  readonly points: readonly FundingPoint[];
  readonly inputs: readonly MarketInput[];
} {
  const inputs: MarketInput[] = [];
  const byTime = new Map<number, Settlement>();
  for (const file of files) {
    const { rows, input, firstLine, isTheirs } = readCsvRows(file.path, file.name, COLUMNS);
    inputs.push(input);
    let beforeMs = 0;
    for (const [i, [time = '', text = '']] of rows.entries()) {
      const where = `${file.path}:${firstLine + i}`;
      // The exchange stamps settlements up to some milliseconds late.
      const atMs = Math.floor(parseInstant(time, isTheirs, where) / 1000) * 1000;
      checkLater(atMs, beforeMs, where);
      beforeMs = atMs;
      const rate = parseRate(text, where);
      const known = byTime.get(atMs);
      if (known !== undefined && known.rate !== rate) {
        throw new MarketDataError(`${where}: another file of the symbol has a different rate at this time`);
      }
      byTime.set(atMs, { atMs, rate });
    }
  }
  const settled = [...byTime.values()].sort((a, b) => a.atMs - b.atMs);
  return { points: settled.map((point, i) => ({ ...point, intervalMs: intervalAt(settled, i) })), inputs };
}

function parseRate(text: string, where: string): number {
  const rate = parseDecimal(text);
  if (rate === null) {
    throw new MarketDataError(`${where}: funding_rate is ${JSON.stringify(text.slice(0, 40))}, which is not a number`);
  }
  if (Math.abs(rate) > LARGEST_RATE) {
    throw new MarketDataError(`${where}: funding_rate ${rate} cannot be a fraction of the position's value`);
  }
  return rate;
}

function intervalAt(settled: readonly Settlement[], i: number): number {
  for (const [from, to] of [
    [i - 1, i],
    [i, i + 1],
  ] as const) {
    const spacing = (settled[to]?.atMs ?? Number.NaN) - (settled[from]?.atMs ?? Number.NaN);
    if (INTERVALS_MS.includes(spacing)) return spacing;
  }
  return DEFAULT_INTERVAL_MS;
}
