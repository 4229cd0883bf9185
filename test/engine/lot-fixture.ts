import { applyLotRecord, createLotBook, type LotBook, lotsIn } from '../../daemon/engine/book/lot-book.ts';
import type { By, LotOrder, LotRecord, Lots } from '../../daemon/engine/words.ts';

export const BTC = 'BTCUSDT';

/** An order of alice's in BTCUSDT; a sell closes. */
export function order(id: string, of: Partial<LotOrder> = {}): LotOrder {
  const side = of.side ?? 'buy';
  return { id, symbol: BTC, side, by: 'agent', owner: 'alice', seq: 1, opens: side === 'buy', filledBefore: 0, ...of };
}
export function exit(id: string, of: Partial<LotOrder> = {}): LotOrder {
  return order(id, { side: 'sell', ...of });
}
/** An order that nobody's lots are opened by. */
export function of(by: Exclude<By, 'agent'>, side: 'buy' | 'sell', more: Partial<LotOrder> = {}): Partial<LotOrder> {
  return { by, owner: null, side, opens: by === 'person' || side === 'buy', ...more };
}

/** The book of a few records. */
export class Reported {
  readonly book: LotBook;
  #number = 0;

  constructor(keepMs?: number) {
    this.book = createLotBook(keepMs);
  }

  tell(...records: readonly LotRecord[]): this {
    for (const record of records) applyLotRecord(this.book, record);
    return this;
  }
  /** The order, and one trade that fills so many lots of it. */
  fill(placed: LotOrder, lots: number, atMs: number): this {
    this.#number += 1;
    if (!this.book.orders.has(placed.id)) this.tell({ kind: 'ordered', order: placed });
    return this.tell({ kind: 'traded', id: placed.id, lots, atMs, number: this.#number });
  }
  get lots(): Lots {
    return lotsIn(this.book, BTC);
  }
  /** As `5 of alice since 3`, in the order of filling. */
  get parts(): readonly string[] {
    return this.lots.batches.map(({ lots, owner, seq }) => `${lots} of ${owner ?? 'nobody'} since ${seq}`);
  }
}

/** An adoption: a reading that was asked for then shows so many lots. */
export function reading(held: number, askedMs: number, sinceMs: number | null = null, seq = 99): LotRecord {
  return { kind: 'adopted', seq, symbol: BTC, held, sinceMs, askedMs };
}
