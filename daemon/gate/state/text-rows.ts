import { keeps } from './keep.ts';
import { packTexts, unpackTexts } from './packed-text.ts';

/** Of a block: reading one of its texts reads them all. */
export const BLOCK_ROWS = 64;
/** Blocks that were read last: texts are asked for at both ends in turn. */
const MAX_READ = 2;

/** Short texts by number, oldest first: those of a full block are packed. */
export class TextRows {
  readonly packs: boolean;
  /** Number of the first text of the first block. */
  #base = 0;
  #blocks: string[] = [];
  /** Those after them. */
  #open: string[] = [];
  /** What blocks hold, by their numbers, the one that was read last at the end. */
  readonly #read = new Map<number, readonly string[]>();

  static {
    keeps(
      TextRows,
      (view) => ({ packs: view.packs, base: view.#base, blocks: view.#blocks, open: view.#open }),
      (kept) => {
        const made = new TextRows(kept.packs);
        made.#base = kept.base;
        made.#blocks = kept.blocks;
        made.#open = kept.open;
        return made;
      },
    );
  }

  /** `packs` false: for a fold that is over before it is worth the time. It forgets nothing either. */
  constructor(packs = true) {
    this.packs = packs;
  }

  /** Number of the oldest that is held. */
  get from(): number {
    return this.#base;
  }
  /** Number of the next one. */
  get end(): number {
    return this.#base + this.#blocks.length * BLOCK_ROWS + this.#open.length;
  }

  /** Returns its number. */
  push(text: string): number {
    const number = this.end;
    this.#open.push(text);
    while (this.packs && this.#open.length >= BLOCK_ROWS) {
      this.#blocks.push(packTexts(this.#open.slice(0, BLOCK_ROWS)));
      this.#open = this.#open.slice(BLOCK_ROWS);
    }
    return number;
  }

  /** Null: it is older than what is held, or still to come. */
  get(number: number): string | null {
    const at = number - this.#base;
    const open = at - this.#blocks.length * BLOCK_ROWS;
    if (open >= 0) return this.#open[open] ?? null;
    const block = Math.floor(at / BLOCK_ROWS);
    const packed = this.#blocks[block];
    if (packed === undefined) return null;
    return this.#unpack(this.#base + block * BLOCK_ROWS, packed)[at % BLOCK_ROWS] ?? null;
  }

  #unpack(first: number, packed: string): readonly string[] {
    const known = this.#read.get(first);
    if (known !== undefined) return known;
    const texts = unpackTexts(packed);
    for (const [oldest] of this.#read) if (this.#read.size >= MAX_READ) this.#read.delete(oldest);
    this.#read.set(first, texts);
    return texts;
  }

  /** Forgets whole blocks of older ones; returns how many texts that were. */
  dropBefore(number: number): number {
    const blocks = Math.min(this.#blocks.length, Math.floor((number - this.#base) / BLOCK_ROWS));
    if (blocks <= 0) return 0;
    this.#blocks.splice(0, blocks);
    this.#base += blocks * BLOCK_ROWS;
    return blocks * BLOCK_ROWS;
  }
}
