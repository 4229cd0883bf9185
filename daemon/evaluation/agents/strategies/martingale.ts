import type { Draws } from '../../intents/draws.ts';
import { barsOf, Ema, type Held, type Signal, type Wish, wish } from './signal.ts';

const HOUR_MS = 3_600_000;
/** Its profit and loss lie this many usual moves of six hours from its entry. */
const WIDTH_MOVES = 1.3;
const WIDTH_SPAN_MS = 6 * HOUR_MS;
/** Doublings after which nothing that it could ask for is larger. */
const MAX_DOUBLINGS = 12;

/** Bets a direction; after a losing round trip it doubles its size, after a winning one it starts again. */
export class MartingaleSignal implements Signal {
  readonly #draws: Draws;
  readonly #move: Ema;
  readonly #trend: Ema;
  readonly #bars: number;
  readonly #width: number;
  readonly #pauseBars: number;
  #last = 0;
  #entry = 0;
  #direction: -1 | 0 | 1 = 0;
  #doublings = 0;
  #pause = 0;

  constructor(draws: Draws, barMs: number) {
    this.#draws = draws;
    this.#bars = barsOf(12 * HOUR_MS, barMs);
    this.#move = new Ema(this.#bars);
    this.#trend = new Ema(barsOf(draws.between(1, 3) * HOUR_MS, barMs));
    this.#width = WIDTH_MOVES * draws.between(0.8, 1.2) * Math.sqrt(barsOf(WIDTH_SPAN_MS, barMs));
    this.#pauseBars = barsOf(draws.between(0.5, 4) * HOUR_MS, barMs);
  }

  warm(close: number): void {
    if (this.#last > 0) this.#move.add(Math.abs(close - this.#last));
    this.#last = close;
    this.#trend.add(close);
  }

  onClose(close: number, _nowMs: number, held: Held | undefined): Wish | null {
    this.warm(close);
    if (this.#move.count < this.#bars) return null;
    if (this.#direction !== 0) return this.#leave(close, held);
    this.#pause -= 1;
    if (this.#pause > 0) return null;
    this.#direction = this.#draws.chance(0.7) === close > this.#trend.value ? 1 : -1;
    this.#entry = close;
    return wish(this.#direction, 2 ** this.#doublings, { pieces: this.#draws.chance(0.25) ? 2 : 1 });
  }

  /** Its own entry counts where the account shows one in its direction: what it was filled at decides won or lost. */
  #leave(close: number, held: Held | undefined): Wish | null {
    const isOwn = held !== undefined && Math.sign(held.lots) === this.#direction;
    const gain = this.#direction * (close - (isOwn ? held.entryPrice : this.#entry));
    if (Math.abs(gain) < this.#width * this.#move.value) return null;
    // A bet that was never taken is neither won nor lost.
    if (isOwn) this.#doublings = gain < 0 ? Math.min(MAX_DOUBLINGS, this.#doublings + 1) : 0;
    this.#direction = 0;
    // After a loss it wants the money back at once.
    this.#pause = gain < 0 ? 1 : this.#pauseBars;
    return wish(0, 0);
  }
}
