import type { Regime } from '../../core/policy.ts';
import type {
  AccountFacts,
  AmendFacts,
  AskFacts,
  FillFacts,
  FillVerdict,
  OrderFacts,
  RequestVerdict,
  ScopeJudge,
} from '../facts/judging.ts';
import type { ReplayInstrument } from '../facts/markets.ts';
import { AccountWatch } from './account-watch.ts';
import { AskJudge } from './ask-judge.ts';
import { ExecutedDay, LimitTable, REGIME_BY_RANK, SendLog } from './limits.ts';
import { OpeningJudge } from './opening.ts';
import { OrderDesk } from './order-desk.ts';
import { OverCapClock } from './over-cap-clock.ts';
import { buildRegimeTape, type RegimeTape, scaleMarket } from './regime-detector.ts';
import type { JudgeScope } from './scope.ts';
import { SymbolBook, SymbolRegime } from './symbol-book.ts';

export { buildRegimeTape, type RegimeTape };

export interface JudgeSetup {
  readonly scope: JudgeScope;
  /** Their symbols are the scope's. */
  readonly instruments: readonly ReplayInstrument[];
  /** Length of the bars that `bar` will report. */
  readonly barMs: number;
  readonly startEquityUsdt: number;
  /** Regimes of the same bars, by symbol; a symbol without one is judged as its bars come. */
  readonly tapes?: ReadonlyMap<string, RegimeTape>;
}
export interface MarketJudge extends ScopeJudge {
  /** Longest time so far that a position of any symbol did not return to zero, ms: reported, not judged. */
  longestHoldingMs(): number;
}

/**
 * An observer of one account at the exchange: judges by SAE section 9 what was executed. Throws RangeError on events
 * that contradict each other (an unknown order or symbol, time that runs back): those are defects of the caller.
 */
export function createJudge(setup: JudgeSetup): MarketJudge {
  return new AccountJudge(setup);
}

class AccountJudge implements MarketJudge {
  readonly #books: readonly SymbolBook[];
  readonly #bookOf: ReadonlyMap<string, SymbolBook>;
  readonly #watch: AccountWatch;
  readonly #clock: OverCapClock;
  readonly #desk: OrderDesk;
  readonly #asks: AskJudge;

  constructor({ scope, instruments, barMs, startEquityUsdt, tapes }: JudgeSetup) {
    const settings = scaleMarket(scope.market, barMs);
    const fundingExtreme = scope.market.funding_extreme;
    this.#books = instruments.map((instrument) => {
      const tape = tapes?.get(instrument.symbol) ?? null;
      if (tape !== null) checkTape(tape, scope, barMs);
      return new SymbolBook(instrument, new SymbolRegime(settings, fundingExtreme, tape));
    });
    this.#bookOf = new Map(this.#books.map((book) => [book.symbol, book]));
    if (this.#bookOf.size !== instruments.length) throw new RangeError('a symbol is given twice');
    const table = new LimitTable(scope);
    const day = new ExecutedDay();
    const sends = new SendLog(scope.budgets.order_rate.window_ms, scope.temporal.slices_within_ms);
    this.#watch = new AccountWatch(scope.account, startEquityUsdt);
    this.#clock = new OverCapClock(scope, table, this.#books, this.#watch);
    const opening = new OpeningJudge({ scope, table, books: this.#books, watch: this.#watch, day, sends });
    this.#desk = new OrderDesk({ scope, books: this.#books, bookOf: this.#bookOf, opening, day, sends });
    this.#asks = new AskJudge(scope, this.#bookOf, opening, this.#desk);
  }

  bar(symbol: string, openMs: number, close: number, volume: number): void {
    // Only a report of an account or of a mark says since when positions are visible again.
    this.#clock.settle();
    this.#book(symbol).regime.closeBar(openMs, close, volume);
  }

  funding(symbol: string, rate8h: number, _atMs: number): void {
    this.#clock.settle();
    this.#book(symbol).regime.setFunding(rate8h);
  }

  mark(symbol: string, atMs: number, mark: number): void {
    const book = this.#book(symbol);
    this.#clock.advance(atMs);
    book.mark = mark;
    book.regime.mark(atMs, mark);
    this.#clock.change();
  }

  account(facts: AccountFacts): void {
    this.#clock.advance(facts.atMs);
    this.#watch.note(facts);
    this.#clock.change();
  }

  ask(facts: AskFacts): RequestVerdict {
    this.#see(facts.atMs, facts.marks);
    return this.#asks.judge(facts);
  }

  order(facts: OrderFacts): void {
    this.#see(facts.atMs, facts.marks);
    this.#desk.order(facts, this.#asks.scopeBitsOf(facts.askId));
  }

  amend(facts: AmendFacts): void {
    this.#see(facts.atMs, facts.marks);
    this.#desk.amend(facts, this.#asks.scopeBitsOf(facts.askId));
  }

  fill(facts: FillFacts): FillVerdict {
    this.#clock.advance(facts.atMs);
    const verdict = this.#desk.fill(facts);
    this.#clock.change();
    return verdict;
  }

  orderEnded(orderId: string, atMs: number): void {
    this.#clock.advance(atMs);
    this.#desk.end(orderId);
    this.#clock.change();
  }

  liquidated(atMs: number): void {
    this.#clock.advance(atMs);
    this.#desk.liquidated(atMs);
    this.#clock.change();
  }

  times(): { readonly overCapMs: number; readonly reduceOnlyMs: number } {
    return { overCapMs: this.#clock.overCapMs, reduceOnlyMs: this.#clock.reduceOnlyMs };
  }

  regime(symbol: string): Regime {
    return REGIME_BY_RANK[this.#book(symbol).regime.rank()]!;
  }

  longestHoldingMs(): number {
    return this.#desk.longestHoldingMs(this.#clock.atMs);
  }

  #book(symbol: string): SymbolBook {
    // A market has few symbols, and their names are mostly the very same texts: no table is as quick.
    for (let i = 0; i < this.#books.length; i++) if (this.#books[i]!.symbol === symbol) return this.#books[i]!;
    const book = this.#bookOf.get(symbol);
    if (book === undefined) throw new RangeError(`${symbol} is not a symbol of this market`);
    return book;
  }

  /** The marks at the instant of a decision. */
  #see(atMs: number, marks: ReadonlyMap<string, number | null>): void {
    this.#clock.advance(atMs);
    for (const book of this.#books) {
      const mark = marks.get(book.symbol) ?? null;
      book.hasMark = mark !== null;
      if (mark === null) continue;
      book.mark = mark;
      book.regime.mark(atMs, mark);
    }
    this.#clock.change();
    // Judging looks at the account's tiers again, which is nothing that positions are seen at.
    this.#clock.settle();
  }
}

function checkTape(tape: RegimeTape, scope: JudgeScope, barMs: number): void {
  if (tape.barMs !== barMs || JSON.stringify(tape.market) !== JSON.stringify(scope.market))
    throw new RangeError(`the regime tape of ${tape.symbol} was made for another scope or bar length`);
}
