import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

export type MarketMood = 'calm' | 'volatile' | 'crash';

/** Figures of a bar of this length; other lengths are scaled by time (variance and chances grow with it). */
const BASE_BAR_MS = 900_000;
/** Standard deviation of a bar's log return, and its drift, by mood. */
const SIGMA: Readonly<Record<MarketMood, number>> = { calm: 0.0015, volatile: 0.0034, crash: 0.009 };
const DRIFT: Readonly<Record<MarketMood, number>> = { calm: 0.000_01, volatile: 0.000_12, crash: -0.0035 };
/** Chance a bar of leaving one mood for another: calm lasts two days, volatile half a day, a crash some two hours. */
const LEAVE: Readonly<Record<MarketMood, readonly (readonly [to: MarketMood, chance: number])[]>> = {
  calm: [
    ['crash', 1 / 2000],
    ['volatile', 1 / 200],
  ],
  volatile: [
    ['crash', 1 / 250],
    ['calm', 1 / 48],
  ],
  crash: [['volatile', 1 / 9]],
};
const JUMP_CHANCE: Readonly<Record<MarketMood, number>> = { calm: 1 / 1200, volatile: 1 / 400, crash: 1 / 40 };
/** A trend that fades with a half-life of about three days and adds to the drift of all symbols. */
const TREND_KEPT = 0.9976;
const TREND_NOISE = 0.000_006;
/** Share of a symbol's noise that all symbols have in common. */
const COMMON_SHARE = 0.8;
const OWN_SHARE = 0.6;
/** Later symbols move more: the first is the market's own. */
const EXTRA_BETA = 0.2;

/** Random figures of one bar of one symbol before they are put on a price. */
export interface BarMove {
  readonly logReturn: number;
  /** Log distances of the high above, and of the low below, both ends of the bar's body. */
  readonly above: number;
  readonly below: number;
  /** In units of the symbol's usual volume of a bar. */
  readonly activity: number;
}
export interface MarketMove {
  readonly mood: MarketMood;
  /** Drift of all symbols by the running trend, per bar. */
  readonly trend: number;
  /** In the order of the symbols. */
  readonly bars: readonly BarMove[];
}

/** Moves of all symbols bar by bar: a chain of moods, a common and an own noise, jumps, and a slow trend. */
export class MoveSource {
  readonly #random: RandomGenerator;
  readonly #time: number;
  readonly #symbols: number;
  #mood: MarketMood = 'calm';
  #trend = 0;

  /** `seed`: 32-bit integer. */
  constructor(seed: number, symbols: number, barMs: number) {
    this.#random = xoroshiro128plus(seed);
    this.#symbols = symbols;
    this.#time = barMs / BASE_BAR_MS;
  }

  next(): MarketMove {
    this.#mood = this.#nextMood();
    this.#trend = this.#trend * TREND_KEPT ** this.#time + TREND_NOISE * Math.sqrt(this.#time) * this.#normal();
    const sigma = SIGMA[this.#mood] * Math.sqrt(this.#time);
    const common = this.#normal();
    const jump = this.#drawJump();
    const drift = (DRIFT[this.#mood] + this.#trend) * this.#time;
    const bars = Array.from({ length: this.#symbols }, (_, i) => {
      const scale = sigma * (1 + EXTRA_BETA * i);
      const shock = COMMON_SHARE * common + OWN_SHARE * this.#normal() + jump;
      return {
        logReturn: drift + shock * scale,
        above: this.#wick() * scale,
        below: this.#wick() * scale,
        activity: this.#drawActivity(jump !== 0),
      };
    });
    return { mood: this.#mood, trend: this.#trend, bars };
  }

  #nextMood(): MarketMood {
    const draw = uniformFloat64(this.#random);
    let below = 0;
    for (const [to, chance] of LEAVE[this.#mood]) {
      below += 1 - (1 - chance) ** this.#time;
      if (draw < below) return to;
    }
    return this.#mood;
  }

  /** 0, or seven to fourteen standard deviations at once: more often down than up. */
  #drawJump(): number {
    const happens = uniformFloat64(this.#random) < 1 - (1 - JUMP_CHANCE[this.#mood]) ** this.#time;
    const size = 7 + 7 * uniformFloat64(this.#random);
    const sign = uniformFloat64(this.#random) < 0.6 ? -1 : 1;
    return happens ? sign * size : 0;
  }

  #wick(): number {
    return Math.min(2, 0.6 * Math.abs(this.#normal()));
  }

  /** Volume rises with volatility, and fourfold with a jump. */
  #drawActivity(jumps: boolean): number {
    const byMood = 0.4 + (0.6 * SIGMA[this.#mood]) / SIGMA.calm;
    return Math.exp(0.35 * this.#normal()) * byMood * (jumps ? 4 : 1) * this.#time;
  }

  /** Standard normal, cut at four. */
  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(this.#random)));
    const value = radius * Math.cos(2 * Math.PI * uniformFloat64(this.#random));
    return Math.max(-4, Math.min(4, value));
  }
}
