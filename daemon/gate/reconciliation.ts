import type { AccountFeed } from './account-feed.ts';
import { prepareAccount } from './account-mode.ts';
import { allRead, noteUnread } from './feed-schedule.ts';
import type { GateCore } from './gate-core.ts';
import type { LedgerCheck } from './ledger-check.ts';
import type { MarketFeed } from './market-feed.ts';
import { describeClosed } from './open-symbols.ts';
import type { VenueHealth } from './venue-health.ts';

/**
 * Keeps the boot layer honest: `reducing` until clock, filters, account, orders and market were read and every order
 * that may have been sent is matched (BINANCE.md part B 2.5).
 */
export class Reconciliation {
  readonly #core: GateCore;
  readonly #account: AccountFeed;
  readonly #market: MarketFeed;
  readonly #health: VenueHealth;
  readonly #check: LedgerCheck;
  readonly #signal: AbortSignal;
  isReconciled = false;
  /** Account and orders were read whole since this process started. */
  wasRead = false;
  /** Everything was, prices and settings as well. */
  wasReconciled = false;
  #missing: readonly string[] = ['the first contact with the venue'];

  constructor(parts: {
    core: GateCore;
    account: AccountFeed;
    market: MarketFeed;
    health: VenueHealth;
    ledgerCheck: LedgerCheck;
    signal: AbortSignal;
  }) {
    this.#core = parts.core;
    this.#account = parts.account;
    this.#market = parts.market;
    this.#health = parts.health;
    this.#check = parts.ledgerCheck;
    this.#signal = parts.signal;
  }

  get missing(): readonly string[] {
    return this.#missing;
  }

  /** {@link LedgerCheck.refuseStart} @throws LedgerRefusedError */
  async refuseOtherDaemon(): Promise<void> {
    await this.#market
      .loadRules(this.#account.watched())
      .catch((error: unknown) => noteUnread(this.#core, 'the filters', error));
    await this.#check.refuseStart();
  }

  enterBoot(reason: string): void {
    this.isReconciled = false;
    this.#core.appendBoot(reason);
  }

  /** Reads everything once; clears the boot layer when all of it succeeded. */
  async reconcile(): Promise<boolean> {
    const missing: string[] = [];
    const must = async (what: string, done: Promise<boolean>): Promise<boolean> => {
      const isRead = await done.catch((error: unknown) => noteUnread(this.#core, what, error));
      if (!isRead) missing.push(what);
      return isRead;
    };
    await must('the exchange filters', this.#market.loadRules(this.#account.watched()));
    // What is not open at the venue has no settings and perhaps no prices: it holds up nothing.
    const isOpen = (symbol: string): boolean => describeClosed(this.#core, symbol) === null;
    await must(
      'the account mode',
      prepareAccount(this.#core, this.#account, this.#health, this.#core.policySpec.scope.symbols.filter(isOpen)),
    );
    const isAccountRead = await must('the account', this.#account.pollAccount());
    const areOrdersRead = await must('the open orders', this.#account.pollOrders());
    this.wasRead ||= isAccountRead && areOrdersRead;
    if (!this.#check.isCompared) await must('the recent orders of the account', this.#check.compare());
    const symbols = this.#account.watched();
    // A position or order in a symbol outside the policy must be valued too.
    if (symbols.some((symbol) => isOpen(symbol) && !this.#core.state.rules.has(symbol)))
      await must('the filters of held symbols', this.#market.loadRules(symbols));
    const open = symbols.filter(isOpen);
    await must('the price bars', allRead(open.map((symbol) => this.#market.pollBars(symbol))));
    await must('the quotes', allRead(open.map((symbol) => this.#market.pollQuote(symbol))));
    await must('the trades', allRead(open.map((symbol) => this.#account.pollTrades(symbol))));
    await this.#account.pollTransfers();
    this.#missing = missing;
    if (missing.length > 0) {
      this.#core.ports.log.warn({ missing }, 'not reconciled yet');
      return false;
    }
    if (!this.isReconciled) {
      this.isReconciled = true;
      this.wasReconciled = true;
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
    const { time } = this.#core.ports;
    const deadline = time.monotonicMs() + withinMs;
    while (!this.isReconciled && !this.#signal.aborted && time.monotonicMs() < deadline) {
      await time.delay(10, this.#signal);
    }
    return this.isReconciled;
  }
}
