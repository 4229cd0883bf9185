import type { AccountWatch } from './account-watch.ts';
import type { LimitTable } from './limits.ts';
import type { JudgeScope } from './scope.ts';
import type { SymbolBook } from './symbol-book.ts';

/**
 * Time that positions spend above a tightened cap (of a symbol, of all together, of the account's leverage) by more
 * than the tolerance, because the cap or the price moved; and time in a state that only permits reducing (SAE section
 * 9).
 */
export class OverCapClock {
  readonly #tolerance: number;
  readonly #table: LimitTable;
  readonly #books: readonly SymbolBook[];
  readonly #watch: AccountWatch;
  #isOver = false;
  /** The books have changed since the last look; nothing but the passing of time asks for another. */
  #isStale = false;
  atMs = Number.NEGATIVE_INFINITY;
  overCapMs = 0;
  reduceOnlyMs = 0;

  constructor(scope: JudgeScope, table: LimitTable, books: readonly SymbolBook[], watch: AccountWatch) {
    this.#tolerance = scope.tolerance.lots;
    this.#table = table;
    this.#books = books;
    this.#watch = watch;
  }

  /** Time passes up to here in the state that was: to be told before anything of an instant changes. */
  advance(atMs: number): void {
    if (atMs <= this.atMs) return;
    const elapsedMs = atMs - this.atMs;
    if (this.#isStale) this.#look();
    if (this.#isOver) this.overCapMs += elapsedMs;
    if (this.#watch.isReduceOnly) this.reduceOnlyMs += elapsedMs;
    this.atMs = atMs;
    if (this.#watch.isTightened) this.#watch.refresh(atMs);
    this.#isStale = true;
  }

  /** From here on the state is what the books say at the end of this instant. */
  change(): void {
    this.#isStale = true;
  }

  /** What the books say counts from here on, whatever becomes of them before anything is told again. */
  settle(): void {
    if (this.#isStale) this.#look();
  }

  #look(): void {
    this.#isStale = false;
    this.#isOver = false;
    const { factor } = this.#watch;
    let gross = 0;
    // Set of the regimes of what is held.
    let ranks = 0;
    let lotUsdt = 0;
    let leverage = Number.POSITIVE_INFINITY;
    let isOver = false;
    for (let i = 0; i < this.#books.length; i++) {
      const book = this.#books[i]!;
      if (book.lots === 0) continue;
      const rank = book.regime.rank();
      const usdt = book.heldUsdt();
      const slack = this.#tolerance * book.lotSize * book.mark;
      if (usdt > this.#table.symbolUsdt(rank, factor) + slack) isOver = true;
      gross += usdt;
      ranks |= 1 << rank;
      lotUsdt = Math.max(lotUsdt, slack);
      leverage = Math.min(leverage, this.#table.leverage(rank, factor));
    }
    if (ranks !== 0 && !isOver) {
      isOver = gross > this.#table.grossUsdt(ranks, factor) + lotUsdt;
      if (gross > leverage * this.#watch.equityUsdt + lotUsdt) isOver = true;
    }
    this.#isOver = isOver;
  }
}
