import type { EquityHistoryBody, EquitySpan } from '../../contract/types/reads.ts';
import type { DatedEquity } from '../../engine/accounts/equity-course.ts';
import type { LiveCore } from '../../engine/flow/core.ts';

const MAX_POINTS = 720;
const DAY_MS = 86_400_000;
const SPAN_MS: Readonly<Record<EquitySpan, number>> = {
  hour: 3_600_000,
  day: DAY_MS,
  month: 30 * DAY_MS,
  all: Number.POSITIVE_INFINITY,
};

/**
 * Margin balance of a span that ends with the last reading, with the deposits and withdrawals that are known by now.
 * Every reading of the last two days is known, of before that the lowest and the highest of each span of time.
 */
export function describeEquityHistory({ state: { equity, time } }: LiveCore, span: EquitySpan): EquityHistoryBody {
  const read = [...equity.recent];
  const last = read.at(-1);
  if (last === undefined) return { points: [] };
  const sinceMs = last.atMs - SPAN_MS[span];
  const oldestMs = read[0]?.atMs ?? last.atMs;
  const known = [
    ...equity.course.since(sinceMs).filter(({ atMs }) => atMs < oldestMs),
    ...read.filter(({ atMs }) => atMs >= sinceMs),
  ];
  return {
    points: thin(known, MAX_POINTS).map(({ atMs, equity: net }) => ({
      at_ms: time.venueMs(atMs),
      equity_usdt: net + equity.transfersUsdt,
    })),
  };
}

/** At most `most`, oldest first: the first, the last, and of each part of the time between the lowest and the highest. */
export function thin(points: readonly DatedEquity[], most: number): readonly DatedEquity[] {
  const ordered = points.toSorted((a, b) => a.atMs - b.atMs);
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (first === undefined || last === undefined || ordered.length <= most) return ordered;
  const parts = Math.floor((most - 2) / 2);
  const partMs = Math.max(1, (last.atMs - first.atMs + 1) / parts);
  const low = new Map<number, DatedEquity>();
  const high = new Map<number, DatedEquity>();
  for (const point of ordered) {
    const part = Math.floor((point.atMs - first.atMs) / partMs);
    if (point.equity < (low.get(part)?.equity ?? Number.POSITIVE_INFINITY)) low.set(part, point);
    if (point.equity > (high.get(part)?.equity ?? Number.NEGATIVE_INFINITY)) high.set(part, point);
  }
  const taken = new Map([first, ...low.values(), ...high.values(), last].map((point) => [point.atMs, point]));
  return [...taken.values()].sort((a, b) => a.atMs - b.atMs);
}
