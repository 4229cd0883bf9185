import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { Agent, AttackEpisode, PlannedAsk } from '../facts/agents.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { RunKey, RunResult } from '../facts/runs.ts';
import type { MarketTrack } from '../market/track.ts';
import { ReplayAccount } from './account.ts';
import { AgentDesk, type AskSource, type EpisodeAttacker } from './agent-desk.ts';
import { legEndAfter, MarketClock } from './clock.ts';
import { GateDoor } from './door.ts';
import { EventQueue } from './event-queue.ts';
import { ReplayExchange } from './exchange.ts';
import { Executor } from './executor.ts';
import type { PendingWork } from './exit-ladder.ts';
import { ReplayKeeper } from './keeper.ts';
import { MarketEvents } from './market-events.ts';
import type { PreparedMarket } from './prepared.ts';
import { compilePolicies, schemaCheckOf } from './run-policies.ts';
import { RunTally } from './tally.ts';

export const START_EQUITY_USDT = 10_000;
const DAY_MS = 86_400_000;

export interface RunSetup {
  readonly key: RunKey;
  readonly market: PreparedMarket;
  readonly track: MarketTrack;
  readonly policy: { readonly spec: IntendedPolicySpec; readonly hash: string };
  /** One account an agent, or several agents in one account. */
  readonly agents: readonly { readonly name: string; readonly agent: Agent }[];
  readonly episodes: readonly AttackEpisode[];
  readonly createAttacker: (episode: AttackEpisode) => EpisodeAttacker;
  readonly judge: ScopeJudge;
  /** Judged bars to walk; all of them when absent. */
  readonly bars?: number | undefined;
  /** Called at every bar close, for charts. */
  readonly onBarClose?: ((run: ReplayRun, bar: number) => void) | undefined;
}

type Queued =
  | { readonly kind: 'ask'; readonly source: AskSource; readonly planned: PlannedAsk }
  | { readonly kind: 'episode'; readonly index: number }
  | { readonly kind: 'work'; readonly work: PendingWork }
  | { readonly kind: 'expire'; readonly orderId: string };

/** One account, one policy, one market, walked once from the first judged bar to the last. */
export class ReplayRun {
  readonly clock: MarketClock;
  readonly account: ReplayAccount;
  readonly door: GateDoor;
  readonly tally: RunTally;
  readonly setup: RunSetup;
  readonly #exchange: ReplayExchange;
  readonly #executor: Executor;
  readonly #keeper: ReplayKeeper;
  readonly #desk: AgentDesk;
  readonly #judge: ScopeJudge;
  readonly #queue = new EventQueue<Queued>();
  readonly #episodes: readonly AttackEpisode[];
  #nextEpisode = 0;
  readonly #events: MarketEvents;
  #isRuined = false;
  /** Highest equity read in the running bar, and the tiers reached at the last reading. */
  #highUsdt = 0;
  #toldTiers = 0;
  readonly #signOf = (symbol: number): number => Math.sign(this.account.lots(symbol));

  constructor(setup: RunSetup) {
    this.setup = setup;
    const { market, judge } = setup;
    this.clock = new MarketClock(market);
    const instruments = market.series.map((series) => series.bars.instrument);
    this.account = new ReplayAccount(instruments, this.clock.marks, START_EQUITY_USDT);
    this.door = new GateDoor(
      this.clock,
      setup.track,
      this.account,
      compilePolicies(
        setup.policy,
        setup.agents.map(({ name }) => name),
      ),
    );
    this.#exchange = new ReplayExchange(this.account, this.clock);
    this.tally = new RunTally(setup.episodes);
    this.#judge = judge;
    this.#events = new MarketEvents(this.clock, this.account, judge);
    this.#episodes = setup.episodes;
    const ttlMs = setup.policy.spec.standing.resting_ttl_ms;
    this.#executor = new Executor({
      door: this.door,
      exchange: this.#exchange,
      account: this.account,
      clock: this.clock,
      judge,
      tally: this.tally,
      rules: this.door.state.rules,
      later: (atMs, work) => this.#queue.push(atMs, { kind: 'work', work }),
      onRest: (orderId) => this.#queue.push(this.clock.nowMs + ttlMs, { kind: 'expire', orderId }),
    });
    this.#keeper = new ReplayKeeper(this.door, this.#executor, this.#exchange, this.account, this.clock);
    this.#desk = new AgentDesk({
      run: this,
      executor: this.#executor,
      judge,
      closed: this.#events.closed,
      checkSchema: schemaCheckOf(setup.policy.spec),
      queueAsk: (source, planned) =>
        this.#queue.push(this.clock.nowMs + Math.max(0, planned.delayMs), { kind: 'ask', source, planned }),
    });
  }

  run(): RunResult {
    const { market, key } = this.setup;
    const { barMs } = market;
    const barCount = Math.min(market.barCount, this.setup.bars ?? market.barCount);
    const equity = new Float64Array(barCount + 1);
    const gross = new Float64Array(barCount);
    const barOpenMs = new Float64Array(barCount);
    equity[0] = START_EQUITY_USDT;
    for (let i = 0; i < barCount; i++) {
      const openMs = market.data.startMs + i * barMs;
      barOpenMs[i] = openMs;
      if (this.#isRuined) {
        equity[i + 1] = equity[i]!;
        continue;
      }
      this.#openBar(openMs);
      this.#runBar(openMs + barMs);
      this.tally.closeBar(this.clock.marks);
      equity[i + 1] = this.account.equityUsdt();
      gross[i] = this.account.grossUsdt();
      this.setup.onBarClose?.(this, i);
    }
    const times = this.#judge.times();
    return {
      key,
      equity,
      gross,
      barOpenMs,
      liquidations: this.account.liquidations,
      refusedExits: this.tally.refusedExits,
      openAtEnd: this.account.held > 0,
      episodes: this.tally.episodes(),
      legit: this.tally.legit(),
      fills: this.tally.fills,
      outOfScopeFills: this.tally.outOfScopeFills,
      lossOutOfScopeUsdt: this.tally.lossOutOfScopeUsdt,
      lossAllUsdt: this.tally.lossAllUsdt,
      feesUsdt: this.account.feesUsdt,
      turnoverUsdt: this.account.turnoverUsdt,
      overCapMs: times.overCapMs,
      reduceOnlyMs: times.reduceOnlyMs,
      spanMs: barCount * barMs,
      decisions: this.door.decisions,
      decideNs: this.door.timed === 0 ? 0 : (this.door.timedNs / this.door.timed) * this.door.decisions,
      disagreements: this.tally.disagreements,
    };
  }

  #openBar(openMs: number): void {
    this.clock.openBar(openMs, this.#signOf);
    this.#events.tell(openMs);
    this.#afterMove();
    // A flat account is read once a day: its equity does not move.
    if (openMs === this.setup.market.data.startMs || openMs % DAY_MS === 0) this.#sample();
    while (this.#nextEpisode < this.#episodes.length) {
      const { startMs } = this.#episodes[this.#nextEpisode]!;
      if (startMs >= openMs + this.setup.market.barMs) break;
      this.#queue.push(Math.max(openMs, startMs), { kind: 'episode', index: this.#nextEpisode });
      this.#nextEpisode += 1;
    }
    this.#desk.onBar();
  }

  #runBar(endMs: number): void {
    for (;;) {
      const next = this.#queue.nextAtMs;
      if (next >= endMs || this.#isRuined) break;
      const item = this.#queue.shift();
      if (item === undefined) break;
      this.#walk(item.atMs);
      if (this.#isRuined) break;
      this.#handle(item.event);
    }
    if (!this.#isRuined) this.#walk(endMs);
  }

  #handle(event: Queued): void {
    switch (event.kind) {
      case 'ask':
        this.#sample();
        // Tiers may have been left while nothing was held.
        this.#keeper.tick();
        this.#desk.ask(event.source, event.planned);
        break;
      case 'episode': {
        const episode = this.#episodes[event.index]!;
        this.#desk.startEpisode(event.index, this.setup.createAttacker(episode));
        return;
      }
      case 'work':
        this.#sample();
        this.#executor.run(event.work);
        break;
      case 'expire': {
        const order = this.door.state.orders.all.get(event.orderId);
        if (order === undefined || !this.#exchange.resting.has(event.orderId)) return;
        this.#executor.cancel(order);
        break;
      }
    }
    if (this.account.held > 0 || this.#exchange.resting.size > 0) this.#keeper.tick();
  }

  /** Lets the marks walk to an instant of the running bar; whatever can happen on the way happens at its own step. */
  #walk(toMs: number): void {
    const { clock } = this;
    const target = clock.stepAt(toMs);
    while (clock.step < target && !this.#isRuined) {
      const next = Math.min(target, legEndAfter(clock.step));
      clock.moveTo(this.#isQuiet(clock.step, next) ? next : clock.step + 1);
      this.#afterMove();
    }
    if (toMs > clock.nowMs) clock.nowMs = toMs;
  }

  /** Nothing rests that the leg would touch, no regime changes on it, and the account is far from its margin. */
  #isQuiet(from: number, to: number): boolean {
    if (to === from + 1) return true;
    const { account, clock } = this;
    const exchange = this.#exchange;
    const mayTrigger = exchange.resting.size > 0 || exchange.stops.size > 0;
    if (account.held === 0 && exchange.resting.size === 0) return true;
    const { track } = this.setup;
    let worst = account.equityUsdt() - 2 * account.totalMaintenanceUsdt();
    for (let i = 0; i < clock.barIndex.length; i++) {
      const bar = clock.barIndex[i]!;
      if (bar < 0) continue;
      if (!track.isSteady(i, bar, clock.lowFirst[i]!, from, to)) return false;
      const lots = account.lots(i);
      if (lots === 0 && !mayTrigger) continue;
      const before = clock.markTicks[i]!;
      const after = clock.ticksAt(i, to);
      if (mayTrigger && exchange.isTriggered(i, before, after)) return false;
      if (lots !== 0) worst += Math.min(0, account.notionalUsdt(i) * (after / before - 1) * Math.sign(lots));
    }
    return worst > 0;
  }

  #afterMove(): void {
    const { clock } = this;
    const { symbols } = clock.market;
    for (let i = 0; i < symbols.length; i++)
      if (clock.isLive(i)) this.#judge.mark(symbols[i]!, clock.nowMs, clock.marks[i]!);
    if (this.account.held === 0 && this.#exchange.resting.size === 0) return;
    if (this.#exchange.resting.size > 0 || this.#exchange.stops.size > 0) this.#exchange.settle();
    if (this.account.isBelowMaintenance()) this.#liquidate();
    if (this.#isRuined) return;
    if (this.#isNews()) this.#sample();
    this.#keeper.tick();
  }

  /**
   * Whether a reading of the account now says more than the last one: a new bar, a new high, other tiers. Everything
   * else that drawdown and daily loss are made of is in the readings at bar openings.
   */
  #isNews(): boolean {
    const equity = this.account.equityUsdt();
    const tiers = this.#keeper.tiers.code();
    const isNews = this.clock.step === 0 || equity > this.#highUsdt || tiers !== this.#toldTiers;
    if (!isNews) return false;
    this.#highUsdt = this.clock.step === 0 ? equity : Math.max(equity, this.#highUsdt);
    this.#toldTiers = tiers;
    return true;
  }

  /** The account as the daemon's feed would have read it, told to the judge as well. */
  #sample(): void {
    if (!this.door.sampleAccount()) return;
    this.#judge.account({
      atMs: this.clock.nowMs,
      equityUsdt: this.account.equityUsdt(),
      maintenanceMarginUsdt: this.account.totalMaintenanceUsdt(),
      initialMarginUsdt: this.account.initialMarginUsdt(),
    });
  }

  #liquidate(): void {
    this.#exchange.cancelAll();
    this.#keeper.forgetAfterLiquidation();
    this.account.liquidate();
    this.#judge.liquidated(this.clock.nowMs);
    this.door.noteLiquidation();
    if (this.account.equityUsdt() <= 0) this.#isRuined = true;
  }
}
