import { signal } from '@preact/signals';

/** Moves once a second, so that ages are read anew. */
export const nowMs = signal(Date.now());

/** The ledger's time as it was last told, when, and how fast it went since the time before: on paper it may run or stand. */
let told: { readonly atMs: number; readonly toldMs: number; readonly rate: number } | null = null;

export function noteLedgerTime(atMs: number): void {
  const toldMs = performance.now();
  const passedMs = toldMs - (told?.toldMs ?? toldMs);
  const rate = told === null || passedMs <= 0 ? 1 : Math.max(0, (atMs - told.atMs) / passedMs);
  told = { atMs, toldMs, rate };
}
/** Null: it was not told yet. */
export function ledgerNowMs(): number | null {
  return told === null ? null : told.atMs + told.rate * (performance.now() - told.toldMs);
}
export function forgetLedgerTime(): void {
  told = null;
}
