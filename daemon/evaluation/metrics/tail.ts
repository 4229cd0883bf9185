/** Returns from the worst upwards, with the day of each: as many as the tail of a usual replicate needs, or all. */
interface WorstReturns {
  readonly value: Float64Array;
  readonly day: Uint16Array;
}

/** First share of the returns that is put in order; replicates that draw bad days rarely fall back to all of them. */
const USUAL_SHARE = 0.2;

/**
 * CVaR of per-step returns (SAE section 8): the mean of the worst 5 % and 1 %, negative fractions as in the published
 * table. A tail of k + f returns takes the k worst whole and the share f of the next one.
 */
export class TailOfReturns {
  readonly #returns: Float64Array;
  readonly #day: Uint16Array;
  readonly #usual: WorstReturns;
  #all: WorstReturns | null = null;

  constructor(returns: Float64Array, day: Uint16Array) {
    this.#returns = returns;
    this.#day = day;
    // Sorting is most of the work, and a bar without a loss is hardly ever in the tail.
    const losses = returns.filter((value) => value < 0).sort();
    const count = Math.ceil(returns.length * USUAL_SHARE);
    this.#usual = this.#order(losses, losses[count] ?? losses.at(-1) ?? Number.NEGATIVE_INFINITY);
  }

  /** Mean of the worst `share` of all returns; 0 without returns. */
  mean(share: number): number {
    return this.#meanOf(null, 0, this.#returns.length * share);
  }

  /** The same when each day counts `multiplicities[from + day]` times, `steps` returns in all. */
  resampledMean(share: number, multiplicities: Uint16Array, from: number, steps: number): number {
    return this.#meanOf(multiplicities, from, steps * share);
  }

  #meanOf(multiplicities: Uint16Array | null, from: number, tail: number): number {
    if (tail <= 0) return 0;
    const usual = this.#walk(this.#usual, multiplicities, from, tail);
    if (usual !== null) return usual;
    this.#all ??= this.#order(Float64Array.from(this.#returns).sort(), Number.POSITIVE_INFINITY);
    return this.#walk(this.#all, multiplicities, from, tail) ?? 0;
  }

  /**
   * Returns up to `threshold` with their days; equal ones in the order of time. `sorted` holds at least these: the days
   * are put in their places by looking the values up, since sorting by a comparison of our own is many times slower.
   */
  #order(sorted: Float64Array, threshold: number): WorstReturns {
    const value = sorted.subarray(0, countUpTo(sorted, threshold));
    const day = new Uint16Array(value.length);
    /** At the first place of every value: how many of its bars are placed. */
    const placed = new Uint32Array(value.length);
    for (let i = 0; i < this.#returns.length; i++) {
      if (!(this.#returns[i]! <= threshold)) continue;
      const first = findFirst(value, this.#returns[i]!);
      day[first + placed[first]!] = this.#day[i]!;
      placed[first]! += 1;
    }
    return { value, day };
  }

  /** Null when `worst` ends before the tail does. */
  #walk(worst: WorstReturns, multiplicities: Uint16Array | null, from: number, tail: number): number | null {
    let left = tail;
    let sum = 0;
    for (let i = 0; i < worst.value.length; i++) {
      const weight = multiplicities === null ? 1 : multiplicities[from + worst.day[i]!]!;
      if (weight >= left) return (sum + left * worst.value[i]!) / tail;
      sum += weight * worst.value[i]!;
      left -= weight;
    }
    // Rounding of steps x share can leave a sliver of the tail over: only a real remainder means that more is needed.
    return left <= tail * 1e-12 ? sum / tail : null;
  }
}

/** Place of the first value in `sorted` that is not below `value`. */
function findFirst(sorted: Float64Array, value: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** How many values of `sorted` are at most `threshold`. */
function countUpTo(sorted: Float64Array, threshold: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! <= threshold) from = middle + 1;
    else to = middle;
  }
  return from;
}
