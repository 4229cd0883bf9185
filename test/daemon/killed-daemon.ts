import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { TradingStateBody } from '../../daemon/contract/types/operator.ts';
import type { OrderBody, PositionBody } from '../../daemon/contract/types/reads.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import type { AnyBody } from '../bypasses/attempts.ts';
import { type Books, type Mutable, type TestAnswer, until } from './harness.ts';
import { editPolicy, UNPACED } from './policy-edits.ts';

const ROOT = findPackageFolder();
const MAIN = join(ROOT, 'scripts', 'holdfast.mjs');
/** Node 22 fails in itself where a hook reads TypeScript: its daemons keep the shipped deadline. */
const PATIENT = process.versions.node.startsWith('22.')
  ? []
  : ['--import', new URL('../../scripts/campaign/patient-orders.mjs', import.meta.url).href];
/** Longest wait for anything: recvWindow and its skew allowance take 6 s by themselves, and the machine may be busy. */
const WITHIN_MS = 30_000;
const UNPROVEN: ReadonlySet<string> = new Set(['pending_send', 'in_flight', 'unknown', 'lost']);

/** A daemon as a process of its own; the exchange lives here, so that its books survive every kill. */
export class KilledDaemon {
  readonly sim: ExchangeSim;
  readonly home: string;
  readonly #policyPath: string;
  #child: ChildProcess | null = null;
  #url = '';

  private constructor(sim: ExchangeSim) {
    this.sim = sim;
    this.home = mkdtempSync(join(tmpdir(), 'holdfast-killed-'));
    this.#policyPath = join(this.home, 'policy.yaml');
    writeFileSync(this.#policyPath, policyText());
  }

  get ledgerPath(): string {
    return join(this.home, 'paper', 'ledger.db');
  }

  static async start(seed: number): Promise<KilledDaemon> {
    const sim = await startExchangeSim({ seed, enforceLimits: false });
    const world = new KilledDaemon(sim);
    try {
      // Prices stand still: what is compared with a cap is then worth the same before and after a kill.
      for (const [symbol, price] of [
        ['BTCUSDT', '60000'],
        ['ETHUSDT', '3000'],
      ])
        await world.control('set-mark', { symbol, price });
      await world.launch();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** Starts the daemon on the same home; resolves when it is ready. */
  async launch(): Promise<void> {
    const env = {
      PATH: process.env.PATH,
      HOLDFAST_HOME: this.home,
      HOLDFAST_HEAD_FILE: join(this.home, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_POLICY: this.#policyPath,
      HOLDFAST_PAPER_URL: this.sim.url,
      HOLDFAST_LOG_LEVEL: 'fatal',
    };
    const args = [...PATIENT, MAIN, 'start', '--json'];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    await until(
      'the daemon says where it listens',
      () => {
        if (child.exitCode !== null) throw new Error(`the daemon ended by itself: ${errors}`);
        return output.trimEnd().endsWith('}');
      },
      WITHIN_MS,
    );
    const said = JSON.parse(output) as { readonly url?: string };
    assert.ok(said.url !== undefined, `the daemon did not start: ${output}`);
    this.#url = said.url;
    await until('it is ready', async () => (await this.call('GET', '/readyz')).status === 200, WITHIN_MS);
  }

  /** SIGKILL: nothing is closed, nothing is said. */
  async kill(): Promise<void> {
    const child = this.#child;
    assert.ok(child !== null && child.exitCode === null && child.signalCode === null, 'the daemon runs');
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
    this.#child = null;
  }

  async close(): Promise<void> {
    if (this.#child !== null && this.#child.exitCode === null) await this.kill();
    await this.sim.close();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Resolves when the daemon knows what became of every order. */
  async untilKnown(): Promise<void> {
    const isKnown = async (): Promise<boolean> =>
      !(await this.orders('?open=true')).some((order) => UNPROVEN.has(order.status));
    await until('every order is known', isKnown, WITHIN_MS);
    const isActive = async (): Promise<boolean> =>
      !(await this.tradingState()).layers.some((layer) => layer.set_by === 'resolver');
    await until('no symbol is closed for an unknown order', isActive, WITHIN_MS);
  }

  // --- the exchange --------------------------------------------------------------------------------------------------

  async control(path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.sim.url}/sim/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { Authorization: `Bearer ${this.sim.simToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (response.status !== 200) throw new Error(`/sim/${path}: ${JSON.stringify(answer)}`);
    return answer;
  }
  async books(): Promise<Books> {
    return (await this.control('books')) as Books;
  }
  async held(symbol: string): Promise<number> {
    return Number((await this.books()).positions.find((position) => position.symbol === symbol)?.quantity);
  }

  // --- the daemon ----------------------------------------------------------------------------------------------------

  async call<T>(method: string, path: string, body?: object, role = 'agent'): Promise<TestAnswer<T>> {
    const token = readFileSync(join(this.home, 'tokens', `${role}.token`), 'utf8').trim();
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }
  tool(tool: string, args: object): Promise<TestAnswer<AnyBody>> {
    return this.call('POST', `/v1/tools/${tool}`, args);
  }
  async operator<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.call<T>(method, path, body, 'operator');
    assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
  async orders(query: string): Promise<readonly OrderBody[]> {
    return (await this.operator<{ orders: OrderBody[] }>('GET', `/v1/orders${query}`)).orders;
  }
  async positions(): Promise<readonly PositionBody[]> {
    return (await this.operator<{ positions: PositionBody[] }>('GET', '/v1/positions')).positions;
  }
  tradingState(): Promise<TradingStateBody> {
    return this.operator('GET', '/v1/trading-state');
  }
}

/** The default policy without a pace. A busy machine must not make the feeds too old to open. */
function policyText(): string {
  const spec = parse(readFileSync(join(ROOT, 'policies', 'default.yaml'), 'utf8')) as Mutable<IntendedPolicySpec>;
  editPolicy(spec, UNPACED);
  Object.assign(spec.market.freshness, { mark_ms: 20_000, quote_ms: 20_000, account_ms: 20_000 });
  return stringify(spec);
}
