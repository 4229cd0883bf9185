import type { TradeEvent } from '../events.ts';
import { keeps } from './keep.ts';

/** Older ones are in the ledger only: `audit export --kind trade`. */
export const MOST_FILLS = 10_000;

/**
 * A trade of the venue with whose order it was: known while the order is in the views, which it is when trades come.
 */
export interface RecordedFill {
  readonly seq: number;
  /** Null: of nobody here. */
  readonly agent: string | null;
  readonly decisionId: string | null;
  readonly trade: TradeEvent;
}

/** The last fills of the account, in the order of their records. */
export class RecentFills {
  #kept: RecordedFill[] = [];

  static {
    keeps(
      RecentFills,
      (view) => ({ kept: view.#kept }),
      (kept) => {
        const made = new RecentFills();
        made.#kept = kept.kept;
        return made;
      },
    );
  }

  add(fill: RecordedFill): void {
    this.#kept.push(fill);
    // In bulk, so that each fill is moved once on average.
    if (this.#kept.length >= 2 * MOST_FILLS) this.#kept = this.#kept.slice(-MOST_FILLS);
  }

  /** The newest `limit` before a record, newest first. `agent` null: everybody's. */
  readBefore(seq: number, limit: number, agent: string | null): readonly RecordedFill[] {
    const page: RecordedFill[] = [];
    const oldest = Math.max(0, this.#kept.length - MOST_FILLS);
    for (let i = this.#kept.length - 1; i >= oldest && page.length < limit; i -= 1) {
      const fill = this.#kept[i]!;
      if (fill.seq < seq && (agent === null || fill.agent === agent)) page.push(fill);
    }
    return page;
  }
}
