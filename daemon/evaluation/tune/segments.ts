import type { MarketData, SymbolBars } from '../facts/markets.ts';
import { DAY_MS } from '../metrics/bootstrap-plan.ts';
import { LEAST_DAYS } from '../metrics/intervals.ts';
import { TuneError } from './errors.ts';

export const SEGMENTS = ['tuning', 'out_of_sample'] as const;
export type SegmentName = (typeof SEGMENTS)[number];

/**
 * First instant of the out-of-sample segment: the bar that opens the UTC day after `share` of the judged window, so that
 * no day belongs to both.
 *
 * @throws TuneError when one of the two would be shorter than the days from which a curve says anything
 */
export function findSplit(market: MarketData, share: number): number {
  const { startMs, endMs, barMs } = market;
  const day = Math.floor((startMs + share * (endMs - startMs)) / DAY_MS) * DAY_MS;
  const splitMs = startMs + Math.max(0, Math.ceil((day - startMs) / barMs)) * barMs;
  const tuningDays = (splitMs - startMs) / DAY_MS;
  const outDays = (endMs - splitMs) / DAY_MS;
  if (tuningDays >= LEAST_DAYS && outDays >= LEAST_DAYS) return splitMs;
  throw new TuneError(
    `a split at ${share} leaves ${tuningDays.toFixed(1)} days to tune on and ${outDays.toFixed(1)} out of sample: ` +
      `each needs ${LEAST_DAYS}. Give more data, or another --split.`,
  );
}

/**
 * One of the two segments as a market of its own. The tuning segment has nothing after the split, neither bars nor
 * funding; to the other, all that lies before is history. Both start with a fresh account.
 *
 * @throws TuneError when a symbol has no bar to judge in it
 */
export function cutSegment(market: MarketData, splitMs: number, segment: SegmentName): MarketData {
  const isTuning = segment === 'tuning';
  const cut: MarketData = isTuning
    ? { ...market, endMs: splitMs, symbols: market.symbols.map((bars) => cutBefore(bars, splitMs)) }
    : { ...market, startMs: splitMs };
  for (const { openMs, instrument } of cut.symbols) {
    if (openMs.some((at) => at >= cut.startMs)) continue;
    const side = isTuning ? 'before' : 'after';
    throw new TuneError(`${instrument.symbol} has no bars ${side} the split at ${new Date(splitMs).toISOString()}`);
  }
  return cut;
}

function cutBefore(bars: SymbolBars, endMs: number): SymbolBars {
  const found = bars.openMs.findIndex((openMs) => openMs >= endMs);
  const count = found < 0 ? bars.openMs.length : found;
  return {
    ...bars,
    openMs: bars.openMs.slice(0, count),
    open: bars.open.slice(0, count),
    high: bars.high.slice(0, count),
    low: bars.low.slice(0, count),
    close: bars.close.slice(0, count),
    volume: bars.volume.slice(0, count),
    funding: bars.funding.filter((point) => point.atMs < endMs),
    gaps: bars.gaps.filter((gap) => gap.afterOpenMs < endMs),
  };
}
