import type { TradeEvent } from '../records/venue-events.ts';

/** Older ones are in the ledger only: `audit export --kind trade`. */
export const MAX_FILLS = 10_000;
/** So many more are held before the older ones are dropped. */
const MORE_FILLS = 1_000;

/**
 * A trade of the venue with whose order it was: known while the order is in the views, which it is when trades come.
 */
export interface RecordedFill {
  readonly seq: number;
  /** Null: of nobody here. */
  readonly agent: string | null;
  /** Whose lots it moved; null: nobody's. */
  readonly holder: string | null;
  readonly decisionId: string | null;
  readonly trade: TradeEvent;
}

/** The last fills of the account, in the order of their records. */
export class RecentFills {
  private fills: RecordedFill[] = [];

  add(fill: RecordedFill): void {
    this.fills.push(fill);
    if (this.fills.length > MAX_FILLS + MORE_FILLS) this.fills = this.fills.slice(-MAX_FILLS);
  }

  /** The newest `limit` before a record, newest first. `agent` null: everybody's. */
  readBefore(seq: number, limit: number, agent: string | null): readonly RecordedFill[] {
    const page: RecordedFill[] = [];
    const oldest = Math.max(0, this.fills.length - MAX_FILLS);
    for (let i = this.fills.length - 1; i >= oldest && page.length < limit; i -= 1) {
      const fill = this.fills[i]!;
      if (fill.seq < seq && (agent === null || fill.agent === agent)) page.push(fill);
    }
    return page;
  }
}
