import { keeps } from './keep.ts';

const LEAST_SLOTS = 64;
const PRIME = 0x0100_0193;

/** FNV-1a of a key, with one seed for each kind of key. */
export function hashOf(seed: number, key: string): number {
  let hash = Math.imul(0x811c_9dc5 ^ seed, PRIME);
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), PRIME);
  return hash;
}

/** Numbers of rows by the hashes of their keys, in 16 bytes or so for each: whoever asks compares the key itself. */
export class HashIndex {
  #hashes = new Int32Array(LEAST_SLOTS / 2);
  #rows = new Int32Array(LEAST_SLOTS / 2);
  #size = 0;
  /** Open addressing: 1 + the place of an entry; 0: free. */
  #slots = new Int32Array(LEAST_SLOTS);

  static {
    keeps(
      HashIndex,
      (view) => ({
        hashes: Array.from(view.#hashes.subarray(0, view.#size)),
        rows: Array.from(view.#rows.subarray(0, view.#size)),
      }),
      (kept) => {
        const made = new HashIndex();
        made.#refill(kept.hashes, kept.rows);
        return made;
      },
    );
  }

  add(hash: number, row: number): void {
    if (this.#size === this.#hashes.length) this.#refill(this.#hashes, this.#rows);
    this.#hashes[this.#size] = hash;
    this.#rows[this.#size] = row;
    this.#size += 1;
    this.#place(hash, this.#size);
  }

  /** Rows of one hash. */
  *find(hash: number): Generator<number, void> {
    const last = this.#slots.length - 1;
    for (let slot = hash & last; this.#slots[slot] !== 0; slot = (slot + 1) & last) {
      const entry = this.#slots[slot]! - 1;
      if (this.#hashes[entry] === hash) yield this.#rows[entry]!;
    }
  }

  /** Forgets rows below a number. */
  dropBefore(row: number): void {
    const kept: number[] = [];
    for (let i = 0; i < this.#size; i += 1) if (this.#rows[i]! >= row) kept.push(i);
    this.#refill(
      kept.map((i) => this.#hashes[i]!),
      kept.map((i) => this.#rows[i]!),
    );
  }

  /** With room for a fifth more, and a third of the slots free then. */
  #refill(hashes: ArrayLike<number>, rows: ArrayLike<number>): void {
    const room = Math.max(LEAST_SLOTS / 2, Math.ceil(hashes.length * 1.2));
    let slots = LEAST_SLOTS;
    while (slots < room * 1.5) slots *= 2;
    const [kept, keptRows] = [new Int32Array(room), new Int32Array(room)];
    kept.set(hashes);
    keptRows.set(rows);
    this.#hashes = kept;
    this.#rows = keptRows;
    this.#size = hashes.length;
    this.#slots = new Int32Array(slots);
    for (let i = 0; i < this.#size; i += 1) this.#place(kept[i]!, i + 1);
  }

  #place(hash: number, entry: number): void {
    const last = this.#slots.length - 1;
    let slot = hash & last;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & last;
    this.#slots[slot] = entry;
  }
}
