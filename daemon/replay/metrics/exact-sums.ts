/**
 * Grids on which values are split: multiples of a power of two add without rounding while the sum stays below 2^53 of
 * them, so the sum is the same in whatever order the values come.
 */
const COARSE = 2 ** -16;
const FINE = 2 ** -56;
/** Adding and subtracting 1.5 x 2^52 grid steps rounds to the grid. */
const TO_COARSE = 1.5 * 2 ** 52 * COARSE;
const TO_FINE = 1.5 * 2 ** 52 * FINE;
const LARGEST = 2 ** 35;
/** Above so many additions (repetitions included) the fine part could round. */
const MOST_ADDITIONS = 2 ** 14;

/** Sums in an array, exact to 2^-56 of each value and independent of the order of addition. */
export class ExactSums {
  readonly #coarse: Float64Array;
  readonly #fine: Float64Array;
  readonly #additions: Uint32Array;

  constructor(length: number) {
    this.#coarse = new Float64Array(length);
    this.#fine = new Float64Array(length);
    this.#additions = new Uint32Array(length);
  }

  get length(): number {
    return this.#coarse.length;
  }

  /** Adds `value` once at `index`. @throws RangeError when exactness would be lost */
  add(index: number, value: number): void {
    this.#put(index, value, 1);
  }

  /** Adds `values[i]` `times[from + i * stride]` times at every i. @throws RangeError when exactness would be lost */
  addRow(values: Float64Array, times: Uint16Array, from: number, stride: number): void {
    if (values.length !== this.length) throw new RangeError(`${values.length} values for ${this.length} sums`);
    for (let i = 0; i < values.length; i++) {
      const count = times[from + i * stride]!;
      if (count > 0) this.#put(i, values[i]!, count);
    }
  }

  at(index: number): number {
    return this.#coarse[index]! + this.#fine[index]!;
  }

  toArray(): Float64Array {
    return Float64Array.from(this.#coarse, (coarse, i) => coarse + this.#fine[i]!);
  }

  #put(index: number, value: number, times: number): void {
    if (!(Math.abs(value) < LARGEST)) throw new RangeError(`${value} is too large to be added exactly`);
    this.#additions[index]! += times;
    if (this.#additions[index]! > MOST_ADDITIONS)
      throw new RangeError(`over ${MOST_ADDITIONS} additions are not exact`);
    const coarse = value + TO_COARSE - TO_COARSE;
    const sum = this.#coarse[index]! + times * coarse;
    if (!(Math.abs(sum) < LARGEST * 2)) throw new RangeError(`a sum of ${sum} is too large to be exact`);
    this.#coarse[index] = sum;
    this.#fine[index]! += times * (value - coarse + TO_FINE - TO_FINE);
  }
}
