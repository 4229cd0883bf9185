import type { BarGap, FundingPoint, MarketData, MarketInput, ReplayInstrument, SymbolBars } from '../facts/markets.ts';
import { MarketDataError } from '../facts/out-folder.ts';
import { type BarColumns, type BarFile, mergeBarFiles, readBarFile } from './bar-columns.ts';
import { type ExchangeFiles, NO_EXCHANGE_FILES, readExchangeFiles } from './exchange-files.ts';
import { compareText, formatBarLength, listMarketFiles, type MarketFile, parseBarLength } from './files.ts';
import { readFundingFiles } from './funding.ts';
import { isKnownSymbol, resolveInstrument } from './instruments.ts';

export { MarketDataError } from '../facts/out-folder.ts';

/** Warm-up without a separate file: this many bars, or half of the data where that is less. */
const DEFAULT_WARMUP_BARS = 3000;

export interface LoadedMarket extends MarketData {
  /** What was assumed or left alone, in words. */
  readonly notes: readonly string[];
}
interface SymbolSeries {
  readonly bars: SymbolBars;
  /** End of the warm-up files; null without any. */
  readonly warmupEndMs: number | null;
  readonly inputs: readonly MarketInput[];
  readonly notes: readonly string[];
}

/**
 * Reads bars and funding of a folder (its CSV form: docs/data.md). Symbols come in the order of their names. Gaps are
 * reported, never filled.
 *
 * @throws MarketDataError for data that cannot be used
 */
export function readMarketData(folder: string, options: { readonly symbols?: readonly string[] } = {}): LoadedMarket {
  const { files, unknown } = listMarketFiles(folder);
  const wanted = options.symbols;
  const chosen = wanted === undefined ? files : files.filter((file) => wanted.includes(file.symbol));
  const barFiles = chosen.filter((file) => file.kind === 'bars');
  const symbols = [...new Set(barFiles.map((file) => file.symbol))].sort(compareText);
  const absent = (wanted ?? []).filter((symbol) => !symbols.includes(symbol));
  if (symbols.length === 0 || absent.length > 0) {
    const what = absent.length > 0 ? `bars of ${absent.join(', ')}` : 'bars (files such as BTCUSDT-15m.csv)';
    throw new MarketDataError(`${folder}: no ${what} in this folder`);
  }
  const barMs = checkBarLength(folder, barFiles);
  const exchangeFiles = symbols.every(isKnownSymbol) ? NO_EXCHANGE_FILES : readExchangeFiles(folder);
  const series = symbols.map((symbol) => readSymbol(symbol, chosen, barMs, exchangeFiles));
  checkSharedGrid(folder, series, barMs);
  const startMs = findStart(series, barMs);
  const endMs = Math.max(...series.map(({ bars }) => bars.openMs.at(-1)! + barMs));
  if (startMs >= endMs) throw new MarketDataError(`${folder}: every bar is warm-up; there is nothing to judge`);
  return {
    barMs,
    startMs,
    endMs,
    symbols: series.map(({ bars }) => bars),
    inputs: [...series.flatMap(({ inputs }) => inputs), ...exchangeFiles.inputs].sort((a, b) =>
      compareText(a.name, b.name),
    ),
    notes: [
      ...unknown.map((name) => `${name}: left alone; its name says neither a symbol with a bar length nor funding`),
      ...chosen
        .filter((file) => !symbols.includes(file.symbol))
        .map((file) => `${file.name}: left alone; the folder has no bars of ${file.symbol}`),
      ...series.flatMap(({ notes }) => notes),
    ],
  };
}

function checkBarLength(folder: string, files: readonly MarketFile[]): number {
  const lengths = [...new Set(files.map((file) => parseBarLength(file.barLength)))];
  if (lengths.length > 1) {
    const names = lengths.map((length) => files.find((file) => parseBarLength(file.barLength) === length)?.name);
    throw new MarketDataError(`${folder}: bars of different lengths (${names.join(', ')}); keep one length`);
  }
  return lengths[0] ?? 0;
}

function readSymbol(
  symbol: string,
  files: readonly MarketFile[],
  barMs: number,
  exchangeFiles: ExchangeFiles,
): SymbolSeries {
  const own = files.filter((file) => file.symbol === symbol);
  const barFiles = own.filter((file) => file.kind === 'bars').map(readBarFile);
  const columns = mergeBarFiles(barFiles);
  const first = barFiles[0]!.file.path;
  if (columns.openMs.length < 2) throw new MarketDataError(`${first}: at least two bars of ${symbol} are needed`);
  const gaps = findGaps(symbol, columns.openMs, barMs, first);
  const funding = readFundingFiles(own.filter((file) => file.kind === 'funding'));
  const { instrument, notes } = resolveInstrument(symbol, exchangeFiles, {
    priceDecimals: Math.max(...barFiles.map((file) => file.priceDecimals)),
    volumeDecimals: Math.max(...barFiles.map((file) => file.volumeDecimals)),
    largestVolume: columns.volume.reduce((most, volume) => Math.max(most, volume), 0),
  });
  return {
    bars: { instrument, ...columns, funding: funding.points, gaps },
    warmupEndMs: findWarmupEnd(barFiles, barMs),
    inputs: [...barFiles.map((file) => file.input), ...funding.inputs],
    notes: [...notes, ...describeSeries(instrument, columns, funding.points)],
  };
}

function describeSeries(
  instrument: ReplayInstrument,
  columns: BarColumns,
  funding: readonly FundingPoint[],
): readonly string[] {
  const notes: string[] = [];
  const { symbol, tickMantissa, tickScale } = instrument;
  let offTick = 0;
  for (const close of columns.close) {
    const ticks = (close * tickScale) / tickMantissa;
    if (Math.abs(ticks - Math.round(ticks)) > 1e-6 * ticks) offTick += 1;
  }
  if (offTick > 0) notes.push(`${symbol}: ${offTick} closes lie between ticks of ${tickMantissa}/${tickScale}`);
  if (funding.length === 0) notes.push(`${symbol}: no funding file; its funding rate is taken as 0`);
  return notes;
}

function findGaps(symbol: string, openMs: Float64Array, barMs: number, path: string): readonly BarGap[] {
  const gaps: BarGap[] = [];
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 1; i < openMs.length; i++) {
    const before = openMs[i - 1]!;
    const elapsed = openMs[i]! - before;
    shortest = Math.min(shortest, elapsed);
    if (elapsed % barMs !== 0) {
      throw new MarketDataError(
        `${path}: the bar of ${symbol} at ${openMs[i]} is not a whole number of ${formatBarLength(barMs)} after ${before}`,
      );
    }
    if (elapsed > barMs) gaps.push({ symbol, afterOpenMs: before, missingBars: elapsed / barMs - 1 });
  }
  if (shortest !== barMs) {
    const names = `named ${formatBarLength(barMs)}, but no two lie closer than ${formatBarLength(shortest)}`;
    throw new MarketDataError(`${path}: the bars of ${symbol} are ${names}`);
  }
  return gaps;
}

function findWarmupEnd(files: readonly BarFile[], barMs: number): number | null {
  const ends = files.filter(({ file, columns }) => file.isWarmup && columns.openMs.length > 0);
  return ends.length === 0 ? null : Math.max(...ends.map(({ columns }) => columns.openMs.at(-1)! + barMs));
}

/** The replay moves all symbols at once: their bars must open at the same instants. */
function checkSharedGrid(folder: string, series: readonly SymbolSeries[], barMs: number): void {
  const [first, ...others] = series.map(({ bars }) => bars);
  for (const other of others) {
    if ((other.openMs[0]! - first!.openMs[0]!) % barMs === 0) continue;
    const names = `${other.instrument.symbol} and ${first!.instrument.symbol}`;
    throw new MarketDataError(`${folder}: the bars of ${names} do not open at the same instants`);
  }
}

/** Open of the first bar that is judged: the first one after every symbol's warm-up. */
function findStart(series: readonly SymbolSeries[], barMs: number): number {
  const hasWarmup = series.some(({ warmupEndMs }) => warmupEndMs !== null);
  const ends = series.map(({ bars, warmupEndMs }) => {
    if (hasWarmup) return warmupEndMs ?? Number.NEGATIVE_INFINITY;
    return bars.openMs[Math.min(DEFAULT_WARMUP_BARS, Math.floor(bars.openMs.length / 2))]!;
  });
  const end = Math.max(...ends);
  const opens = series.map(({ bars }) => bars.openMs.find((openMs) => openMs >= end) ?? Number.POSITIVE_INFINITY);
  const start = Math.min(...opens);
  return Number.isFinite(start) ? start : end + barMs;
}
