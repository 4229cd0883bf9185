import {
  addFill,
  believe,
  createLotBook,
  dateFill,
  give,
  type LotBook,
} from '../../../daemon/engine/positions/lot-book.ts';
import type { LotFill, Owner } from '../../../daemon/engine/words.ts';

export interface Kind extends Pick<LotFill, 'agentsFirst' | 'opens' | 'owner'> {
  readonly side: 'buy' | 'sell';
}
export const ALICES: Kind = { owner: 'alice', agentsFirst: false, opens: true, side: 'buy' };
export const NOBODYS: Kind = { owner: null, agentsFirst: false, opens: true, side: 'buy' };
export const CUT: Kind = { owner: null, agentsFirst: true, opens: false, side: 'sell' };

/** A lot book, told line by line. Lots are units; instants are ms. */
export class Book {
  readonly book: LotBook = createLotBook();
  #number = 0;

  /** A fill whose trade is known; `seq`: the record of its order, where readings are at 5. */
  fill(kind: Kind, lots: number, atMs: number, seq = kind.owner === null ? 0 : 1): this {
    this.#number += 1;
    addFill(this.book, this.#fillOf(kind, lots, { atMs, order: null, seq, trade: this.#number }));
    return this;
  }
  /** A report of an order whose trades are still to be read. */
  report(order: string, kind: Kind, lots: number, atMs: number): this {
    addFill(this.book, this.#fillOf(kind, lots, { atMs, order, seq: 1, trade: null }));
    return this;
  }
  trade(order: string, lots: number, atMs: number, number = 1): this {
    dateFill(this.book, order, { quantityE8: lots, atMs, number });
    return this;
  }
  read(quantityE8: number, shownMs: number): this {
    believe(this.book, { quantityE8, shownMs, sinceMs: shownMs, seq: 5 });
    return this;
  }
  readUndated(quantityE8: number, sinceMs: number): this {
    believe(this.book, { quantityE8, shownMs: null, sinceMs, seq: 5 });
    return this;
  }
  /** Who holds the symbol from here on. */
  held(holder: Owner): this {
    this.book.holder = holder;
    return this;
  }
  give(owner: Owner, atMs: number): this {
    give(this.book, { owner, atMs, seq: 5 });
    return this;
  }
  /** As `5 of alice`, agents first. */
  get parts(): readonly string[] {
    return [...this.book.lots.parts]
      .sort((a, b) => ((a.owner ?? '~') < (b.owner ?? '~') ? -1 : 1))
      .map(({ owner, quantityE8 }) => `${quantityE8} of ${owner ?? 'nobody'}`);
  }

  #fillOf({ side, ...kind }: Kind, lots: number, of: Pick<LotFill, 'atMs' | 'order' | 'seq' | 'trade'>): LotFill {
    return { kind: 'fill', ...kind, quantityE8: side === 'buy' ? lots : -lots, ...of };
  }
}
