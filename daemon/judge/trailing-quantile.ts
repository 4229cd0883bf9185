/**
 * The last `capacity` values in order of size: exact quantiles of a moving window by nearest rank. A value moves in and
 * the oldest out with one binary search each and one move of what lies between.
 */
export class TrailingQuantile {
  readonly #arrived: Float64Array;
  readonly #sorted: Float64Array;
  #size = 0;
  #next = 0;

  constructor(capacity: number) {
    this.#arrived = new Float64Array(capacity);
    this.#sorted = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** sorted[ceil(share * size) - 1]; NaN while there is no value. */
  at(share: number): number {
    // 0.02 * 150 must stay 3 whatever the last bit of the product says.
    const rank = Math.ceil(share * this.#size - 1e-9);
    return this.#size === 0 ? Number.NaN : this.#sorted[Math.max(1, rank) - 1]!;
  }

  push(value: number): void {
    const { length } = this.#arrived;
    const sorted = this.#sorted;
    let end = this.#size;
    if (end === length) {
      const out = this.#rank(this.#arrived[this.#next]!, end);
      const into = this.#rank(value, end);
      if (into > out) {
        sorted.copyWithin(out, out + 1, into);
        sorted[into - 1] = value;
      } else {
        sorted.copyWithin(into + 1, into, out);
        sorted[into] = value;
      }
    } else {
      const into = this.#rank(value, end);
      sorted.copyWithin(into + 1, into, end);
      sorted[into] = value;
      end += 1;
    }
    this.#size = end;
    this.#arrived[this.#next] = value;
    this.#next = this.#next + 1 === length ? 0 : this.#next + 1;
  }

  /** How many of the values are smaller. */
  #rank(value: number, end: number): number {
    let low = 0;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
