import type { Draws } from '../../intents/draws.ts';
import type { Held, Signal, Wish } from './signal.ts';
import { wish } from './signal.ts';

const HOUR_MS = 3_600_000;
/** Share of the news that say the opposite of what it holds. */
const FLIP_SHARE = 0.6;

/**
 * Follows seeded news that have nothing to do with the market (Poisson): enters or flips at once, in several impatient
 * asks, and loses interest after some hours without any.
 */
export class NarrativeSignal implements Signal {
  readonly #draws: Draws;
  readonly #barMs: number;
  readonly #meanGapMs: number;
  readonly #interestMs: number;
  #nextNewsMs = Number.NEGATIVE_INFINITY;
  #boredMs = Number.POSITIVE_INFINITY;
  #direction: -1 | 0 | 1 = 0;

  constructor(draws: Draws, barMs: number) {
    this.#draws = draws;
    this.#barMs = barMs;
    this.#meanGapMs = draws.between(16, 26) * HOUR_MS;
    this.#interestMs = draws.between(5, 9) * HOUR_MS;
  }

  warm(_close: number): void {
    // News are not in the prices.
  }

  onClose(_close: number, nowMs: number, _held: Held | undefined): Wish | null {
    if (this.#nextNewsMs === Number.NEGATIVE_INFINITY)
      this.#nextNewsMs = nowMs + this.#draws.exponential(this.#meanGapMs);
    if (this.#nextNewsMs < nowMs + this.#barMs) return this.#follow(nowMs);
    if (this.#direction === 0 || nowMs < this.#boredMs) return null;
    this.#direction = 0;
    return wish(0, 0);
  }

  /** News that break within the bar that begins: the reaction is as many seconds into it. */
  #follow(nowMs: number): Wish {
    const delayMs = Math.max(0, Math.floor(this.#nextNewsMs - nowMs)) + this.#draws.int(500, 4000);
    this.#nextNewsMs = Math.max(nowMs + this.#barMs, this.#nextNewsMs + this.#draws.exponential(this.#meanGapMs));
    const isUp =
      this.#direction === 0 ? this.#draws.chance(0.5) : this.#draws.chance(FLIP_SHARE) === this.#direction < 0;
    this.#direction = isUp ? 1 : -1;
    this.#boredMs = nowMs + this.#draws.exponential(this.#interestMs) + this.#barMs;
    return wish(this.#direction, this.#draws.between(0.6, 1.4), { delayMs, pieces: this.#draws.int(1, 3) });
  }
}
