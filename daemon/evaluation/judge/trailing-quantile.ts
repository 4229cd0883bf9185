/**
 * The values of a moving span of bars in order of size: exact quantiles by nearest rank. Bars are numbered by time; a
 * bar without a value leaves a hole, so a span is a span of time and not a count of values.
 */
export class TrailingQuantile {
  readonly #spanBars: number;
  readonly #values: Float64Array;
  readonly #bars: Float64Array;
  readonly #sorted: Float64Array;
  #head = 0;
  #size = 0;

  constructor(spanBars: number) {
    this.#spanBars = spanBars;
    this.#values = new Float64Array(spanBars);
    this.#bars = new Float64Array(spanBars);
    this.#sorted = new Float64Array(spanBars);
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

  /** Drops what is not among the `spanBars` bars before this one. */
  forgetBefore(bar: number): void {
    while (this.#size > 0 && this.#bars[this.#head]! < bar - this.#spanBars) {
      const at = this.#rank(this.#values[this.#head]!);
      this.#sorted.copyWithin(at, at + 1, this.#size);
      this.#head = this.#head + 1 === this.#spanBars ? 0 : this.#head + 1;
      this.#size -= 1;
    }
  }

  /** Takes the value of a bar; bars come in rising order, and those before its span are dropped first. */
  push(bar: number, value: number): void {
    this.forgetBefore(bar + 1);
    const at = this.#rank(value);
    this.#sorted.copyWithin(at + 1, at, this.#size);
    this.#sorted[at] = value;
    const tail = (this.#head + this.#size) % this.#spanBars;
    this.#values[tail] = value;
    this.#bars[tail] = bar;
    this.#size += 1;
  }

  /** How many of the values are smaller. */
  #rank(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
