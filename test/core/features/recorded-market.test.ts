import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Bar,
  classifyRegime,
  type MarketFeatures,
  type RegimeVerdict,
} from '../../../daemon/core/features/market.ts';
import { MarketFeatureWindow } from '../../../daemon/core/features/market-window.ts';
import { readBarRows, WINDOW_BARS } from '../../fixtures/recorded.ts';
import { market } from './market-section.ts';

const BAR_MS = 900_000;
const CRASH_MS = Date.UTC(2025, 9, 10, 21, 15);

function readBars(symbol: string, part: 'warmup' | 'window'): Bar[] {
  return readBarRows(symbol, part).map((row) => {
    const [open_time_ms, open, high, low, close, volume] = row;
    return { open_time_ms: open_time_ms!, open: open!, high: high!, low: low!, close: close!, volume: volume! };
  });
}

interface Labelled {
  readonly bar: Bar;
  readonly features: MarketFeatures;
  readonly verdict: RegimeVerdict;
}
/** Labels of the main window, the warm-up bars fed before; funding plays no part. */
function labelWindow(symbol: string): Labelled[] {
  const window = new MarketFeatureWindow(BAR_MS, market);
  for (const bar of readBars(symbol, 'warmup')) window.applyBar(bar);
  return readBars(symbol, 'window').map((bar) => {
    assert.equal(window.applyBar(bar).kind, 'applied');
    const features = window.readClosed()!;
    return { bar, features, verdict: classifyRegime({ ...features, funding_rate_8h: 0 }, market) };
  });
}

/** Counted from the same files by a few lines of another language, from the wording of SAE-VOL alone. */
const expectations = [
  { symbol: 'BTCUSDT', volatileBars: 781, extremeBars: 74 },
  { symbol: 'ETHUSDT', volatileBars: 644, extremeBars: 69 },
] as const;

for (const { symbol, volatileBars, extremeBars } of expectations) {
  test(`SAE-VOL: ${volatileBars} of ${WINDOW_BARS} recorded ${symbol} bars are at least volatile, ${extremeBars} extreme`, (t) => {
    const labels = labelWindow(symbol);
    assert.equal(labels.length, WINDOW_BARS);
    const byVolatility = labels.filter(({ verdict }) => verdict.regime !== 'calm' && verdict.cause !== 'liquidity');
    const extreme = labels.filter(({ verdict }) => verdict.regime === 'extreme');
    const illiquid = labels.filter(({ verdict }) => verdict.cause === 'liquidity');
    t.diagnostic(
      `volatile or above ${byVolatility.length}, extreme ${extreme.length}, volatile by liquidity alone ${illiquid.length} of ${labels.length}`,
    );
    assert.deepEqual([byVolatility.length, extreme.length], [volatileBars, extremeBars]);
    assert.ok(illiquid.length / labels.length < 0.03);
  });

  test(`the bar of the crash of 2025-10-10 21:15 is extreme for ${symbol} at once`, () => {
    const labels = labelWindow(symbol);
    const at = labels.findIndex(({ bar }) => bar.open_time_ms === CRASH_MS);
    assert.equal(labels[at]!.verdict.regime, 'extreme');
    // Live, a mark at the low of the bar is extreme before the bar has closed.
    const window = new MarketFeatureWindow(BAR_MS, market);
    for (const bar of readBars(symbol, 'window')) {
      if (bar.open_time_ms === CRASH_MS) {
        const live = window.readLive(bar.low)!;
        assert.equal(classifyRegime({ ...live, funding_rate_8h: 0 }, market).regime, 'extreme');
        break;
      }
      window.applyBar(bar);
    }
  });

  test(`no label of ${symbol} on recorded bars depends on a later bar`, () => {
    const labels = labelWindow(symbol);
    const window = new MarketFeatureWindow(BAR_MS, market);
    for (const bar of readBars(symbol, 'warmup')) window.applyBar(bar);
    const until = labels.findIndex(({ bar }) => bar.open_time_ms === CRASH_MS);
    for (const { bar, features } of labels.slice(0, until)) {
      window.applyBar(bar);
      assert.deepEqual(window.readClosed(), features);
    }
  });
}
