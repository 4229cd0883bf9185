/** What the account holds of a symbol as a signal sees it; undefined: flat. */
export interface Held {
  readonly lots: number;
  readonly entryPrice: number;
}

/** What a strategy wants from now on. It stays wanted until the next wish. */
export interface Wish {
  readonly direction: -1 | 0 | 1;
  /** Size in units of the strategy; its sizing says what a unit is worth. */
  readonly units: number;
  /** Rests a limit order instead of taking. */
  readonly isLimit: boolean;
  /** Asks that the size is split into, seconds apart. */
  readonly pieces: number;
  /** Instant of the first ask after the bar's close, ms; null: the trader's own pace. */
  readonly delayMs: number | null;
}

/** Reads one symbol bar by bar; every bar costs the same, however long the history. */
export interface Signal {
  /** A bar of the past: takes it in and wants nothing. */
  warm(close: number): void;
  /** A bar that has just closed at `nowMs`; null: nothing new is wanted. */
  onClose(close: number, nowMs: number, held: Held | undefined): Wish | null;
}

const PLAIN = { isLimit: false, pieces: 1, delayMs: null } as const;

export function wish(direction: -1 | 0 | 1, units: number, form: Partial<Wish> = PLAIN): Wish {
  const { isLimit = false, pieces = 1, delayMs = null } = form;
  return { direction, units, isLimit, pieces, delayMs };
}

/** Bars that span a time: at least 2. */
export function barsOf(spanMs: number, barMs: number): number {
  return Math.max(2, Math.round(spanMs / barMs));
}

/** Exponential moving average over a span of bars; the first value starts it. */
export class Ema {
  readonly #weight: number;
  #count = 0;
  value = 0;

  constructor(bars: number) {
    this.#weight = 2 / (bars + 1);
  }
  get count(): number {
    return this.#count;
  }
  add(sample: number): number {
    this.value = this.#count === 0 ? sample : this.value + this.#weight * (sample - this.value);
    this.#count += 1;
    return this.value;
  }
}
