import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildRegimeTape } from '../../daemon/judge/judge.ts';
import { readScope } from '../../daemon/judge/scope.ts';
import { readMarketData } from '../../daemon/replay/market/read.ts';

const FOLDER = fileURLToPath(new URL('../../../shared/market-data', import.meta.url));
const skip = existsSync(FOLDER) ? false : `no recorded market in ${FOLDER}`;

test('SAE-VOL: about 35 % (BTC) and 42 % (ETH) of the recorded bars are at least volatile', { skip }, () => {
  const data = readMarketData(FOLDER);
  const { market } = readScope();
  for (const [symbol, expected] of [
    ['BTCUSDT', 0.35],
    ['ETHUSDT', 0.42],
  ] as const) {
    const bars = data.symbols.find((entry) => entry.instrument.symbol === symbol);
    assert.ok(bars !== undefined, `${symbol} was recorded`);
    const tape = buildRegimeTape(bars, data.barMs, market);
    const labels = [...tape.label].filter((_, i) => tape.openMs[i]! >= data.startMs);
    const share = labels.filter((label) => label >= 1).length / labels.length;
    assert.ok(Math.abs(share - expected) < 0.04, `${symbol}: ${share}`);
    assert.ok(labels.includes(2), `${symbol} is extreme at times`);
  }
});

test('SAE-VOL: the crash of 2025-10-10 is extreme', { skip }, () => {
  const data = readMarketData(FOLDER);
  for (const bars of data.symbols) {
    const tape = buildRegimeTape(bars, data.barMs, readScope().market);
    const at = tape.openMs.indexOf(Date.UTC(2025, 9, 10, 21, 15));
    assert.equal(tape.label[at], 2, bars.instrument.symbol);
  }
});
