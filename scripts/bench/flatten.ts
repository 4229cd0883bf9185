import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readEnv } from '../../daemon/config/config.ts';
import { sign } from '../../daemon/exchange-sim/rest/auth.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';
import { median, quantile } from './load.ts';
import { ORDER_BODY } from './world.ts';

const RESTING = [0, 20, 200] as const;
const WARM_UP = 10;
const KNOWN_WITHIN_MS = 20_000;
/** Far below the market. */
const BIDS = [
  { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.002', price: '40000' },
  { symbol: 'ETHUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.05', price: '2000' },
];

interface Delays {
  readonly p50_ms: number;
  readonly p99_ms: number;
}
export interface FlattenFigures {
  readonly flattens: number;
  /** From the call until its first exit has come to the exchange, by the number of opening orders that rest. */
  readonly first_exit: readonly {
    readonly resting: number;
    readonly account: Delays;
    readonly symbols: Delays;
    readonly p99_ratio: number;
  }[];
}

/** Flattens of the account and of its symbols, by turns, over sockets and with every record on disk. */
export async function measureFlatten(
  {
    folder,
    policyPath,
    exchangeUrl,
  }: { readonly folder: string; readonly policyPath: string; readonly exchangeUrl: string },
  flattens: number,
): Promise<FlattenFigures> {
  const { config, secrets } = readEnv({
    HOLDFAST_HOME: join(folder, 'home'),
    HOLDFAST_HEAD_FILE: join(folder, 'head'),
    HOLDFAST_PORT: '0',
    HOLDFAST_PAPER_URL: exchangeUrl,
    HOLDFAST_POLICY: policyPath,
    HOLDFAST_LOG_LEVEL: 'silent',
  });
  const log = createLogger({ level: 'silent', secrets: [] });
  const daemon = await startDaemon(config, secrets, { log, signal: new AbortController().signal });
  try {
    const tokenOf = (role: 'agent' | 'operator'): string =>
      daemon.ledger.tokens.createToken({ role, name: role, agent: role }).secret;
    const tokens = { agent: tokenOf('agent'), operator: tokenOf('operator') };
    await until(daemon, () => daemon.gate.keeper.isReconciled);
    // Hundreds of orders by hand would use up the account's limit, which is not measured here.
    daemon.gate.core.sends.adopt = () => false;
    const first_exit: FlattenFigures['first_exit'][number][] = [];
    for (const resting of RESTING) {
      const asked = { exchangeUrl, tokens, resting };
      const account: number[] = [];
      const symbols: number[] = [];
      for (let i = -WARM_UP; i < flattens; i += 1) {
        const ofAccount = await measureOnce(daemon, asked);
        const ofSymbols = await measureOnce(daemon, { ...asked, symbols: ['BTCUSDT', 'ETHUSDT'] });
        if (i < 0) continue;
        account.push(ofAccount);
        symbols.push(ofSymbols);
      }
      const [whole, named] = [delaysOf(account), delaysOf(symbols)];
      const p99_ratio = Math.round((whole.p99_ms / named.p99_ms) * 100) / 100;
      first_exit.push({ resting, account: whole, symbols: named, p99_ratio });
    }
    return { flattens, first_exit };
  } finally {
    await daemon.close();
  }
}

function delaysOf(times: readonly number[]): Delays {
  const round = (ms: number): number => Math.round(ms * 10) / 10;
  return { p50_ms: round(median(times)), p99_ms: round(quantile(times, 0.99)) };
}

interface Asked {
  readonly exchangeUrl: string;
  readonly tokens: { readonly agent: string; readonly operator: string };
  readonly resting: number;
  /** Absent: the account. */
  readonly symbols?: readonly string[];
}

/** One flatten of a position beside resting orders: until its first exit was at the exchange, ms. */
async function measureOnce(daemon: Daemon, { exchangeUrl, tokens, resting, symbols }: Asked): Promise<number> {
  const call = async (method: string, path: string, role: 'agent' | 'operator', asked: object): Promise<string> => {
    const headers = { authorization: `Bearer ${tokens[role]}`, 'content-type': 'application/json' };
    const answer = await fetch(daemon.url + path, { method, headers, body: JSON.stringify(asked) });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text.slice(0, 500)}`);
    return text;
  };
  // The gate leaves agents half of the orders that the venue takes.
  const open = () => call('POST', '/v1/tools/place_order', 'agent', ORDER_BODY);
  while ((await open()).includes('"decision":"BLOCK"')) await delay(200);
  const bids = Array.from({ length: resting }, (_, i) => BIDS[i % BIDS.length] ?? {});
  await Promise.all(bids.map((bid) => ask(exchangeUrl, 'POST', '/fapi/v1/order', bid)));
  const { state } = daemon.gate.core;
  await until(daemon, () => daemon.gate.openOrderCount() === resting && state.position('BTCUSDT').quantityE8 > 0);
  const askedAtMs = performance.timeOrigin + performance.now();
  await call('POST', '/v1/flatten', 'operator', { symbols, reason: 'bench' });
  const orders = (await ask(exchangeUrl, 'GET', '/fapi/v1/allOrders', { symbol: 'BTCUSDT', limit: '1000' })) as {
    readonly reduceOnly: boolean;
    readonly time: number;
  }[];
  const exit = orders.find(({ reduceOnly, time }) => reduceOnly && time >= Math.floor(askedAtMs));
  if (exit === undefined) throw new Error('no exit has come to the exchange');
  for (const symbol of symbols ?? [undefined])
    await call('PUT', '/v1/trading-state', 'operator', { state: 'active', symbol, reason: 'bench' });
  await until(daemon, () => daemon.gate.openOrderCount() === 0);
  return exit.time - askedAtMs;
}

/** As the owner of the account does, past the daemon. */
async function ask(url: string, method: string, path: string, params: Record<string, string>): Promise<unknown> {
  const text = new URLSearchParams({ ...params, recvWindow: '5000', timestamp: String(Date.now()) }).toString();
  const signed = `${text}&signature=${sign(text, 'paper-secret')}`;
  const headers = { 'X-MBX-APIKEY': 'paper', 'content-type': 'application/x-www-form-urlencoded' };
  const inBody = method === 'POST';
  const answer = await fetch(inBody ? url + path : `${url}${path}?${signed}`, {
    method,
    headers,
    ...(inBody ? { body: signed } : {}),
  });
  const json: unknown = await answer.json();
  if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(json)}`);
  return json;
}

/** Reads the account until it shows what is waited for. */
async function until(daemon: Daemon, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + KNOWN_WITHIN_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the daemon did not come to know of it');
    await daemon.gate.core.run(daemon.gate.keeper.refreshAll());
  }
}
