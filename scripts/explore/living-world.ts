import { watchArming } from '../../daemon/boot/live.ts';
import { readPolicyInForce, recordPolicy } from '../../daemon/boot/open-gate.ts';
import type { VenueName } from '../../daemon/core/venues.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import { openExchange } from '../../daemon/exchange-sim/open.ts';
import type { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import type { Timer } from '../../daemon/time/time-port.ts';
import { blankStorage } from './blank-ledger.ts';
import { Home, refusalCode } from './homes.ts';
import { drawCommitMs, drawLateness } from './lateness.ts';
import { ACCOUNT, openLifeGate, openLifeLedger, type Running, VERSION } from './life.ts';
import { heldIn } from './lots/beliefs.ts';
import { openWorldMarket, START_MS } from './market.ts';
import type { Setup } from './plan.ts';
import { PlayedWorld, type PolicyOf } from './played-world.ts';
import { Random } from './random.ts';
import { Receivers } from './receivers.ts';
import { SimTime } from './sim-time.ts';
import { Wire, type WireRecord } from './wire.ts';

const CLOSE_WITHIN_MS = 3_000;
const DOOR_CLOSES_WITHIN_MS = 1_500;
/** What comes up does so within this time, where nothing keeps it. */
const UP_WITHIN_MS = 10_000;
/** A person who arms it. */
const ARMED_WITHIN_MS = 400;

export interface WorldOptions {
  /** The exchange enforces its request weight, and the daemon keeps to it. */
  readonly isLimited?: boolean;
  /** Absent: as setup and edit say. */
  readonly policyOf?: PolicyOf;
}

interface Crash {
  readonly what: 'commit' | 'request';
  readonly after: boolean;
  readonly downMs: number;
  left: number;
}

/** A world in virtual time whose daemon starts, stops, dies and starts again. */
export abstract class LivingWorld extends PlayedWorld {
  readonly time: SimTime;
  readonly wire: Wire;
  readonly receivers: Receivers | null;
  readonly #isLimited: boolean;
  readonly #venueName: VenueName;
  /** As the files of the home: they outlive the process. */
  readonly #copies = new Map<string, string>();
  protected readonly root: ReturnType<SimTime['open']>;
  readonly #commitDraw: Random;
  readonly #ledgerBytes: Random;
  protected storage: MemoryStorage = blankStorage();
  protected readonly home: Home;
  protected hostJumpMs = 0;
  /** Until then no commit ends. */
  protected diskHangsUntilMs = 0;
  protected running: Running;
  #lives = 0;
  protected crash: Crash | null = null;
  protected isClosed = false;

  constructor(seed: number, setup: Setup, options: WorldOptions = {}) {
    const isLimited = options.isLimited === true || setup.isLimited === true;
    const stream = (name: string): Random => new Random(seed, name);
    const lateness = stream('lateness');
    const time = new SimTime({ hostMs: START_MS, latenessMs: () => drawLateness(lateness, setup.noise) });
    const root = time.open();
    const exchangeBytes = stream('exchange');
    const exchange = openExchange({
      time: root,
      opened: openWorldMarket(),
      startMs: START_MS,
      balance: setup.account?.balanceUsdt ?? 100_000,
      clock: setup.isClockStopped === true ? 'manual' : 'wall',
      simToken: 'token',
      // As on the paper venue, reads have no pace unless it is requested; orders have the venue's.
      enforceLimits: isLimited ? true : 'orders',
      countdown: setup.countdown ?? 'regular',
      randomBytes: (size) => exchangeBytes.bytes(size),
    });
    super(setup, exchange, () => time.nowMs, options.policyOf);
    this.#isLimited = isLimited;
    this.time = time;
    this.root = root;
    this.wire = new Wire({
      time,
      exchange,
      random: stream('wire'),
      noise: setup.noise,
      onServe: (record) => this.noteServed(record),
      onRead: (read) => {
        this.venue.account.show(read);
      },
      onQuotes: () => this.readings.noteAsked(),
      onRequest: (when) => this.#mayDie('request', when === 'after'),
      hasSockets: setup.isLimited === true,
    });
    this.#commitDraw = stream('commits');
    this.#ledgerBytes = stream('ledger');
    this.#venueName = setup.live === undefined ? 'paper' : 'binance-live';
    this.receivers = setup.alerts === undefined ? null : new Receivers(setup, root, () => time.nowMs);
    this.home = new Home(this.homes, () => time.nowMs, this.#venueName);
    this.running = this.createLife(this.storage);
  }

  get life(): number {
    return this.running.number;
  }
  get gate(): Gate | null {
    return this.running.isDead ? null : this.running.gate;
  }
  get ledger(): Ledger {
    const { ledger } = this.running;
    if (ledger === null) throw new Error('the world has no ledger yet');
    return ledger;
  }

  /** Whether it is a process of the daemon that the world is about. */
  protected abstract isOfHome(life: Running): boolean;
  /** A start was refused. */
  protected abstract noteRefused(life: Running, code: string): void;
  /** The exchange is about to act on a request. */
  protected abstract noteServed(record: WireRecord): void;

  protected createLife(storage: MemoryStorage): Running {
    this.#lives += 1;
    this.lives.push({ number: this.#lives, fromMs: this.time.nowMs, toMs: null });
    return {
      number: this.#lives,
      isDead: false,
      time: this.time.open(() => this.hostJumpMs),
      stop: new AbortController(),
      storage,
      ledger: null,
      gate: null,
      entrance: null,
      stopAlerts: () => Promise.resolve(),
    };
  }

  start(): void {
    if (this.setup.live !== undefined) this.#recordArming(this.setup.live.armedMs);
    this.boot(this.running);
  }

  protected boot(life: Running): void {
    this.#open(life).catch((error: unknown) => {
      // A start that an orderly stop, or a disk without space, has ended is no failure.
      if (life.isDead || this.isClosed || life.stop.signal.aborted || life.ledger?.isFailed === true) return;
      const code = refusalCode(error);
      if (code !== null) {
        this.noteRefused(life, code);
        return;
      }
      this.logged.push(`boot: ${String(error)}`);
    });
  }

  #followRecords(ledger: Ledger): void {
    const note = (records: readonly unknown[]): void => {
      const firstSeq = ledger.nextSeq();
      for (let index = 0; index < records.length; index += 1) this.madeAtMs.set(firstSeq + index, this.time.nowMs);
    };
    const { append, appendNow, appendSync } = ledger;
    ledger.appendNow = (records) => {
      note(records);
      return appendNow.call(ledger, records);
    };
    ledger.append = (records) => {
      note(records);
      return append.call(ledger, records);
    };
    ledger.appendSync = (records) => {
      note(records);
      return appendSync.call(ledger, records);
    };
  }

  #followBeliefs({ core }: Gate): void {
    const held = heldIn(core.state);
    core.onAppended = (event) => this.beliefs.note(event, core.state, held);
  }

  /** As the daemon does it, without a door: ledger -> venue -> gate. */
  async #open(life: Running): Promise<void> {
    const { tokens } = this.setup;
    const hooks = {
      randomBytes: (size: number) => this.#ledgerBytes.bytes(size),
      scheduleCommit: (commit: () => void) => this.#scheduleCommit(life, commit),
      onFailure: (error: Error) => this.#noteFailure(life, error),
      onReserveUsed: () => life.gate?.onReserveUsed(),
    };
    const opening = { hasTokens: tokens !== undefined, venue: this.#venueName };
    const { clock, ledger } = openLifeLedger(life, hooks, opening);
    // Records of another daemon bear the same numbers.
    if (this.isOfHome(life)) this.#followRecords(ledger);
    if (tokens !== undefined && !this.tokens.isKept) {
      this.tokens.begin(ledger.tokens, tokens.each);
      if (this.setup.approvals !== undefined) this.approvers.begin(ledger.tokens);
    }
    const opened = await openLifeGate(life, { clock, ledger }, this.file, {
      exchange: this.wire.connect(life, life.time),
      isLimited: this.#isLimited,
      copies: this.#copies,
      receivers: this.receivers,
      venue: this.#venueName,
      countdown: this.setup.countdown ?? 'regular',
    });
    if (opened === null) return;
    const { gate } = opened;
    if (this.isOfHome(life)) this.#followBeliefs(gate);
    if (this.isOfHome(life))
      this.home.follow(ledger, gate.core.state.lastEventAtMs === 0, life.time, () => life.isDead);
    await gate.start(async () => {
      recordPolicy(gate, ledger, opened.inForce, this.file);
      if (this.receivers !== null && this.isOfHome(life)) life.stopAlerts = this.receivers.begin(life, gate, ledger);
      if (this.setup.live !== undefined) watchArming(gate, () => null, life.time, life.stop.signal);
    });
  }

  #scheduleCommit(life: Running, commit: () => void): Timer {
    const run = (): void => {
      this.#mayDie('commit', false);
      if (life.isDead) return;
      commit();
      this.#mayDie('commit', true);
    };
    const hangsMs = this.isOfHome(life) ? this.diskHangsUntilMs - life.time.monotonicMs() : 0;
    const ms = Math.max(drawCommitMs(this.#commitDraw, this.setup.noise), hangsMs);
    return ms === 0 ? life.time.nextTurn(run) : life.time.after(ms, run);
  }

  /** As the daemon does it: nothing is opened any more, and it ends. */
  #noteFailure(life: Running, error: Error): void {
    if (life.isDead) return;
    if (!life.storage.isTroubled) this.logged.push(`the ledger failed: ${error.message}`);
    void life.gate?.onLedgerFailure();
    life.stop.abort();
  }

  armCrash(what: 'commit' | 'request', n: number, after: boolean, downMs: number): void {
    this.crash = { what, after, downMs, left: n };
  }

  #mayDie(what: Crash['what'], after: boolean): void {
    const crash = this.crash;
    if (crash === null || crash.what !== what || crash.after !== after) return;
    crash.left -= 1;
    if (crash.left > 0) return;
    this.crash = null;
    this.die(crash.downMs);
  }

  /** The process is gone: nothing of it sets a timer, writes, sends or answers any more. */
  die(downMs: number): void {
    if (this.running.isDead) return;
    this.endLife(this.running);
    this.endCalls();
    this.reviveAfter(downMs);
  }

  /** Only a process that has come up is let die: time that nobody is away for would be played through. */
  override async leave(forMs: number): Promise<void> {
    if (!(await this.untilReady(UP_WITHIN_MS))) return;
    this.die(forMs);
    await this.time.advance(forMs + 50);
  }

  protected endLife(life: Running): void {
    life.isDead = true;
    this.#noteEnd(life);
    life.time.end();
    life.storage.fence();
  }

  protected reviveAfter(downMs: number): void {
    this.root.after(downMs, () => {
      if (this.isClosed) return;
      this.running = this.createLife(this.storage);
      this.boot(this.running);
    });
  }

  async restart(downMs: number, leaveOrders: boolean): Promise<void> {
    const life = this.running;
    const { gate, ledger } = life;
    if (life.isDead || gate === null || ledger === null) return;
    await this.time.drive(gate.close({ leaveOrders }), CLOSE_WITHIN_MS);
    if (life.isDead) return;
    await this.time.drive(life.stopAlerts(), CLOSE_WITHIN_MS);
    if (life.isDead) return;
    life.stop.abort();
    // As the door does it: what is in flight has its time to be answered.
    const untilMs = this.time.nowMs + DOOR_CLOSES_WITHIN_MS;
    const isAsking = (): boolean => this.calls.some((call) => call.outcome === 'pending');
    do await this.time.advance(5);
    while (isAsking() && this.time.nowMs < untilMs);
    if (life.isDead) return;
    this.endCalls();
    this.home.noteHead(ledger);
    ledger.close();
    life.isDead = true;
    this.#noteEnd(life);
    life.time.end();
    this.reviveAfter(downMs);
  }

  /** Stopped, armed, and started again; where it is down already, it is armed alone. */
  override async arm(forMs: number): Promise<void> {
    await this.restart(ARMED_WITHIN_MS, false);
    if (this.running.isDead) this.#recordArming(forMs);
  }

  /** `./holdfast arm`, for the policy that is in force. */
  #recordArming(forMs: number): void {
    const { delayMs } = this.setup.live ?? { delayMs: 0 };
    this.home.command(this.storage, this.root, (ledger) => {
      const nowMs = this.root.hostMs();
      const effectiveMs = nowMs + delayMs;
      const payload = {
        account: ACCOUNT,
        effective_at_ms: effectiveMs,
        expires_at_ms: effectiveMs + forMs,
        policy_hash: readPolicyInForce(ledger, this.#venueName)?.hash ?? this.file.hash,
        set_by: 'operator',
        version: VERSION,
      };
      ledger.appendSync([{ kind: 'arming', at_ms: nowMs, payload }]);
    });
  }

  #noteEnd({ number }: Running): void {
    const record = this.lives.find((life) => life.number === number);
    if (record !== undefined) record.toMs ??= this.time.nowMs;
  }
}
