/**
 * The value that a rising sort of `values[0 .. count)` would put at `nth`, in expected O(count); the values change
 * their places. Precondition: no NaN, 0 <= nth < count.
 */
export function selectNth(values: Float64Array, count: number, nth: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = middleOf(values[low]!, values[(low + high) >>> 1]!, values[high]!);
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! < pivot) left += 1;
      while (values[right]! > pivot) right -= 1;
      if (left > right) break;
      const value = values[left]!;
      values[left] = values[right]!;
      values[right] = value;
      left += 1;
      right -= 1;
    }
    // What lies between the two parts equals the pivot.
    if (nth <= right) high = right;
    else if (nth >= left) low = left;
    else return pivot;
  }
  return values[nth]!;
}

function middleOf(a: number, b: number, c: number): number {
  if (a < b) return b < c ? b : Math.max(a, c);
  return a < c ? a : Math.max(b, c);
}

/**
 * Puts a value into a sorted list, behind its equals: lists built by it alone are what a stable sort makes of the
 * values in the order of their coming. Quick while values come nearly in order, as round trips do.
 */
export function insertInOrder<T>(sorted: T[], value: T, compare: (a: T, b: T) => number): void {
  let at = sorted.length;
  sorted.push(value);
  for (; at > 0 && compare(sorted[at - 1]!, value) > 0; at -= 1) sorted[at] = sorted[at - 1]!;
  sorted[at] = value;
}

/**
 * Exact order statistics over a sliding window: the last values in order of arrival (a ring) and the same values in
 * order of size (a sorted array). One insertion with its eviction is two binary searches and one `copyWithin` over the
 * elements between the two places: exact, without allocation, and fast at the sizes used here (some thousand values).
 */
export class SlidingOrderStatistic {
  readonly capacity: number;
  #size = 0;
  #oldest = 0;
  readonly #ring: Float64Array;
  readonly #stamps: Float64Array;
  readonly #sorted: Float64Array;

  /** `capacity` is the largest number of values held, an integer of at least 1. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError(`capacity must be an integer >= 1`);
    this.capacity = capacity;
    this.#ring = new Float64Array(capacity);
    this.#stamps = new Float64Array(capacity);
    this.#sorted = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a finite value; the oldest leaves when the window is full. `stamp` (any unit) never decreases. */
  push(value: number, stamp: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`an order statistic holds finite values only`);
    // One zero: -0 and 0 compare equal, so the place of either would depend on the path.
    const added = value === 0 ? 0 : value;
    if (this.#size === this.capacity) {
      this.#exchange(this.#ring[this.#oldest]!, added);
      this.#ring[this.#oldest] = added;
      this.#stamps[this.#oldest] = stamp;
      this.#oldest = this.#oldest + 1 === this.capacity ? 0 : this.#oldest + 1;
      return;
    }
    const place = this.#firstNotBelow(added);
    this.#sorted.copyWithin(place + 1, place, this.#size);
    this.#sorted[place] = added;
    const slot = (this.#oldest + this.#size) % this.capacity;
    this.#ring[slot] = added;
    this.#stamps[slot] = stamp;
    this.#size += 1;
  }

  /** Drops every value whose stamp is at most `stamp`, oldest first. */
  evictThrough(stamp: number): void {
    while (this.#size > 0 && this.#stamps[this.#oldest]! <= stamp) {
      const place = this.#firstNotBelow(this.#ring[this.#oldest]!);
      this.#sorted.copyWithin(place, place + 1, this.#size);
      this.#oldest = this.#oldest + 1 === this.capacity ? 0 : this.#oldest + 1;
      this.#size -= 1;
    }
  }

  /** Nearest-rank quantile sorted[ceil(q n) - 1], 0 < q <= 1; null while empty. */
  quantile(q: number): number | null {
    if (this.#size === 0) return null;
    const rank = Math.ceil(q * this.#size);
    return this.#sorted[Math.min(this.#size, Math.max(1, rank)) - 1]!;
  }

  #exchange(removed: number, added: number): void {
    const sorted = this.#sorted;
    const from = this.#firstNotBelow(removed);
    const to = this.#firstNotBelow(added);
    if (to > from) {
      // The gap at `from` closes, so what stood before `to` moves down by one.
      sorted.copyWithin(from, from + 1, to);
      sorted[to - 1] = added;
    } else {
      sorted.copyWithin(to + 1, to, from);
      sorted[to] = added;
    }
  }

  /** Index of the first value that is >= `value`; the size when there is none. */
  #firstNotBelow(value: number): number {
    const sorted = this.#sorted;
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
