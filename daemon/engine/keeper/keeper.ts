import { type FeedSchedule, PERIODS } from '../feeds/feed-schedule.ts';
import { describeClosed } from '../feeds/market-feed.ts';
import { allRead } from '../flow/all-read.ts';
import { allOver, type Begun, type Flow, joined, type Started, wait, within } from '../flow/step.ts';
import { ClockSync } from './clock-sync.ts';
import { ModeWatch } from './mode-watch.ts';
import { Reconciliation } from './reconciliation.ts';
import { StaleFeeds } from './stale-feeds.ts';
import type { StartParts } from './start-reads.ts';

/**
 * Tasks that follow from the views, whether or not the feeds could be read. Each is called at every tick, even while work
 * of an earlier call is in progress: it starts what is due and not in progress.
 */
export interface KeeperTasks {
  /** Those of `Upkeep`. */
  retryCancels(): Begun;
  endAuthorities(): Begun;
  exits(): Begun;
  reviewStanding(): Begun;
  protect(): Begun;
  cutBack(): Begun;
  /** The venue's dead-man countdowns are set, set again, or ended. */
  countdowns(): Begun;
  /** An operator's flatten continues to close what is left. */
  flatten(): Begun;
}

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
  readonly schedule: FeedSchedule;
  readonly #parts: StartParts;
  readonly #tasks: KeeperTasks;
  readonly #mode: ModeWatch;
  readonly #stale: StaleFeeds;
  readonly #running = new Set<Started<unknown>>();
  #rulesForcedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: StartParts, tasks: KeeperTasks) {
    const { account, core, market, schedule } = parts;
    this.#parts = parts;
    this.schedule = schedule;
    this.#tasks = tasks;
    this.reconciliation = new Reconciliation(parts);
    const enterBoot = (reason: string): void => this.reconciliation.enterBoot(reason);
    this.clock = new ClockSync(core, (reason, moved) => this.reconciliation.enterBoot(reason, true, moved));
    this.#stale = new StaleFeeds(core, enterBoot);
    account.onRead = (feed) => this.#stale.noteRead(feed);
    core.market.readings.onUnclear = () => schedule.dueNow('account');
    market.onQuoteRead = (symbol, markAtMs) => this.#stale.noteQuote(symbol, markAtMs);
    this.#mode = new ModeWatch(parts, enterBoot, () => this.isReconciled);
  }

  get isReconciled(): boolean {
    return this.reconciliation.isReconciled;
  }

  /** {@link Reconciliation.wasRead} */
  get wasRead(): boolean {
    return this.reconciliation.wasRead;
  }

  /** Reads every feed once, now (for tests, and after a manual step of the simulated exchange's clock). */
  *refreshAll(): Flow<void> {
    yield* this.clock.sync();
    if (!this.isReconciled) yield* this.reconciliation.reconcile();
    const symbols = this.#parts.account.watched();
    yield* this.#allRead(symbols, (symbol) => this.#parts.market.pollBars(symbol));
    yield* this.#allRead(symbols, (symbol) => this.#parts.market.pollQuote(symbol));
    if (this.#parts.market.rulesAgeMs(symbols) >= PERIODS.rules.domainMs) yield* this.#parts.market.loadRules(symbols);
    const areOrdersRead = yield* this.#parts.account.pollOrders();
    const isAccountRead = yield* this.#parts.account.pollAccount();
    if (areOrdersRead || isAccountRead) this.#parts.health.onReadSuccess();
    yield* this.#parts.trades.poll();
    this.#parts.health.sweepLayers();
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
    while (!this.#parts.core.isStopping()) {
      try {
        yield* this.#round();
      } catch (error) {
        if (this.#parts.core.isStopping()) return;
        if (this.#parts.core.ports.ledger.isFailed) throw error;
        this.#parts.core.alertRarely('FEED_ROUND_FAILED', `a round of the feeds failed: ${String(error)}`);
        yield* wait(RETRY_MS);
      }
    }
  }

  *#round(): Flow<void> {
    // INVARIANT: work that reduces risk does not wait for reads that fail or hang.
    this.#parts.health.sweepLayers();
    this.#startTasks();
    this.#stale.tick(this.isReconciled, this.#priced());
    if (this.#parts.health.isQuiet()) {
      // During the venue's Retry-After: a longer ban would stop the exits too.
      yield* wait(TICK_MS);
      return;
    }
    // Also before the account is reconciled: with a clock that is seconds off, no signed request is answered.
    this.schedule.start('clock', () => this.#syncClock());
    if (!this.isReconciled) {
      yield* this.#reconcileBesideTasks();
      return;
    }
    this.#startDue();
    this.#parts.ledgerCheck.start();
    this.#parts.trades.start();
    yield* wait(TICK_MS);
  }

  *#syncClock(): Flow<boolean> {
    const isKnown = yield* this.clock.sync();
    if (this.clock.isVague) this.schedule.dueWithin('clock', RETRY_MS);
    return isKnown;
  }

  /** Reads may hang for long. Meanwhile the tasks continue with freshly read holdings and prices. */
  *#reconcileBesideTasks(): Flow<void> {
    const reconciling = this.#parts.core.begin(this.#reconcileOrPause());
    for (;;) {
      yield* within(TICK_MS, reconciling);
      if (reconciling.isOver) return;
      this.#startTasks();
      if (this.reconciliation.wasRead && !this.#parts.health.isQuiet()) this.#startHoldings();
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
    if (this.#parts.core.isStopping() || this.#parts.core.ports.ledger.isFailed) return;
    const onFailure = (error: unknown): void => {
      if (!this.#parts.core.isStopping())
        this.#parts.core.alertRarely('FEED_TICK_FAILED', `what follows the feeds failed (${name}): ${String(error)}`);
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
    const symbols = this.#parts.account.watched();
    // Without its filters a held symbol can be neither valued nor closed.
    const isMissing = (symbol: string): boolean =>
      !this.#parts.core.state.rules.has(symbol) && describeClosed(this.#parts.core, symbol) === null;
    if (symbols.some(isMissing)) this.#forceRules();
    this.#startHoldings();
    this.#mode.tick();
    const listed = this.#listed(symbols);
    this.schedule.start('bars', () => this.#allRead(listed, (symbol) => this.#parts.market.pollBars(symbol)));
    this.schedule.start('allOrders', () => this.#parts.account.pollOrders());
    this.schedule.start('rules', () => this.#loadRules(symbols));
    this.schedule.start('income', () => this.#parts.ledgerCheck.pollIncome());
    this.schedule.start('transfers', () => this.#parts.account.transfers.poll());
  }

  *#loadRules(symbols: readonly string[]): Flow<boolean> {
    const unread = yield* this.#parts.market.loadRules(symbols);
    return unread.length === 0 && !this.#parts.market.hasUnreadSymbol;
  }
  #allRead(symbols: readonly string[], read: (symbol: string) => Flow<boolean>): Flow<boolean> {
    return allRead(this.#parts.core, symbols.map(read));
  }

  /** Whether the readings for exits, stops and a flatten exist. */
  #startHoldings(): void {
    const symbols = this.#parts.account.watched();
    const listed = this.#listed(symbols);
    this.schedule.start('quotes', () => this.#allRead(listed, (symbol) => this.#parts.market.pollQuote(symbol)));
    this.schedule.start('account', () => this.#parts.account.pollAccount());
    const stretch = Math.max(1, symbols.length / SYMBOLS_AT_FULL_PACE);
    this.schedule.start('orders', () => this.#parts.account.pollOrders(symbols), stretch);
  }
  /** Those that the venue trades. */
  #priced(): readonly string[] {
    return this.#parts.account.watched().filter((symbol) => describeClosed(this.#parts.core, symbol) === null);
  }
  #listed(symbols: readonly string[]): readonly string[] {
    return symbols.filter((symbol) => !this.#parts.core.market.unlisted.has(symbol));
  }

  #forceRules(): void {
    const now = this.#parts.core.ports.time.monotonicMs();
    if (now - this.#rulesForcedAt < FORCED_RULES_MS) return;
    this.#rulesForcedAt = now;
    this.schedule.dueNow('rules');
  }
}
