import type { AccountFeed } from '../feeds/account-feed.ts';
import type { FeedName } from '../feeds/feed-schedule.ts';
import { holdSymbols } from '../feeds/held-symbols.ts';
import { describeClosed, type MarketFeed } from '../feeds/market-feed.ts';
import { allRead, noteUnread } from '../flow/all-read.ts';
import type { LiveCore } from '../flow/core.ts';
import { ask, type Flow } from '../flow/step.ts';
import { everyLiveOrder } from '../orders/orders.ts';
import type { VenueHealth } from '../sending/venue-health.ts';
import { isOfAccount, rowOf } from '../tables/cause.ts';
import type { TradeFeed } from '../trades/trade-feed.ts';
import { findUnreportedSince } from '../trades/unread-trades.ts';
import type { LedgerCheck } from './ledger-check.ts';
import { findCrossed, type ModeParts, readMode, tellCrossed } from './mode-watch.ts';

export interface StartParts extends ModeParts {
  readonly account: AccountFeed;
  readonly market: MarketFeed;
  readonly trades: TradeFeed;
  readonly ledgerCheck: LedgerCheck;
}

/** A correct mode is not read again within this time, domain ms, as in a running daemon. */
const MODE_RECENT_MS = 60_000;

/**
 * Sets one-way and isolated mode, and a leverage within the policy's cap wherever nothing is held. A symbol that the venue
 * keeps on crossed margin only reduces. Precondition: the account was read just now.
 */
function* prepareAccount(parts: StartParts, symbols: readonly string[]): Flow<boolean> {
  const { account, core, health, marks } = parts;
  if (!isModeRecent(parts, symbols)) {
    const problem = yield* readMode(parts, symbols);
    if (problem?.kind === 'crossed') tellCrossed(core, findCrossed(account, symbols), problem.detail);
    else if (problem !== null) return false;
    else marks.note('mode', core.nowMs(), symbols);
  }
  // RISK: before the account counts as reconciled. What is held keeps one symbol there, and must not close the others.
  const crossed = findCrossed(account, symbols);
  holdSymbols(core, crossed);
  return yield* lowerLeverage(
    core,
    health,
    symbols.filter((symbol) => !crossed.includes(symbol)),
  );
}

/** The mode was correct a moment ago, and the account's own list still shows isolated margin. */
function isModeRecent({ account, marks }: StartParts, symbols: readonly string[]): boolean {
  const isIsolated = symbols.every((symbol) => account.isolated?.[symbol] === true);
  return isIsolated && marks.ageMs('mode', symbols) < MODE_RECENT_MS;
}

function* lowerLeverage(core: LiveCore, health: VenueHealth, symbols: readonly string[]): Flow<boolean> {
  const cap = Math.max(1, Math.floor(core.policySpec.budgets.leverage));
  for (const symbol of symbols) {
    const position = core.state.position(symbol);
    const isHeld =
      position.quantityE8 !== 0 || everyLiveOrder(core.state.orders).some((order) => order.symbol === symbol);
    if (isHeld || (position.leverage !== null && position.leverage <= cap)) continue;
    const outcome = yield* ask<'setLeverage'>({ fx: 'setLeverage', symbol, leverage: cap });
    if (outcome.kind === 'rejected') {
      const { cause, message, retryAfterMs } = outcome.rejection;
      // The venue refuses that setting, and not us.
      if (!isOfAccount(cause) && rowOf(cause).ours !== true) {
        // What opens there sets its own leverage first, and is not sent where the venue refuses that.
        const what = `the leverage of ${symbol} cannot be set, nothing is opened there`;
        core.alertRarely('SYMBOL_UNREADY', `${what}: ${message}`, symbol);
        continue;
      }
      health.onReadFailure({ detail: message, cause, retryAfterMs });
    }
    if (outcome.kind === 'unknown') core.append('leverage', { leverage: cap, lost: true, symbol });
    if (outcome.kind !== 'accepted') return false;
    core.append('leverage', { confirmed_at_ms: core.nowMs(), leverage: cap, symbol });
  }
  return true;
}

/** One reading of a start that is to be requested. */
export interface StartRead {
  /** In words, as readiness reports it while it is missing. */
  readonly what: string;
  /** Request weight of the read. */
  readonly weight: number;
  /** True: nothing is opened before it succeeded. False: the start does not depend on it. */
  readonly isNeeded: boolean;
  /** The failed parts, in words. */
  readonly read: () => Flow<readonly string[]>;
}

/** Request weights by the venue's books (BINANCE-compatible: general information, and each endpoint). */
const WEIGHT = {
  account: 15,
  ordersOfSymbol: 2,
  ordersOfAll: 80,
  quoteOfSymbol: 3,
  quotesOfAll: 15,
  fundingIntervals: 1,
  mode: 5,
  filtersAndBrackets: 2,
  feesOfSymbol: 20,
  barsOfSymbol: 5,
  tradesOfSymbol: 5,
  transfers: 30,
  income: 30,
  placedOfSymbol: 5,
} as const;
const QUOTES_READ_ALONE = 5;
export const FILTERS = 'the exchange filters';
/** Between two tries to read the rules, wall ms. */
const RULES_AGAIN_MS = 5_000;
/**
 * The reads of a start, in order. An exit, a cancel and a flatten need none of them: they use the
 * ledger. Each list is requested once. Skipped reads were recent enough, by this process or an earlier one
 * (the ledger, and copies in the home), and are repeated when their feed is due.
 *
 * | read            | weight            | delays                | stays valid for                             |
 * |-----------------|-------------------|-----------------------|---------------------------------------------|
 * | filters, first  | 2 + 20 a symbol   | account, openings     | symbols with recorded steps: forever        |
 * | account         | 15                | flatten, stops, exits of before | 2 s                               |
 * | open orders     | 2 a symbol        | the same              | 2 s                                         |
 * | quotes          | 3 a symbol, or 15 | openings              | 1 s                                         |
 * | orders of all   | 80                | openings              | 30 s                                        |
 * | recent orders   | 30 + 5 a symbol   | openings              | 30 s                                        |
 * | account mode    | 5                 | openings              | 60 s                                        |
 * | filters, fees   | 2 + 20 a symbol   | openings              | `market.freshness.filters_ms`               |
 * | bars            | 5 a symbol        | openings              | until the next one closes                   |
 * | trades          | 5 a symbol        | openings              | while each fill has its trades              |
 * | transfers       | 30                | nothing               | 60 s                                        |
 */
export class StartReads {
  readonly #parts: StartParts;
  #rulesTriedAt = Number.NEGATIVE_INFINITY;
  #rulesUnread: readonly string[] = [];

  constructor(parts: StartParts) {
    this.#parts = parts;
  }

  /** A symbol that is not open at the venue has no settings and perhaps no prices: it delays nothing. */
  #open(symbols: readonly string[]): readonly string[] {
    return symbols.filter((symbol) => describeClosed(this.#parts.core, symbol) === null);
  }
  #feed(feed: FeedName, read: Omit<StartRead, 'read'> & { readonly poll: () => Flow<boolean> }): readonly StartRead[] {
    if (!this.#parts.schedule.isDue(feed)) return [];
    const { poll, what, weight, isNeeded } = read;
    return [{ what, weight, isNeeded, read: () => this.#readFeed(feed, what, poll) }];
  }
  *#readFeed(feed: FeedName, what: string, poll: () => Flow<boolean>): Flow<readonly string[]> {
    // While it is in progress its feed does not read as well.
    this.#parts.schedule.noteRead(feed);
    try {
      if (yield* poll()) return [];
    } catch (error) {
      noteUnread(this.#parts.core, what, error);
    }
    this.#parts.schedule.dueNow(feed);
    return [what];
  }

  /** Lot and tick sizes of watched symbols; without them neither account nor orders can be read. */
  steps(): readonly StartRead[] {
    const watched = this.#open(this.#parts.account.watched());
    return watched.every((symbol) => this.#parts.core.state.rules.has(symbol)) ? [] : [this.#rules()];
  }

  /** Positions, and open orders in the watched symbols. */
  holdings(): readonly StartRead[] {
    const watched = this.#parts.account.watched();
    const first = this.#parts.account.isFirstAnswered;
    return [
      ...this.#feed('account', {
        what: 'the account',
        weight: WEIGHT.account,
        isNeeded: true,
        poll: () => this.#parts.account.pollAccount(),
      }),
      ...(first
        ? this.#allOrders('the open orders', 0)
        : this.#feed('orders', {
            what: 'the open orders',
            weight: watched.length * WEIGHT.ordersOfSymbol,
            isNeeded: true,
            poll: () => this.#parts.account.pollOrders(watched),
          })),
    ];
  }
  quotes(): readonly StartRead[] {
    const open = this.#open(this.#parts.account.watched());
    const isAlone = open.length <= QUOTES_READ_ALONE;
    return this.#feed('quotes', {
      what: 'the quotes',
      weight: (isAlone ? open.length * WEIGHT.quoteOfSymbol : WEIGHT.quotesOfAll) + WEIGHT.fundingIntervals,
      isNeeded: true,
      poll: () => this.#allRead(open, (symbol) => this.#parts.market.pollQuote(symbol)),
    });
  }

  /** Further reads for openings. A mode is set only after the positions were read. */
  rest(areHoldingsRead: boolean): readonly StartRead[] {
    const open = this.#open(this.#parts.account.watched());
    const inScope = this.#open(this.#parts.core.policySpec.scope.symbols);
    const late = this.#parts.market.findMissingBars(open);
    const traded = this.#findUnreported(open);
    const compared = WEIGHT.income + inScope.length * WEIGHT.placedOfSymbol;
    const isRecent = isModeRecent(this.#parts, inScope);
    return [
      need('the account mode', isRecent ? 0 : WEIGHT.mode, () => this.#prepare(areHoldingsRead, inScope)),
      ...(this.#parts.schedule.isDue('allOrders')
        ? this.#allOrders('the open orders of all symbols', WEIGHT.ordersOfAll)
        : []),
      ...(this.#parts.ledgerCheck.isCompared
        ? []
        : [need('the recent orders of the account', compared, () => this.#parts.ledgerCheck.compare())]),
      ...(open.every((symbol) => this.#parts.market.hasRecentRules(symbol)) ? [] : [this.#rules()]),
      need('the price bars', late.length * WEIGHT.barsOfSymbol, () =>
        this.#allRead(open, (symbol) => this.#parts.market.pollBars(symbol)),
      ),
      need('the trades', traded.length * WEIGHT.tradesOfSymbol, () =>
        this.#allRead(traded, (symbol) => this.#parts.trades.readOnce(symbol)),
      ),
      ...this.#feed('transfers', {
        what: 'the transfers',
        weight: WEIGHT.transfers,
        isNeeded: false,
        poll: () => this.#parts.account.transfers.poll(),
      }),
    ];
  }

  *#prepare(areHoldingsRead: boolean, inScope: readonly string[]): Flow<boolean> {
    if (!areHoldingsRead) return false;
    const isRight = yield* prepareAccount(this.#parts, inScope);
    if (isRight) this.#parts.schedule.noteRead('mode', this.#parts.marks.ageMs('mode', inScope));
    return isRight;
  }
  #allRead(symbols: readonly string[], read: (symbol: string) => Flow<boolean>): Flow<boolean> {
    return allRead(this.#parts.core, symbols.map(read));
  }

  #rules(): StartRead {
    const watched = this.#parts.account.watched();
    const weight = WEIGHT.filtersAndBrackets + watched.length * WEIGHT.feesOfSymbol;
    return { what: FILTERS, weight, isNeeded: true, read: () => this.readRules() };
  }
  /** The unread parts of the rules, in words; failing tables are not requested at every try. */
  *readRules(): Flow<readonly string[]> {
    const { time } = this.#parts.core.ports;
    if (time.monotonicMs() - this.#rulesTriedAt < RULES_AGAIN_MS) return this.#rulesUnread;
    this.#rulesTriedAt = time.monotonicMs();
    this.#rulesUnread = [FILTERS];
    this.#rulesUnread = yield* this.#parts.market.loadRules(this.#parts.account.watched());
    if (this.#rulesUnread.length === 0 && !this.#parts.market.hasUnreadSymbol) this.#parts.schedule.noteRead('rules');
    return this.#rulesUnread;
  }
  #allOrders(what: string, weight: number): readonly StartRead[] {
    return [need(what, weight, () => this.#readAllOrders())];
  }
  *#readAllOrders(): Flow<boolean> {
    if (!(yield* this.#parts.account.pollOrders())) return false;
    this.#parts.schedule.noteRead('allOrders');
    this.#parts.schedule.noteRead('orders');
    return true;
  }
  /** Symbols with fills whose prices and fees are unknown. */
  #findUnreported(symbols: readonly string[]): readonly string[] {
    return symbols.filter((symbol) => findUnreportedSince(this.#parts.core, symbol) !== null);
  }
}

function need(what: string, weight: number, poll: () => Flow<boolean>): StartRead {
  const read = function* (): Flow<readonly string[]> {
    return (yield* poll()) ? [] : [what];
  };
  return { what, weight, isNeeded: true, read };
}
