import type { AlertEvent } from '../records/house-events.ts';
import type { AlertAckEvent } from '../records/people-events.ts';

/** Older alerts are only in the ledger. */
export const MAX_ALERTS = 1_000;

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
export class RecentAlerts {
  private readonly kept: RecordedAlert[] = [];
  count = 0;

  add(alert: AlertEvent, seq: number, atMs: number): void {
    this.count += 1;
    this.kept.push({ ...alert, seq, atMs, acknowledged: null });
    if (this.kept.length > MAX_ALERTS) this.kept.shift();
  }

  /** One of those that are kept. */
  find(seq: number): RecordedAlert | null {
    return this.kept[this.#placeOf(seq)] ?? null;
  }

  /** Whether one of those that are kept says just that. */
  has(code: string, detail: string): boolean {
    return this.kept.some((alert) => alert.code === code && alert.detail === detail);
  }

  acknowledge({ alert_seq, reason, set_by }: AlertAckEvent, atMs: number): void {
    const place = this.#placeOf(alert_seq);
    const alert = this.kept[place];
    if (alert === undefined || alert.acknowledged !== null) return;
    this.kept[place] = { ...alert, acknowledged: { atMs, by: set_by, reason } };
  }

  #placeOf(seq: number): number {
    return this.kept.findIndex((alert) => alert.seq === seq);
  }

  /** The newest `limit` before a record, newest first. */
  readBefore(seq: number, limit: number): readonly RecordedAlert[] {
    const page: RecordedAlert[] = [];
    for (let i = this.kept.length - 1; i >= 0 && page.length < limit; i -= 1) {
      const alert = this.kept[i]!;
      if (alert.seq < seq) page.push(alert);
    }
    return page;
  }
}
