import './warm-ccxt.ts';
import { hash } from 'node:crypto';
import { createPolicyPort, createSchemaChecks, readStoredPolicy } from '../../daemon/boot/policy.ts';
import { checkTradingCall } from '../../daemon/contract/tools.ts';
import { catchUp, type Exchange } from '../../daemon/exchange-sim/exchange.ts';
import { openExchange } from '../../daemon/exchange-sim/open.ts';
import { renderBooks } from '../../daemon/exchange-sim/rest/books.ts';
import { serveControl } from '../../daemon/exchange-sim/rest/serve.ts';
import type { ToolAnswer, ToolOutcome } from '../../daemon/gate/api/decisions.ts';
import type { TradingToolName } from '../../daemon/gate/api/trading-calls.ts';
import type { Caller } from '../../daemon/gate/api.ts';
import type { GateEvent } from '../../daemon/gate/events.ts';
import { Gate } from '../../daemon/gate/gate.ts';
import type { PolicyDocument } from '../../daemon/gate/policy-control.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { MemoryStorage } from '../../daemon/ledger/memory-storage.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import type { TimePort, Timer } from '../../daemon/time/time-port.ts';
import { DomainClock } from '../../daemon/venue/clock.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { openWorldMarket, START_MS } from './market.ts';
import type { AgentName, PolicyEdit, Setup, SymbolName } from './plan.ts';
import { Random } from './random.ts';
import { SimTime } from './sim-time.ts';
import { type Life, Wire, type WireRecord } from './wire.ts';
import { buildPolicy, type WorldPolicy } from './world-policy.ts';

const ACCOUNT = 'main';
const ANSWER_WITHIN_MS = 3_000;
const SEND_DEADLINE_MS = 500;
const CLOSE_WITHIN_MS = 3_000;
const DOOR_CLOSES_WITHIN_MS = 1_500;
/** Units of 1e-8 in a lot: both symbols have lots of 0.001. */
const LOT = 100_000n;

export const OPERATOR: Caller = { role: 'operator', agent: 'operator', tokenId: 'operator', skillSha256: null };

/** A call of a tool, from the request to the answer; times are milliseconds since the world began. */
export interface CallRecord {
  readonly index: number;
  /** The step of the plan that made it. */
  readonly step: number;
  readonly agent: AgentName;
  readonly tool: TradingToolName;
  readonly args: Readonly<Record<string, unknown>>;
  readonly life: number;
  readonly askedAtMs: number;
  /** Of its symbol when it was asked; null without one. */
  readonly mark: number | null;
  /** Seq of the last record when it was asked. */
  readonly askedAtSeq: number;
  answeredAtMs: number | null;
  /** `down`: nobody listened; `died`: the process died before it answered. */
  outcome: 'pending' | 'decided' | 'conflict' | 'unavailable' | 'invalid' | 'down' | 'died' | 'failed';
  answer: ToolAnswer | null;
  detail: string | null;
}

/** What the operator did, and when it was answered. */
export interface OperatorRecord {
  readonly step: number;
  readonly what: 'active' | 'reducing' | 'halted' | 'flatten' | 'policy' | 'signal' | 'restart' | 'crash';
  readonly symbol: string | null;
  readonly agent: string | null;
  readonly askedAtMs: number;
  answeredAtMs: number | null;
  failure: string | null;
}

/** A move of a mark; marks that a fill is judged by. */
export interface MarkRecord {
  readonly atMs: number;
  readonly symbol: string;
  readonly mark: number;
}

/** What the books said when an order came to the exchange. */
export interface SendRecord {
  readonly wire: WireRecord;
  readonly symbol: string;
  readonly marks: ReadonlyMap<string, number>;
  /** Signed lots, and lots of opening orders that rest, by symbol. */
  readonly lots: ReadonlyMap<string, number>;
  readonly restingBuys: ReadonlyMap<string, number>;
  readonly restingSells: ReadonlyMap<string, number>;
}

export interface WorldOptions {
  /** The exchange enforces its request weight, and the daemon keeps to it. */
  readonly isLimited?: boolean;
}

interface Running extends Life {
  readonly time: TimePort & { end(): void };
  readonly stop: AbortController;
  ledger: Ledger | null;
  gate: Gate | null;
}

interface Crash {
  readonly what: 'commit' | 'request';
  readonly after: boolean;
  readonly downMs: number;
  left: number;
}

// Compiled schemas are kept for each policy that was seen; they hold no state.
const CHECKS = createSchemaChecks();

/** The production gate, ledger and venue module on an exchange in the same process, in virtual time. */
export class World {
  readonly setup: Setup;
  readonly time: SimTime;
  readonly exchange: Exchange;
  readonly wire: Wire;
  readonly calls: CallRecord[] = [];
  readonly operatorCalls: OperatorRecord[] = [];
  readonly marks: MarkRecord[] = [];
  readonly sends: SendRecord[] = [];
  readonly policies: { readonly atMs: number; readonly policy: WorldPolicy }[] = [];
  /** Errors that nobody is to see: of the gate's log, by text. */
  readonly logged: string[] = [];
  readonly #options: WorldOptions;
  readonly #seed: number;
  /** As the files of the home: they outlive the process. */
  readonly #copies = new Map<string, string>();
  readonly #storage = new MemoryStorage();
  readonly #root: ReturnType<SimTime['open']>;
  readonly #commitDraw: Random;
  readonly #ledgerBytes: Random;
  #life: Running;
  #lives = 0;
  #file: WorldPolicy;
  #crash: Crash | null = null;
  #isClosed = false;

  constructor(seed: number, setup: Setup, options: WorldOptions = {}) {
    this.#options = options;
    this.#seed = seed;
    this.setup = setup;
    const lateness = this.#stream('lateness');
    this.time = new SimTime({ hostMs: START_MS, latenessMs: () => drawLateness(lateness, setup.noise) });
    this.#root = this.time.open();
    const exchangeBytes = this.#stream('exchange');
    this.exchange = openExchange({
      time: this.#root,
      opened: openWorldMarket(),
      startMs: START_MS,
      balance: 100_000,
      simToken: 'token',
      // As on the paper venue, reads have no pace unless it is asked for; orders have the venue's.
      enforceLimits: options.isLimited === true ? true : 'orders',
      randomBytes: (size) => exchangeBytes.bytes(size),
    });
    this.wire = new Wire({
      time: this.time,
      exchange: this.exchange,
      random: this.#stream('wire'),
      noise: setup.noise,
      onServe: (record) => this.#noteSend(record),
      onRequest: (when) => this.#mayDie('request', when === 'after'),
    });
    this.#commitDraw = this.#stream('commits');
    this.#ledgerBytes = this.#stream('ledger');
    this.#file = buildPolicy(setup, 'original');
    this.policies.push({ atMs: 0, policy: this.#file });
    this.#life = this.#createLife();
    for (const symbol of this.exchange.world.state.markets.keys()) this.#noteMark(symbol);
  }

  #stream(name: string): Random {
    return new Random(this.#seed, name);
  }

  get life(): number {
    return this.#life.number;
  }
  get gate(): Gate | null {
    return this.#life.isDead ? null : this.#life.gate;
  }
  get ledger(): Ledger {
    const { ledger } = this.#life;
    if (ledger === null) throw new Error('the world has no ledger yet');
    return ledger;
  }

  // --- lives -------------------------------------------------------------------------------------------------------

  #createLife(): Running {
    this.#lives += 1;
    return {
      number: this.#lives,
      isDead: false,
      time: this.time.open(),
      stop: new AbortController(),
      ledger: null,
      gate: null,
    };
  }

  /** As daemon/main.ts does it, without a door: configuration -> ledger -> venue -> gate. */
  async boot(): Promise<void> {
    const life = this.#life;
    const { time } = life;
    const clock = new DomainClock(time);
    const ledger = openLedger({
      path: 'world.db',
      venue: 'paper',
      account: ACCOUNT,
      now: () => (clock.isSynced ? clock.nowMs() : time.hostMs()),
      time,
      randomBytes: (size) => this.#ledgerBytes.bytes(size),
      storage: this.#storage,
      scheduleCommit: (commit) => this.#scheduleCommit(life, commit),
      onFailure: (error) => {
        if (!life.isDead) this.logged.push(`the ledger failed: ${error.message}`);
      },
    });
    life.ledger = ledger;
    const inForce = storedPolicy(ledger) ?? this.#file;
    const venue = await createVenue({
      access: { venue: 'paper', baseUrl: 'http://127.0.0.1:1', apiKey: 'paper', secret: 'paper-secret' },
      clock,
      time,
      exchange: this.wire.connect(life),
      ...(this.#options.isLimited === true ? {} : { readWeightPerMinute: null }),
    });
    if (life.isDead) return;
    const gate = new Gate({
      ports: {
        ledger,
        venue,
        clock,
        time,
        observer: { decided: () => undefined, submitted: () => undefined, alerted: () => undefined },
        log: {
          info: () => undefined,
          warn: () => undefined,
          error: () => undefined,
        },
        startCache: {
          read: (name) => JSON.parse(this.#copies.get(name) ?? 'null'),
          write: (name, value) => {
            if (!life.isDead) this.#copies.set(name, JSON.stringify(value));
          },
        },
        agentNames: () => ['alpha', 'beta', 'gamma'],
        ...CHECKS,
        sha256,
      },
      settings: {
        venue: 'paper',
        account: ACCOUNT,
        version: 'world',
        answerWithinMs: ANSWER_WITHIN_MS,
        sendDeadlineMs: SEND_DEADLINE_MS,
      },
      policy: inForce,
      policyPort: createPolicyPort('paper', 'world.json'),
      signal: life.stop.signal,
      metricsText: () => Promise.resolve(''),
    });
    for (const event of ledger.iterateEvents())
      if (event.kind !== 'genesis') gate.core.state.apply(event as unknown as GateEvent);
    life.gate = gate;
    await gate.start(() => this.#recordPolicy(gate, ledger, inForce));
  }

  /** The first start, in the background of virtual time. */
  start(): void {
    this.#guard(this.boot(), 'boot');
  }

  /** No fault is left, no crash is armed, and somebody lives. */
  quieten(): void {
    this.control('clear-faults', {});
    this.wire.clearFaults();
    this.#crash = null;
  }

  #recordPolicy(gate: Gate, ledger: Ledger, inForce: PolicyDocument): void {
    if (gate.core.state.policy === null) {
      ledger.putPolicy(inForce.spec);
      gate.core.append('policy', {
        action: 'in_force',
        detail: 'first start',
        hash: inForce.hash,
        name: inForce.spec.name,
        set_by: 'start',
      });
    } else if (this.#file.hash !== inForce.hash) {
      void gate.policies.offer({ ok: true, policy: this.#file, warnings: [] }, 'start');
    }
  }

  #scheduleCommit(life: Running, commit: () => void): Timer {
    const run = (): void => {
      this.#mayDie('commit', false);
      if (life.isDead) return;
      commit();
      this.#mayDie('commit', true);
    };
    const { noise } = this.setup;
    const draw = noise === 0 ? 0 : this.#commitDraw.next();
    if (draw < 0.5) return life.time.nextTurn(run);
    const ms = noise === 1 ? 1 + Math.floor((draw - 0.5) * 8) : 1 + Math.floor((draw - 0.5) ** 3 * 600);
    return life.time.after(ms, run);
  }

  /** Dies at the n-th commit or request from now. */
  armCrash(what: 'commit' | 'request', n: number, after: boolean, downMs: number): void {
    this.#crash = { what, after, downMs, left: n };
  }

  #mayDie(what: Crash['what'], after: boolean): void {
    const crash = this.#crash;
    if (crash === null || crash.what !== what || crash.after !== after) return;
    crash.left -= 1;
    if (crash.left > 0) return;
    this.#crash = null;
    this.die(crash.downMs);
  }

  /** The process is gone: nothing of it sets a timer, writes, sends or answers any more. */
  die(downMs: number): void {
    const life = this.#life;
    if (life.isDead) return;
    life.isDead = true;
    life.time.end();
    this.#storage.fence();
    this.#endCalls();
    this.#reviveAfter(downMs);
  }

  /** Nobody is there any more to answer them. */
  #endCalls(): void {
    for (const call of this.calls)
      if (call.outcome === 'pending') {
        call.outcome = 'died';
        call.answeredAtMs = this.time.nowMs;
      }
  }

  #reviveAfter(downMs: number): void {
    this.#root.after(downMs, () => {
      if (this.#isClosed) return;
      this.#life = this.#createLife();
      this.#guard(this.boot(), 'boot');
    });
  }

  /** An orderly stop, and a start after it. */
  async restart(downMs: number, leaveOrders: boolean): Promise<void> {
    const life = this.#life;
    const { gate, ledger } = life;
    if (life.isDead || gate === null || ledger === null) return;
    await this.time.drive(gate.close({ leaveOrders }), CLOSE_WITHIN_MS);
    if (life.isDead) return;
    life.stop.abort();
    // As the door does it: what is in flight has its time to be answered.
    const untilMs = this.time.nowMs + DOOR_CLOSES_WITHIN_MS;
    const isAsking = (): boolean => this.calls.some((call) => call.outcome === 'pending');
    do await this.time.advance(5);
    while (isAsking() && this.time.nowMs < untilMs);
    if (life.isDead) return;
    this.#endCalls();
    ledger.close();
    life.isDead = true;
    life.time.end();
    this.#reviveAfter(downMs);
  }

  #guard(running: Promise<unknown>, what: string): void {
    const life = this.#life;
    running.catch((error: unknown) => {
      // A start that an orderly stop has ended is no failure.
      if (!life.isDead && !this.#isClosed && !life.stop.signal.aborted) this.logged.push(`${what}: ${String(error)}`);
    });
  }

  /** Lets time pass until the account is reconciled. */
  async untilReady(withinMs: number): Promise<boolean> {
    const untilMs = this.time.nowMs + withinMs;
    while (this.time.nowMs < untilMs) {
      if (this.gate?.keeper.isReconciled === true) return true;
      await this.time.advance(50);
    }
    return false;
  }

  // --- what callers do ---------------------------------------------------------------------------------------------

  /** Starts a call in this turn; its record is filled when it is answered. */
  call(step: number, agent: AgentName, tool: TradingToolName, args: Readonly<Record<string, unknown>>): CallRecord {
    const record: CallRecord = {
      index: this.calls.length,
      step,
      agent,
      tool,
      args,
      life: this.#life.number,
      askedAtMs: this.time.nowMs,
      mark: typeof args.symbol === 'string' ? this.mark(args.symbol) : null,
      askedAtSeq: this.#life.ledger?.lastSeq() ?? 0,
      answeredAtMs: null,
      outcome: 'pending',
      answer: null,
      detail: null,
    };
    this.calls.push(record);
    const end = (outcome: CallRecord['outcome'], detail: string | null = null): void => {
      if (record.outcome !== 'pending') return;
      Object.assign(record, { outcome, detail, answeredAtMs: this.time.nowMs });
    };
    const { gate } = this;
    if (gate === null) {
      end('down');
      return record;
    }
    const checked = checkTradingCall(tool, args);
    if (!checked.ok) {
      end('invalid', JSON.stringify(checked.violations[0]));
      return record;
    }
    const caller: Caller = { role: 'agent', agent, tokenId: agent, skillSha256: null };
    gate.runTool(caller, checked.call).then(
      (outcome: ToolOutcome) => {
        if (outcome.kind === 'decided') record.answer = JSON.parse(String(outcome.text)) as ToolAnswer;
        end(outcome.kind, outcome.kind === 'decided' ? null : outcome.message);
      },
      (error: unknown) => end('failed', String(error)),
    );
    return record;
  }

  /** Starts something of the operator's in this turn. */
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
    const life = this.#life;
    start(gate).then(
      () => {
        if (!life.isDead) record.answeredAtMs = this.time.nowMs;
      },
      (error: unknown) => {
        record.failure = String(error);
      },
    );
  }

  savePolicy(step: number, edit: PolicyEdit): void {
    const policy = buildPolicy(this.setup, edit);
    this.#file = policy;
    this.policies.push({ atMs: this.time.nowMs, policy });
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

  /** In USDT. */
  mark(symbol: string): number {
    catchUp(this.exchange);
    const market = this.exchange.world.state.markets.get(symbol);
    if (market === undefined) throw new Error(`there is no market ${symbol}`);
    return Number(market.mark) / 1e8;
  }

  /** Signed lots of the account. */
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
    const mark = this.mark(symbol);
    this.marks.push({ atMs: this.time.nowMs, symbol, mark });
  }

  #noteSend(wire: WireRecord): void {
    const isOrder = wire.path === '/fapi/v1/order' && (wire.method === 'POST' || wire.method === 'PUT');
    const symbol = wire.params.text('symbol');
    if (!isOrder || symbol === undefined) return;
    catchUp(this.exchange);
    const marks = new Map<string, number>();
    const lots = new Map<string, number>();
    const restingBuys = new Map<string, number>();
    const restingSells = new Map<string, number>();
    for (const [name, market] of this.exchange.world.state.markets) {
      marks.set(name, Number(market.mark) / 1e8);
      lots.set(name, Number(market.position.quantity / LOT));
      for (const order of market.openOrders.values()) {
        if (order.reduceOnly || order.clientOrderId === wire.clientId) continue;
        const sums = order.side === 'BUY' ? restingBuys : restingSells;
        sums.set(name, (sums.get(name) ?? 0) + Number((order.quantity - order.executed) / LOT));
      }
    }
    this.sends.push({ wire, symbol, marks, lots, restingBuys, restingSells });
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  /** Hash of everything recorded and of the books: the same for the same plan, wherever and however often it runs. */
  digest(): string {
    const { ledger } = this;
    const last = ledger.readEvent(ledger.lastSeq());
    return sha256(`${last?.seq ?? 0} ${last?.hash ?? ''} ${JSON.stringify(this.books())}`);
  }

  close(): void {
    this.#isClosed = true;
    this.#life.isDead = true;
    this.#life.time.end();
    this.#root.end();
    this.#storage.close();
  }
}

function storedPolicy(ledger: Ledger): PolicyDocument | null {
  let found: string | null = null;
  for (const event of ledger.iterateEvents({ kind: 'policy' })) {
    const payload = event.payload as { readonly action: string; readonly hash: string };
    if (payload.action === 'in_force') found = payload.hash;
  }
  return found === null ? null : readStoredPolicy(ledger.readPolicy(found), found);
}

/** A loop that is busy: mostly not, then for some milliseconds, seldom for long. */
function drawLateness(random: Random, noise: 0 | 1 | 2): number {
  if (noise === 0) return 0;
  const draw = random.next();
  if (noise === 1) return draw < 0.02 ? random.int(1, 5) : 0;
  if (draw < 0.03) return random.int(1, 15);
  return draw < 0.031 ? random.int(50, 400) : 0;
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
