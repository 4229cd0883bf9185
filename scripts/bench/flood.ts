import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'undici';
import { parse, stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { FloodFigures, FloodPlan } from './flooder.ts';
import { median, quantile } from './load.ts';
import type { Child } from './processes.ts';
import { openPolicy } from './world.ts';

const run = promisify(execFile);
const SOCKETS = 1_100;
const PARALLEL = 800;
const SECONDS = 10;
/** Between two commands that are timed. */
const EVERY_MS = 100;

/** Starts processes; what it began is ended by the caller. */
export interface FloodHost {
  readonly folder: string;
  readonly begin: (args: readonly string[], env: Record<string, string>) => Promise<Child>;
  readonly self: string;
  readonly daemonArgs: readonly string[];
  readonly untilReady: (url: string) => Promise<void>;
}
interface Figures {
  readonly samples: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly longest_ms: number;
}
export interface FloodReport {
  readonly idle_sockets: number;
  readonly parallel_calls: number;
  readonly quiet: { readonly halt: Figures; readonly exit_sent: Figures };
  /** Under the flood: sent over the operator's socket until answered, which is when it is on disk and in force. */
  readonly halt: Figures & { readonly flood: FloodFigures };
  /** Under the flood: another agent's exit, from its call until the exchange has the order. */
  readonly exit_sent: Figures & { readonly flood: FloodFigures };
  readonly machine: { readonly cores: number; readonly load: readonly number[]; readonly cpu_of_daemon: number };
}

/** `npm run -s bench -- flood`: an operator's halt, and another agent's exit, while one token floods the daemon. */
export async function measureFlood(host: FloodHost): Promise<FloodReport> {
  const exchange = await host.begin([host.self, '--role', 'exchange'], {});
  const home = join(host.folder, 'flood');
  const policyPath = join(host.folder, 'flood-policy.yaml');
  writeFileSync(policyPath, floodPolicy());
  const env = {
    HOLDFAST_HOME: home,
    HOLDFAST_PORT: '0',
    HOLDFAST_LOG_LEVEL: 'silent',
    HOLDFAST_POLICY: policyPath,
    HOLDFAST_PAPER_URL: exchange.url,
  };
  const daemon = await host.begin(host.daemonArgs, env);
  await host.untilReady(daemon.url);
  const tokenOf = (role: string): string => readFileSync(join(home, 'tokens', `${role}.token`), 'utf8').trim();
  const trading = new Trading(daemon.url, await createAgent(env), exchange.url);
  const operator = new Operator(join(home, 'paper', 'operator.sock'), tokenOf('operator'));
  await trading.open();
  const quiet = { halt: await operator.time(20), exit_sent: await trading.time(20) };
  const plan: FloodPlan = {
    url: daemon.url,
    token: tokenOf('agent'),
    sockets: SOCKETS,
    parallel: PARALLEL,
    seconds: SECONDS,
  };
  const cpuBefore = cpuSeconds(daemon);
  const startedMs = performance.now();
  const halt = await underFlood(host, plan, (isOver) => operator.time(Number.POSITIVE_INFINITY, isOver));
  await operator.resume();
  const exit_sent = await underFlood(host, plan, (isOver) => trading.time(Number.POSITIVE_INFINITY, isOver));
  const cpu_of_daemon = (cpuSeconds(daemon) - cpuBefore) / ((performance.now() - startedMs) / 1_000);
  await operator.close();
  await trading.close();
  return {
    idle_sockets: SOCKETS,
    parallel_calls: PARALLEL,
    quiet,
    halt,
    exit_sent,
    machine: { cores: cpus().length, load: loadavg(), cpu_of_daemon: Math.round(cpu_of_daemon * 100) / 100 },
  };
}

function floodPolicy(): string {
  const base = parse(readFileSync(join(findPackageFolder(), 'policies', 'default.yaml'), 'utf8')) as IntendedPolicySpec;
  const spec = openPolicy(base);
  return stringify({ ...spec, exits: { ...spec.exits, rate: { max: 100_000, window_ms: 60_000 } } });
}

async function createAgent(env: Record<string, string>): Promise<string> {
  const args = ['token', 'create', '--role', 'agent', '--name', 'other', '--agent', 'other', '--json'];
  const main = join(findPackageFolder(), 'scripts', 'holdfast.mjs');
  const { stdout } = await run(process.execPath, [main, ...args], { env: { PATH: process.env.PATH ?? '', ...env } });
  const created = JSON.parse(stdout) as { readonly secret?: string; readonly token?: string };
  return created.secret ?? created.token ?? '';
}

async function underFlood(
  host: FloodHost,
  plan: FloodPlan,
  measure: (isOver: () => boolean) => Promise<Figures>,
): Promise<Figures & { readonly flood: FloodFigures }> {
  const flooder = await host.begin([host.self, '--role', 'flooder', JSON.stringify(plan)], {});
  let isOver = false;
  const figures = flooder.figures<FloodFigures>().finally(() => {
    isOver = true;
  });
  // The flood is at its height.
  await delay(1_000);
  const measured = await measure(() => isOver);
  return { ...measured, flood: await figures };
}

function summarise(times: readonly number[]): Figures {
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return {
    samples: times.length,
    p50_ms: rounded(median(times)),
    p99_ms: rounded(quantile(times, 0.99)),
    longest_ms: rounded(Math.max(...times)),
  };
}

async function sample(count: number, isOver: () => boolean, once: () => Promise<number>): Promise<Figures> {
  const times: number[] = [];
  while (times.length < count && !isOver()) {
    times.push(await once());
    await delay(EVERY_MS);
  }
  return summarise(times);
}

const never = (): boolean => false;

class Operator {
  readonly #client: Client;
  readonly #token: string;

  constructor(socketPath: string, token: string) {
    this.#client = new Client('http://localhost', { socketPath });
    this.#token = token;
  }
  time(count: number, isOver: () => boolean = never): Promise<Figures> {
    return sample(count, isOver, async () => {
      const startedMs = performance.now();
      await this.#set('halted');
      const tookMs = performance.now() - startedMs;
      await this.#set('active');
      return tookMs;
    });
  }
  resume(): Promise<void> {
    return this.#set('active');
  }
  async #set(state: string): Promise<void> {
    const answer = await this.#client.request({
      method: 'PUT',
      path: '/v1/trading-state',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ state, reason: 'bench' }),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`the operator was answered ${answer.statusCode} ${text}`);
  }
  close(): Promise<void> {
    return this.#client.destroy();
  }
}

/** Another agent, which holds a position and closes it in many small exits. */
class Trading {
  readonly #client: Client;
  readonly #token: string;
  readonly #exchangeUrl: string;

  constructor(url: string, token: string, exchangeUrl: string) {
    this.#client = new Client(url);
    this.#token = token;
    this.#exchangeUrl = exchangeUrl;
  }
  async open(): Promise<void> {
    const order = {
      symbol: 'ETHUSDT',
      intent: 'open',
      side: 'buy',
      requested_notional: 900,
      requested_leverage: 1,
      order_type: 'market',
      max_slippage_bps: 20,
      strategy_id: 'other',
    };
    for (let index = 0; index < 3; index += 1) await this.#call('place_order', order);
  }
  /** From the call until the order is in the exchange's books; both run on this machine's clock. */
  time(count: number, isOver: () => boolean = never): Promise<Figures> {
    return sample(count, isOver, async () => {
      const startedMs = Date.now();
      const { body, status } = await this.#call('close_position', { symbol: 'ETHUSDT', fraction: 0.01 });
      const id = body.execution?.orders[0]?.client_order_id;
      if (id === undefined) throw new Error(`an exit was answered ${status} ${JSON.stringify(body)}`);
      for (;;) {
        const createdMs = await this.#createdMs(id);
        if (createdMs !== null) return createdMs - startedMs;
        await delay(20);
      }
    });
  }
  async #createdMs(clientId: string): Promise<number | null> {
    const answer = await fetch(`${this.#exchangeUrl}/sim/books`, {
      headers: { authorization: 'Bearer bench-control' },
    });
    const { orders } = (await answer.json()) as { orders: { client_order_id: string; created_ms: number }[] };
    return orders.find((order) => order.client_order_id === clientId)?.created_ms ?? null;
  }
  async #call(
    tool: string,
    args: object,
  ): Promise<{ status: number; body: { execution?: { orders: { client_order_id: string }[] } } }> {
    const answer = await this.#client.request({
      method: 'POST',
      path: `/v1/tools/${tool}`,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify(args),
    });
    return { status: answer.statusCode, body: JSON.parse(await answer.body.text()) as object };
  }
  close(): Promise<void> {
    return this.#client.destroy();
  }
}

/** User and system time of the daemon so far; 0 where the system does not tell. */
function cpuSeconds(daemon: Child): number {
  try {
    const fields = readFileSync(`/proc/${daemon.process.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
