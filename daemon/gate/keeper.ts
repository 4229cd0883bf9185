import { setTimeout as delay } from 'node:timers/promises';
import type { AccountFeed } from './account-feed.ts';
import type { GateCore } from './gate-core.ts';
import { isWaitingExit } from './interrupted-exits.ts';
import type { MarketFeed } from './market-feed.ts';
import { describeClosed } from './open-symbols.ts';
import { endedEvent, type OrderSender, unknownEvent } from './order-sender.ts';
import type { Resolver } from './resolver.ts';
import { everyLiveOrder, statusOf } from './state/orders.ts';
import type { VenueHealth } from './venue-health.ts';

/** Domain-time periods of the feeds; on a faster venue clock they shrink with it, down to a wall-clock floor. */
const PERIODS = {
  quotes: { domainMs: 1_000, floorMs: 100 },
  account: { domainMs: 2_000, floorMs: 150 },
  orders: { domainMs: 2_000, floorMs: 200 },
  // In symbols that nobody watches: 80 of the exchange's 2,400 of weight a minute, against 2 for a symbol.
  allOrders: { domainMs: 30_000, floorMs: 2_000 },
  bars: { domainMs: 5_000, floorMs: 200 },
  clock: { domainMs: 30_000, floorMs: 2_000 },
  rules: { domainMs: 900_000, floorMs: 2_000 },
  transfers: { domainMs: 60_000, floorMs: 5_000 },
} as const;
type FeedName = keyof typeof PERIODS;
/** With more symbols than these, their lists of orders are read less often, so that they weigh no more together. */
const SYMBOLS_AT_FULL_PACE = 5;
const TICK_MS = 50;
const RETRY_MS = 1_000;
/** Between two warnings that the venue has not answered yet, wall ms. */
const SILENCE_EVERY_MS = 60_000;
/** How often filters of a held symbol are asked for while there are none, ms of wall time. */
const FORCED_RULES_MS = 5_000;

/**
 * What follows from the views, again and again, whether or not the feeds could be read. Each is called at every tick,
 * also while what an earlier call began is still on its way: it begins what is due and not under way, and resolves with
 * that.
 */
export interface KeeperTasks {
  /** Cancels that are not proven are sent again. */
  retryCancels(): Promise<void>;
  /** Resting orders that no longer fit are canceled. */
  reviewStanding(): Promise<void>;
  /** What an operator's flatten left goes on being closed. */
  flatten(): Promise<void>;
  /** Protective stops, and what stands above its caps is cut back: they rest on positions as they were once read. */
  protect(): Promise<void>;
}

/** An order of another Holdfast ledger is open on this account. */
export class OtherDaemonError extends Error {
  override readonly name = 'OtherDaemonError';
  constructor(clientOrderId: string) {
    super(
      `order ${clientOrderId} on this account was placed by another Holdfast ledger: stop that daemon and cancel its orders, or start with its home folder`,
    );
  }
}

/**
 * Keeps the views fresh and the boot layer honest: `reducing` until clock, filters, account, orders and market were
 * read and every order that may have been sent is matched (BINANCE.md part B 2.5).
 */
export class Keeper {
  readonly #core: GateCore;
  readonly #account: AccountFeed;
  readonly #market: MarketFeed;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #health: VenueHealth;
  readonly #tasks: KeeperTasks;
  readonly #signal: AbortSignal;
  readonly #nextAt = new Map<FeedName, number>();
  readonly #busy = new Set<FeedName>();
  readonly #tradeSymbols = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #tradePoll: Promise<void> | null = null;
  #rulesForcedAt = Number.NEGATIVE_INFINITY;
  isReconciled = false;
  /** Account and orders were read whole since this process started. */
  #wasReconciled = false;
  #clockProblem: string | null = null;
  #missing: readonly string[] = ['the first contact with the venue'];

  constructor(parts: {
    core: GateCore;
    account: AccountFeed;
    market: MarketFeed;
    sender: OrderSender;
    resolver: Resolver;
    health: VenueHealth;
    tasks: KeeperTasks;
    signal: AbortSignal;
  }) {
    this.#core = parts.core;
    this.#account = parts.account;
    this.#market = parts.market;
    this.#sender = parts.sender;
    this.#resolver = parts.resolver;
    this.#health = parts.health;
    this.#tasks = parts.tasks;
    this.#signal = parts.signal;
  }

  get missing(): readonly string[] {
    return this.#missing;
  }

  /**
   * Clock first: nothing but an operator's halt can be recorded before domain time is known. Retries until the venue
   * answers; that it does not is said at once, then rarely.
   */
  async syncFirst(onVenueSilent: (reason: string) => void = () => undefined): Promise<void> {
    let warnedAt: number | null = null;
    while (!this.#signal.aborted) {
      const problem = await this.#findSyncProblem();
      if (problem === null) {
        if (warnedAt !== null) this.#core.ports.log.info({}, 'the venue answers');
        return;
      }
      if (this.#signal.aborted) return;
      if (warnedAt === null) onVenueSilent(problem);
      if (warnedAt === null || performance.now() - warnedAt >= SILENCE_EVERY_MS) {
        this.#core.ports.log.warn({ venue: this.#core.settings.venue, problem }, 'the venue does not answer yet');
        warnedAt = performance.now();
      }
      await delay(RETRY_MS, undefined, { signal: this.#signal });
    }
  }

  /** Why the venue's time is not known; null once it is. */
  async #findSyncProblem(): Promise<string | null> {
    try {
      this.#core.ports.clock.setScale(await this.#core.ports.venue.fetchTimeScale());
      return (await this.#syncClock()) ? null : (this.#clockProblem ?? 'its time could not be read');
    } catch (error) {
      return String(error);
    }
  }

  /**
   * Two daemons on one account would each count half of it (BY-40). What cannot be read yet refuses nothing here: it
   * keeps the boot layer up, which asks again.
   *
   * @throws OtherDaemonError
   */
  async refuseOtherDaemon(): Promise<void> {
    await this.#market.loadRules(this.#account.watched()).catch((error: unknown) => this.#note('the filters', error));
    const other = await this.#account.findOtherDaemon();
    if (other !== null) throw new OtherDaemonError(other);
  }

  /** A jump is followed by one more reading; sources that go on contradicting each other leave the clock unknown. */
  async #syncClock(isRetry = false): Promise<boolean> {
    const startedAt = performance.now();
    const outcome = await this.#core.ports.venue.fetchServerTime();
    const sync = this.#core.ports.clock.sync(outcome, performance.now() - startedAt);
    switch (sync.kind) {
      case 'failed':
        this.#clockProblem = sync.detail;
        return false;
      case 'synced':
        this.#core.market.clockSkewMs = Math.abs(sync.skewMs);
        return true;
      case 'jumped':
        // At scale 0 the venue's time moves in steps by command, and forwards is how it moves.
        if (this.#core.ports.clock.scale === 0 && sync.byMs > 0) {
          this.#core.market.clockSkewMs = 0;
          return true;
        }
        this.#core.market.clockSkewMs = null;
        this.enterBoot(`the ${sync.source} clock jumped by ${Math.round(sync.byMs)} ms`);
        this.#core.alert('CLOCK_JUMP', `the ${sync.source} clock jumped by ${Math.round(sync.byMs)} ms`);
        return isRetry ? false : this.#syncClock(true);
    }
  }

  enterBoot(reason: string): void {
    this.isReconciled = false;
    this.#core.append('state', {
      clears_at_ms: null,
      clears_when: 'account, orders and market are reconciled',
      layer: 'boot',
      name: null,
      reason,
      scope: 'account',
      set_by: 'daemon',
      state: 'reducing',
    });
  }

  /**
   * What a restart finds: unsent slices are dropped, exits that wait for their rate are kept, what may have been sent is
   * unknown until the venue proves it.
   */
  recoverOrders(): void {
    for (const order of [...everyLiveOrder(this.#core.state.orders)]) {
      if (order.foreign || isWaitingExit(order)) continue;
      if (order.status === 'pending_send')
        this.#sender.record(order, endedEvent(this.#core, order, 'canceled', 'not sent: the daemon was restarted'));
      else if (order.status === 'in_flight')
        this.#sender.record(order, unknownEvent(this.#core, order, 'the daemon was restarted while it was being sent'));
      else if (order.amend !== null) void this.#resolver.resolve(order);
      if (statusOf(order) === 'unknown' || statusOf(order) === 'lost') void this.#resolver.resolve(order);
    }
  }

  /** Reads everything once; clears the boot layer when all of it succeeded. */
  async reconcile(): Promise<boolean> {
    const missing: string[] = [];
    const must = async (what: string, done: Promise<boolean>): Promise<void> => {
      if (!(await done.catch((error: unknown) => this.#note(what, error)))) missing.push(what);
    };
    await must('the exchange filters', this.#market.loadRules(this.#account.watched()));
    // What is not open at the venue has no settings and perhaps no prices: it holds up nothing.
    const isOpen = (symbol: string): boolean => describeClosed(this.#core, symbol) === null;
    await must('the account mode', this.#prepareAccount(this.#core.policySpec.scope.symbols.filter(isOpen)));
    await must('the account', this.#account.pollAccount());
    await must('the open orders', this.#account.pollOrders());
    const other = await this.#account.findOtherDaemon();
    if (other !== null) missing.push(`an account without another daemon (its order ${other} is open)`);
    const symbols = this.#account.watched();
    // A position or order in a symbol outside the policy must be valued too.
    if (symbols.some((symbol) => isOpen(symbol) && !this.#core.state.rules.has(symbol)))
      await must('the filters of held symbols', this.#market.loadRules(symbols));
    const open = symbols.filter(isOpen);
    await must('the price bars', all(open.map((symbol) => this.#market.pollBars(symbol))));
    await must('the quotes', all(open.map((symbol) => this.#market.pollQuote(symbol))));
    await must('the trades', all(open.map((symbol) => this.#account.pollTrades(symbol))));
    await this.#account.pollTransfers();
    this.#missing = missing;
    if (missing.length > 0) {
      this.#core.ports.log.warn({ missing }, 'not reconciled yet');
      return false;
    }
    if (!this.isReconciled) {
      this.isReconciled = true;
      this.#wasReconciled = true;
      this.#core.append('state', {
        clears_at_ms: null,
        clears_when: '',
        layer: 'boot',
        name: null,
        reason: 'reconciled',
        scope: 'account',
        set_by: 'daemon',
        state: 'active',
      });
    }
    return true;
  }

  /** Resolves when reconciled, or after `withinMs` of wall time: then the loop goes on trying. */
  async untilReconciled(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!this.isReconciled && !this.#signal.aborted && performance.now() < deadline) {
      await delay(10, undefined, { signal: this.#signal }).catch(() => undefined);
    }
    return this.isReconciled;
  }

  #note(what: string, error: unknown): boolean {
    this.#core.ports.log.warn({ what, error: String(error) }, 'could not be read');
    return false;
  }

  /** One-way and isolated mode, and a leverage within the policy's cap wherever nothing is held. */
  async #prepareAccount(symbols: readonly string[]): Promise<boolean> {
    const outcome = await this.#core.ports.venue.prepareAccount(symbols);
    if (outcome.kind === 'failed') {
      this.#health.onReadFailure(outcome.detail, outcome.consequence, outcome.retryAfterMs);
      this.#core.ports.log.warn({ detail: outcome.detail }, 'the account could not be prepared');
      return false;
    }
    const mode = outcome.value;
    const wrong = [
      mode.oneWay ? null : 'the account is not in one-way mode',
      mode.singleAsset ? null : 'multi-assets margin is on',
      mode.canTrade ? null : 'the key may not trade',
      ...symbols.map((symbol) => (mode.isolated[symbol] === false ? `${symbol} is not on isolated margin` : null)),
      this.#core.settings.venue === 'binance-live' && mode.canWithdraw !== false
        ? 'the key may withdraw, or its rights could not be read'
        : null,
    ].filter((problem) => problem !== null);
    if (wrong.length > 0) {
      this.#core.alertRarely('ACCOUNT_MODE', wrong.join('; '));
      return false;
    }
    return this.#lowerLeverage(symbols);
  }

  async #lowerLeverage(symbols: readonly string[]): Promise<boolean> {
    if (!(await this.#account.pollAccount())) return false;
    const cap = Math.max(1, Math.floor(this.#core.policySpec.budgets.leverage));
    for (const symbol of symbols) {
      const position = this.#core.state.position(symbol);
      const isHeld =
        position.lots !== 0 || [...everyLiveOrder(this.#core.state.orders)].some((order) => order.symbol === symbol);
      if (isHeld || (position.leverage !== null && position.leverage <= cap)) continue;
      const outcome = await this.#core.ports.venue.setLeverage(symbol, cap);
      if (outcome.kind === 'rejected') {
        const { consequence, message, retryAfterMs } = outcome.rejection;
        this.#health.onReadFailure(message, consequence, retryAfterMs);
      }
      if (outcome.kind !== 'accepted') return false;
      this.#core.append('leverage', { confirmed_at_ms: this.#core.nowMs(), leverage: cap, symbol });
    }
    return true;
  }

  fetchTradesSoon(symbol: string): void {
    this.#tradeSymbols.add(symbol);
  }
  dueNow(feed: FeedName): void {
    this.#nextAt.set(feed, 0);
  }

  /** Every feed once, now (tests, and after a manual step of the simulated exchange's clock). */
  async refreshAll(): Promise<void> {
    await this.#syncClock();
    if (!this.isReconciled) await this.reconcile();
    const symbols = this.#account.watched();
    await Promise.all(symbols.map((symbol) => this.#market.pollBars(symbol)));
    await Promise.all(symbols.map((symbol) => this.#market.pollQuote(symbol)));
    if (this.#core.nowMs() - this.#market.rulesAtMs >= PERIODS.rules.domainMs) await this.#market.loadRules(symbols);
    await this.#account.pollOrders();
    await this.#account.pollAccount();
    await this.#pollTrades();
    this.#health.sweepLayers();
    await Promise.all(this.#running);
    await this.#tasks.retryCancels();
    await this.#tasks.reviewStanding();
    await this.#tasks.protect();
  }

  /** One poll at a time; resolves when what was asked for by now has been read, or could not be. */
  async #pollTrades(): Promise<void> {
    while (this.#tradePoll !== null) await this.#tradePoll;
    if (this.#tradeSymbols.size === 0) return;
    this.#tradePoll = this.#readTrades().finally(() => {
      this.#tradePoll = null;
    });
    await this.#tradePoll;
  }

  async #readTrades(): Promise<void> {
    const symbols = [...this.#tradeSymbols];
    this.#tradeSymbols.clear();
    for (const symbol of symbols) if (!(await this.#account.pollTrades(symbol))) this.#tradeSymbols.add(symbol);
  }

  /** The feed loop; ends with the signal. What fails in one round is said, and the next round tries again. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        if (this.#signal.aborted) return;
        if (this.#core.ports.ledger.isFailed) throw error;
        this.#core.alertRarely('FEED_ROUND_FAILED', `a round of the feeds failed: ${String(error)}`);
        await delay(RETRY_MS, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
  }

  async #round(): Promise<void> {
    // INVARIANT: what takes risk away does not wait for reads that fail or hang.
    this.#health.sweepLayers();
    this.#startTasks();
    if (this.#health.isQuiet()) {
      // The venue said how long it wants to be left alone; a longer ban would end the exits, too (BINANCE.md B 2.3).
      await delay(TICK_MS, undefined, { signal: this.#signal });
      return;
    }
    if (!this.isReconciled) {
      if (!(await this.#reconcileBesideTasks())) await delay(RETRY_MS, undefined, { signal: this.#signal });
      return;
    }
    this.#startDue();
    this.#startTrades();
    await delay(TICK_MS, undefined, { signal: this.#signal });
  }

  /** Reads may hang for long: the tasks go on meanwhile. */
  async #reconcileBesideTasks(): Promise<boolean> {
    const timer = setInterval(() => this.#startTasks(), TICK_MS);
    try {
      return await this.reconcile();
    } finally {
      clearInterval(timer);
    }
  }

  /** Each by itself: what waits for the venue holds up neither the feeds, nor the others, nor its own next call. */
  #startTasks(): void {
    this.#startTask('retryCancels');
    // Before the first reading the ledger's orders and positions may be of long ago, and the boot layer, which would
    // cancel what was left to rest, says only that.
    if (!this.#wasReconciled) return;
    this.#startTask('flatten');
    this.#startTask('reviewStanding');
    this.#startTask('protect');
  }

  #startTask(name: keyof KeeperTasks): void {
    if (this.#signal.aborted || this.#core.ports.ledger.isFailed) return;
    const running = this.#tasks[name]()
      .catch((error: unknown) => {
        if (!this.#signal.aborted)
          this.#core.alertRarely('FEED_TICK_FAILED', `what follows the feeds failed (${name}): ${String(error)}`);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #startTrades(): void {
    if (this.#tradePoll !== null) return;
    this.#pollTrades().catch((error: unknown) => {
      if (!this.#signal.aborted) this.#note('trades', error);
    });
  }

  #startDue(): void {
    const symbols = this.#account.watched();
    // Without its filters a held symbol can be neither valued nor closed.
    const isMissing = (symbol: string): boolean =>
      !this.#core.state.rules.has(symbol) && describeClosed(this.#core, symbol) === null;
    if (symbols.some(isMissing)) this.#forceRules();
    const listed = symbols.filter((symbol) => !this.#core.market.unlisted.has(symbol));
    this.#start('quotes', () => all(listed.map((symbol) => this.#market.pollQuote(symbol))));
    this.#start('bars', () => all(listed.map((symbol) => this.#market.pollBars(symbol))));
    this.#start('account', () => this.#account.pollAccount());
    const stretch = Math.max(1, symbols.length / SYMBOLS_AT_FULL_PACE);
    this.#start('orders', () => this.#account.pollOrders(symbols), stretch);
    this.#start('allOrders', () => this.#account.pollOrders());
    this.#start('clock', () => this.#syncClock());
    this.#start('rules', () => this.#market.loadRules(symbols));
    this.#start('transfers', () => this.#account.pollTransfers().then(() => true));
  }

  #forceRules(): void {
    const now = performance.now();
    if (now - this.#rulesForcedAt < FORCED_RULES_MS) return;
    this.#rulesForcedAt = now;
    this.dueNow('rules');
  }

  #start(feed: FeedName, poll: () => Promise<boolean>, stretch = 1): void {
    const now = performance.now();
    if (this.#busy.has(feed) || now < (this.#nextAt.get(feed) ?? 0)) return;
    const { floorMs } = PERIODS[feed];
    const domainMs = PERIODS[feed].domainMs * stretch;
    const scale = this.#core.ports.clock.scale;
    this.#nextAt.set(feed, now + (scale > 0 ? Math.max(floorMs, Math.min(domainMs, domainMs / scale)) : domainMs));
    this.#busy.add(feed);
    poll()
      .then((ok) => {
        if (ok && (feed === 'account' || feed === 'orders')) this.#health.onReadSuccess();
      })
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#note(feed, error);
      })
      .finally(() => this.#busy.delete(feed));
  }
}

async function all(done: readonly Promise<boolean>[]): Promise<boolean> {
  return (await Promise.all(done)).every((ok) => ok);
}
