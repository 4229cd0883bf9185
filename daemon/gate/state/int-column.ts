import { keeps } from './keep.ts';
import { packNumbers, unpackNumbers } from './packed-text.ts';

const MIN_ROOM = 64;

/** Whole numbers of 32 bits in a row, which grows at its end and loses its front. */
export class IntColumn {
  #numbers = new Int32Array(MIN_ROOM);
  #from = 0;
  #end = 0;

  static {
    keeps(
      IntColumn,
      (view) => ({ numbers: packNumbers(view.#numbers.subarray(view.#from, view.#end)) }),
      (kept) => {
        const made = new IntColumn();
        const numbers = unpackNumbers(kept.numbers ?? '');
        made.#numbers = new Int32Array(roomFor(numbers.length));
        made.#numbers.set(numbers);
        made.#end = numbers.length;
        return made;
      },
    );
  }

  get length(): number {
    return this.#end - this.#from;
  }

  push(number: number): void {
    if (this.#end === this.#numbers.length) {
      const kept = this.#numbers.subarray(this.#from, this.#end);
      this.#numbers = new Int32Array(roomFor(kept.length));
      this.#numbers.set(kept);
      this.#from = 0;
      this.#end = kept.length;
    }
    this.#numbers[this.#end] = number;
    this.#end += 1;
  }

  /** 0 outside of it. */
  at(index: number): number {
    return index < 0 || index >= this.length ? 0 : this.#numbers[this.#from + index]!;
  }
  set(index: number, number: number): void {
    if (index >= 0 && index < this.length) this.#numbers[this.#from + index] = number;
  }

  dropFirst(count: number): void {
    this.#from = Math.min(this.#end, this.#from + count);
  }
}

function roomFor(length: number): number {
  return Math.max(MIN_ROOM, Math.ceil(length * 1.2));
}
