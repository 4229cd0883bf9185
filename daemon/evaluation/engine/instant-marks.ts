import type { MarketClock } from './clock.ts';

/** Marks of all symbols at an instant, as the judge receives them; one map per instant. */
export class InstantMarks {
  readonly #clock: MarketClock;
  #marks: ReadonlyMap<string, number | null> = new Map();
  #step = -1;
  #barMs = -1;

  constructor(clock: MarketClock) {
    this.#clock = clock;
  }

  /** Null in a gap. */
  now(): ReadonlyMap<string, number | null> {
    const clock = this.#clock;
    if (this.#step === clock.step && this.#barMs === clock.barOpenMs) return this.#marks;
    this.#step = clock.step;
    this.#barMs = clock.barOpenMs;
    this.#marks = new Map(clock.market.symbols.map((symbol, i) => [symbol, clock.isLive(i) ? clock.marks[i]! : null]));
    return this.#marks;
  }
}
