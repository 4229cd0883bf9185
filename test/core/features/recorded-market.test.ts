import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Bar } from '../../../daemon/core/features/bars.ts';
import { classifyRegime, type MarketFeatures, type RegimeVerdict } from '../../../daemon/core/features/market.ts';
import { MarketFeatureWindow } from '../../../daemon/core/features/market-window.ts';
import { market } from './market-section.ts';

const folder = fileURLToPath(new URL('../../../../shared/market-data/', import.meta.url));
const skip = existsSync(folder) ? false : 'the recorded market data is not here';
const BAR_MS = 900_000;
const CRASH_MS = Date.UTC(2025, 9, 10, 21, 15);

function readBars(name: string): Bar[] {
  const lines = readFileSync(`${folder}${name}`, 'utf8').trimEnd().split('\n').slice(1);
  return lines.map((line) => {
    const [open_time_ms, open, high, low, close, volume] = line.split(',').map(Number);
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
  for (const bar of readBars(`${symbol}-um-15m-20250817-20250901-warmup.csv`)) window.applyBar(bar);
  return readBars(`${symbol}-um-15m-20250901-20251201.csv`).map((bar) => {
    assert.equal(window.applyBar(bar).kind, 'applied');
    const features = window.readClosed()!;
    return { bar, features, verdict: classifyRegime({ ...features, funding_rate_8h: 0 }, market) };
  });
}

const expectations = [
  { symbol: 'BTCUSDT', volatileShare: 0.35, extremeShare: 0.0144 },
  { symbol: 'ETHUSDT', volatileShare: 0.418, extremeShare: 0.0179 },
] as const;

for (const { symbol, volatileShare, extremeShare } of expectations) {
  test(`SAE-VOL: about ${volatileShare * 100} % of the recorded ${symbol} bars are at least volatile`, {
    skip,
  }, (t) => {
    const labels = labelWindow(symbol);
    assert.equal(labels.length, 8736);
    const byVolatility = labels.filter(({ verdict }) => verdict.regime !== 'calm' && verdict.cause !== 'liquidity');
    const extreme = labels.filter(({ verdict }) => verdict.regime === 'extreme');
    const illiquid = labels.filter(({ verdict }) => verdict.cause === 'liquidity');
    t.diagnostic(
      `volatile or above ${byVolatility.length}, extreme ${extreme.length}, volatile by liquidity alone ${illiquid.length} of 8736`,
    );
    assert.ok(Math.abs(byVolatility.length / labels.length - volatileShare) < 0.002);
    assert.ok(Math.abs(extreme.length / labels.length - extremeShare) < 0.001);
    assert.ok(illiquid.length / labels.length < 0.03);
  });

  test(`the bar of the crash of 2025-10-10 21:15 is extreme for ${symbol} at once`, { skip }, () => {
    const labels = labelWindow(symbol);
    const at = labels.findIndex(({ bar }) => bar.open_time_ms === CRASH_MS);
    assert.equal(labels[at]!.verdict.regime, 'extreme');
    // Live, a mark at the low of the bar is extreme before the bar has closed.
    const window = new MarketFeatureWindow(BAR_MS, market);
    for (const bar of readBars(`${symbol}-um-15m-20250901-20251201.csv`)) {
      if (bar.open_time_ms === CRASH_MS) {
        const live = window.readLive(bar.low)!;
        assert.equal(classifyRegime({ ...live, funding_rate_8h: 0 }, market).regime, 'extreme');
        break;
      }
      window.applyBar(bar);
    }
  });

  test(`no label of ${symbol} on recorded bars depends on a later bar`, { skip }, () => {
    const labels = labelWindow(symbol);
    const window = new MarketFeatureWindow(BAR_MS, market);
    for (const bar of readBars(`${symbol}-um-15m-20250817-20250901-warmup.csv`)) window.applyBar(bar);
    const until = labels.findIndex(({ bar }) => bar.open_time_ms === CRASH_MS);
    for (const { bar, features } of labels.slice(0, until)) {
      window.applyBar(bar);
      assert.deepEqual(window.readClosed(), features);
    }
  });
}
