import { fundingRatePer8h } from '../../core/features/market.ts';
import type { FundingPoint } from '../facts/markets.ts';

const HOUR_MS = 3_600_000;

/** Settled funding of one symbol, to be asked for any instant. */
export class SettledFunding {
  readonly #atMs: Float64Array;
  readonly #rate8h: Float64Array;

  /** `points`: oldest first. */
  constructor(points: readonly FundingPoint[]) {
    this.#atMs = Float64Array.from(points, (point) => point.atMs);
    this.#rate8h = Float64Array.from(points, (point) => fundingRatePer8h(point.rate, point.intervalMs / HOUR_MS));
  }

  /** Index of the last settlement at or before an instant; -1 before the first. */
  indexAt(atMs: number): number {
    let low = 0;
    let high = this.#atMs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#atMs[middle]! <= atMs) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The last settled rate, a fraction per 8 hours (SAE-FUND); 0 before the first. */
  rate8hAt(atMs: number): number {
    const index = this.indexAt(atMs);
    return index < 0 ? 0 : this.#rate8h[index]!;
  }
}
