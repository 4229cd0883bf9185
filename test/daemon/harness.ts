import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import type { Recovered } from '../../daemon/boot/recovery.ts';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { TradingStateBody } from '../../daemon/contract/types/operator.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ExchangeSimOptions } from '../../daemon/exchange-sim/start.ts';
import type { Daemon } from '../../daemon/main.ts';
import { noteOpened } from '../../scripts/tests/opened.ts';
import { PATIENCE_MS } from '../until.ts';
import { type Books, DaemonCalls, type TestAnswer, type ToolBody } from './daemon-calls.ts';
import { editPolicy, type PolicyEdits } from './policy-edits.ts';
import { openRealSite } from './real-site.ts';
import type { Rewrites } from './rewriting-proxy.ts';
import { openVirtualSite } from './virtual-site.ts';
import type { DaemonCall, SiteExchange, SiteWire, WorldSite } from './world-site.ts';

export { type BookOrder, type Books, codesIn, order, type TestAnswer, type ToolBody } from './daemon-calls.ts';

/** Where scripted worlds begin: 2025-03-03 00:00 UTC. */
export const START_MS = 1_740_960_000_000;

export interface DaemonWorldOptions {
  /** The policy file, changed: keys of the default policy, or what it makes of that. */
  readonly policy?: PolicyEdits | ((spec: Mutable<IntendedPolicySpec>) => void);
  readonly policyFile?: string;
  readonly sim?: ExchangeSimOptions;
  /** The exchange's clock goes with the world's wall time, instead of a manual one: time passes by itself. */
  readonly wall?: boolean;
  /** Sockets, files and the time of this process, for what is about them. Else all is in this process, in virtual time. */
  readonly real?: boolean;
  /**
   * Real worlds alone: orders may leave late, and feeds on a clock of their own be old, as on a busy machine they do and
   * are. Not where prices move that a cap is held against: what is shipped protects it. Default: unless a world has a
   * clock of its own and a policy of its own.
   */
  readonly isPatient?: boolean;
  readonly home?: string;
  readonly answerWithinMs?: number;
  /** Of the daemon, where it must be the same after a restart; a free one when not given. */
  readonly port?: number;
  readonly logLevel?: string;
  /** Changes what the exchange answers to the daemon, by path; may be changed while the world runs. */
  readonly rewrites?: Rewrites;
  /** Resting opening orders stay at the exchange when the daemon stops. */
  readonly leaveOrders?: boolean;
  /** Further settings of the daemon. */
  readonly env?: Readonly<Record<string, string>>;
  /** Weight of reads that the venue gives in a wall minute; no limit when not given. */
  readonly readWeightPerMinute?: number;
}
export type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

/** A second daemon of a world, on the same account. */
export interface DaemonBeside {
  readonly daemon: Daemon;
  tool(tool: string, args: object): Promise<TestAnswer<ToolBody>>;
  tradingState(): Promise<TradingStateBody>;
  close(): Promise<void>;
}

/** Of a start, in virtual time. */
const READY_WITHIN_MS = 10_000;

/** Worlds that are open, which `until` lets time pass in. */
const open = new Set<DaemonWorld>();

/**
 * A whole daemon in this process against the simulated exchange: HTTP -> gate -> ledger -> ccxt -> exchange. With a manual
 * clock, domain time moves only by `advance`. Wall time is virtual and flows while somebody waits for the world, unless
 * the world is `real`.
 */
export class DaemonWorld extends DaemonCalls {
  readonly sim: SiteExchange;
  readonly home: string;
  readonly policyPath: string;
  readonly isReal: boolean;
  daemon: Daemon;
  readonly #site: WorldSite;
  readonly #options: DaemonWorldOptions;

  private constructor(site: WorldSite, home: string, daemon: Daemon, options: DaemonWorldOptions) {
    super();
    this.sim = site.sim;
    this.home = home;
    this.policyPath = pathOfPolicy(home);
    this.isReal = options.real === true;
    this.daemon = daemon;
    this.#site = site;
    this.#options = options;
  }

  static async start(options: DaemonWorldOptions = {}): Promise<DaemonWorld> {
    const sim: ExchangeSimOptions = {
      seed: 7,
      enforceLimits: false,
      ...(options.wall === true ? {} : { clock: 'manual' as const, startMs: START_MS }),
      ...options.sim,
    };
    const siteOptions = {
      sim,
      rewrites: options.rewrites ?? null,
      readWeightPerMinute: options.readWeightPerMinute ?? null,
      isPatient: isPatient(options),
    };
    // A wall clock begins between two bars.
    const hostMs = options.wall === true ? START_MS + 600_000 : START_MS;
    const site = options.real === true ? await openRealSite(siteOptions) : await openVirtualSite(siteOptions, hostMs);
    const home = options.home ?? mkdtempSync(join(tmpdir(), 'holdfast-test-'));
    writeFileSync(pathOfPolicy(home), policyText(options));
    let daemon: Daemon | null = null;
    try {
      daemon = await site.launch(environment(home, options));
      const world = new DaemonWorld(site, home, daemon, options);
      await world.untilReady();
      open.add(world);
      noteOpened({ name: () => 'a world', isOpen: () => open.has(world), end: () => world.close() });
      return world;
    } catch (error) {
      // Left open, the exchange would keep the test process alive.
      await daemon?.close();
      await site.close();
      throw error;
    }
  }

  /** One that closes behind its test. */
  static async of(test: Pick<TestContext, 'after'>, options: DaemonWorldOptions = {}): Promise<DaemonWorld> {
    const world = await DaemonWorld.start(options);
    test.after(() => world.close());
    return world;
  }

  /** Waits until the boot layer is cleared; fails after 10 s, in a real one when patience ends, with what is missing. */
  async untilReady(): Promise<void> {
    const deadline = this.monotonicMs() + (this.isReal ? PATIENCE_MS : READY_WITHIN_MS);
    while (!this.daemon.gate.keeper.isReconciled) {
      if (this.monotonicMs() > deadline)
        throw new Error(`not ready: ${this.daemon.gate.readiness().waiting_for.join(', ')}`);
      await this.sleep(10);
    }
    await this.refresh();
  }

  /** Stops the daemon and starts another one on the same home and exchange. */
  async restart(): Promise<void> {
    await this.daemon.close();
    this.daemon = await this.#site.launch(environment(this.home, this.#options));
    await this.untilReady();
  }

  /** The ledger as it is on disk by now. */
  copyLedger(): Buffer {
    return this.#ledgers().copy(this.home);
  }
  /** The next start finds no room for a reserve, or finds it again. */
  freeReserve(isFreed: boolean): void {
    this.#ledgers().freeReserve(this.home, isFreed);
  }
  /** Stops the daemon, and leaves an older copy of its ledger in the place of the newer one. */
  async putBackLedger(copy: Buffer): Promise<void> {
    await this.daemon.close();
    this.#ledgers().put(this.home, copy);
  }
  /** Starts a daemon on the same home and exchange that may be refused, once the one before has stopped. */
  async startAgain(): Promise<void> {
    this.daemon = await this.#site.launch(environment(this.home, this.#options));
    await this.untilReady();
  }
  /** Stops the daemon and recovers its ledger. */
  async recover(takeOver = false): Promise<Recovered> {
    await this.daemon.close();
    return this.#ledgers().recover(this.home, takeOver);
  }
  #ledgers(): NonNullable<WorldSite['ledgers']> {
    const { ledgers } = this.#site;
    if (ledgers === undefined) throw new Error('ledgers of a real site are files');
    return ledgers;
  }

  /** A second daemon, with a home and a ledger of its own, on the same account. Rejects when it is refused. */
  async startBeside(name: string): Promise<DaemonBeside> {
    const home = join(this.home, name);
    mkdirSync(home, { recursive: true });
    writeFileSync(pathOfPolicy(home), policyText(this.#options));
    const daemon = await this.#site.launch(environment(home, this.#options));
    const token = (role: string): string => readFileSync(join(home, 'tokens', `${role}.token`), 'utf8').trim();
    const call = async <T>(method: string, path: string, role: string, body?: object): Promise<TestAnswer<T>> => {
      const { status, text } = await this.#site.call(daemon, {
        method,
        path,
        headers: { Authorization: `Bearer ${token(role)}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status, body: JSON.parse(text) as T };
    };
    const deadline = this.monotonicMs() + (this.isReal ? PATIENCE_MS : READY_WITHIN_MS);
    while (!daemon.gate.keeper.isReconciled && this.monotonicMs() < deadline) await this.sleep(10);
    return {
      daemon,
      tool: (tool, args) => call<ToolBody>('POST', `/v1/tools/${tool}`, 'agent', args),
      tradingState: async () => (await call<TradingStateBody>('GET', '/v1/trading-state', 'operator')).body,
      close: () => daemon.close(),
    };
  }

  async close(): Promise<void> {
    open.delete(this);
    await this.daemon.close();
    await this.#site.close();
    if (this.#options.home === undefined) rmSync(this.home, { recursive: true, force: true });
  }

  ask(call: DaemonCall): Promise<{ readonly status: number; readonly text: string }> {
    return this.#site.call(this.daemon, call);
  }

  // --- the exchange ----------------------------------------------------------------------------------------------

  /** What went to the exchange; its instants are those of {@link monotonicMs}. */
  get wire(): SiteWire {
    const { wire } = this.#site;
    if (wire === undefined) throw new Error('a real site has sockets');
    return wire;
  }
  async control(path: string, body?: object): Promise<unknown> {
    return this.#site.control(path, body);
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
    await this.run(this.daemon.gate.core.run(this.daemon.gate.keeper.refreshAll()));
  }
  /** Wall time passes, for something that cannot be waited for. */
  async sleep(ms: number): Promise<void> {
    await this.#site.sleep(ms);
  }
  /** Waits for something of the daemon's that was asked for past its door, while wall time passes. */
  run<T>(work: Promise<T>): Promise<T> {
    return this.#site.run(work);
  }
  /** Wall time of the world, ms, to measure spans with. */
  monotonicMs(): number {
    return this.#site.monotonicMs();
  }
  nowMs(): number {
    return this.daemon.gate.core.nowMs();
  }
}

/**
 * Polls until the condition holds; fails with `what` after `withinMs` of wall time of the worlds that are open. While one
 * of them is real, or none is open, only patience ends it.
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 5_000,
): Promise<void> {
  const worlds = [...open];
  const isReal = worlds.length === 0 || worlds.some((world) => world.isReal);
  const now = (): number => (isReal ? performance.now() : Math.max(...worlds.map((world) => world.monotonicMs())));
  const patienceMs = isReal ? PATIENCE_MS : withinMs;
  const begunMs = now();
  while (!(await condition())) {
    const waitedMs = now() - begunMs;
    if (waitedMs > patienceMs) throw new Error(`did not happen within ${patienceMs} ms: ${what}`);
    const pauseMs = pauseAfter(waitedMs);
    const sleeping = worlds.filter((world) => open.has(world)).map((world) => world.sleep(pauseMs));
    if (sleeping.length === 0) sleeping.push(new Promise((resolve) => setTimeout(resolve, pauseMs)));
    await Promise.all(sleeping);
  }
}

/** A look costs a question to the exchange or the daemon; what has taken long may take a twentieth longer. */
function pauseAfter(waitedMs: number): number {
  return Math.min(250, Math.max(10, Math.floor(waitedMs / 20)));
}

function isPatient({ isPatient: asked, policy, real, wall }: DaemonWorldOptions): boolean {
  return real === true && (asked ?? !(wall === true && policy !== undefined));
}

function pathOfPolicy(home: string): string {
  return join(home, 'policy.yaml');
}

function policyText(options: DaemonWorldOptions): string {
  const file = options.policyFile ?? join(findPackageFolder(), 'policies', 'default.yaml');
  const text = readFileSync(file, 'utf8');
  // Nothing keeps a clock of its own from making the feeds of a busy machine too old to open.
  const areOldFeedsTaken = isPatient(options) && options.wall === true && options.policyFile === undefined;
  if (options.policy === undefined && !areOldFeedsTaken) return text;
  const spec = parse(text) as Mutable<IntendedPolicySpec>;
  if (areOldFeedsTaken) Object.assign(spec.market.freshness, { mark_ms: 20_000, quote_ms: 20_000, account_ms: 20_000 });
  if (typeof options.policy === 'function') options.policy(spec);
  else editPolicy(spec, options.policy ?? {});
  return stringify(spec);
}

function environment(home: string, options: DaemonWorldOptions): Record<string, string> {
  return {
    HOLDFAST_HOME: home,
    HOLDFAST_HEAD_FILE: join(home, 'head'),
    HOLDFAST_PORT: String(options.port ?? 0),
    HOLDFAST_POLICY: pathOfPolicy(home),
    HOLDFAST_LOG_LEVEL: options.logLevel ?? 'silent',
    // What the exchange says at once is in the answer, on a machine that stands still for a while, too.
    HOLDFAST_ANSWER_WITHIN_MS: String(options.answerWithinMs ?? (options.real === true ? 30_000 : 3000)),
    ...(options.leaveOrders === true ? { HOLDFAST_LEAVE_ORDERS: '1' } : {}),
    ...options.env,
  };
}
