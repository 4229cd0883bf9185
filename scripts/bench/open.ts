import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { stringify } from 'yaml';
import { median, quantile } from './load.ts';
import { cpuUsOf } from './processes.ts';
import { type Begin, readDefaultPolicy, readToken, SELF, serve } from './serve.ts';
import type { StrangersPlan } from './strangers.ts';
import { ORDER_BODY, openPolicy } from './world.ts';

/** Target: what 64 connections without a token may add to the p99 of a halt, and of an exit. */
const ADDS_MS = 30;
const CONNECTIONS = 64;
/** Pairs of windows, by turns with and without them; so many halts and exits in each: 300 of each in all. */
const ROUNDS = 12;
const A_WINDOW = 25;
/** Of small lots: many exits make one position. */
const SYMBOL = 'ETHUSDT';
const OPENINGS = 12;
/** The venue takes 300 orders in 10 s. */
const BETWEEN_MS = 30;
/** They are at their height, or gone. */
const SETTLE_MS = 100;

interface Figures {
  readonly p50_ms: number;
  readonly p99_ms: number;
}
interface Beside {
  readonly samples: number;
  readonly quiet: Figures;
  readonly beside: Figures;
  readonly adds_p99_ms: number;
}
export interface OpenFigures {
  readonly halt: Beside;
  readonly exit: Beside;
  /** Answers by status, and how many a second while they were at it. */
  readonly strangers: { readonly statuses: Readonly<Record<string, number>>; readonly a_second: number };
  /** Of one core, while they were at it. */
  readonly daemon_cpu: number;
  /** Of the machine, over the last minute: p99 means little on one that others use. */
  readonly load: number;
  readonly is_within: boolean;
}

/**
 * An operator's halts on the socket of operators and an agent's exits on its port, beside 64 connections without a token and
 * without them, in windows that take turns.
 */
export async function measureOpen(begin: Begin, folder: string, rounds = ROUNDS): Promise<OpenFigures> {
  const policyPath = join(folder, 'open.yaml');
  const spec = openPolicy(readDefaultPolicy());
  writeFileSync(
    policyPath,
    stringify({ ...spec, exits: { ...spec.exits, rate: { max: 100_000, window_ms: 60_000 } } }),
  );
  const { daemonUrl, home, pids, token } = await serve(join(folder, 'open'), policyPath, begin);
  const plan: StrangersPlan = { url: daemonUrl, connections: CONNECTIONS };
  const strangers = await begin([SELF, '--role', 'strangers', JSON.stringify(plan)], {});
  strangers.process.kill('SIGSTOP');
  const operator = new Caller(new Client('http://localhost', { socketPath: join(home, 'paper', 'operator.sock') }), {
    authorization: `Bearer ${readToken(home, 'operator')}`,
  });
  const agent = new Caller(new Client(daemonUrl), { authorization: `Bearer ${token}` });
  for (let index = 0; index < OPENINGS; index += 1)
    await agent.trade('place_order', { ...ORDER_BODY, symbol: SYMBOL, requested_notional: 900 });
  const halts = { quiet: [] as number[], beside: [] as number[] };
  const exits = { quiet: [] as number[], beside: [] as number[] };
  let [besideMs, cpuUs] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? (['quiet', 'beside'] as const) : (['beside', 'quiet'] as const)) {
      if (side === 'beside') strangers.process.kill('SIGCONT');
      await delay(SETTLE_MS);
      const [startedMs, cpuBefore] = [performance.now(), cpuUsOf(pids[0])];
      for (let index = 0; index < A_WINDOW; index += 1) {
        halts[side].push(await operator.setState('halted'));
        await operator.setState('active');
        exits[side].push(await agent.trade('close_position', { symbol: SYMBOL, fraction: 0.003 }));
        await delay(BETWEEN_MS);
      }
      if (side === 'beside') {
        besideMs += performance.now() - startedMs;
        cpuUs += cpuUsOf(pids[0]) - cpuBefore;
        strangers.process.kill('SIGSTOP');
      }
      await delay(SETTLE_MS);
    }
  }
  const ended = strangers.figures<Record<string, number>>();
  strangers.process.kill('SIGCONT');
  strangers.process.kill('SIGTERM');
  const statuses = await ended;
  await operator.close();
  await agent.close();
  const [halt, exit] = [compare(halts), compare(exits)];
  const asked = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  return {
    halt,
    exit,
    strangers: { statuses, a_second: Math.round(asked / ((besideMs + rounds * 2 * SETTLE_MS) / 1_000)) },
    load: round(loadavg()[0] ?? 0, 1),
    daemon_cpu: round(cpuUs / 1_000 / besideMs, 2),
    is_within: halt.adds_p99_ms <= ADDS_MS && exit.adds_p99_ms <= ADDS_MS,
  };
}

function compare({ beside, quiet }: { readonly quiet: readonly number[]; readonly beside: readonly number[] }): Beside {
  const figures = (times: readonly number[]): Figures => ({
    p50_ms: round(median(times), 1),
    p99_ms: round(quantile(times, 0.99), 1),
  });
  const adds = quantile(beside, 0.99) - quantile(quiet, 0.99);
  return { samples: quiet.length, quiet: figures(quiet), beside: figures(beside), adds_p99_ms: round(adds, 1) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** One connection; each call is timed from its first byte to its answer's last. */
class Caller {
  readonly #client: Client;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(client: Client, headers: Readonly<Record<string, string>>) {
    this.#client = client;
    this.#headers = { ...headers, 'content-type': 'application/json' };
  }
  async #time(method: 'POST' | 'PUT', path: string, value: object): Promise<number> {
    const startedMs = performance.now();
    const answer = await this.#client.request({ method, path, headers: this.#headers, body: JSON.stringify(value) });
    const text = await answer.body.text();
    const tookMs = performance.now() - startedMs;
    if (answer.statusCode !== 200 || text.includes('"decision":"BLOCK"'))
      throw new Error(`${path} was answered ${answer.statusCode} ${text.slice(0, 2_000)}`);
    return tookMs;
  }
  setState(state: 'active' | 'halted'): Promise<number> {
    return this.#time('PUT', '/v1/trading-state', { state, reason: 'bench' });
  }
  trade(tool: string, args: object): Promise<number> {
    return this.#time('POST', `/v1/tools/${tool}`, args);
  }
  close(): Promise<void> {
    return this.#client.destroy();
  }
}
