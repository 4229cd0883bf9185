import { signal } from '@preact/signals';

export interface EquityPoint {
  readonly atMs: number;
  readonly equity: number;
}
/** Two days at one point a minute. */
const MOST_POINTS = 2_880;

/** Oldest first, of ascending seconds. */
export const equity = signal<readonly EquityPoint[]>([]);

export function addEquity(atMs: number, usdt: number): void {
  const points = equity.value;
  const last = points.at(-1);
  if (last !== undefined && Math.floor(atMs / 1000) <= Math.floor(last.atMs / 1000)) return;
  equity.value = [...points.slice(-MOST_POINTS), { atMs, equity: usdt }];
}
/** What the daemon kept from before this page was opened. */
export function setHistory(history: readonly EquityPoint[]): void {
  const firstMs = history.at(-1)?.atMs ?? 0;
  equity.value = [...history, ...equity.value.filter((point) => point.atMs > firstMs + 1_000)];
}
export function resetEquity(): void {
  equity.value = [];
}
