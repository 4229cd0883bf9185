import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { auditLedger, type LedgerAudit } from '../../daemon/boot/ledger/audit-ledger.ts';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { LimitsBody } from '../../daemon/contract/types/limits.ts';
import type { TradingStateBody } from '../../daemon/contract/types/operator.ts';
import type { OrderBody, PositionBody } from '../../daemon/contract/types/reads.ts';
import { Draws } from '../../daemon/evaluation/intents/draws.ts';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { readAnchors } from '../../daemon/ledger/verify/anchors.ts';
import { type Books, type TestAnswer, until } from '../daemon/harness.ts';
import { type AnyBody, openOrders } from './attempts.ts';
import { type KilledDaemonOptions, policyText } from './killed-policy.ts';

const ROOT = findPackageFolder();
const MAIN = join(ROOT, 'scripts', 'holdfast.mjs');
/** Node 22 fails in itself where a hook reads TypeScript: its daemons keep the shipped deadline. */
const PATIENT = process.versions.node.startsWith('22.')
  ? []
  : ['--import', new URL('../../scripts/campaign/patient-orders.mjs', import.meta.url).href];
/** Longest wait for anything: recvWindow and its skew allowance take 6 s by themselves, and the machine may be busy. */
const WITHIN_MS = 30_000;
const UNPROVEN: ReadonlySet<string> = new Set(['pending_send', 'in_flight', 'unknown', 'lost']);

interface Answered {
  readonly body?: { readonly decision?: { readonly decision: string; readonly reasons: unknown } };
}

/** A daemon as a process of its own; the exchange lives here, so that its books survive every kill. */
export class KilledDaemon {
  readonly sim: ExchangeSim;
  readonly home: string;
  readonly draws: Draws;
  readonly #policyPath: string;
  #child: ChildProcess | null = null;
  #url = '';

  private constructor(sim: ExchangeSim, options: KilledDaemonOptions) {
    this.sim = sim;
    this.home = mkdtempSync(join(tmpdir(), 'holdfast-killed-'));
    this.draws = new Draws(options.seed, 'kills');
    this.#policyPath = join(this.home, 'policy.yaml');
    writeFileSync(this.#policyPath, policyText(options));
  }

  get ledgerPath(): string {
    return join(this.home, 'paper', 'ledger.db');
  }

  static async start(options: KilledDaemonOptions): Promise<KilledDaemon> {
    const sim = await startExchangeSim({ seed: options.seed, enforceLimits: false });
    const world = new KilledDaemon(sim, options);
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

  /**
   * Asks for something, and kills the daemon some milliseconds after the exchange met the fault. Returns what the
   * asking client got: null when its connection died with the daemon.
   */
  async killAtFault<T>(fault: object, ask: () => Promise<T>): Promise<T | null> {
    const { ids } = (await this.control('faults', fault)) as { ids: number[] };
    const asked = ask().catch(() => null);
    let blocked = '';
    void asked.then((answer) => {
      const { decision } = (answer as Answered | null)?.body ?? {};
      if (decision?.decision === 'BLOCK') blocked = JSON.stringify(decision.reasons);
    });
    const isMet = async (): Promise<boolean> => blocked !== '' || (await this.#isMet(ids[0]));
    await until('the exchange meets the request', isMet, WITHIN_MS);
    // Prices go stale on a machine that is too busy, for one.
    if (blocked !== '') throw new Error(`it was blocked before it could meet the fault: ${blocked}`);
    await delay(this.draws.int(0, 25));
    await this.kill();
    return asked;
  }
  async #isMet(id: number | undefined): Promise<boolean> {
    const { faults } = (await this.control('faults')) as { faults: { id: number; hits: number }[] };
    return faults.some((fault) => fault.id === id && fault.hits > 0);
  }

  /** Forgets the faults, and starts again. */
  async restart(): Promise<void> {
    await this.control('clear-faults', {});
    await this.launch();
  }

  /** What `./holdfast audit verify --deep` finds in this home; in this process, since to start another costs a second. */
  async auditLedger(): Promise<LedgerAudit> {
    const reader = openLedgerReader(this.ledgerPath);
    try {
      const anchors = readAnchors({ ledgerPath: this.ledgerPath, headFile: join(this.home, 'head') });
      return await auditLedger(reader, { anchors, isDeep: true, threads: 0 });
    } finally {
      reader.close();
    }
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

  /** Flat, nothing rests, everything is known. */
  async begin(): Promise<void> {
    await this.control('clear-faults', {});
    await this.untilKnown();
    await this.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'the next kill' });
    await this.operator('POST', '/v1/tools/cancel_all', {});
    const isFlat = async (): Promise<boolean> => {
      const books = await this.books();
      const held = books.positions.filter((position) => Number(position.quantity) !== 0);
      for (const { symbol } of held) await this.operator('POST', '/v1/tools/close_position', { symbol });
      return held.length === 0 && openOrders(books).length === 0;
    };
    await until('flat', isFlat, WITHIN_MS);
    await until('the daemon sees it', async () => (await this.positions()).length === 0, WITHIN_MS);
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
  limits(symbol: string): Promise<LimitsBody> {
    return this.operator('GET', `/v1/limits?symbol=${symbol}`);
  }
}
