import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCurveSample } from '../../../daemon/evaluation/report/curve-samples.ts';
import {
  formatChance,
  formatInterval,
  formatNumber,
  formatPercent,
} from '../../../daemon/evaluation/report/numbers.ts';
import { BAR_MS, buildRun, keyOf, START_MS } from '../metrics/run-fixture.ts';

test('down-sampling keeps the deepest trough and never more points than are drawn', () => {
  const equity = Array.from({ length: 5000 }, (_, i) => (i === 3333 ? 40 : 100));
  const key = keyOf({ attack: 'heavy', sides: 'clairvoyant', capsScale: 0.25 });
  const curve = buildCurveSample(buildRun([100, ...equity], { key }), BAR_MS);
  assert.ok(curve.times.length <= 320, `${curve.times.length} points`);
  assert.ok(Math.max(...curve.drawdown) > 0.599, 'the trough');
  const trough = curve.equity.indexOf(40);
  assert.equal(curve.times[trough], START_MS + 3334 * BAR_MS, 'its equity, at the close of its bar');
  assert.equal(curve.scenario, 'heavy/clairvoyant/x0.25', 'scenario');
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
