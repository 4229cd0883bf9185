import { signal } from '@preact/signals';

/** Moves once a second, so that ages are read anew. */
export const nowMs = signal(Date.now());

/** The ledger's time as it was last told, when, and how fast it went since the time before: on paper it may run or stand. */
let reported: { readonly atMs: number; readonly reportedMs: number; readonly rate: number } | null = null;

export function noteLedgerTime(atMs: number): void {
  const reportedMs = performance.now();
  const passedMs = reportedMs - (reported?.reportedMs ?? reportedMs);
  const rate = reported === null || passedMs <= 0 ? 1 : Math.max(0, (atMs - reported.atMs) / passedMs);
  reported = { atMs, reportedMs, rate };
}
/** Null: it was not told yet. */
export function ledgerNowMs(): number | null {
  return reported === null ? null : reported.atMs + reported.rate * (performance.now() - reported.reportedMs);
}
export function forgetLedgerTime(): void {
  reported = null;
}
