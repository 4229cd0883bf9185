import type { AccountFeed } from '../feeds/account-feed.ts';
import { type FeedName, FeedSchedule, PERIODS } from '../feeds/feed-schedule.ts';
import { describeClosed, type MarketFeed } from '../feeds/market-feed.ts';
import type { ReadingMarks } from '../feeds/reading-marks.ts';
import { allRead } from '../flow/all-read.ts';
import type { LiveCore } from '../flow/core.ts';
import { allOver, type Flow, joined, type Started, wait, within } from '../flow/step.ts';
import type { OrderProof } from '../sending/order-proof.ts';
import type { VenueHealth } from '../sending/venue-health.ts';
import { TradeFeed } from '../trades/trade-feed.ts';
import { ClockSync } from './clock-sync.ts';
import type { KeeperTasks } from './keeper-tasks.ts';
import type { LedgerCheck } from './ledger-check.ts';
import { ModeWatch } from './mode-watch.ts';
import { Reconciliation } from './reconciliation.ts';
import { StaleFeeds } from './stale-feeds.ts';

/** With more symbols than these, their lists of orders are read less often, so that they weigh no more together. */
const SYMBOLS_AT_FULL_PACE = 5;
const TICK_MS = 50;
const RETRY_MS = 1_000;
/** How often filters of a held symbol are requested while there are none, wall ms. */
const FORCED_RULES_MS = 5_000;

/**
 * Keeps the views fresh and the boot layer honest: `reducing` until clock, filters, account, orders and market were
 * read and every possibly sent order is matched.
 */
export class Keeper {
  readonly clock: ClockSync;
  readonly reconciliation: Reconciliation;
  readonly #core: LiveCore;
  readonly #account: AccountFeed;
  readonly #market: MarketFeed;
  readonly #health: VenueHealth;
  readonly #check: LedgerCheck;
  readonly #tasks: KeeperTasks;
  readonly #schedule: FeedSchedule;
  readonly #trades: TradeFeed;
  readonly #mode: ModeWatch;
  readonly #stale: StaleFeeds;
  readonly #running = new Set<Started<unknown>>();
  #rulesForcedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: {
    core: LiveCore;
    account: AccountFeed;
    market: MarketFeed;
    proof: OrderProof;
    health: VenueHealth;
    ledgerCheck: LedgerCheck;
    marks: ReadingMarks;
    tasks: KeeperTasks;
  }) {
    this.#core = parts.core;
    this.#account = parts.account;
    this.#market = parts.market;
    this.#health = parts.health;
    this.#tasks = parts.tasks;
    const { core, account, market, health, ledgerCheck, marks } = parts;
    this.#check = ledgerCheck;
    this.#schedule = new FeedSchedule(core, health);
    this.#trades = new TradeFeed(core, parts.proof);
    this.reconciliation = new Reconciliation({
      core,
      account,
      market,
      health,
      ledgerCheck,
      schedule: this.#schedule,
      marks,
      trades: this.#trades,
    });
    const enterBoot = (reason: string): void => this.reconciliation.enterBoot(reason);
    this.clock = new ClockSync(core, (reason, moved) => this.reconciliation.enterBoot(reason, true, moved));
    this.#stale = new StaleFeeds(core, enterBoot);
    account.onRead = (feed) => this.#stale.noteRead(feed);
    core.market.readings.onUnclear = () => this.#schedule.dueNow('account');
    market.onQuoteRead = (symbol, markAtMs) => this.#stale.noteQuote(symbol, markAtMs);
    const isReconciled = (): boolean => this.isReconciled;
    this.#mode = new ModeWatch({ core, account, health, marks, schedule: this.#schedule, enterBoot, isReconciled });
  }

  get isReconciled(): boolean {
    return this.reconciliation.isReconciled;
  }

  /** {@link Reconciliation.wasRead} */
  get wasRead(): boolean {
    return this.reconciliation.wasRead;
  }

  fetchTradesSoon(symbol: string): void {
    this.#trades.add(symbol);
  }
  /** {@link TradeFeed.readNow} */
  readTrades(symbol: string): Flow<boolean> {
    return this.#trades.readNow(symbol);
  }
  dueNow(feed: FeedName): void {
    this.#schedule.dueNow(feed);
  }

  /** Reads every feed once, now (for tests, and after a manual step of the simulated exchange's clock). */
  *refreshAll(): Flow<void> {
    yield* this.clock.sync();
    if (!this.isReconciled) yield* this.reconciliation.reconcile();
    const symbols = this.#account.watched();
    yield* this.#allRead(symbols, (symbol) => this.#market.pollBars(symbol));
    yield* this.#allRead(symbols, (symbol) => this.#market.pollQuote(symbol));
    if (this.#market.rulesAgeMs(symbols) >= PERIODS.rules.domainMs) yield* this.#market.loadRules(symbols);
    const areOrdersRead = yield* this.#account.pollOrders();
    const isAccountRead = yield* this.#account.pollAccount();
    if (areOrdersRead || isAccountRead) this.#health.onReadSuccess();
    yield* this.#trades.poll();
    this.#health.sweepLayers();
    yield* allOver(this.#running);
    yield* joined(this.#tasks.retryCancels());
    yield* joined(this.#tasks.endAuthorities());
    yield* joined(this.#tasks.exits());
    yield* joined(this.#tasks.reviewStanding());
    // RISK: a stop that hangs delays neither other stops nor cuts.
    yield* joined([...this.#tasks.countdowns(), ...this.#tasks.protect(), ...this.#tasks.cutBack()]);
  }

  /** The feed loop, for as long as the daemon runs. A failure in one round is reported, and the next round retries. */
  *run(): Flow<void> {
    while (!this.#core.isStopping()) {
      try {
        yield* this.#round();
      } catch (error) {
        if (this.#core.isStopping()) return;
        if (this.#core.ports.ledger.isFailed) throw error;
        this.#core.alertRarely('FEED_ROUND_FAILED', `a round of the feeds failed: ${String(error)}`);
        yield* wait(RETRY_MS);
      }
    }
  }

  *#round(): Flow<void> {
    // INVARIANT: work that reduces risk does not wait for reads that fail or hang.
    this.#health.sweepLayers();
    this.#startTasks();
    this.#stale.tick(this.isReconciled, this.#priced());
    if (this.#health.isQuiet()) {
      // During the venue's Retry-After: a longer ban would stop the exits too.
      yield* wait(TICK_MS);
      return;
    }
    // Also before the account is reconciled: with a clock that is seconds off, no signed request is answered.
    this.#schedule.start('clock', () => this.#syncClock());
    if (!this.isReconciled) {
      yield* this.#reconcileBesideTasks();
      return;
    }
    this.#startDue();
    this.#check.start();
    this.#trades.start();
    yield* wait(TICK_MS);
  }

  *#syncClock(): Flow<boolean> {
    const isKnown = yield* this.clock.sync();
    if (this.clock.isVague) this.#schedule.dueWithin('clock', RETRY_MS);
    return isKnown;
  }

  /** Reads may hang for long. Meanwhile the tasks continue with freshly read holdings and prices. */
  *#reconcileBesideTasks(): Flow<void> {
    const reconciling = this.#core.begin(this.#reconcileOrPause());
    for (;;) {
      yield* within(TICK_MS, reconciling);
      if (reconciling.isOver) return;
      this.#startTasks();
      if (this.reconciliation.wasRead && !this.#health.isQuiet()) this.#startHoldings();
    }
  }
  *#reconcileOrPause(): Flow<void> {
    if (!(yield* this.reconciliation.reconcile())) yield* wait(RETRY_MS);
  }

  /**
   * Each task runs independently: one that waits for the venue delays neither feeds, other tasks nor its own next call.
   */
  #startTasks(): void {
    this.#startTask('retryCancels');
    this.#startTask('endAuthorities');
    this.#startTask('exits');
    this.#startTask('countdowns');
    // Before the first reading the ledger's orders and positions may be old.
    if (!this.reconciliation.wasRead) return;
    // INVARIANT: neither needs prices or the account's settings, which may be unavailable for long.
    this.#startTask('flatten');
    this.#startTask('protect');
    // Until prices were read no regime is known, and the boot layer, which would cancel what was left to rest, says
    // only that.
    if (!this.reconciliation.wasReconciled) return;
    this.#startTask('reviewStanding');
    this.#startTask('cutBack');
  }

  #startTask(name: keyof KeeperTasks): void {
    if (this.#core.isStopping() || this.#core.ports.ledger.isFailed) return;
    const onFailure = (error: unknown): void => {
      if (!this.#core.isStopping())
        this.#core.alertRarely('FEED_TICK_FAILED', `what follows the feeds failed (${name}): ${String(error)}`);
    };
    try {
      for (const started of this.#tasks[name]()) {
        this.#running.add(started);
        started.onEnd((end) => {
          this.#running.delete(started);
          if (end.kind === 'failed') onFailure(end.error);
        });
      }
    } catch (error) {
      onFailure(error);
    }
  }

  #startDue(): void {
    const symbols = this.#account.watched();
    // Without its filters a held symbol can be neither valued nor closed.
    const isMissing = (symbol: string): boolean =>
      !this.#core.state.rules.has(symbol) && describeClosed(this.#core, symbol) === null;
    if (symbols.some(isMissing)) this.#forceRules();
    this.#startHoldings();
    this.#mode.tick();
    const listed = this.#listed(symbols);
    this.#schedule.start('bars', () => this.#allRead(listed, (symbol) => this.#market.pollBars(symbol)));
    this.#schedule.start('allOrders', () => this.#account.pollOrders());
    this.#schedule.start('rules', () => this.#loadRules(symbols));
    this.#schedule.start('income', () => this.#check.pollIncome());
    this.#schedule.start('transfers', () => this.#account.transfers.poll());
  }

  *#loadRules(symbols: readonly string[]): Flow<boolean> {
    const unread = yield* this.#market.loadRules(symbols);
    return unread.length === 0 && !this.#market.hasUnreadSymbol;
  }
  #allRead(symbols: readonly string[], read: (symbol: string) => Flow<boolean>): Flow<boolean> {
    return allRead(this.#core, symbols.map(read));
  }

  /** Whether the readings for exits, stops and a flatten exist. */
  #startHoldings(): void {
    const symbols = this.#account.watched();
    const listed = this.#listed(symbols);
    this.#schedule.start('quotes', () => this.#allRead(listed, (symbol) => this.#market.pollQuote(symbol)));
    this.#schedule.start('account', () => this.#account.pollAccount());
    const stretch = Math.max(1, symbols.length / SYMBOLS_AT_FULL_PACE);
    this.#schedule.start('orders', () => this.#account.pollOrders(symbols), stretch);
  }
  /** Those that the venue trades. */
  #priced(): readonly string[] {
    return this.#account.watched().filter((symbol) => describeClosed(this.#core, symbol) === null);
  }
  #listed(symbols: readonly string[]): readonly string[] {
    return symbols.filter((symbol) => !this.#core.market.unlisted.has(symbol));
  }

  #forceRules(): void {
    const now = this.#core.ports.time.monotonicMs();
    if (now - this.#rulesForcedAt < FORCED_RULES_MS) return;
    this.#rulesForcedAt = now;
    this.dueNow('rules');
  }
}
