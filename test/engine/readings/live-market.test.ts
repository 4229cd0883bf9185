import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LiveMarket } from '../../../daemon/engine/readings/live-market.ts';
import type { Bar } from '../../../daemon/engine/records/venue.ts';
import { market } from '../../core/features/market-section.ts';

const HOUR_MS = 3_600_000;
const bar = (openTimeMs: number): Bar => ({ openTimeMs, open: 100, high: 110, low: 90, close: 105, volume: 7 });

describe('LiveMarket', () => {
  it('reads the bars anew where a policy counts bars of another length: those it had are none of them', () => {
    const live = new LiveMarket(market);
    live.applyBars(
      'BTCUSDT',
      Array.from({ length: 8 }, (_, index) => bar(index * market.bar_ms)),
    );
    live.usePolicy({ ...market, bar_ms: HOUR_MS });
    assert.deepEqual(
      [live.bars('BTCUSDT'), live.lastBarOpenMs('BTCUSDT'), live.closedFeatures('BTCUSDT')],
      [[], null, null],
    );
    assert.equal(live.applyBars('BTCUSDT', [bar(0), bar(HOUR_MS)]).applied, 2);
    assert.equal(live.closedFeatures('BTCUSDT')?.bar_ms, HOUR_MS);
  });

  it('counts the bars that it has again where another policy only has other windows', () => {
    const live = new LiveMarket(market);
    live.applyBars('BTCUSDT', [bar(0), bar(market.bar_ms)]);
    live.usePolicy({ ...market, volatility: { ...market.volatility, window_bars: 5 } });
    assert.deepEqual([live.bars('BTCUSDT').length, live.closedFeatures('BTCUSDT')?.bar_count], [2, 2]);
  });
});
