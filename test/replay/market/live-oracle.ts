import assert from 'node:assert/strict';
import { scaleBarCount } from '../../../daemon/core/features/market.ts';
import type { MarketSection } from '../../../daemon/core/policy.ts';
import { LiveMarket } from '../../../daemon/engine/readings/live-market.ts';
import type { FundingPoint, MarketData, SymbolBars } from '../../../daemon/evaluation/facts/markets.ts';
import type { MarketTrack } from '../../../daemon/evaluation/market/track.ts';
import { pathTicks, STEPS_PER_BAR } from '../../../daemon/exchange-sim/market/bars.ts';

/** The same policy written for bars of another length: the gate itself only ever sees bars of its policy's length. */
export function sectionForBars(section: MarketSection, barMs: number): MarketSection {
  const scale = (count: number): number => scaleBarCount(count, section.bar_ms, barMs);
  const { volatility, liquidity } = section;
  return {
    ...section,
    bar_ms: barMs,
    regime_hold_bars: scale(section.regime_hold_bars),
    volatility: {
      ...volatility,
      window_bars: scale(volatility.window_bars),
      baseline_bars: scale(volatility.baseline_bars),
      min_history_bars: scale(volatility.min_history_bars),
    },
    liquidity: { ...liquidity, ema_bars: scale(liquidity.ema_bars), baseline_bars: scale(liquidity.baseline_bars) },
  };
}

function settledAt(points: readonly FundingPoint[], atMs: number): FundingPoint {
  return points.findLast((point) => point.atMs <= atMs) ?? { atMs: 0, rate: 0, intervalMs: 28_800_000 };
}

/**
 * Feeds the gate's own market view with the history's bars, then with the 21 marks and the close of every judged bar of
 * a symbol, and compares what it holds at every step with the track. `isLowFirst`: direction of a bar by its index.
 * Returns the number of steps compared, and of those at which the regime was another than the step before.
 */
export function compareWithLiveMarket(
  market: MarketData,
  section: MarketSection,
  track: MarketTrack,
  symbolIndex: number,
  isLowFirst: (bar: number) => boolean,
): { readonly steps: number; readonly changes: number } {
  const bars = market.symbols[symbolIndex]!;
  const { symbol } = bars.instrument;
  const live = new LiveMarket(sectionForBars(section, market.barMs));
  let steps = 0;
  let changes = 0;
  let before = '';
  for (let i = 0; i < bars.openMs.length; i++) {
    const openMs = bars.openMs[i]!;
    if (openMs >= market.startMs) {
      for (let step = 0; step <= STEPS_PER_BAR; step++) {
        const mark = quote(live, market, bars, { i, step, isLowFirst: isLowFirst(i) });
        const seen = live.symbol(symbol)!;
        const where = `${symbol}, bar ${i}, step ${step}, low ${isLowFirst(i) ? 'first' : 'last'}`;
        const held = track.held(symbolIndex, i, isLowFirst(i), step);
        assert.equal(held, seen.heldRegime, `held regime: ${where}`);
        assert.deepEqual(track.live(symbolIndex, i, mark), seen.features, `live features: ${where}`);
        assert.equal(
          track.fundingRate8h(symbolIndex, openMs + (step * market.barMs) / STEPS_PER_BAR),
          seen.fundingRate8h,
          `funding: ${where}`,
        );
        if (held !== before) changes += 1;
        before = held;
        steps += 1;
      }
    }
    assert.deepEqual(track.closed(symbolIndex, i), live.closedFeatures(symbol), `closed features as bar ${i} opens`);
    applyBar(live, symbol, bars, i);
  }
  return { steps, changes };
}

function quote(
  live: LiveMarket,
  { barMs }: MarketData,
  bars: SymbolBars,
  { i, step, isLowFirst }: { readonly i: number; readonly step: number; readonly isLowFirst: boolean },
): number {
  const { symbol, tickMantissa, tickScale } = bars.instrument;
  const toTicks = (price: number): number => Math.round((price * tickScale) / tickMantissa);
  const ticks = pathTicks(
    {
      openMs: bars.openMs[i]!,
      open: toTicks(bars.open[i]!),
      high: toTicks(bars.high[i]!),
      low: toTicks(bars.low[i]!),
      close: toTicks(bars.close[i]!),
      volume: bars.volume[i]!,
    },
    isLowFirst,
    step,
  );
  const mark = (ticks * tickMantissa) / tickScale;
  const atMs = bars.openMs[i]! + (step * barMs) / STEPS_PER_BAR;
  const funding = settledAt(bars.funding, atMs);
  live.applyQuote({
    symbol,
    mark,
    markAtMs: atMs,
    bid: mark,
    ask: mark,
    quoteAtMs: atMs,
    fundingRate: funding.rate,
    fundingIntervalMs: funding.intervalMs,
    nextFundingAtMs: atMs + funding.intervalMs,
  });
  return mark;
}

function applyBar(live: LiveMarket, symbol: string, bars: SymbolBars, i: number): void {
  const bar = {
    symbol,
    openTimeMs: bars.openMs[i]!,
    open: bars.open[i]!,
    high: bars.high[i]!,
    low: bars.low[i]!,
    close: bars.close[i]!,
    volume: bars.volume[i]!,
  };
  assert.equal(live.applyBars(symbol, [bar]).applied, 1, `the gate takes bar ${i}`);
}
