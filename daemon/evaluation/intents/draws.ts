import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** 32-bit seed of one named stream below a seed: neighbouring seeds and different names give unrelated streams. */
export function mixSeed(seed: number, stream: string): number {
  let hash = 0x811c9dc5 ^ (seed | 0);
  hash = scramble(hash);
  for (let i = 0; i < stream.length; i++) hash = scramble(hash ^ (stream.charCodeAt(i) + i));
  return hash | 0;
}

/** The finaliser of MurmurHash3. */
function scramble(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Seeded draws of one stream. */
export class Draws {
  readonly #generator: RandomGenerator;

  constructor(seed: number, stream: string) {
    this.#generator = xoroshiro128plus(mixSeed(seed, stream));
  }

  /** In [0, 1). */
  unit(): number {
    return uniformFloat64(this.#generator);
  }
  between(from: number, to: number): number {
    return from + (to - from) * this.unit();
  }
  /** As likely in every order of magnitude; both bounds above 0. */
  logBetween(from: number, to: number): number {
    return from * Math.exp(Math.log(to / from) * this.unit());
  }
  /** Whole numbers, both bounds included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from + 1));
  }
  chance(share: number): boolean {
    return this.unit() < share;
  }
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.unit());
  }
  /** One of a list that is not empty. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]!;
  }
  shuffle<T>(values: readonly T[]): T[] {
    const shuffled = [...values];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}
