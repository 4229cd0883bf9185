import type { RawRequest } from '../../daemon/exchange-sim/rest/handle.ts';

/** A question about the account, and what came back. */
export interface AccountRead {
  readonly life: number;
  readonly path: string;
  readonly query: string;
  readonly sentAtMs: number;
  /** Margin balance less all that was moved in, by the books as it came there, USDT; null: it never did. */
  netUsdt: number | null;
  walletUsdt: number | null;
  servedAtMs: number | null;
  /** Of a whole answer; null: none came. */
  status: number | null;
  answer: string | null;
  answeredAtMs: number | null;
}

export const ACCOUNT = '/fapi/v3/account';
export const POSITIONS = '/fapi/v3/positionRisk';
export const SETTINGS = '/fapi/v1/symbolConfig';
export const MODE = '/fapi/v1/accountConfig';
export const INCOME = '/fapi/v1/income';
const PATHS: ReadonlySet<string> = new Set([ACCOUNT, POSITIONS, SETTINGS, MODE, INCOME]);

/** Null: it asks for something else. */
export function readOf(life: number, { method, path, query }: RawRequest, sentAtMs: number): AccountRead | null {
  if (method !== 'GET' || !PATHS.has(path)) return null;
  return {
    life,
    path,
    query,
    sentAtMs,
    netUsdt: null,
    walletUsdt: null,
    servedAtMs: null,
    status: null,
    answer: null,
    answeredAtMs: null,
  };
}

/** What a whole reading of the account told: its balance, and the settings of symbols. */
export interface Reading {
  readonly life: number;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly netUsdt: number;
  /** Symbols on crossed margin. */
  readonly crossed: ReadonlySet<string>;
  readonly leverages: ReadonlyMap<string, number>;
}

interface Row {
  readonly symbol: string;
  readonly marginType: string;
  readonly leverage: number;
}

/** Parts of one reading leave in one turn. */
const BESIDE_MS = 5;

/** Readings of which every part was answered, in the order in which they were sent. */
export function readingsOf(reads: readonly AccountRead[]): readonly Reading[] {
  const readings: Reading[] = [];
  for (const [index, read] of reads.entries()) {
    if (read.path !== ACCOUNT || read.netUsdt === null) continue;
    const parts = [read];
    for (let at = Math.max(0, index - 6); at <= index + 6 && at < reads.length; at += 1) {
      const other = reads[at] as AccountRead;
      const isPart = other.path === POSITIONS || other.path === SETTINGS;
      if (isPart && other.life === read.life && Math.abs(other.sentAtMs - read.sentAtMs) <= BESIDE_MS)
        parts.push(other);
    }
    const settings = parts.find(({ path }) => path === SETTINGS);
    const isWhole = parts.every(({ status }) => status === 200) && parts.some(({ path }) => path === POSITIONS);
    if (settings?.answer == null || !isWhole) continue;
    const rows = JSON.parse(settings.answer) as readonly Row[];
    readings.push({
      life: read.life,
      sentAtMs: read.sentAtMs,
      answeredAtMs: Math.max(...parts.map(({ answeredAtMs }) => answeredAtMs ?? Number.POSITIVE_INFINITY)),
      netUsdt: read.netUsdt,
      crossed: new Set(rows.filter(({ marginType }) => marginType === 'CROSSED').map(({ symbol }) => symbol)),
      leverages: new Map(rows.map(({ leverage, symbol }) => [symbol, leverage])),
    });
  }
  return readings;
}
