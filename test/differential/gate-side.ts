import { createHash } from 'node:crypto';
import { SCHEMA_CHECKS } from '../../daemon/boot/open-gate.ts';
import { createPolicyPort } from '../../daemon/boot/policy/policy.ts';
import { checkTradingCall, isTradingTool } from '../../daemon/contract/tools.ts';
import type { TradingArgs } from '../../daemon/contract/types/trading-calls.ts';
import { buildParts, type GateParts } from '../../daemon/driver/parts.ts';
import type { VenuePort, WritingLedger } from '../../daemon/driver/ports.ts';
import { awaitsReading } from '../../daemon/engine/claims/exit-sizes.ts';
import type { LedgerRecord, StoredEvent } from '../../daemon/engine/flow/ports.ts';
import { endOfTimeMs } from '../../daemon/engine/openings/authority.ts';
import { everyLiveOrder, isOwnOpening } from '../../daemon/engine/orders/orders.ts';
import { CutReadings } from '../../daemon/engine/protect/cut-readings.ts';
import { ReplayAccount } from '../../daemon/evaluation/exchange/account.ts';
import { argsOf } from '../../daemon/evaluation/intents/requests.ts';
import { MarketClock, STEPS_PER_BAR } from '../../daemon/evaluation/market/walk/clock.ts';
import { prepareMarket } from '../../daemon/evaluation/market/walk/prepared.ts';
import { START_EQUITY_USDT } from '../../daemon/evaluation/run/run.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import { GateVenue } from './gate-venue.ts';
import { InstantTime } from './instant-time.ts';
import { type Played, Trace } from './trace.ts';
import { ScriptedVenue } from './venue.ts';
import { requestOf, type Step, type WorldPlan } from './worlds.ts';

const NOTHING = (): void => undefined;
const READ_EVERY_MS = 2_000;

/** The production gate on the scripted venue. Its loop does not run: everything is read at every instant of the world. */
class GateWorld {
  readonly #plan: WorldPlan;
  readonly #clock: MarketClock;
  readonly #account: ReplayAccount;
  readonly #scripted: ScriptedVenue;
  readonly #venue: GateVenue;
  readonly #time: InstantTime;
  readonly #domain: DomainClock;
  readonly #parts: GateParts;
  readonly #trace: Trace;
  /** As the gate's own, which sees the same readings. */
  readonly #cuts: CutReadings;
  #lookAtMs = Number.NEGATIVE_INFINITY;

  constructor(plan: WorldPlan) {
    const { market, policy, seed, temper } = plan;
    this.#plan = plan;
    this.#clock = new MarketClock(prepareMarket(market));
    this.#clock.nowMs = market.startMs;
    const instruments = market.symbols.map(({ instrument }) => instrument);
    this.#account = new ReplayAccount(instruments, this.#clock, START_EQUITY_USDT);
    this.#scripted = new ScriptedVenue(this.#account, this.#clock, seed, temper);
    this.#venue = new GateVenue(this.#scripted, this.#account, this.#clock);
    this.#time = new InstantTime(market.startMs);
    this.#domain = new DomainClock(this.#time);
    this.#trace = new Trace(market.startMs);
    this.#parts = buildParts({
      ports: {
        ...SCHEMA_CHECKS,
        ledger: arrayLedger(),
        venue: this.#venue as GateVenue & VenuePort,
        clock: this.#domain,
        time: this.#time,
        observer: { decided: NOTHING, submitted: NOTHING, alerted: NOTHING, summed: NOTHING },
        log: { info: NOTHING, warn: NOTHING, error: NOTHING },
        sha256: (text) => createHash('sha256').update(text).digest('hex'),
      },
      settings: { venue: 'paper', account: 'main', version: 'world', answerWithinMs: 3_000, sendDeadlineMs: 500 },
      policy,
      policyPort: createPolicyPort('paper', 'world.yaml'),
      signal: new AbortController().signal,
      metricsText: () => Promise.resolve(''),
    });
    this.#cuts = new CutReadings(this.#parts.core.planClock);
    this.#trace.follow(this.#parts.core.state);
  }

  async play(): Promise<Played> {
    const { market, steps } = this.#plan;
    const barCount = Math.round((market.endMs - market.startMs) / market.barMs);
    let next = 0;
    for (let bar = 0; bar < barCount; bar++) {
      await this.#openBar(market.startMs + bar * market.barMs, bar === 0);
      for (let step = 1; step <= STEPS_PER_BAR; step++) {
        const stepMs = this.#clock.timeOf(step) - market.startMs;
        for (let ask = steps[next]; ask !== undefined && ask.atMs < stepMs; ask = steps[next]) {
          next += 1;
          await this.#passUntil(ask.atMs);
          await this.#ask(ask);
        }
        await this.#passUntil(stepMs - 1);
        await this.#walkTo(step, stepMs);
      }
    }
    return { recorded: this.#trace.lines, venue: this.#trace.renamed(this.#scripted.log) };
  }

  async #openBar(openMs: number, isFirst: boolean): Promise<void> {
    this.#moveTo(openMs - this.#plan.market.startMs);
    this.#clock.openBar(openMs, (symbol) => Math.sign(this.#account.lots(symbol)));
    if (isFirst) await this.#start();
    if (this.#scripted.resting.size > 0 || this.#scripted.stops.size > 0) this.#scripted.settle();
    await this.#refresh();
  }

  async #start(): Promise<void> {
    const { availability, keeper, ledgerCheck } = this.#parts;
    ledgerCheck.begin();
    await this.#drive(this.#parts.core.run(keeper.clock.syncFirst()));
    keeper.reconciliation.takeUp();
    await this.#drive(this.#parts.core.run(keeper.reconciliation.refuseOtherDaemon()));
    keeper.reconciliation.enterBoot('starting', false);
    this.#parts.exitResumption.start();
    availability.isStarted = true;
    await this.#drive(this.#parts.core.run(keeper.reconciliation.reconcile()));
    if (!keeper.isReconciled)
      throw new Error(`the gate is not reconciled: ${keeper.reconciliation.missing.join(', ')}`);
  }

  async #walkTo(step: number, atMs: number): Promise<void> {
    this.#moveTo(atMs);
    this.#clock.moveTo(step);
    if (this.#scripted.resting.size > 0 || this.#scripted.stops.size > 0) this.#scripted.settle();
    // What the market shows is read before whatever falls due at the same instant.
    await this.#refresh(true);
    const before = this.#mark();
    await this.#time.run();
    if (this.#mark() !== before) await this.#refresh();
  }

  /** Lets time pass; whatever falls due on the way finds its own instant, and all feeds are read there. */
  async #passUntil(untilMs: number): Promise<void> {
    for (;;) {
      const dueMs = Math.min(this.#time.nextAtMs, this.#nextDueMs());
      if (dueMs > untilMs) break;
      const isDue = dueMs === this.#nextDueMs();
      this.#moveTo(dueMs);
      const before = this.#mark();
      await this.#time.run();
      if (isDue || this.#mark() !== before) await this.#refresh();
    }
    this.#moveTo(untilMs);
  }

  /** A breach that one reading has shown, or an exit, waits for another one, which the daemon has in two seconds. */
  #lookForReadings(): void {
    const { core, standing } = this.#parts;
    const nowMs = core.nowMs();
    const breaches = standing.findBreaches();
    const { collar_bps: collarBps } = core.policySpec.market;
    const confirmed = this.#cuts.confirm(breaches, core.market.inputs(nowMs), collarBps);
    const now = this.#time.monotonicMs();
    const isAwaited = breaches.length > confirmed.length || awaitsReading(core.state);
    if (isAwaited && this.#lookAtMs <= now) this.#lookAtMs = now + READ_EVERY_MS;
  }

  /** When an opening has had its time, and the like: the daemon's loop would find that within 50 ms. */
  #nextDueMs(): number {
    const { spec } = this.#plan.policy;
    let dueMs = this.#lookAtMs > this.#time.monotonicMs() ? this.#lookAtMs : Number.POSITIVE_INFINITY;
    for (const order of everyLiveOrder(this.#parts.core.state.orders)) {
      if (!isOwnOpening(order) || order.cancelRequested) continue;
      const atMs = endOfTimeMs(order, spec) - this.#plan.market.startMs;
      if (atMs > this.#time.monotonicMs()) dueMs = Math.min(dueMs, atMs);
    }
    return dueMs;
  }

  async #ask(step: Step): Promise<void> {
    this.#moveTo(step.atMs);
    await this.#time.run();
    await this.#refresh();
    const { agent, symbol } = step;
    const index = this.#clock.market.symbols.indexOf(symbol);
    const request = requestOf(step, this.#parts.core.state, this.#clock.marks[index]!);
    const args = argsOf(request, 'replay');
    if (!isTradingTool(request.tool)) return;
    const checked = checkTradingCall(request.tool, args);
    if (!checked.ok) return;
    const caller = { role: 'agent', agent, tokenId: agent, skillSha256: null } as const;
    const call = { tool: request.tool, args } as TradingArgs;
    this.#parts.core.run(this.#parts.calls.runTool(caller, call)).catch((error: unknown) => {
      this.#failure ??= error;
    });
    await this.#time.run();
    await this.#refresh();
  }
  #failure: unknown = null;

  /** Every feed once, and again while that makes the gate do something. */
  async #refresh(isHeld = false): Promise<void> {
    for (let round = 0; round < 20; round++) {
      const before = this.#mark();
      await this.#drive(this.#parts.core.run(this.#parts.keeper.refreshAll()), isHeld);
      if (this.#failure !== null) throw this.#failure;
      this.#lookForReadings();
      if (this.#mark() === before) return;
    }
    throw new Error('the gate does not come to rest');
  }

  /** What was recorded and what the venue was asked so far. */
  #mark(): string {
    return `${this.#trace.lines.length}/${this.#venue.changes}`;
  }

  #moveTo(ms: number): void {
    this.#time.moveTo(ms);
    this.#clock.nowMs = Math.max(this.#clock.nowMs, this.#plan.market.startMs + ms);
  }

  async #drive(running: Promise<unknown>, isHeld = false): Promise<void> {
    let isOver = false;
    let failure: unknown = null;
    running.then(
      () => (isOver = true),
      (error: unknown) => {
        failure = error;
      },
    );
    for (let turn = 0; turn < 100 && !isOver && failure === null; turn++) await this.#time.run(isHeld);
    if (failure !== null) throw failure;
    if (!isOver) throw new Error('something waits for time to pass');
  }
}

export function playGate(plan: WorldPlan): Promise<Played> {
  return new GateWorld(plan).play();
}

/** A ledger in an array, as far as a gate without operators asks it: nothing is hashed, all is on disk at once. */
export function arrayLedger(): WritingLedger {
  const events: StoredEvent[] = [];
  const append = ({ at_ms, kind, payload, seq }: LedgerRecord): number => {
    const place = events.length + 1;
    if (seq !== undefined && seq !== place) throw new Error(`a record made for ${seq} comes at ${place}`);
    events.push({ seq: place, at_ms, kind, payload });
    return place;
  };
  const isOf = (id: string, { kind, payload }: StoredEvent): boolean =>
    kind === 'decision' && (payload as { decision: { decision_id: string } }).decision.decision_id === id;
  const used: Partial<WritingLedger> = {
    genesis: { genesis_id: 'replay' },
    isFailed: false,
    appendNow: (records) => ({ seqs: records.map(append), committed: Promise.resolve() }),
    appendSync: (records) => records.map((record) => ({ seq: append(record) })),
    putText: (body) => createHash('sha256').update(body).digest('hex'),
    putPolicy: () => '',
    putEndedOrders: () => undefined,
    readEndedOrders: () => [],
    nextSeq: () => events.length + 1,
    lastSeq: () => events.length,
    findDecision: (id) => events.findLast((event) => isOf(id, event)) ?? null,
    findDecisionByRequest: () => null,
    iterateEvents: function* () {
      yield* events;
    },
  };
  return used as WritingLedger;
}
