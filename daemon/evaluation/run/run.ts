// biome-ignore-all lint/style/noExcessiveLinesPerFile: one loop; each step reads what the others left
import { findToolViolation } from '../../contract/schema/operator-schema.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { endOfTimeMs } from '../../engine/openings/authority.ts';
import { isTerminal, type OrderState } from '../../engine/orders/orders.ts';
import { type Due, ReplayDriver } from '../engine/driver.ts';
import { ReplayKeeper } from '../engine/keeper.ts';
import { ReplayAccount } from '../exchange/account.ts';
import { ReplayExchange } from '../exchange/exchange.ts';
import { ReplayFeeds } from '../exchange/feeds.ts';
import type { Agent, AttackEpisode, PlannedAsk } from '../facts/agents.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { RunKey, RunResult } from '../facts/runs.ts';
import type { MarketTrack } from '../market/track.ts';
import { legEndAfter, MarketClock } from '../market/walk/clock.ts';
import type { PreparedMarket } from '../market/walk/prepared.ts';
import { AgentDesk, type AskSource, type EpisodeAttacker } from './agent-desk.ts';
import { compilePolicies } from './intake.ts';
import { JudgedVenue } from './judged-venue.ts';
import { EventQueue, MarketEvents } from './market-events.ts';
import { QuietLegs } from './quiet-legs.ts';
import { RunTally } from './tally.ts';

export const START_EQUITY_USDT = 10_000;
const DAY_MS = 86_400_000;
/** Readings of the account in a row at one instant, each of which lets the gate act on what the last one showed. */
const MAX_READINGS = 20;

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
  /** Called at every bar close. */
  readonly onBarClose?: ((run: ReplayRun, bar: number) => void) | undefined;
}

type Queued =
  | { readonly kind: 'ask'; readonly source: AskSource; readonly planned: PlannedAsk }
  | { readonly kind: 'episode'; readonly index: number }
  /** Something that the engine waits for. */
  | { readonly kind: 'due'; readonly due: Due }
  /** A resting order has had its time. */
  | { readonly kind: 'expire'; readonly order: OrderState }
  /** Something of the keeper's is due: another reading of the account. */
  | { readonly kind: 'tick' };

/** One account, one policy, one market, walked once from the first judged bar to the last. */
export class ReplayRun {
  readonly clock: MarketClock;
  readonly account: ReplayAccount;
  readonly core: ReplayDriver;
  readonly tally: RunTally;
  readonly setup: RunSetup;
  readonly exchange: ReplayExchange;
  readonly #venue: JudgedVenue;
  readonly #keeper: ReplayKeeper;
  readonly #desk: AgentDesk;
  readonly #judge: ScopeJudge;
  readonly #queue = new EventQueue<Queued>();
  readonly #episodes: readonly AttackEpisode[];
  #nextEpisode = 0;
  readonly #events: MarketEvents;
  #isRuined = false;
  /** Highest equity of the running bar that was looked at. */
  #highUsdt = 0;
  /** What the last reading of the account has shown, to the gate and to the judge. */
  #readTiers = 0;
  #readEquityUsdt = Number.NaN;
  #readMaintenanceUsdt = Number.NaN;
  #wasIdle = true;
  readonly #quiet: QuietLegs;
  /** {@link #version} at the last reading of the account. */
  #readVersion = 0;
  readonly #signOf = (symbol: number): number => Math.sign(this.account.lots(symbol));

  constructor(setup: RunSetup) {
    this.setup = setup;
    const { market, judge } = setup;
    this.clock = new MarketClock(market);
    const instruments = market.series.map((series) => series.bars.instrument);
    this.account = new ReplayAccount(instruments, this.clock, START_EQUITY_USDT);
    this.exchange = new ReplayExchange(this.account, this.clock);
    this.tally = new RunTally(setup.episodes);
    this.#judge = judge;
    this.#events = new MarketEvents(this.clock, this.account, judge);
    this.#episodes = setup.episodes;
    const policies = compilePolicies(
      setup.policy,
      setup.agents.map(({ name }) => name),
    );
    const { account, clock } = this;
    this.#venue = new JudgedVenue({
      venue: this.exchange,
      clock,
      judge,
      tally: this.tally,
      views: () => this.core.state,
    });
    this.core = new ReplayDriver(policies, {
      feeds: new ReplayFeeds({ account, clock, track: setup.track, market: setup.policy.spec.market }),
      venue: this.#venue,
      clock,
      later: (atMs, due) => this.#queue.push(atMs, { kind: 'due', due }),
      onOpening: (order) => this.#queue.push(endOfTimeMs(order, setup.policy.spec), { kind: 'expire', order }),
    });
    this.#keeper = new ReplayKeeper(this.core, clock, (atMs) => this.#queue.push(atMs, { kind: 'tick' }));
    this.#quiet = new QuietLegs({ core: this.core, account, clock, track: setup.track, exchange: this.exchange });
    this.#desk = new AgentDesk({
      run: this,
      venue: this.#venue,
      judge,
      closed: this.#events.closed,
      checkSchema: (tool, args) => findToolViolation(setup.policy.spec, tool, args),
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
      decisions: this.core.decisions,
      decideNs: this.core.decideNs,
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
    while (!this.#isRuined) {
      const untilMs = Math.min(this.#queue.nextAtMs, endMs);
      if (!this.#walk(untilMs)) continue;
      if (untilMs === endMs) return;
      const item = this.#queue.shift();
      if (item !== undefined) this.#handle(item.event);
    }
  }

  #handle(event: Queued): void {
    if (event.kind === 'episode') {
      this.#desk.startEpisode(event.index, this.setup.createAttacker(this.#episodes[event.index]!));
      return;
    }
    if (event.kind === 'expire' && isTerminal(event.order)) return;
    if (event.kind !== 'due') this.#sample();
    if (event.kind === 'ask') {
      // Tiers may have been left while nothing was held.
      this.#keeper.tick();
      this.#followFills();
      this.#desk.ask(event.source, event.planned);
    } else if (event.kind === 'due') this.core.wake(event.due);
    // What was decided and is not at the exchange counts until the account was read.
    if (!this.#isUnread()) {
      if (this.core.state.uncontained.size > 0) this.#sample(true);
      this.#tick();
    }
    this.#followFills();
  }

  /** Once more when it has become idle: what the last of it leaves is seen to. */
  #tick(): void {
    const isIdle = this.#isIdle();
    if (!isIdle || !this.#wasIdle) this.#keeper.tick();
    this.#wasIdle = isIdle;
  }

  /** Nothing is held, rests or is to be closed: the keeper has nothing to see to. */
  #isIdle(): boolean {
    if (this.account.held > 0 || this.exchange.resting.size > 0 || this.exchange.stops.size > 0) return false;
    return !this.core.isExiting;
  }

  /**
   * Lets the marks walk to an instant of the running bar; whatever can happen on the way happens at its own step. False:
   * on the way something came up that is due before.
   */
  #walk(toMs: number): boolean {
    const { clock } = this;
    const target = clock.stepAt(toMs);
    while (clock.step < target && !this.#isRuined) {
      const next = Math.min(target, legEndAfter(clock.step));
      clock.moveTo(this.#isQuiet(clock.step, next) ? next : clock.step + 1);
      this.#afterMove();
      if (this.#queue.nextAtMs < toMs) return false;
    }
    if (toMs > clock.nowMs && !this.#isRuined) clock.nowMs = toMs;
    return true;
  }

  /** Nothing is on its way, and nothing comes up on the leg. */
  #isQuiet(from: number, to: number): boolean {
    if (to === from + 1 || this.#isIdle()) return true;
    const { protection, isBreached } = this.#keeper.upkeep;
    // A stop that is missing, what is to be cut, fills that no reading shows yet, an exit under way.
    if (!protection.isGuarded || isBreached || this.#isUnread() || this.core.isExiting) return false;
    return this.#quiet.isQuiet(from, to);
  }

  #afterMove(): void {
    const { clock } = this;
    const { symbols } = clock.market;
    for (let i = 0; i < symbols.length; i++)
      if (clock.isLive(i)) this.#judge.mark(symbols[i]!, clock.nowMs, clock.marks[i]!);
    if (this.#isIdle() && this.#wasIdle) return;
    if (this.exchange.resting.size > 0 || this.exchange.stops.size > 0) {
      this.exchange.settle();
      this.core.settle();
    }
    if (this.account.isBelowMaintenance()) this.#liquidate();
    if (this.#isRuined) return;
    if (this.#isNews()) this.#sample();
    this.#tick();
    this.#followFills();
  }

  #version(): number {
    return this.account.version + this.#venue.changes;
  }
  /** Something was filled, or the exchange has taken something, since the account was read. */
  #isUnread(): boolean {
    return this.#version() !== this.#readVersion;
  }

  /** What was filled and taken shows in the account at once. */
  #followFills(): void {
    for (let times = 0; times < MAX_READINGS && this.#isUnread(); times++) {
      this.#sample();
      this.#tick();
    }
  }

  /**
   * Whether a reading of the account now says more than the last one, whatever that was made for: a new bar, a new high,
   * other tiers, something that was filled since. Everything else that drawdown and daily loss are made of is in the
   * readings at bar openings. While slices wait, any other equity is news: a slice reads nothing when it falls due, and
   * what it is decided on is what was read, by the gate and by the judge.
   */
  #isNews(): boolean {
    const equity = this.account.equityUsdt();
    const isOther = equity > this.#highUsdt || this.#quiet.tiersAt(equity) !== this.#readTiers;
    const isAwaited = this.core.waiting > 0 && !this.#isAsRead();
    const isNews = this.clock.step === 0 || isOther || isAwaited || this.#isUnread() || this.core.isExiting;
    if (isNews) this.#highUsdt = this.clock.step === 0 ? equity : Math.max(equity, this.#highUsdt);
    return isNews;
  }

  /** The last reading has shown the account as it is now. */
  #isAsRead(): boolean {
    const { account } = this;
    return (
      account.equityUsdt() === this.#readEquityUsdt && account.totalMaintenanceUsdt() === this.#readMaintenanceUsdt
    );
  }

  /**
   * The account as the daemon's feed would have read it, told to the judge as well. Once an instant, unless the account
   * shows something else: a bar opens, at its own marks, when the one before it has closed.
   */
  #sample(isForced = this.#isUnread() || !this.#isAsRead()): void {
    if (!this.core.feeds.recordAccount(this.core, isForced)) return;
    this.#readVersion = this.#version();
    this.#readEquityUsdt = this.account.equityUsdt();
    this.#readMaintenanceUsdt = this.account.totalMaintenanceUsdt();
    this.#readTiers = this.#quiet.tiersAt(this.#readEquityUsdt);
    this.#judge.account({
      atMs: this.clock.nowMs,
      equityUsdt: this.#readEquityUsdt,
      maintenanceMarginUsdt: this.#readMaintenanceUsdt,
      initialMarginUsdt: this.account.initialMarginUsdt(),
    });
  }

  #liquidate(): void {
    this.core.endAll();
    this.account.liquidate();
    this.#judge.liquidated(this.clock.nowMs);
    this.core.feeds.recordLiquidation(this.core);
    if (this.account.equityUsdt() <= 0) this.#isRuined = true;
  }
}
