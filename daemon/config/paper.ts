import { resolve } from 'node:path';
import { type Reading, requireFile } from './reading.ts';
import { SIM_TOKEN, SIM_TOKEN_RULE } from './settings.ts';
import { toLoopbackOrigin } from './venue-access.ts';

export interface PaperConfig {
  /** Origin of a running simulated exchange; null: the daemon starts one. */
  readonly url: string | null;
  /** `synthetic`, or the path of a folder or CSV file of bars. */
  readonly market: string;
  /** Null: the exchange's default, or the seed of its state. */
  readonly seed: number | null;
  /** Milliseconds of market time per wall millisecond. */
  readonly speed: number;
}

export function readPaper(reading: Reading): PaperConfig {
  const url = readPaperUrl(reading);
  const market = reading.get('HOLDFAST_MARKET') ?? 'synthetic';
  const marketPath = market === 'synthetic' ? market : resolve(market);
  if (market !== 'synthetic') requireFile(reading, 'HOLDFAST_MARKET', marketPath);
  if (market !== 'synthetic' && reading.has('HOLDFAST_SEED')) {
    reading.refuse('HOLDFAST_SEED', 'has no meaning for recorded bars');
  }
  for (const name of ['HOLDFAST_MARKET', 'HOLDFAST_SEED', 'HOLDFAST_SPEED'] as const) {
    if (url !== null && reading.has(name)) reading.refuse(name, 'must be set at the exchange of HOLDFAST_PAPER_URL');
  }
  return {
    url,
    market: marketPath,
    seed: reading.integer('HOLDFAST_SEED', 0, 2 ** 31 - 1, null),
    speed: reading.positive('HOLDFAST_SPEED', 100_000, 1),
  };
}

/** BY-28: the paper venue never leaves this machine. The value is not shown, since it may contain a password. */
export function readPaperUrl(reading: Reading): string | null {
  const text = reading.get('HOLDFAST_PAPER_URL');
  if (text === null) return null;
  const origin = toLoopbackOrigin(text);
  if (origin !== null) return origin;
  reading.refuse('HOLDFAST_PAPER_URL', 'must be http://127.0.0.1:PORT: plain http on a loopback address, nothing more');
  return null;
}

export function readSimToken(reading: Reading): string | null {
  const token = reading.get('HOLDFAST_SIM_TOKEN');
  if (token !== null && !SIM_TOKEN.test(token)) {
    reading.refuse('HOLDFAST_SIM_TOKEN', `is not a token: ${SIM_TOKEN_RULE}`);
  }
  return token;
}
