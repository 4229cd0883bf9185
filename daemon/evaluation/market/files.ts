import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MarketDataError } from '../facts/out-folder.ts';

export interface MarketFile {
  readonly path: string;
  readonly name: string;
  readonly symbol: string;
  readonly kind: 'bars' | 'funding';
  /** As written in the name (`15m`); empty for funding. */
  readonly barLength: string;
  /** History only: what follows it is judged. */
  readonly isWarmup: boolean;
}
export interface MarketFolder {
  /** Ordered by name. */
  readonly files: readonly MarketFile[];
  /** CSV files and archives whose name says neither bars nor funding. */
  readonly unknown: readonly string[];
}

/** A quarterly contract (`BTCUSDT_260327`) and one that is margined in its coin are other markets than the perpetual. */
const SYMBOL = /^([A-Z0-9]{2,20})(?![A-Za-z0-9]|_(?:\d{6}|PERP)(?![A-Za-z0-9]))/;
const ENDING = /\.(?:csv|zip)$/;

/** By code units: the order must not depend on the locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The market data files of a folder, by their names alone. A file belongs to the symbol its name starts with; bar files
 * carry a bar length, funding files the word `funding`; `markprice` files are left alone; `warmup` marks history.
 *
 * @throws MarketDataError when there is no such folder or nothing in it
 */
export function listMarketFiles(folder: string): MarketFolder {
  const names = listNames(folder).filter((name) => ENDING.test(name) && !name.includes('markprice'));
  if (names.length === 0) throw new MarketDataError(`${folder}: no CSV file of bars is in this folder`);
  const files: MarketFile[] = [];
  const unknown: string[] = [];
  for (const name of names.sort(compareText)) {
    const symbol = SYMBOL.exec(name)?.[1];
    const barLength = findBarLength(name.replace(ENDING, ''));
    const isFunding = name.includes('funding');
    if (symbol === undefined || (barLength === null && !isFunding)) {
      unknown.push(name);
      continue;
    }
    files.push({
      path: join(folder, name),
      name,
      symbol,
      kind: isFunding ? 'funding' : 'bars',
      barLength: isFunding ? '' : (barLength ?? ''),
      isWarmup: name.includes('warmup'),
    });
  }
  return { files, unknown };
}

function listNames(folder: string): string[] {
  try {
    if (!statSync(folder).isDirectory()) throw new MarketDataError(`${folder}: a folder of CSV files is expected`);
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof MarketDataError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new MarketDataError(`${folder}: this folder cannot be read (${code})`);
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const IN_NAME = /(?:^|[-_.])([1-9]\d{0,3}[mhdw])(?=[-_.]|$)/;

/** Length of a bar written as the exchange writes it (`15m`, `1h`, `1d`, `1w`), ms; null when the text is no length. */
export function parseBarLength(text: string): number | null {
  const match = /^([1-9]\d{0,3})([mhdw])$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  return match === null || unitMs === undefined ? null : Number(match[1]) * unitMs;
}

/** The bar length that stands as a word of its own in a file's name, as written; null when there is none. */
export function findBarLength(name: string): string | null {
  return IN_NAME.exec(name)?.[1] ?? null;
}

/** `900000` as `15m`, in the largest unit that divides it. */
export function formatBarLength(barMs: number): string {
  for (const unit of ['w', 'd', 'h', 'm']) {
    const unitMs = UNIT_MS[unit]!;
    if (barMs % unitMs === 0) return `${barMs / unitMs}${unit}`;
  }
  return `${barMs} ms`;
}
