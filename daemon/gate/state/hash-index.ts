import { keeps } from './keep.ts';
import { packNumbers, unpackNumbers } from './packed-text.ts';

const MIN_SLOTS = 64;
/** Of the slots, so many are taken at most; and so many when they have just become more. */
const MAX_TAKEN = 0.8;
const TAKEN_FIRST = 0.64;
/** With fewer entries twice the room is little memory, and they are moved once more on average instead of five times. */
const FEW = 8_192;
/** Rows of a page of the checkpoint. */
const PAGE_ROWS = 2_048;
const PRIME = 0x0100_0193;
const NONE: readonly number[] = [];

/** FNV-1a of a key, with one seed for each kind of key. */
export function hashOf(seed: number, key: string): number {
  let hash = Math.imul(0x811c_9dc5 ^ seed, PRIME);
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), PRIME);
  return hash;
}

/** Numbers of rows by the hashes of their keys, in 12 bytes or so for each: whoever asks compares the key itself. */
export class HashIndex {
  /** Open addressing: of each slot a hash, and 1 + a row; 0: free. */
  #slots = new Int32Array(2 * MIN_SLOTS);
  #taken = 0;
  /** Rows below it are forgotten. */
  #from = 0;
  /** Rows below it stand in no slot. */
  #clearedTo = 0;
  #end = 0;

  static {
    keeps(
      HashIndex,
      (view) => ({ from: view.#from, entries: view.#inOrder() }),
      (kept) => {
        const made = new HashIndex();
        made.#from = kept.from;
        made.#clearedTo = kept.from;
        made.#resize(kept.entries.count);
        let row = kept.from;
        for (const { counts, hashes } of kept.entries.pages) {
          const ofPage = unpackNumbers(hashes ?? '');
          let at = 0;
          for (const count of unpackNumbers(counts ?? '')) {
            for (const end = at + count; at < end; at += 1) made.#place(ofPage[at]!, row);
            row += 1;
          }
        }
        made.#end = row;
        return made;
      },
    );
  }

  /** `row`: none before it is larger. */
  add(hash: number, row: number): void {
    if (this.#taken >= (this.#slots.length / 2) * MAX_TAKEN) this.#resize(this.#taken);
    this.#place(hash, row);
    this.#end = row + 1;
  }

  /** Rows of one hash, oldest first. */
  find(hash: number): readonly number[] {
    let found = NONE;
    const { length } = this.#slots;
    for (let at = this.#slotOf(hash); this.#slots[at + 1] !== 0; at = at + 2 === length ? 0 : at + 2) {
      const row = this.#slots[at + 1]! - 1;
      if (this.#slots[at] === hash && row >= this.#from) found = [...found, row];
    }
    return found.length < 2 ? found : found.toSorted((a, b) => a - b);
  }

  /** Forgets rows below a number. */
  dropBefore(row: number): void {
    this.#from = Math.max(this.#from, row);
    // In bulk, so that each entry is moved a few times on average.
    if ((this.#from - this.#clearedTo) * 5 <= this.#end - this.#clearedTo) return;
    this.#resize(this.#taken);
    this.#clearedTo = this.#from;
  }

  /** With room for some more. */
  #resize(entries: number): void {
    const old = this.#slots;
    const slots = entries < FEW ? (2 * entries) / MAX_TAKEN : entries / TAKEN_FIRST;
    this.#slots = new Int32Array(2 * Math.max(MIN_SLOTS, Math.ceil(slots)));
    this.#taken = 0;
    for (let at = 0; at < old.length; at += 2) if (old[at + 1]! > this.#from) this.#place(old[at]!, old[at + 1]! - 1);
  }

  #slotOf(hash: number): number {
    return 2 * ((hash >>> 0) % (this.#slots.length / 2));
  }
  #place(hash: number, row: number): void {
    const { length } = this.#slots;
    let at = this.#slotOf(hash);
    while (this.#slots[at + 1] !== 0) at = at + 2 === length ? 0 : at + 2;
    this.#slots[at] = hash;
    this.#slots[at + 1] = row + 1;
    this.#taken += 1;
  }

  /** How many entries each row has, and their hashes: in which order they came does not matter. */
  #inOrder(): { readonly count: number; readonly pages: readonly Page[] } {
    const counts = new Int32Array(Math.max(0, this.#end - this.#from));
    const slots = this.#slots;
    for (let at = 1; at < slots.length; at += 2) if (slots[at]! > this.#from) counts[slots[at]! - 1 - this.#from]! += 1;
    const ends = new Int32Array(counts.length);
    for (let i = 1; i < counts.length; i += 1) ends[i] = ends[i - 1]! + counts[i - 1]!;
    const hashes = new Int32Array((ends.at(-1) ?? 0) + (counts.at(-1) ?? 0));
    for (let at = 0; at < slots.length; at += 2) {
      const row = slots[at + 1]! - 1 - this.#from;
      if (row < 0) continue;
      hashes[ends[row]!] = slots[at]!;
      ends[row]! += 1;
    }
    const pages: Page[] = [];
    for (let row = 0, from = 0; row < counts.length; row += PAGE_ROWS) {
      const end = Math.min(counts.length, row + PAGE_ROWS);
      for (let i = row; i < end; i += 1) hashes.subarray(ends[i]! - counts[i]!, ends[i]).sort();
      const packed = packNumbers(hashes.subarray(from, ends[end - 1]));
      pages.push({ counts: packNumbers(counts.subarray(row, end)), hashes: packed });
      from = ends[end - 1]!;
    }
    return { count: hashes.length, pages };
  }
}

/** Of so many rows: how many hashes each has, and the hashes. */
interface Page {
  readonly counts: string | null;
  readonly hashes: string | null;
}
