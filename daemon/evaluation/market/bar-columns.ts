import { isPlausibleBar } from '../../core/features/market.ts';
import type { MarketInput } from '../facts/markets.ts';
import { MarketDataError } from '../facts/out-folder.ts';
import { type CsvColumns, countDecimals, parseDecimal, parseInstant, readCsvRows } from './csv-rows.ts';
import type { MarketFile } from './files.ts';

const PRICE_AND_VOLUME = ['open', 'high', 'low', 'close', 'volume'] as const;
const COLUMNS: CsvColumns = {
  ours: ['open_time_ms', ...PRICE_AND_VOLUME],
  theirs: ['open_time', ...PRICE_AND_VOLUME],
  bare: 12,
};

/** Bars as columns, oldest first; prices in USDT, volume in the base asset. */
export interface BarColumns {
  readonly openMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}
export interface BarFile {
  readonly file: MarketFile;
  readonly columns: BarColumns;
  readonly input: MarketInput;
  /** Line of the first bar. */
  readonly firstLine: number;
  /** Most decimals of a price and of a volume in the file's text. */
  readonly priceDecimals: number;
  readonly volumeDecimals: number;
}

export function allocateColumns(length: number): BarColumns {
  const column = (): Float64Array => new Float64Array(length);
  return { openMs: column(), open: column(), high: column(), low: column(), close: column(), volume: column() };
}

/** @throws MarketDataError with file and line for anything that is not a row of bars in order of time */
export function readBarFile(file: MarketFile): BarFile {
  const { rows, input, firstLine, isTheirs } = readCsvRows(file.path, file.name, COLUMNS);
  const columns = allocateColumns(rows.length);
  let priceDecimals = 0;
  let volumeDecimals = 0;
  for (const [i, row] of rows.entries()) {
    const where = `${file.path}:${firstLine + i}`;
    const [time = '', ...cells] = row;
    const openMs = parseInstant(time, isTheirs, where);
    const [open, high, low, close, volume] = cells.map((cell, column) =>
      parseCell(cell, PRICE_AND_VOLUME[column]!, where),
    );
    const bar = { open_time_ms: openMs, open: open!, high: high!, low: low!, close: close!, volume: volume! };
    checkBar(bar, where);
    if (i > 0) checkLater(openMs, columns.openMs[i - 1]!, where);
    columns.openMs[i] = openMs;
    columns.open[i] = bar.open;
    columns.high[i] = bar.high;
    columns.low[i] = bar.low;
    columns.close[i] = bar.close;
    columns.volume[i] = bar.volume;
    for (const cell of cells.slice(0, 4)) priceDecimals = Math.max(priceDecimals, countDecimals(cell));
    volumeDecimals = Math.max(volumeDecimals, countDecimals(cells[4] ?? ''));
  }
  return { file, columns, input, firstLine, priceDecimals, volumeDecimals };
}

function parseCell(cell: string, column: string, where: string): number {
  const value = parseDecimal(cell);
  if (value !== null) return value;
  throw new MarketDataError(`${where}: ${column} is ${JSON.stringify(cell.slice(0, 40))}, which is not a number`);
}

function checkBar(bar: Parameters<typeof isPlausibleBar>[0], where: string): void {
  if (isPlausibleBar(bar)) return;
  const { open, high, low, close, volume } = bar;
  if (volume < 0) throw new MarketDataError(`${where}: volume ${volume} is negative`);
  if (Math.min(open, high, low, close) <= 0) throw new MarketDataError(`${where}: a price is not above 0`);
  if (low > Math.min(open, close) || high < Math.max(open, close)) {
    throw new MarketDataError(
      `${where}: not a bar: low ${low} and high ${high} do not enclose open ${open}, close ${close}`,
    );
  }
  throw new MarketDataError(`${where}: a price or the volume is too small or too large to be one`);
}

/** @throws MarketDataError unless times rise from line to line */
export function checkLater(atMs: number, beforeMs: number, where: string): void {
  if (atMs > beforeMs) return;
  const what = atMs === beforeMs ? 'appears twice' : `comes after ${beforeMs}: times must rise from line to line`;
  throw new MarketDataError(`${where}: time ${atMs} ${what}`);
}

/**
 * Bars of several files of one symbol as one series. Files may overlap where their bars are equal.
 *
 * @throws MarketDataError when two files say different things about one time, or one fills another's gap
 */
export function mergeBarFiles(files: readonly BarFile[]): BarColumns {
  const parts = files
    .filter(({ columns }) => columns.openMs.length > 0)
    .sort((a, b) => a.columns.openMs[0]! - b.columns.openMs[0]!);
  const merged = allocateColumns(parts.reduce((sum, part) => sum + part.columns.openMs.length, 0));
  let length = 0;
  for (const { file, columns, firstLine } of parts) {
    let known = 0;
    for (let i = 0; i < columns.openMs.length; i++) {
      const openMs = columns.openMs[i]!;
      if (length > 0 && openMs <= merged.openMs[length - 1]!) {
        while (merged.openMs[known]! < openMs) known += 1;
        const problem = findProblem(merged, known, columns, i);
        if (problem !== null) throw new MarketDataError(`${file.path}:${firstLine + i}: ${problem}`);
        continue;
      }
      merged.openMs[length] = openMs;
      for (const name of PRICE_AND_VOLUME) merged[name][length] = columns[name][i]!;
      length += 1;
    }
  }
  return trim(merged, length);
}

function findProblem(merged: BarColumns, known: number, columns: BarColumns, i: number): string | null {
  if (merged.openMs[known] !== columns.openMs[i])
    return 'this bar lies in a gap of another file of the symbol; keep one of the two';
  const isSame = PRICE_AND_VOLUME.every((name) => merged[name][known] === columns[name][i]);
  return isSame ? null : 'another file of the symbol has a different bar at this time';
}

function trim(columns: BarColumns, length: number): BarColumns {
  if (columns.openMs.length === length) return columns;
  return {
    openMs: columns.openMs.slice(0, length),
    open: columns.open.slice(0, length),
    high: columns.high.slice(0, length),
    low: columns.low.slice(0, length),
    close: columns.close.slice(0, length),
    volume: columns.volume.slice(0, length),
  };
}
