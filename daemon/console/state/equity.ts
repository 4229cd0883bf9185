import { computed, signal } from '@preact/signals';
import type { EquityHistoryBody, EquitySpan } from '../../contract/types/reads.ts';

export interface EquityPoint {
  readonly atMs: number;
  readonly equity: number;
}
export const SPANS: readonly EquitySpan[] = ['hour', 'day', 'month', 'all'];
const SPAN_MS: Readonly<Record<EquitySpan, number>> = {
  hour: 3_600_000,
  day: 86_400_000,
  month: 30 * 86_400_000,
  all: Number.POSITIVE_INFINITY,
};

/** Which span is shown. */
export const equitySpan = signal<EquitySpan>('all');
/** Oldest first, of ascending seconds: what the daemon told of the span, and what came since. */
const points = signal<readonly EquityPoint[]>([]);
export const equity = computed(() => {
  const sinceMs = (points.value.at(-1)?.atMs ?? 0) - SPAN_MS[equitySpan.value];
  return points.value.filter(({ atMs }) => atMs >= sinceMs);
});

const secondOf = ({ atMs }: EquityPoint): number => Math.floor(atMs / 1_000);
export function addEquity(atMs: number, usdt: number): void {
  const point = { atMs, equity: usdt };
  const last = points.value.at(-1);
  if (last === undefined || secondOf(point) > secondOf(last)) points.value = [...points.value, point];
}
/** What the daemon tells of a span; what came to this page after it stays. */
export function setHistory({ points: reported }: EquityHistoryBody): void {
  const history = reported.map((point) => ({ atMs: point.at_ms, equity: point.equity_usdt }));
  const kept: EquityPoint[] = [];
  for (const point of [...history, ...points.value.filter(({ atMs }) => atMs > (history.at(-1)?.atMs ?? 0))]) {
    const last = kept.at(-1);
    if (last === undefined || secondOf(point) > secondOf(last)) kept.push(point);
    // Of two in a second the lower one stays: no loss is hidden.
    else if (point.equity < last.equity) kept[kept.length - 1] = { ...last, equity: point.equity };
  }
  points.value = kept;
}
export function resetEquity(): void {
  points.value = [];
}
