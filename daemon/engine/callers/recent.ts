import type { AlertEvent } from '../records/house-events.ts';
import type { AlertAckEvent } from '../records/people-events.ts';
import type { TradeEvent } from '../records/venue-events.ts';

/** What was recorded last of one kind. Older ones are only in the ledger: `audit export --kind`. */
class Recent<R extends { readonly seq: number }> {
  protected readonly kept: R[] = [];
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  add(one: R): void {
    this.kept.push(one);
    if (this.kept.length > this.limit) this.kept.shift();
  }

  /** The newest `limit` before a record, newest first. */
  readBefore(seq: number, limit: number, isMeant: (one: R) => boolean = () => true): readonly R[] {
    const page: R[] = [];
    for (let i = this.kept.length - 1; i >= 0 && page.length < limit; i -= 1) {
      const one = this.kept[i]!;
      if (one.seq < seq && isMeant(one)) page.push(one);
    }
    return page;
  }
}

export interface Acknowledgement {
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}
export interface RecordedAlert extends AlertEvent {
  readonly seq: number;
  readonly atMs: number;
  /** The first one; null: nobody has acknowledged it. */
  readonly acknowledged: Acknowledgement | null;
}

/** The last alerts, and the total number. */
export class RecentAlerts extends Recent<RecordedAlert> {
  count = 0;

  constructor() {
    super(1_000);
  }

  override add(alert: RecordedAlert): void {
    super.add(alert);
    this.count += 1;
  }

  /** One of those that are kept. */
  find(seq: number): RecordedAlert | null {
    return this.kept.find((alert) => alert.seq === seq) ?? null;
  }

  /** Whether one of those that are kept says just that. */
  has(code: string, detail: string): boolean {
    return this.kept.some((alert) => alert.code === code && alert.detail === detail);
  }

  acknowledge({ alert_seq, reason, set_by }: AlertAckEvent, atMs: number): void {
    const place = this.kept.findIndex((alert) => alert.seq === alert_seq);
    const alert = this.kept[place];
    if (alert === undefined || alert.acknowledged !== null) return;
    this.kept[place] = { ...alert, acknowledged: { atMs, by: set_by, reason } };
  }
}

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

export const MAX_FILLS = 10_000;
/** The last fills of the account, in the order of their records. */
export class RecentFills extends Recent<RecordedFill> {
  constructor() {
    super(MAX_FILLS);
  }
}
