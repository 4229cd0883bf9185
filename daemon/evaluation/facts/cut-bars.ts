import type { SymbolBars } from './markets.ts';

/** The bars of a symbol that open within [fromMs, endMs), with the funding and the gaps before the end. */
export function cutBars(bars: SymbolBars, fromMs: number, endMs: number): SymbolBars {
  const from = Math.max(
    0,
    bars.openMs.findIndex((ms) => ms >= fromMs),
  );
  const found = bars.openMs.findIndex((ms) => ms >= endMs);
  const to = found < 0 ? bars.openMs.length : found;
  return {
    ...bars,
    openMs: bars.openMs.slice(from, to),
    open: bars.open.slice(from, to),
    high: bars.high.slice(from, to),
    low: bars.low.slice(from, to),
    close: bars.close.slice(from, to),
    volume: bars.volume.slice(from, to),
    funding: bars.funding.filter(({ atMs }) => atMs < endMs),
    gaps: bars.gaps.filter(({ afterOpenMs }) => afterOpenMs < endMs),
  };
}
