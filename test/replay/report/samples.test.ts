import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatChance,
  formatInterval,
  formatNumber,
  formatPercent,
} from '../../../daemon/evaluation/report/numbers.ts';
import {
  buildCrashSample,
  buildCurveSample,
  findWorstBar,
  KNOWN_CRASH_MS,
  type SampledRun,
} from '../../../daemon/evaluation/report/sampled-runs.ts';

const HOUR_MS = 3_600_000;

function sampleFrom(startMs: number, equity: readonly number[]): SampledRun {
  return {
    variant: 'Full',
    scenario: { attack: 'heavy', sides: 'clairvoyant', capsScale: 0.25 },
    seed: 1,
    agent: 'momentum',
    atMs: equity.map((_, i) => startMs + i * HOUR_MS),
    equity,
    gross: equity.map(() => 1),
    regimes: { BTCUSDT: equity.map(() => 'calm' as const) },
    g: equity.map(() => 1),
    h: equity.map(() => 1),
  };
}

test('down-sampling keeps the deepest trough and never more points than are drawn', () => {
  const equity = Array.from({ length: 5000 }, (_, i) => (i === 3333 ? 40 : 100));
  const curve = buildCurveSample(sampleFrom(0, equity));
  assert.ok(curve.times.length <= 320, `${curve.times.length} points`);
  assert.ok(Math.max(...curve.drawdown) > 0.599, 'the trough');
  assert.equal(Math.min(...curve.equity), 40, 'its equity');
  assert.equal(curve.scenario, 'heavy/clairvoyant/x0.25', 'scenario');
});

test('the crash window lies around 2025-10-10 when the data hold it, else around the worst bar', () => {
  const long = Array.from({ length: 400 }, (_, i) => (i < 300 ? 100 : 90));
  const known = buildCrashSample(sampleFrom(KNOWN_CRASH_MS - 200 * HOUR_MS, long), 0)!;
  assert.ok(known.times[0]! <= KNOWN_CRASH_MS && known.times.at(-1)! >= KNOWN_CRASH_MS, 'holds the crash');
  assert.equal(known.times.length, 97, '36 hours before to 60 after');
  const other = sampleFrom(0, long);
  assert.equal(findWorstBar([other]), 300 * HOUR_MS, 'worst bar');
  const around = buildCrashSample(other, findWorstBar([other]))!;
  assert.equal(around.times[0], 264 * HOUR_MS, 'starts 36 hours before it');
  assert.equal(around.regimes.BTCUSDT!.length, around.times.length, 'series of one length');
  assert.equal(buildCrashSample(other, 10_000 * HOUR_MS), null, 'no bar there');
});

test('numbers read the same everywhere', () => {
  const cases: readonly (readonly [number | null, string])[] = [
    [null, 'n/a'],
    [0, '0'],
    [0.46432, '0.464'],
    [-0.001363, '\u22120.00136'],
    [0.000048, '4.80e\u22125'],
    [123.4, '123'],
    [1234567.8, '1,234,568'],
    [-2500, '\u22122,500'],
  ];
  for (const [value, text] of cases) assert.equal(formatNumber(value), text, `${value}`);
  assert.equal(formatChance(0), '< 1e\u221215', 'no p value is 0');
  assert.equal(formatPercent(-0.931), '\u221293.1 %', 'percent');
  assert.equal(formatInterval({ mean: 0.5, lo: 0.25, hi: 0.75 }), '0.500 (0.250 to 0.750)', 'interval');
});
