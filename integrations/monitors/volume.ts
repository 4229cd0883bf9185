/**
 * Reports a volume that is far from a symbol's usual one, from the exchange's public bars:
 *
 *   node integrations/monitors/volume.ts --token-file monitor.token --symbol BTCUSDT --url https://fapi.binance.com
 *
 * The last closed bar is compared with those before it by the logarithm of its volume: how many median absolute
 * deviations (times 1.4826, the standard deviation of a normal one) it lies from the median. Without bars there is
 * nothing to report: the gate itself refuses to open on stale ones.
 */
import { parseArgs } from 'node:util';
import {
  buildReporter,
  COMMON,
  fetchJson,
  positive,
  type Reported,
  type Reporter,
  repeat,
  required,
} from './reporter.ts';

export interface VolumeOptions {
  readonly url: string;
  readonly symbol: string;
  readonly interval: string;
  readonly bars: number;
  readonly deviations: number;
}
/** A steady volume has hardly any deviation: less than this (5 %) counts as this much. */
const MIN_DEVIATION = 0.05;
const FEWEST_BARS = 20;

/** Deviations of the last volume from those before it; null: too few to say. */
export function deviationOf(volumes: readonly number[]): number | null {
  const logs = volumes.map((volume) => Math.log1p(volume));
  const last = logs.at(-1);
  const earlier = logs.slice(0, -1);
  if (last === undefined || earlier.length < FEWEST_BARS || !logs.every(Number.isFinite)) return null;
  const middle = median(earlier);
  const spread = 1.4826 * median(earlier.map((each) => Math.abs(each - middle)));
  return (last - middle) / Math.max(spread, MIN_DEVIATION);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? 0)) / 2;
}

/** Volumes of the closed bars, oldest first. @throws if the exchange gives none */
async function readVolumes({ url, symbol, interval, bars }: VolumeOptions): Promise<readonly number[]> {
  const query = new URLSearchParams({ symbol, interval, limit: String(bars + 2) });
  const rows = await fetchJson(`${url}/fapi/v1/klines?${query}`);
  if (!Array.isArray(rows)) throw new Error('the exchange gave no bars');
  // The last one is still running.
  return rows.slice(0, -1).map((row: unknown) => (Array.isArray(row) ? Number(row[5]) : Number.NaN));
}

export async function look(options: VolumeOptions, reporter: Reporter): Promise<Reported | 'usual' | 'too few bars'> {
  const deviation = deviationOf(await readVolumes(options));
  if (deviation === null) return 'too few bars';
  if (Math.abs(deviation) < options.deviations) return 'usual';
  const severity = Math.min(1, Math.abs(deviation) / (2 * options.deviations));
  const evidence = `the volume of the last ${options.interval} bar is ${deviation.toFixed(1)} deviations from its median`;
  return reporter.report({ kind: 'anomaly', scope: { symbol: options.symbol }, severity, evidence });
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      ...COMMON,
      url: { type: 'string', default: 'https://fapi.binance.com' },
      symbol: { type: 'string' },
      interval: { type: 'string', default: '1m' },
      bars: { type: 'string', default: '240' },
      deviations: { type: 'string', default: '8' },
      'look-ms': { type: 'string', default: '30000' },
    },
  });
  const options: VolumeOptions = {
    url: values.url.replace(/\/$/, ''),
    symbol: required(values, 'symbol'),
    interval: values.interval,
    bars: positive(values, 'bars'),
    deviations: positive(values, 'deviations'),
  };
  const reporter = buildReporter(values);
  await repeat(positive(values, 'look-ms'), () => look(options, reporter));
}
