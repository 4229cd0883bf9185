import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  classifyRegime,
  fundingRatePer8h,
  highestRegime,
  type RegimeInput,
} from '../../../daemon/core/features/market.ts';
import { REGIMES } from '../../../daemon/core/policy.ts';
import { market } from './market-section.ts';

const calm: RegimeInput = {
  bar_ms: 900_000,
  bar_count: 500,
  history_count: 439,
  sigma: 0.005,
  sigma_baseline: 0.01,
  jump_ratio: 1,
  liquidity: 1000,
  liquidity_floor: 900,
  funding_rate_8h: 0.0001,
};
const ULP = 1e-12;

const table: readonly [string, Partial<RegimeInput>, string, string][] = [
  ['a quiet market', {}, 'calm', 'none'],
  ['sigma just below its baseline [PK-81]', { sigma: 0.01 - ULP }, 'calm', 'none'],
  ['sigma at its baseline [PK-81]', { sigma: 0.01 }, 'volatile', 'volatility_ratio'],
  ['sigma just above its baseline', { sigma: 0.01 + ULP }, 'volatile', 'volatility_ratio'],
  ['sigma just below twice its baseline [PK-82]', { sigma: 0.02 - ULP }, 'volatile', 'volatility_ratio'],
  ['sigma at twice its baseline [PK-82]', { sigma: 0.02 }, 'extreme', 'volatility_ratio'],
  ['sigma just above twice its baseline', { sigma: 0.02 + ULP }, 'extreme', 'volatility_ratio'],
  ['sigma just below the volatile floor [PK-83]', { sigma: 0.025 - ULP, sigma_baseline: 1 }, 'calm', 'none'],
  ['sigma at the volatile floor [PK-83]', { sigma: 0.025, sigma_baseline: 1 }, 'volatile', 'volatility_absolute'],
  ['sigma just above the volatile floor', { sigma: 0.025 + ULP, sigma_baseline: 1 }, 'volatile', 'volatility_absolute'],
  [
    'sigma just below the extreme floor [PK-84]',
    { sigma: 0.06 - ULP, sigma_baseline: 1 },
    'volatile',
    'volatility_absolute',
  ],
  ['sigma at the extreme floor [PK-84]', { sigma: 0.06, sigma_baseline: 1 }, 'extreme', 'volatility_absolute'],
  ['sigma just above the extreme floor', { sigma: 0.06 + ULP, sigma_baseline: 1 }, 'extreme', 'volatility_absolute'],
  ['a move just below a jump [PK-85]', { jump_ratio: 6 - ULP }, 'calm', 'none'],
  ['a jump [PK-85]', { jump_ratio: 6 }, 'extreme', 'jump'],
  ['a move just above a jump', { jump_ratio: 6 + ULP }, 'extreme', 'jump'],
  ['funding just below extreme [PK-87]', { funding_rate_8h: 0.01 - ULP }, 'calm', 'none'],
  ['extreme funding [PK-87]', { funding_rate_8h: 0.01 }, 'extreme', 'funding'],
  ['funding just above extreme', { funding_rate_8h: 0.01 + ULP }, 'extreme', 'funding'],
  ['funding just above the negative extreme', { funding_rate_8h: -0.01 + ULP }, 'calm', 'none'],
  ['extreme negative funding [PK-87]', { funding_rate_8h: -0.01 }, 'extreme', 'funding'],
  ['unknown funding', { funding_rate_8h: null }, 'volatile', 'unknown'],
  ['liquidity just below its floor [AN-106 PK-89]', { liquidity: 900 - 1e-9 }, 'volatile', 'liquidity'],
  ['liquidity at its floor [PK-89]', { liquidity: 900 }, 'calm', 'none'],
  ['liquidity just above its floor', { liquidity: 900 + 1e-9 }, 'calm', 'none'],
  ['one value less than the least history [PK-80]', { history_count: 239 }, 'volatile', 'history'],
  ['the least history [PK-80]', { history_count: 240 }, 'calm', 'none'],
  ['one bar less than the window', { bar_count: 59 }, 'volatile', 'history'],
  ['just the window since a gap', { bar_count: 60 }, 'calm', 'none'],
  ['a jump without history', { history_count: 0, sigma_baseline: null, jump_ratio: 6 }, 'extreme', 'jump'],
  ['no volatility', { sigma: null }, 'volatile', 'unknown'],
  ['no jump ratio', { jump_ratio: null }, 'volatile', 'unknown'],
  ['no baseline', { sigma_baseline: null }, 'volatile', 'unknown'],
  ['a baseline of zero without a move', { sigma: 0, sigma_baseline: 0 }, 'volatile', 'unknown'],
  ['any move against a baseline of zero', { sigma: 1e-9, sigma_baseline: 0 }, 'extreme', 'volatility_ratio'],
  ['no liquidity', { liquidity: null }, 'volatile', 'unknown'],
  ['no liquidity floor', { liquidity_floor: null }, 'volatile', 'unknown'],
  ['a sigma that is not a number', { sigma: Number.NaN }, 'volatile', 'unknown'],
  ['a jump that is not a number', { jump_ratio: Number.NaN }, 'volatile', 'unknown'],
  ['a baseline that is not a number', { sigma_baseline: Number.NaN }, 'extreme', 'volatility_ratio'],
  ['funding that is not a number', { funding_rate_8h: Number.NaN }, 'volatile', 'unknown'],
  ['a bar count that is not a number', { bar_count: Number.NaN }, 'volatile', 'history'],
];

for (const [name, change, regime, cause] of table) {
  test(`SAE-M: ${name} is ${regime}`, () => {
    const verdict = classifyRegime({ ...calm, ...change }, market);
    assert.deepEqual([verdict.regime, verdict.cause], [regime, cause]);
  });
}

test('the verdict shows the figure and the threshold it met', () => {
  assert.deepEqual(classifyRegime({ ...calm, sigma: 0.0231 }, market), {
    regime: 'extreme',
    cause: 'volatility_ratio',
    observed: 0.0231 / 0.01,
    limit: 2,
  });
});

test('absolute floors hold for the same time span when the bars do not divide it', () => {
  // 60 bars of 15 minutes are 15 hours: 15 bars of 1 h exactly, 4 bars of 4 h are 16 hours.
  const hourly = { ...calm, bar_ms: 3_600_000, sigma_baseline: 1 };
  assert.equal(classifyRegime({ ...hourly, sigma: 0.025 - ULP }, market).regime, 'calm');
  assert.equal(classifyRegime({ ...hourly, sigma: 0.025 }, market).regime, 'volatile');
  const fourHourly = { ...calm, bar_ms: 14_400_000, sigma_baseline: 1 };
  const floor = 0.025 * Math.sqrt(16 / 15);
  assert.equal(classifyRegime({ ...fourHourly, sigma: floor - ULP }, market).regime, 'calm');
  assert.equal(classifyRegime({ ...fourHourly, sigma: floor + ULP }, market).regime, 'volatile');
});

test('history and window counts are scaled to the bars in use', () => {
  const hourly = { ...calm, bar_ms: 3_600_000, bar_count: 61, history_count: 60 };
  assert.equal(classifyRegime(hourly, market).regime, 'calm');
  assert.equal(classifyRegime({ ...hourly, history_count: 59 }, market).cause, 'history');
  assert.equal(classifyRegime({ ...hourly, bar_count: 14 }, market).cause, 'history');
});

test('SAE-FUND: a funding rate is scaled to 8 hours [PK-87]', () => {
  assert.equal(fundingRatePer8h(0.0025, 4), 0.005);
  assert.equal(fundingRatePer8h(-0.001, 1), -0.008);
  assert.equal(fundingRatePer8h(0.0001, 8), 0.0001);
});

test('the higher of two regimes', () => {
  REGIMES.forEach((a, i) => {
    REGIMES.forEach((b, j) => {
      assert.equal(highestRegime(a, b), REGIMES[Math.max(i, j)]);
    });
  });
});
