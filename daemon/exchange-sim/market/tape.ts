import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseE8, toNumber } from '../core/fixed.ts';
import { INSTRUMENTS, type Instrument } from '../core/instruments.ts';
import type { Bar, BarSource, FundingPoint } from './bars.ts';

const BAR_HEADER = 'open_time_ms,open,high,low,close,volume';
const FUNDING_HEADER = 'funding_time_ms,funding_rate';
const BAR_LENGTH = /(^|[-_.])\d+[mhd]([-_.]|$)/;
const FUNDING_MS = 8 * 3_600_000;
/** Settled every 8 hours when a tape comes without funding rows: the exchange's interest component. */
const DEFAULT_FUNDING_RATE = 10_000n;
/** History a tape keeps before its start when it has no warm-up file. */
const DEFAULT_HISTORY_BARS = 3000;

/** A recorded market cannot be used as it is; the message names file and line. */
export class TapeError extends Error {
  override readonly name = 'TapeError';
}

/** A recorded market of one symbol. */
export interface Tape {
  readonly instrument: Instrument;
  readonly source: BarSource;
  readonly startMs: number;
}

interface FileRole {
  readonly path: string;
  readonly name: string;
  readonly isWarmup: boolean;
}

function readRows(path: string, header: string): readonly (readonly string[])[] {
  const lines = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  if (lines[0]?.trim() !== header) throw new TapeError(`${path}: the first line must be "${header}"`);
  const width = header.split(',').length;
  return lines.slice(1).map((line, index) => {
    const cells = line.split(',');
    if (cells.length !== width || cells.some((cell) => !Number.isFinite(Number.parseFloat(cell)))) {
      throw new TapeError(`${path}:${index + 2}: expected ${width} numbers`);
    }
    return cells;
  });
}

function parseBar(instrument: Instrument, cells: readonly string[], where: string): Bar {
  const [openMs, open, high, low, close, volume] = cells.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const tick = toNumber(instrument.tick);
  const bar = {
    openMs,
    open: Math.round(open / tick),
    high: Math.round(high / tick),
    low: Math.round(low / tick),
    close: Math.round(close / tick),
    volume: Math.round(volume / toNumber(instrument.lot)),
  };
  const isSound = bar.low > 0 && bar.low <= Math.min(bar.open, bar.close) && bar.high >= Math.max(bar.open, bar.close);
  if (!isSound || bar.volume < 0) throw new TapeError(`${where}: not a bar (low <= open, close <= high, volume >= 0)`);
  return bar;
}

function readBars(instrument: Instrument, files: readonly FileRole[]): readonly Bar[] {
  const byTime = new Map<number, Bar>();
  for (const file of files) {
    for (const [index, cells] of readRows(file.path, BAR_HEADER).entries()) {
      const where = `${file.path}:${index + 2}`;
      const bar = parseBar(instrument, cells, where);
      const known = byTime.get(bar.openMs);
      if (known !== undefined && known.close !== bar.close)
        throw new TapeError(`${where}: two different bars at one time`);
      byTime.set(bar.openMs, bar);
    }
  }
  return [...byTime.values()].sort((a, b) => a.openMs - b.openMs);
}

function readFunding(files: readonly FileRole[]): readonly FundingPoint[] {
  const byTime = new Map<number, FundingPoint>();
  for (const file of files) {
    for (const [index, [time, rate]] of readRows(file.path, FUNDING_HEADER).entries()) {
      const parsed = parseE8(rate ?? '');
      if (parsed === undefined) throw new TapeError(`${file.path}:${index + 2}: the rate is not a decimal`);
      // The exchange stamps settlements up to some milliseconds late.
      const atMs = Math.floor(Number(time) / 1000) * 1000;
      byTime.set(atMs, { atMs, rate: parsed });
    }
  }
  return [...byTime.values()].sort((a, b) => a.atMs - b.atMs);
}

class RecordedSource implements BarSource {
  readonly barMs: number;
  readonly #bars: readonly Bar[];
  readonly #funding: readonly FundingPoint[];

  constructor(bars: readonly Bar[], funding: readonly FundingPoint[], barMs: number) {
    this.#bars = bars;
    this.#funding = funding;
    this.barMs = barMs;
  }

  bar(index: number): Bar | undefined {
    return this.#bars[index];
  }

  indexAt(ms: number): number {
    let low = 0;
    let high = this.#bars.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#bars[middle]?.openMs ?? 0) <= ms) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  nextFunding(afterMs: number): FundingPoint | undefined {
    if (this.#funding.length > 0) return this.#funding.find((point) => point.atMs > afterMs);
    return { atMs: (Math.floor(afterMs / FUNDING_MS) + 1) * FUNDING_MS, rate: DEFAULT_FUNDING_RATE };
  }

  fundingBetween(fromMs: number, toMs: number): readonly FundingPoint[] {
    if (this.#funding.length > 0) return this.#funding.filter((p) => p.atMs >= fromMs && p.atMs <= toMs);
    const points: FundingPoint[] = [];
    const first = Math.max(fromMs, this.#bars[0]?.openMs ?? fromMs);
    for (let atMs = Math.ceil(first / FUNDING_MS) * FUNDING_MS; atMs <= toMs; atMs += FUNDING_MS) {
      points.push({ atMs, rate: DEFAULT_FUNDING_RATE });
    }
    return points;
  }
}

/** Shortest distance between two neighbours: the bar length; gaps only lengthen a distance. */
function barLength(bars: readonly Bar[], path: string): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let index = 1; index < bars.length; index++) {
    shortest = Math.min(shortest, (bars[index]?.openMs ?? 0) - (bars[index - 1]?.openMs ?? 0));
  }
  if (!Number.isFinite(shortest) || shortest % 20 !== 0) {
    throw new TapeError(`${path}: at least two bars of one length are needed`);
  }
  return shortest;
}

function listFiles(market: string): readonly FileRole[] {
  const isFolder = statSync(market).isDirectory();
  const paths = isFolder ? readdirSync(market).map((name) => join(market, name)) : [market];
  return paths
    .map((path) => ({ path, name: basename(path), isWarmup: basename(path).includes('warmup') }))
    .filter((file) => file.name.endsWith('.csv') && !file.name.includes('markprice'))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Reads recorded bars and funding from a folder (or one CSV file of bars). A file belongs to the symbol that its name
 * starts with; a single file without one is taken as BTCUSDT. Bar files carry a bar length in their name ("15m"),
 * funding files "funding"; "markprice" files are left alone; "warmup" files are history only. Throws TapeError.
 */
export function readTapes(market: string, symbols?: readonly string[]): readonly Tape[] {
  const files = listFiles(market);
  const isSingle = files.length === 1;
  const tapes: Tape[] = [];
  for (const instrument of INSTRUMENTS) {
    if (symbols !== undefined && !symbols.includes(instrument.symbol)) continue;
    const names = INSTRUMENTS.map((known) => known.symbol);
    const own = files.filter(
      (file) =>
        file.name.startsWith(instrument.symbol) ||
        (isSingle && instrument.symbol === names[0] && !names.some((name) => file.name.startsWith(name))),
    );
    const barFiles = own.filter((file) => !file.name.includes('funding') && (isSingle || BAR_LENGTH.test(file.name)));
    if (barFiles.length === 0) continue;
    const bars = readBars(instrument, barFiles);
    const funding = readFunding(own.filter((file) => file.name.includes('funding')));
    const warmup = readBars(
      instrument,
      barFiles.filter((file) => file.isWarmup),
    ).at(-1);
    const fallback = bars[Math.min(DEFAULT_HISTORY_BARS, Math.floor(bars.length / 2))];
    const start = warmup === undefined ? fallback : (bars.find((bar) => bar.openMs > warmup.openMs) ?? fallback);
    const source = new RecordedSource(bars, funding, barLength(bars, market));
    tapes.push({ instrument, source, startMs: start?.openMs ?? 0 });
  }
  if (tapes.length === 0) throw new TapeError(`${market}: no bars of ${INSTRUMENTS.map((i) => i.symbol).join(' or ')}`);
  return tapes;
}
