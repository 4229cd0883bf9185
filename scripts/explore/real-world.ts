import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnv } from '../../daemon/config/config.ts';
import type { TradingToolName } from '../../daemon/contract/types/trading-calls.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import type { ToolAnswer } from '../../daemon/engine/records/decisions.ts';
import { catchUp } from '../../daemon/exchange-sim/exchange.ts';
import { openExchange } from '../../daemon/exchange-sim/open.ts';
import { Params } from '../../daemon/exchange-sim/refusals/params.ts';
import type { RawRequest } from '../../daemon/exchange-sim/rest/handle.ts';
import { createExchangeServer, type ExchangeServer } from '../../daemon/exchange-sim/rest/server.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { LeftAlone } from './left-alone.ts';
import { openWorldMarket, START_MS } from './market.ts';
import type { AgentName, Setup } from './plan.ts';
import { type Asked, type PlayedTime, PlayedWorld } from './played-world.ts';
import { readClientId, type WireRecord } from './wire.ts';
import type { WorldPolicy } from './world-policy.ts';

const AGENTS: readonly AgentName[] = ['alpha', 'beta', 'gamma'];

/**
 * The same plans through everything that a world in virtual time leaves out: agents call over HTTP, the daemon has its
 * ledger on disk and reaches the exchange with ccxt over sockets, and time is the process's own. One run differs from
 * the next, so what is found here is found by luck; a process that dies is stopped in order instead.
 */
export class RealWorld extends PlayedWorld {
  readonly wire: PlayedWorld['wire'];
  readonly time: PlayedTime;
  readonly receivers = null;
  readonly #records: WireRecord[] = [];
  readonly #server: ExchangeServer;
  readonly #home: string;
  #daemon: Daemon | null = null;
  #lastLedger: Ledger | null = null;
  #starting: Promise<void> = Promise.resolve();
  #tokens = new Map<string, string>();
  #lives = 1;

  constructor(setup: Setup) {
    const exchange = openExchange({
      time: SYSTEM_TIME,
      opened: openWorldMarket(),
      startMs: START_MS,
      balance: setup.account?.balanceUsdt ?? 100_000,
      simToken: 'token',
      enforceLimits: 'orders',
      countdown: setup.countdown ?? 'regular',
    });
    const nowMs = (): number => exchange.clock.now() - START_MS;
    super(setup, exchange, nowMs);
    this.#server = createExchangeServer(exchange, (raw) => this.#noteServed(raw));
    this.time = {
      get nowMs() {
        return nowMs();
      },
      advance: async (ms) => {
        const untilMs = SYSTEM_TIME.monotonicMs() + ms;
        do {
          await SYSTEM_TIME.delay(Math.min(100, Math.max(1, untilMs - SYSTEM_TIME.monotonicMs())));
          // Stops trigger when they are due, also while nobody asks.
          catchUp(exchange);
        } while (SYSTEM_TIME.monotonicMs() < untilMs);
      },
    };
    this.wire = {
      records: this.#records,
      // Questions are not looked at here: their promises count milliseconds.
      looks: [],
      reads: [],
      leftAlone: new LeftAlone(),
      overweight: [],
      // What sockets do to an answer on its way is a fault of the exchange here.
      addFault: ({ kind, path, method, count, ms }) => {
        const match = {
          ...(path === undefined ? {} : { path: `${path}*` }),
          ...(method === undefined ? {} : { method }),
        };
        const fault =
          kind === 'late_answer' ? { kind: 'delay', ms, count, match } : { kind: 'drop-before', count, match };
        this.venue.control('faults', fault);
      },
      clearFaults: () => this.venue.control('clear-faults', {}),
    };
    this.#home = mkdtempSync(join(tmpdir(), 'holdfast-explore-'));
    this.keepPolicy(this.file);
  }

  get life(): number {
    return this.#lives;
  }
  get gate(): Gate | null {
    return this.#daemon?.gate ?? null;
  }
  get ledger(): Ledger {
    if (this.#lastLedger === null) throw new Error('the world has no ledger yet');
    return this.#lastLedger;
  }

  protected keepPolicy(policy: WorldPolicy): void {
    writeFileSync(join(this.#home, 'policy.yaml'), policy.text, { mode: 0o600 });
  }

  async #boot(): Promise<void> {
    const { server } = this.#server;
    if (!server.listening) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    const { port } = server.address() as AddressInfo;
    const { config, secrets } = readEnv({
      HOLDFAST_HOME: this.#home,
      HOLDFAST_HEAD_FILE: join(this.#home, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_POLICY: join(this.#home, 'policy.yaml'),
      HOLDFAST_PAPER_URL: `http://127.0.0.1:${port}`,
      HOLDFAST_LOG_LEVEL: 'silent',
    });
    const log = createLogger({ level: 'silent', secrets: [] });
    const daemon = await startDaemon(config, secrets, { log, signal: new AbortController().signal });
    for (const agent of AGENTS)
      if (!this.#tokens.has(agent))
        this.#tokens.set(agent, daemon.ledger.tokens.createToken({ role: 'agent', name: agent, agent }).secret);
    this.#lastLedger = daemon.ledger;
    this.#daemon = daemon;
  }

  start(): void {
    this.#starting = this.#boot().catch((error: unknown) => void this.logged.push(`boot: ${String(error)}`));
  }

  armCrash(_what: 'commit' | 'request', _n: number, _after: boolean, downMs: number): void {
    this.die(downMs);
  }
  die(downMs: number): void {
    void this.restart(downMs, true);
  }
  trouble(): void {
    // Disks, clocks and other daemons are this machine's.
  }
  commandTokens(): void {
    // Each agent has its one token, which does not end.
  }
  forgetTokens(): void {
    // None is revoked.
  }

  override async untilReady(withinMs: number): Promise<boolean> {
    await this.#starting;
    return super.untilReady(withinMs);
  }

  async restart(downMs: number, _leaveOrders: boolean): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null) return;
    this.#daemon = null;
    this.#lives += 1;
    this.#starting = (async () => {
      await daemon.close();
      this.endCalls();
      await SYSTEM_TIME.delay(downMs);
      await this.#boot();
    })().catch((error: unknown) => void this.logged.push(`restart: ${String(error)}`));
    await this.#starting;
  }

  protected async ask(
    agent: AgentName,
    tool: TradingToolName,
    args: Readonly<Record<string, unknown>>,
  ): Promise<Asked> {
    try {
      const response = await fetch(`${this.#daemon?.url ?? ''}/v1/tools/${tool}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${this.#tokens.get(agent)}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(args),
      });
      const body: unknown = await response.json();
      if (response.status === 200) return { outcome: 'decided', answer: body as ToolAnswer };
      return { outcome: OUTCOMES[response.status] ?? 'failed', detail: JSON.stringify(body) };
    } catch (error) {
      return { outcome: this.#daemon === null ? 'died' : 'failed', detail: String(error) };
    }
  }

  /** As the exchange meets it: when it left and when it was answered is not seen from here. */
  #noteServed({ method, path, query, body }: RawRequest): void {
    if (method === 'GET' || path.startsWith('/sim/')) return;
    const params = new Params(query, body);
    const { nowMs } = this.time;
    const record: WireRecord = {
      life: this.#lives,
      method,
      path,
      clientId: readClientId(params),
      params,
      sentAtMs: nowMs,
      servedAtMs: nowMs,
      status: null,
      answer: null,
      answeredAtMs: null,
      failure: null,
    };
    this.#records.push(record);
    this.venue.noteSend(record);
  }

  /** Stops everything, and leaves nothing on disk. */
  async end(): Promise<void> {
    await this.#starting;
    await this.#daemon?.close();
    await this.#server.close();
    rmSync(this.#home, { recursive: true, force: true });
  }
}

const OUTCOMES: Readonly<Record<number, Asked['outcome']>> = {
  400: 'invalid',
  409: 'conflict',
  429: 'over_budget',
  503: 'unavailable',
};
