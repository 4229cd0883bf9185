import type { Draws } from '../../intents/draws.ts';
import { barsOf, Ema, type Held, type Signal, type Wish, wish } from './signal.ts';

const HOUR_MS = 3_600_000;
const ENTER_SIGMA = 2;
const LEAVE_SIGMA = 0.3;
/** How much further it must stretch before the one addition. */
const ADD_SIGMA = 0.8;
/** Share of the entries that rest at a better price. */
const LIMIT_SHARE = 0.4;

/** Against the stretch: enters two deviations from the running mean, adds once further out, leaves near the mean. */
export class MeanReversionSignal implements Signal {
  readonly #draws: Draws;
  readonly #mean: Ema;
  readonly #variance: Ema;
  readonly #bars: number;
  readonly #enter: number;
  #units = 0;
  #direction: -1 | 0 | 1 = 0;

  constructor(draws: Draws, barMs: number) {
    this.#draws = draws;
    this.#bars = barsOf(draws.between(5, 9) * HOUR_MS, barMs);
    this.#mean = new Ema(this.#bars);
    this.#variance = new Ema(2 * this.#bars);
    this.#enter = ENTER_SIGMA * draws.between(1, 1.1);
  }

  /** Deviations of a close from the mean of the bars before it. */
  #stretch(close: number): number {
    const distance = this.#mean.count === 0 ? 0 : close - this.#mean.value;
    const deviation = Math.sqrt(this.#variance.value);
    this.#mean.add(close);
    this.#variance.add(distance * distance);
    return deviation > 0 ? distance / deviation : 0;
  }

  warm(close: number): void {
    this.#stretch(close);
  }

  onClose(close: number, _nowMs: number, _held: Held | undefined): Wish | null {
    const z = this.#stretch(close);
    if (this.#mean.count < 2 * this.#bars) return null;
    if (this.#direction === 0) {
      if (Math.abs(z) < this.#enter) return null;
      this.#direction = z > 0 ? -1 : 1;
      this.#units = 1;
      return wish(this.#direction, 1, { isLimit: this.#draws.chance(LIMIT_SHARE) });
    }
    const against = -this.#direction * z;
    if (against < LEAVE_SIGMA) {
      this.#direction = 0;
      this.#units = 0;
      return wish(0, 0);
    }
    if (this.#units > 1 || against < this.#enter + ADD_SIGMA) return null;
    this.#units = 2;
    return wish(this.#direction, 2, { isLimit: this.#draws.chance(LIMIT_SHARE) });
  }
}
