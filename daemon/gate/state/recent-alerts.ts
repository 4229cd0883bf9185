import type { AlertEvent } from '../events.ts';

/** Older alerts are only in the ledger. */
export const MOST_ALERTS = 1_000;

export interface RecordedAlert extends AlertEvent {
  readonly seq: number;
  readonly atMs: number;
}

/** The last alerts, and the total number. */
export class RecentAlerts {
  readonly #kept: RecordedAlert[] = [];
  count = 0;

  add(alert: AlertEvent, seq: number, atMs: number): void {
    this.count += 1;
    this.#kept.push({ ...alert, seq, atMs });
    if (this.#kept.length > MOST_ALERTS) this.#kept.shift();
  }

  /** The newest `limit` before a record, newest first. */
  readBefore(seq: number, limit: number): readonly RecordedAlert[] {
    const page: RecordedAlert[] = [];
    for (let i = this.#kept.length - 1; i >= 0 && page.length < limit; i -= 1) {
      const alert = this.#kept[i]!;
      if (alert.seq < seq) page.push(alert);
    }
    return page;
  }
}
