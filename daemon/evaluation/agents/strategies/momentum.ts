import type { Draws } from '../../intents/draws.ts';
import { barsOf, Ema, type Held, type Signal, type Wish, wish } from './signal.ts';

const HOUR_MS = 3_600_000;
/** A crossing counts once the averages are this many usual bar moves apart. */
const BAND_MOVES = 0.4;

/** Time-series momentum: with the faster of two moving averages above the slower one long, below it short. */
export class MomentumSignal implements Signal {
  readonly #fast: Ema;
  readonly #slow: Ema;
  readonly #move: Ema;
  readonly #slowBars: number;
  readonly #band: number;
  #last = 0;
  #direction: -1 | 0 | 1 = 0;

  constructor(draws: Draws, barMs: number) {
    this.#slowBars = barsOf(draws.between(16, 28) * HOUR_MS, barMs);
    this.#fast = new Ema(barsOf(draws.between(4, 7) * HOUR_MS, barMs));
    this.#slow = new Ema(this.#slowBars);
    this.#move = new Ema(this.#slowBars);
    this.#band = BAND_MOVES * draws.between(0.7, 1.3);
  }

  warm(close: number): void {
    if (this.#last > 0) this.#move.add(Math.abs(close - this.#last));
    this.#last = close;
    this.#fast.add(close);
    this.#slow.add(close);
  }

  onClose(close: number, _nowMs: number, _held: Held | undefined): Wish | null {
    this.warm(close);
    if (this.#slow.count < this.#slowBars) return null;
    const gap = this.#fast.value - this.#slow.value;
    if (Math.abs(gap) < this.#band * this.#move.value) return null;
    const direction = gap > 0 ? 1 : -1;
    if (direction === this.#direction) return null;
    this.#direction = direction;
    return wish(direction, 1);
  }
}
