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
    const ordered = Float64Array.from(returns).sort();
    const count = Math.ceil(returns.length * USUAL_SHARE);
    this.#usual = this.#collectUpTo(ordered[count] ?? Number.POSITIVE_INFINITY);
  }

  /** Mean of the worst `share` of all returns; 0 without returns. */
  mean(share: number): number {
    return this.#walk(this.#usual, null, 0, this.#returns.length * share) ?? 0;
  }

  /** The same when each day counts `multiplicities[from + day]` times, `steps` returns in all. */
  resampledMean(share: number, multiplicities: Uint16Array, from: number, steps: number): number {
    const tail = steps * share;
    const usual = this.#walk(this.#usual, multiplicities, from, tail);
    if (usual !== null) return usual;
    this.#all ??= this.#collectUpTo(Number.POSITIVE_INFINITY);
    return this.#walk(this.#all, multiplicities, from, tail) ?? 0;
  }

  #collectUpTo(threshold: number): WorstReturns {
    const indices: number[] = [];
    for (let i = 0; i < this.#returns.length; i++) if (this.#returns[i]! <= threshold) indices.push(i);
    indices.sort((a, b) => this.#returns[a]! - this.#returns[b]! || a - b);
    return {
      value: Float64Array.from(indices, (i) => this.#returns[i]!),
      day: Uint16Array.from(indices, (i) => this.#day[i]!),
    };
  }

  /** Null when `worst` ends before the tail does. */
  #walk(worst: WorstReturns, multiplicities: Uint16Array | null, from: number, tail: number): number | null {
    if (tail <= 0) return null;
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
