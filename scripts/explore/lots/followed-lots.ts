import { applyLotRecord, createLotBook, lotsIn } from '../../../daemon/engine/book/lot-book.ts';
import { heldLots, lotsOf } from '../../../daemon/engine/book/lots.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { LotRecord, Lots } from '../../../daemon/engine/words.ts';
import type { Belief } from './beliefs.ts';
import { LotRecords } from './lot-records.ts';

/** What people, or the exchange itself, traded in a symbol, venue time of the last. The gate knows of it by readings. */
interface Strangers {
  readonly lastMs: number;
  /** A reading of later agrees with what the gate holds. It shows what several trades come to, and not whose lots each took. */
  isRead: boolean;
}

/** The lot book beside the gate: folded from the records of one ledger, and compared with what the gate believes. */
export class FollowedLots {
  readonly book = createLotBook();
  readonly #records = new LotRecords();
  /** By symbol, until both say the same. */
  readonly #strangers = new Map<string, Strangers>();
  /** Trades of a symbol that were told; and what those of them come to, signed, that no order of ours has made. */
  readonly #trades = new Map<string, number>();
  readonly #ofStrangers = new Map<string, number>();

  of(symbol: string): Lots {
    return lotsIn(this.book, symbol);
  }
  /** So many trades of the symbol are on record, and nothing is reported beyond them; null: something is. */
  tradesIn(symbol: string): number | null {
    return this.#records.isUntraded(symbol) ? null : (this.#trades.get(symbol) ?? 0);
  }

  /** Where book and gate differ after a record. `made`: what trades of others in a symbol come to by then at the exchange. */
  follow(event: GateEvent, beliefs: readonly Belief[], made: (symbol: string) => number): readonly string[] {
    for (const record of this.#records.read(event, beliefs)) {
      applyLotRecord(this.book, record);
      this.#note(record);
    }
    return beliefs.flatMap((belief) => this.#findDifference(belief, made) ?? []);
  }

  #note(record: LotRecord): void {
    if (record.kind !== 'traded') return;
    const { order } = this.book.orders.get(record.id) ?? {};
    if (order === undefined) return;
    const { by, side, symbol } = order;
    this.#trades.set(symbol, (this.#trades.get(symbol) ?? 0) + 1);
    if (by !== 'person' && by !== 'venue') return;
    this.#ofStrangers.set(symbol, (this.#ofStrangers.get(symbol) ?? 0) + (side === 'buy' ? record.lots : -record.lots));
    const lastMs = Math.max(record.atMs, this.#strangers.get(symbol)?.lastMs ?? 0);
    this.#strangers.set(symbol, { lastMs, isRead: false });
  }

  #findDifference({ held, holder, own, reading, symbol }: Belief, made: (symbol: string) => number): string | null {
    const lots = this.of(symbol);
    const ofHolder = holder === null ? 0 : lotsOf(lots, holder);
    const heldInBook = heldLots(lots);
    const isSame = heldInBook === held && ofHolder === own;
    const strangers = this.#strangers.get(symbol);
    if (strangers !== undefined && reading?.agrees === true && reading.askedMs > strangers.lastMs) {
      strangers.isRead = true;
      if (isSame) this.#strangers.delete(symbol);
    }
    if (isSame) return null;
    // The gate's position moves with the report of an order, which may follow its trades.
    if (this.#records.isAhead(symbol) || strangers?.isRead === false) return null;
    // A reading, or a report, has shown the gate a trade of theirs that is not on record yet.
    const missing = made(symbol) - (this.#ofStrangers.get(symbol) ?? 0);
    if (missing !== 0 && held - heldInBook === missing && own === ofHolder) return null;
    const isSplitUnknown = strangers !== undefined || lots.owed !== 0;
    if (heldInBook === held && isSplitUnknown) return null;
    return `${symbol}: the gate has ${held}, ${own} of ${holder ?? 'no holder'}; the lot book ${heldInBook}, ${ofHolder}`;
  }
}
