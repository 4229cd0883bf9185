import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { findPackageFolder, readEnv } from '../../daemon/config.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { type ExchangeSim, type ExchangeSimOptions, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import type { DecisionBody, ExecutionBody } from '../../daemon/gate/api/decisions.ts';
import type { LimitsBody } from '../../daemon/gate/api/limits.ts';
import type { ReadinessBody, TradingStateBody } from '../../daemon/gate/api/operator.ts';
import type { AccountBody, OrderBody, PositionBody } from '../../daemon/gate/api/reads.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';

/** Where scripted worlds begin: 2025-03-03 00:00 UTC. */
export const START_MS = 1_740_960_000_000;

export interface TestAnswer<T> {
  readonly status: number;
  readonly body: T;
}
export interface ToolBody {
  readonly decision: DecisionBody;
  readonly execution: ExecutionBody;
}
/** Books of the simulated exchange, as GET /sim/books gives them: what really happened. */
export interface Books {
  readonly server_time_ms: number;
  readonly wallet_balance_usdt: string;
  readonly positions: readonly {
    readonly symbol: string;
    readonly quantity: string;
    readonly mark_price: string;
    readonly leverage: number;
  }[];
  readonly orders: readonly BookOrder[];
  readonly algo_orders: readonly { readonly [key: string]: unknown }[];
  readonly liquidations: readonly unknown[];
}
export interface BookOrder {
  readonly [key: string]: unknown;
}

export interface DaemonWorldOptions {
  /** The policy file, changed: receives the parsed default policy, returns what is written. */
  readonly policy?: (spec: Mutable<IntendedPolicySpec>) => void;
  readonly policyFile?: string;
  readonly sim?: ExchangeSimOptions;
  /** Wall clock instead of a manual one: time passes by itself. */
  readonly wall?: boolean;
  readonly home?: string;
  readonly answerWithinMs?: number;
  readonly logLevel?: string;
  /** Something between the daemon and the exchange: takes the address of the one, gives that of the other. */
  readonly through?: (simUrl: string) => Promise<string>;
  /** Resting opening orders stay at the exchange when the daemon stops. */
  readonly leaveOrders?: boolean;
}
export type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

/**
 * A whole daemon in this process against the simulated exchange, over real HTTP on both sides: HTTP -> gate -> ledger
 * -> ccxt -> exchange. With a manual clock, domain time moves only by `advance`.
 */
export class DaemonWorld {
  readonly sim: ExchangeSim;
  readonly home: string;
  readonly policyPath: string;
  daemon: Daemon;
  readonly #options: DaemonWorldOptions;

  private constructor(sim: ExchangeSim, home: string, policyPath: string, daemon: Daemon, options: DaemonWorldOptions) {
    this.sim = sim;
    this.home = home;
    this.policyPath = policyPath;
    this.daemon = daemon;
    this.#options = options;
  }

  static async start(options: DaemonWorldOptions = {}): Promise<DaemonWorld> {
    const sim = await startExchangeSim({
      seed: 7,
      enforceLimits: false,
      ...(options.wall === true ? {} : { clock: 'manual' as const, startMs: START_MS }),
      ...options.sim,
    });
    const home = options.home ?? mkdtempSync(join(tmpdir(), 'holdfast-test-'));
    const policyPath = join(home, 'policy.yaml');
    writeFileSync(policyPath, policyText(options));
    let daemon: Daemon | null = null;
    try {
      daemon = await launch(sim, home, policyPath, options);
      const world = new DaemonWorld(sim, home, policyPath, daemon, options);
      await world.untilReady();
      return world;
    } catch (error) {
      // Left open, the exchange would keep the test process alive.
      await daemon?.close();
      await sim.close();
      throw error;
    }
  }

  /** Waits until the boot layer is cleared; fails after 10 s with what is missing. */
  async untilReady(): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!this.daemon.gate.keeper.isReconciled) {
      if (performance.now() > deadline)
        throw new Error(`not ready: ${this.daemon.gate.readiness().waiting_for.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await this.refresh();
  }

  /** Stops the daemon and starts another one on the same home and exchange. */
  async restart(): Promise<void> {
    await this.daemon.close();
    this.daemon = await launch(this.sim, this.home, this.policyPath, this.#options);
    await this.untilReady();
  }

  async close(): Promise<void> {
    await this.daemon.close();
    await this.sim.close();
    if (this.#options.home === undefined) rmSync(this.home, { recursive: true, force: true });
  }

  // --- the exchange ----------------------------------------------------------------------------------------------

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
  /** Signed position at the exchange, base asset. */
  async position(symbol: string): Promise<number> {
    const found = (await this.books()).positions.find((position) => position.symbol === symbol);
    return Number(found?.quantity ?? 0);
  }
  async setMark(symbol: string, price: number | string, more: object = {}): Promise<void> {
    await this.control('set-mark', { symbol, price: String(price), ...more });
    await this.refresh();
  }
  async fault(fault: object): Promise<void> {
    await this.control('faults', fault);
  }

  // --- time ------------------------------------------------------------------------------------------------------

  /** Moves the exchange's clock and lets the daemon see it. */
  async advance(ms: number): Promise<void> {
    await this.control('advance', { ms });
    await this.refresh();
  }
  /** Every feed of the daemon once, now. */
  async refresh(): Promise<void> {
    await this.daemon.gate.keeper.refreshAll();
  }
  nowMs(): number {
    return this.daemon.gate.core.nowMs();
  }

  // --- the daemon over HTTP --------------------------------------------------------------------------------------

  token(role: 'agent' | 'monitor' | 'operator'): string {
    return readFileSync(join(this.home, 'tokens', `${role}.token`), 'utf8').trim();
  }
  async call<T>(method: string, path: string, body?: unknown, token = this.token('agent')): Promise<TestAnswer<T>> {
    const response = await fetch(`${this.daemon.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T };
  }
  tool(tool: string, args: object, token?: string): Promise<TestAnswer<ToolBody>> {
    return this.call('POST', `/v1/tools/${tool}`, args, token);
  }
  dryRun(tool: string, args: object, token?: string): Promise<TestAnswer<ToolBody>> {
    return this.call('POST', `/v1/dry-run/${tool}`, args, token);
  }
  intercept(tool: string, args: object, token?: string): Promise<TestAnswer<{ decision: DecisionBody }>> {
    return this.call('POST', '/v1/intercept', { tool, args }, token);
  }
  operator<T>(method: string, path: string, body?: unknown): Promise<TestAnswer<T>> {
    return this.call(method, path, body, this.token('operator'));
  }
  async positions(): Promise<readonly PositionBody[]> {
    return (await this.operator<{ positions: PositionBody[] }>('GET', '/v1/positions')).body.positions;
  }
  async orders(query = ''): Promise<readonly OrderBody[]> {
    return (await this.operator<{ orders: OrderBody[] }>('GET', `/v1/orders${query}`)).body.orders;
  }
  async account(): Promise<AccountBody> {
    return (await this.operator<AccountBody>('GET', '/v1/account')).body;
  }
  async limits(symbol: string, token?: string): Promise<LimitsBody> {
    return (await this.call<LimitsBody>('GET', `/v1/limits?symbol=${symbol}`, undefined, token)).body;
  }
  async tradingState(): Promise<TradingStateBody> {
    return (await this.operator<TradingStateBody>('GET', '/v1/trading-state')).body;
  }
  async ready(): Promise<TestAnswer<ReadinessBody>> {
    return this.call('GET', '/readyz');
  }
  /** A further agent with a token of its own. */
  createAgent(name: string, skillSha256?: string): string {
    const { ledger } = this.daemon;
    return ledger.tokens.createToken({
      role: 'agent',
      name,
      agent: name,
      ...(skillSha256 === undefined ? {} : { skill_sha256: skillSha256 }),
    }).secret;
  }
}

/** A market order that the default policy allows as it is. */
export function order(change: object = {}): object {
  return {
    symbol: 'BTCUSDT',
    intent: 'open',
    side: 'buy',
    requested_notional: 300,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 20,
    strategy_id: 'test',
    ...change,
  };
}

/** Polls until the condition holds; fails with `what` after `withinMs` of wall time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 5_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function policyText(options: DaemonWorldOptions): string {
  const file = options.policyFile ?? join(findPackageFolder(), 'policies', 'default.yaml');
  const text = readFileSync(file, 'utf8');
  if (options.policy === undefined) return text;
  const spec = parse(text) as Mutable<IntendedPolicySpec>;
  options.policy(spec);
  return stringify(spec);
}

async function launch(
  sim: ExchangeSim,
  home: string,
  policyPath: string,
  options: DaemonWorldOptions,
): Promise<Daemon> {
  const { config, secrets } = readEnv({
    HOLDFAST_HOME: home,
    HOLDFAST_PORT: '0',
    HOLDFAST_POLICY: policyPath,
    HOLDFAST_PAPER_URL: (await options.through?.(sim.url)) ?? sim.url,
    HOLDFAST_LOG_LEVEL: options.logLevel ?? 'silent',
    HOLDFAST_ANSWER_WITHIN_MS: String(options.answerWithinMs ?? 3000),
    ...(options.leaveOrders === true ? { HOLDFAST_LEAVE_ORDERS: '1' } : {}),
  });
  const log = createLogger({ level: config.logLevel, secrets: [secrets.venueKeys.secret] });
  return startDaemon(config, secrets, { log, signal: new AbortController().signal });
}
