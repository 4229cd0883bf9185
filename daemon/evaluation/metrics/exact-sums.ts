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
/** Above so many additions (repetitions included, zeros not) the fine part could round. Counted in 16 bits. */
const MOST_ADDITIONS = 2 ** 14;

/** What is added is mostly 0, or whole numbers: arrays that would hold only zeros are not made. */
interface Parts {
  readonly coarse: Float64Array;
  readonly additions: Uint16Array;
  fine: Float64Array | null;
}

/**
 * Sums in an array, exact to 2^-56 of each value and independent of the order of addition. 18 bytes a sum, 10 of whole
 * numbers, nothing as long as only zeros were added.
 */
export class ExactSums {
  readonly length: number;
  #parts: Parts | null = null;

  constructor(length: number) {
    this.length = length;
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
    return this.#parts === null ? 0 : this.#parts.coarse[index]! + (this.#parts.fine?.[index] ?? 0);
  }

  toArray(): Float64Array {
    const sums = new Float64Array(this.length);
    if (this.#parts === null) return sums;
    const { coarse, fine } = this.#parts;
    for (let i = 0; i < sums.length; i++) sums[i] = coarse[i]! + (fine === null ? 0 : fine[i]!);
    return sums;
  }

  #put(index: number, value: number, times: number): void {
    if (value === 0) return;
    if (!(Math.abs(value) < LARGEST)) throw new RangeError(`${value} is too large to be added exactly`);
    this.#parts ??= { coarse: new Float64Array(this.length), additions: new Uint16Array(this.length), fine: null };
    const parts = this.#parts;
    const additions = parts.additions[index]! + times;
    if (additions > MOST_ADDITIONS) throw new RangeError(`over ${MOST_ADDITIONS} additions are not exact`);
    parts.additions[index] = additions;
    const coarse = value + TO_COARSE - TO_COARSE;
    const sum = parts.coarse[index]! + times * coarse;
    if (!(Math.abs(sum) < LARGEST * 2)) throw new RangeError(`a sum of ${sum} is too large to be exact`);
    parts.coarse[index] = sum;
    const fine = value - coarse + TO_FINE - TO_FINE;
    if (fine === 0) return;
    parts.fine ??= new Float64Array(this.length);
    parts.fine[index]! += times * fine;
  }
}
