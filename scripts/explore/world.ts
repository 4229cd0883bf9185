import './prepared-ccxt.ts';
import { hash } from 'node:crypto';
import { openGate, readPolicyInForce, recordPolicy } from '../../daemon/boot/open-gate.ts';
import { createPolicyPort, createSchemaChecks } from '../../daemon/boot/policy.ts';
import { checkTradingCall } from '../../daemon/contract/tools.ts';
import { catchUp } from '../../daemon/exchange-sim/exchange.ts';
import { openExchange } from '../../daemon/exchange-sim/open.ts';
import type { ToolAnswer } from '../../daemon/gate/api/decisions.ts';
import type { TradingToolName } from '../../daemon/gate/api/trading-calls.ts';
import type { Caller } from '../../daemon/gate/api.ts';
import type { Gate } from '../../daemon/gate/gate.ts';
import { toApiError } from '../../daemon/http/errors.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { MemoryStorage } from '../../daemon/ledger/memory-storage.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import type { TimePort, Timer } from '../../daemon/time/time-port.ts';
import { DomainClock } from '../../daemon/venue/clock.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { Home, openBeside, refusalCode } from './homes.ts';
import { openWorldMarket, START_MS } from './market.ts';
import type { AgentName, Setup, Trouble } from './plan.ts';
import { type Asked, PlayedWorld } from './played-world.ts';
import { Random } from './random.ts';
import { SimTime } from './sim-time.ts';
import { type Life, Wire, type WireRecord } from './wire.ts';

const ACCOUNT = 'main';
const ANSWER_WITHIN_MS = 3_000;
const SEND_DEADLINE_MS = 500;
const CLOSE_WITHIN_MS = 3_000;
const DOOR_CLOSES_WITHIN_MS = 1_500;
/** What an operator takes to look, and a supervisor to start again. */
const RECOVERED_AFTER_MS = 1_000;

export interface WorldOptions {
  /** The exchange enforces its request weight, and the daemon keeps to it. */
  readonly isLimited?: boolean;
}

interface Running extends Life {
  readonly time: TimePort & { end(): void };
  readonly stop: AbortController;
  /** Where its ledger lies. */
  readonly storage: MemoryStorage;
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
export class World extends PlayedWorld {
  readonly time: SimTime;
  readonly wire: Wire;
  readonly #options: WorldOptions;
  /** As the files of the home: they outlive the process. */
  readonly #copies = new Map<string, string>();
  readonly #root: ReturnType<SimTime['open']>;
  readonly #commitDraw: Random;
  readonly #ledgerBytes: Random;
  #storage = new MemoryStorage();
  readonly #home: Home;
  #hostJumpMs = 0;
  #life: Running;
  #second: Running | null = null;
  #lives = 0;
  #crash: Crash | null = null;
  #isClosed = false;

  constructor(seed: number, setup: Setup, options: WorldOptions = {}) {
    const stream = (name: string): Random => new Random(seed, name);
    const lateness = stream('lateness');
    const time = new SimTime({ hostMs: START_MS, latenessMs: () => drawLateness(lateness, setup.noise) });
    const root = time.open();
    const exchangeBytes = stream('exchange');
    const exchange = openExchange({
      time: root,
      opened: openWorldMarket(),
      startMs: START_MS,
      balance: 100_000,
      simToken: 'token',
      // As on the paper venue, reads have no pace unless it is requested; orders have the venue's.
      enforceLimits: options.isLimited === true ? true : 'orders',
      randomBytes: (size) => exchangeBytes.bytes(size),
    });
    super(setup, exchange, () => time.nowMs);
    this.#options = options;
    this.time = time;
    this.#root = root;
    this.wire = new Wire({
      time,
      exchange,
      random: stream('wire'),
      noise: setup.noise,
      onServe: (record) => this.#noteServed(record),
      onRequest: (when) => this.#mayDie('request', when === 'after'),
    });
    this.#commitDraw = stream('commits');
    this.#ledgerBytes = stream('ledger');
    this.#home = new Home(this.homes, () => time.nowMs);
    this.#life = this.#createLife(this.#storage);
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

  #createLife(storage: MemoryStorage): Running {
    this.#lives += 1;
    return {
      number: this.#lives,
      isDead: false,
      time: this.time.open(() => this.#hostJumpMs),
      stop: new AbortController(),
      storage,
      ledger: null,
      gate: null,
    };
  }

  start(): void {
    this.#boot(this.#life);
  }

  #boot(life: Running): void {
    this.#open(life).catch((error: unknown) => {
      // A start that an orderly stop, or a disk without space, has ended is no failure.
      if (life.isDead || this.#isClosed || life.stop.signal.aborted || life.ledger?.isFailed === true) return;
      const code = refusalCode(error);
      if (code !== null) {
        this.#noteRefused(life, code);
        return;
      }
      this.logged.push(`boot: ${String(error)}`);
    });
  }

  /** As the daemon does it, without a door: ledger -> venue -> gate. */
  async #open(life: Running): Promise<void> {
    const { time } = life;
    const clock = new DomainClock(time);
    const ledger = openLedger({
      path: 'world.db',
      venue: 'paper',
      account: ACCOUNT,
      now: () => (clock.isSynced ? clock.nowMs() : time.hostMs()),
      time,
      randomBytes: (size) => this.#ledgerBytes.bytes(size),
      storage: life.storage,
      scheduleCommit: (commit) => this.#scheduleCommit(life, commit),
      onFailure: (error) => this.#noteFailure(life, error),
    });
    life.ledger = ledger;
    const { file } = this;
    const inForce = readPolicyInForce(ledger, 'paper') ?? file;
    const venue = await createVenue({
      access: { venue: 'paper', baseUrl: 'http://127.0.0.1:1', apiKey: 'paper', secret: 'paper-secret' },
      clock,
      time,
      exchange: this.wire.connect(life),
      ...(this.#options.isLimited === true ? {} : { readWeightPerMinute: null }),
    });
    if (life.isDead) return;
    const gate = openGate({
      ledger,
      ports: {
        venue,
        clock,
        time,
        observer: {
          decided: () => undefined,
          submitted: () => undefined,
          alerted: () => undefined,
          summed: () => undefined,
        },
        log: { info: () => undefined, warn: () => undefined, error: () => undefined },
        startCache: {
          read: (name) => JSON.parse(this.#copies.get(`${ledger.genesis.genesis_id} ${name}`) ?? 'null'),
          write: (name, value) => {
            if (!life.isDead) this.#copies.set(`${ledger.genesis.genesis_id} ${name}`, JSON.stringify(value));
          },
        },
        agentNames: () => ['alpha', 'beta', 'gamma'],
      },
      checks: CHECKS,
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
    life.gate = gate;
    if (life !== this.#second) this.#home.follow(ledger, gate.core.state.lastEventAtMs === 0, time, () => life.isDead);
    await gate.start(() => recordPolicy(gate, ledger, inForce, this.file));
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

  /** As the daemon does it: nothing is opened any more, and it ends. */
  #noteFailure(life: Running, error: Error): void {
    if (life.isDead) return;
    if (!life.storage.isTroubled) this.logged.push(`the ledger failed: ${error.message}`);
    void life.gate?.onLedgerFailure();
    life.stop.abort();
  }

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
    if (this.#life.isDead) return;
    this.#end(this.#life);
    this.endCalls();
    this.#reviveAfter(downMs);
  }

  #end(life: Running): void {
    life.isDead = true;
    life.time.end();
    life.storage.fence();
  }

  #reviveAfter(downMs: number): void {
    this.#root.after(downMs, () => {
      if (this.#isClosed) return;
      this.#life = this.#createLife(this.#storage);
      this.#boot(this.#life);
    });
  }

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
    this.endCalls();
    this.#home.noteHead(ledger);
    ledger.close();
    life.isDead = true;
    life.time.end();
    this.#reviveAfter(downMs);
  }

  // --- the machine -------------------------------------------------------------------------------------------------

  trouble(trouble: Trouble): void {
    switch (trouble.kind) {
      case 'disk_full':
      case 'failing_table':
      case 'read_only':
        if (trouble.kind === 'disk_full') this.#storage.fill();
        else if (trouble.kind === 'read_only') this.#storage.lock();
        else this.#storage.spoil(trouble.table);
        this.#root.after(trouble.forMs, () => this.#mendStorage());
        return;
      case 'clock':
        this.#hostJumpMs += trouble.ms;
        return;
      case 'copy':
        this.#home.keepCopy(this.#storage, this.gate === null ? null : this.#life.ledger);
        return;
      case 'restored':
        this.#putBack(trouble.downMs, trouble.withHead === true);
        return;
      case 'second_daemon':
        this.#startSecond(trouble.forMs, trouble.opens ?? 0);
    }
  }

  #putBack(downMs: number, withHead: boolean): void {
    const bytes = this.#home.putBack(withHead);
    if (bytes === null) return;
    this.die(downMs);
    this.#storage.close();
    this.#storage = new MemoryStorage(bytes);
    // What was done since the copy was taken nobody remembers: orders of then are as those of somebody else.
    this.venue.noteStranger(null);
  }

  /** The operator reads why, sees that no other daemon runs any more, and recovers. */
  #noteRefused(life: Running, code: string): void {
    this.homes.refusals.push({ atMs: this.time.nowMs, life: life.number, code });
    this.#end(life);
    if (life === this.#second) return;
    this.endCalls();
    this.#root.after(RECOVERED_AFTER_MS, () => this.#recover(code));
  }

  #recover(code: string): void {
    if (this.#isClosed || !this.#life.isDead) return;
    if (this.#second !== null || this.#storage.isTroubled) {
      this.#root.after(RECOVERED_AFTER_MS, () => this.#recover(code));
      return;
    }
    catchUp(this.exchange);
    const takeOver = code === 'OTHER_DAEMON' || this.homes.seconds.length > 0;
    this.#home.recover(this.#storage, this.#root, { atVenueMs: this.exchange.world.state.nowMs, takeOver });
    this.venue.noteStranger(null);
    this.#reviveAfter(RECOVERED_AFTER_MS);
  }

  #startSecond(forMs: number, opens: number): void {
    this.#endSecond();
    const second = this.#createLife(new MemoryStorage());
    this.#second = second;
    this.homes.seconds.push({ life: second.number, startedAtMs: this.time.nowMs, endedAtMs: null });
    this.#boot(second);
    for (let index = 0; index < opens; index += 1)
      second.time.after((forMs * (index + 1)) / (opens + 1), () => {
        openBeside(second.isDead ? null : second.gate, index).catch((error: unknown) =>
          this.logged.push(`beside: ${String(error)}`),
        );
      });
    this.#root.after(forMs, () => {
      if (this.#second === second) this.#endSecond();
    });
  }

  #noteServed(record: WireRecord): void {
    this.venue.noteSend(record);
    const symbol = record.params.text('symbol');
    if (record.method === 'POST' && symbol !== undefined && this.homes.isSecond(record.life))
      this.venue.noteStranger(symbol);
  }

  /** There is space again; whoever watches over the daemon has started one that could not record. */
  #mendStorage(): void {
    if (this.#isClosed || !this.#storage.isTroubled) return;
    this.#storage.mend();
    if (this.#life.isDead || this.#life.ledger?.isFailed !== true) return;
    this.die(500);
  }

  #endSecond(): void {
    if (this.#second === null) return;
    this.#end(this.#second);
    this.#second.storage.close();
    const record = this.homes.seconds.at(-1);
    if (record !== undefined) record.endedAtMs = this.time.nowMs;
    this.#second = null;
  }

  override quieten(): void {
    super.quieten();
    this.#crash = null;
    this.#endSecond();
    this.#mendStorage();
  }

  // --- callers -----------------------------------------------------------------------------------------------------

  protected ask(
    agent: AgentName,
    tool: TradingToolName,
    args: Readonly<Record<string, unknown>>,
  ): Promise<Asked> | Asked {
    const { gate } = this;
    if (gate === null) return { outcome: 'down' };
    const checked = checkTradingCall(tool, args);
    if (!checked.ok) return { outcome: 'invalid', detail: JSON.stringify(checked.violations[0]) };
    const caller: Caller = { role: 'agent', agent, tokenId: agent, skillSha256: null };
    return gate.runTool(caller, checked.call).then(
      (outcome) => {
        if (outcome.kind !== 'decided') return { outcome: outcome.kind, detail: outcome.message };
        return { outcome: 'decided', answer: JSON.parse(String(outcome.text)) as ToolAnswer };
      },
      (error: unknown) => ({
        // Where nothing can be recorded, nobody can be answered: 503 at the door, and nothing else.
        outcome: this.#storage.isTroubled && toApiError(error).code === 'NOT_READY' ? 'unavailable' : 'failed',
        detail: String(error),
      }),
    );
  }

  protected keepPolicy(): void {
    // The file is what the world says of it.
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  /** Hash of everything recorded and of the books: the same for the same plan, wherever and however often it runs. */
  digest(): string {
    const { ledger } = this;
    const last = ledger.readEvent(ledger.lastSeq());
    return hash('sha256', `${last?.seq ?? 0} ${last?.hash ?? ''} ${JSON.stringify(this.venue.books())}`, 'hex');
  }

  close(): void {
    this.#isClosed = true;
    this.#endSecond();
    this.#life.isDead = true;
    this.#life.time.end();
    this.#root.end();
    this.#storage.close();
  }
}

/** A loop that is busy: mostly not, then for some milliseconds, seldom for long. */
function drawLateness(random: Random, noise: 0 | 1 | 2): number {
  if (noise === 0) return 0;
  const draw = random.next();
  if (noise === 1) return draw < 0.02 ? random.int(1, 5) : 0;
  if (draw < 0.03) return random.int(1, 15);
  return draw < 0.031 ? random.int(50, 400) : 0;
}
