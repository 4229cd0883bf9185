import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MarketSection } from '../../../daemon/core/policy.ts';
import { LiveMarket } from '../../../daemon/engine/readings/live-market.ts';
import type { Bar } from '../../../daemon/engine/records/venue.ts';
import { basePolicy } from '../../core/decision-fixture.ts';

const BAR_MS = basePolicy.market.bar_ms;

/** Four bars a window, with baselines of so many. */
function section(volatilityBars: number, liquidityBars: number): MarketSection {
  const { liquidity, volatility } = basePolicy.market;
  return {
    ...basePolicy.market,
    volatility: { ...volatility, window_bars: 4, baseline_bars: volatilityBars, min_history_bars: 4 },
    liquidity: { ...liquidity, ema_bars: 4, baseline_bars: liquidityBars },
  };
}
const bars = (count: number): readonly Bar[] =>
  Array.from({ length: count }, (_, i) => {
    const close = 60_000 + 100 * Math.sin(i);
    const [high, low] = [close + 50, close - 50];
    return { openTimeMs: i * BAR_MS, open: close, high, low, close, volume: 10 + (i % 7) };
  });

describe('the bars that are held', () => {
  it('are as many as the longer baseline needs: what is built anew says the same', () => {
    const market = new LiveMarket(section(8, 200));
    market.applyBars('BTCUSDT', bars(400));
    const before = market.closedFeatures('BTCUSDT');
    assert.ok(market.bars('BTCUSDT').length >= 205, `${market.bars('BTCUSDT').length}`);
    market.usePolicy({ ...section(8, 200), collar_bps: basePolicy.market.collar_bps + 1 });
    assert.deepEqual(market.closedFeatures('BTCUSDT'), before);
  });

  it('are read anew where a policy looks further back, and kept where it does not', () => {
    const market = new LiveMarket(section(8, 8));
    market.applyBars('BTCUSDT', bars(400));
    market.usePolicy(section(7, 8));
    assert.notEqual(market.lastBarOpenMs('BTCUSDT'), null);
    market.usePolicy(section(100, 8));
    assert.equal(market.lastBarOpenMs('BTCUSDT'), null, 'older ones are missing');
    assert.equal(market.closedFeatures('BTCUSDT'), null);
    market.applyBars('BTCUSDT', bars(400));
    assert.notEqual(market.closedFeatures('BTCUSDT'), null);
  });
});
