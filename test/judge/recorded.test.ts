import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRegimeTape } from '../../daemon/evaluation/judge/judge.ts';
import { readScope } from '../../daemon/evaluation/judge/scope.ts';
import { readMarketData } from '../../daemon/evaluation/market/read.ts';
import { MARKET_FOLDER } from '../fixtures/recorded.ts';

test('SAE-VOL: 781 (BTC) and 644 (ETH) of the 1,344 recorded bars are volatile, and a few more by hold or liquidity', () => {
  const data = readMarketData(MARKET_FOLDER);
  const { market } = readScope();
  for (const [symbol, expected] of [
    ['BTCUSDT', 781 / 1344],
    ['ETHUSDT', 644 / 1344],
  ] as const) {
    const bars = data.symbols.find((entry) => entry.instrument.symbol === symbol);
    assert.ok(bars !== undefined, `${symbol} was recorded`);
    const tape = buildRegimeTape(bars, data.barMs, market);
    const labels = [...tape.label].filter((_, i) => tape.openMs[i]! >= data.startMs);
    const share = labels.filter((label) => label >= 1).length / labels.length;
    assert.ok(share >= expected && share < expected + 0.04, `${symbol}: ${share}`);
    assert.ok(labels.includes(2), `${symbol} is extreme at times`);
  }
});

test('SAE-VOL: the crash of 2025-10-10 is extreme', () => {
  const data = readMarketData(MARKET_FOLDER);
  for (const bars of data.symbols) {
    const tape = buildRegimeTape(bars, data.barMs, readScope().market);
    const at = tape.openMs.indexOf(Date.UTC(2025, 9, 10, 21, 15));
    assert.equal(tape.label[at], 2, bars.instrument.symbol);
  }
});
