import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnv } from '../../daemon/config.ts';
import { catchUp, type Exchange } from '../../daemon/exchange-sim/exchange.ts';
import { openExchange } from '../../daemon/exchange-sim/open.ts';
import { renderBooks } from '../../daemon/exchange-sim/rest/books.ts';
import type { RawRequest } from '../../daemon/exchange-sim/rest/handle.ts';
import { Params } from '../../daemon/exchange-sim/rest/params.ts';
import { serveControl } from '../../daemon/exchange-sim/rest/serve.ts';
import { createExchangeServer, type ExchangeServer } from '../../daemon/exchange-sim/rest/server.ts';
import type { ToolAnswer } from '../../daemon/gate/api/decisions.ts';
import type { TradingToolName } from '../../daemon/gate/api/trading-calls.ts';
import type { Gate } from '../../daemon/gate/gate.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { openWorldMarket, START_MS } from './market.ts';
import type { AgentName, PolicyEdit, Setup, SymbolName } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import type { WireRecord } from './wire.ts';
import { type CallRecord, type MarkRecord, OPERATOR, type OperatorRecord, type SendRecord } from './world.ts';
import { buildPolicy, type WorldPolicy } from './world-policy.ts';

const AGENTS: readonly AgentName[] = ['alpha', 'beta', 'gamma'];
/** Units of 1e-8 in a lot: both symbols have lots of 0.001. */
const LOT = 100_000n;

/**
 * The same plans through everything that a world in virtual time leaves out: agents call over HTTP, the daemon has its
 * ledger on disk and reaches the exchange with ccxt over sockets, and time is the process's own. One run differs from
 * the next, so what is found here is found by luck; a process that dies is stopped in order instead.
 */
export class RealWorld implements PlayedWorld {
  readonly setup: Setup;
  readonly calls: CallRecord[] = [];
  readonly operatorCalls: OperatorRecord[] = [];
  readonly marks: MarkRecord[] = [];
  readonly sends: SendRecord[] = [];
  readonly policies: { readonly atMs: number; readonly policy: WorldPolicy }[] = [];
  readonly logged: string[] = [];
  readonly exchange: Exchange;
  readonly wire: PlayedWorld['wire'];
  readonly time: PlayedWorld['time'];
  readonly #records: WireRecord[] = [];
  readonly #server: ExchangeServer;
  readonly #home: string;
  #daemon: Daemon | null = null;
  #lastLedger: Ledger | null = null;
  #starting: Promise<void> = Promise.resolve();
  #tokens = new Map<string, string>();
  #lives = 1;

  constructor(setup: Setup) {
    this.setup = setup;
    this.exchange = openExchange({
      time: SYSTEM_TIME,
      opened: openWorldMarket(),
      startMs: START_MS,
      balance: 100_000,
      simToken: 'token',
      enforceLimits: 'orders',
    });
    this.#server = createExchangeServer(this.exchange, (raw) => this.#noteServed(raw));
    const { exchange } = this;
    this.time = {
      get nowMs() {
        return exchange.clock.now() - START_MS;
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
      // What sockets do to an answer on its way is a fault of the exchange here.
      addFault: ({ kind, path, method, count, ms }) => {
        const match = {
          ...(path === undefined ? {} : { path: `${path}*` }),
          ...(method === undefined ? {} : { method }),
        };
        const fault =
          kind === 'late_answer' ? { kind: 'delay', ms, count, match } : { kind: 'drop-before', count, match };
        this.control('faults', fault);
      },
      clearFaults: () => this.control('clear-faults', {}),
    };
    this.#home = mkdtempSync(join(tmpdir(), 'holdfast-explore-'));
    const policy = buildPolicy(setup, 'original');
    this.policies.push({ atMs: 0, policy });
    this.#writePolicy(policy);
    for (const symbol of exchange.world.state.markets.keys()) this.#noteMark(symbol);
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

  #writePolicy(policy: WorldPolicy): void {
    writeFileSync(join(this.#home, 'policy.yaml'), JSON.stringify(policy.spec), { mode: 0o600 });
  }

  async boot(): Promise<void> {
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
    this.#starting = this.boot().catch((error: unknown) => void this.logged.push(`boot: ${String(error)}`));
  }

  async untilReady(withinMs: number): Promise<boolean> {
    await this.#starting;
    const untilMs = this.time.nowMs + withinMs;
    while (this.time.nowMs < untilMs) {
      if (this.gate?.keeper.isReconciled === true) return true;
      await this.time.advance(50);
    }
    return false;
  }

  quieten(): void {
    this.wire.clearFaults();
  }

  armCrash(_what: 'commit' | 'request', _n: number, _after: boolean, downMs: number): void {
    this.die(downMs);
  }
  die(downMs: number): void {
    void this.restart(downMs, true);
  }

  async restart(downMs: number, _leaveOrders: boolean): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null) return;
    this.#daemon = null;
    this.#lives += 1;
    this.#starting = (async () => {
      await daemon.close();
      for (const call of this.calls)
        if (call.outcome === 'pending') Object.assign(call, { outcome: 'died', answeredAtMs: this.time.nowMs });
      await SYSTEM_TIME.delay(downMs);
      await this.boot();
    })().catch((error: unknown) => void this.logged.push(`restart: ${String(error)}`));
    await this.#starting;
  }

  // --- what callers do ---------------------------------------------------------------------------------------------

  call(step: number, agent: AgentName, tool: TradingToolName, args: Readonly<Record<string, unknown>>): CallRecord {
    const record: CallRecord = {
      index: this.calls.length,
      step,
      agent,
      tool,
      args,
      life: this.#lives,
      askedAtMs: this.time.nowMs,
      mark: typeof args.symbol === 'string' ? this.mark(args.symbol) : null,
      askedAtSeq: this.#daemon?.ledger.lastSeq() ?? 0,
      answeredAtMs: null,
      outcome: 'pending',
      answer: null,
      detail: null,
    };
    this.calls.push(record);
    const end = (outcome: CallRecord['outcome'], detail: string | null = null): void => {
      if (record.outcome === 'pending')
        Object.assign(record, { outcome, detail, answeredAtMs: Math.ceil(this.time.nowMs) });
    };
    if (this.#daemon === null) {
      end('down');
      return record;
    }
    this.#post(this.#daemon.url, agent, tool, args).then(
      ({ status, body }) => {
        if (status === 200) record.answer = body as ToolAnswer;
        if (status === 200) end('decided');
        else if (status === 409) end('conflict', JSON.stringify(body));
        else if (status === 503) end('unavailable', JSON.stringify(body));
        else end(status === 400 ? 'invalid' : 'failed', JSON.stringify(body));
      },
      (error: unknown) => end(this.#daemon === null ? 'died' : 'failed', String(error)),
    );
    return record;
  }

  async #post(url: string, agent: string, tool: string, args: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${url}/v1/tools/${tool}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.#tokens.get(agent)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(args),
    });
    return { status: response.status, body: await response.json() };
  }

  operate(
    step: number,
    what: OperatorRecord['what'],
    scope: { readonly symbol?: string | undefined; readonly agent?: string | undefined },
    start: (gate: Gate) => Promise<unknown>,
  ): void {
    const record: OperatorRecord = {
      step,
      what,
      symbol: scope.symbol ?? null,
      agent: scope.agent ?? null,
      askedAtMs: this.time.nowMs,
      answeredAtMs: null,
      failure: null,
    };
    this.operatorCalls.push(record);
    const { gate } = this;
    if (gate === null) {
      record.failure = 'nobody listened';
      return;
    }
    start(gate).then(
      () => {
        record.answeredAtMs = this.time.nowMs;
      },
      (error: unknown) => {
        record.failure = String(error);
      },
    );
  }

  savePolicy(step: number, edit: PolicyEdit): void {
    const policy = buildPolicy(this.setup, edit);
    this.policies.push({ atMs: this.time.nowMs, policy });
    this.#writePolicy(policy);
    this.operate(step, 'policy', {}, async (gate) => {
      const offered = await gate.policies.offer({ ok: true, policy, warnings: [] }, 'file');
      if (offered.status === 'pending') await gate.reloadPolicy(OPERATOR, offered.hash);
    });
  }

  // --- the exchange ------------------------------------------------------------------------------------------------

  control(path: string, body: object): void {
    const reply = serveControl(this.exchange, 'POST', `/sim/${path}`, JSON.stringify(body));
    if (reply.status !== 200) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
    for (const symbol of this.exchange.world.state.markets.keys()) this.#noteMark(symbol);
  }

  mark(symbol: string): number {
    catchUp(this.exchange);
    const market = this.exchange.world.state.markets.get(symbol);
    if (market === undefined) throw new Error(`there is no market ${symbol}`);
    return Number(market.mark) / 1e8;
  }
  lots(symbol: string): number {
    return Number((this.exchange.world.state.markets.get(symbol)?.position.quantity ?? 0n) / LOT);
  }
  moveMark(symbol: SymbolName, bps: number): void {
    this.control('set-mark', { symbol, price: Number((this.mark(symbol) * (1 + bps / 10_000)).toFixed(2)) });
  }
  books(): Record<string, unknown> {
    catchUp(this.exchange);
    return renderBooks(this.exchange.world.state);
  }

  #noteMark(symbol: string): void {
    this.marks.push({ atMs: this.time.nowMs, symbol, mark: this.mark(symbol) });
  }

  /** As the exchange meets it: when it left and when it was answered is not seen from here. */
  #noteServed({ method, path, query, body }: RawRequest): void {
    if (method === 'GET' || path.startsWith('/sim/')) return;
    const params = new Params(query, body);
    const nowMs = this.time.nowMs;
    const record: WireRecord = {
      life: this.#lives,
      method,
      path,
      clientId:
        params.text('newClientOrderId') ?? params.text('origClientOrderId') ?? params.text('clientAlgoId') ?? null,
      params,
      sentAtMs: nowMs,
      servedAtMs: nowMs,
      status: null,
      answer: null,
      answeredAtMs: null,
      failure: null,
    };
    this.#records.push(record);
    const symbol = params.text('symbol');
    if (path !== '/fapi/v1/order' || method === 'DELETE' || symbol === undefined) return;
    const send = { marks: new Map(), lots: new Map(), restingBuys: new Map(), restingSells: new Map() };
    catchUp(this.exchange);
    for (const [name, market] of this.exchange.world.state.markets) {
      send.marks.set(name, Number(market.mark) / 1e8);
      send.lots.set(name, Number(market.position.quantity / LOT));
      for (const order of market.openOrders.values()) {
        if (order.reduceOnly || order.clientOrderId === record.clientId) continue;
        const sums = order.side === 'BUY' ? send.restingBuys : send.restingSells;
        sums.set(name, (sums.get(name) ?? 0) + Number((order.quantity - order.executed) / LOT));
      }
    }
    this.sends.push({ wire: record, symbol, ...send });
  }

  close(): void {
    void this.end();
  }
  /** Stops everything, and leaves nothing on disk. */
  async end(): Promise<void> {
    await this.#starting;
    await this.#daemon?.close();
    await this.#server.close();
    rmSync(this.#home, { recursive: true, force: true });
  }
}
