import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlidingOrderStatistic } from '../../../daemon/core/features/order-statistic.ts';
import { forAll } from '../../for-all.ts';

function nearestRank(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? null;
}

/** Few distinct values among the arbitrary ones, so that ties are common. */
const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }));

test('every quantile equals the nearest rank of the sorted last n values', () => {
  const quantile = fc.oneof(fc.constantFrom(0.02, 0.5, 0.75, 1), fc.double({ min: 1e-6, max: 1, noNaN: true }));
  forAll(
    [fc.integer({ min: 1, max: 40 }), fc.array(value, { maxLength: 200 }), quantile],
    { seed: 20251010, numRuns: 300 },
    (capacity, values, q) => {
      const window = new SlidingOrderStatistic(capacity);
      assert.equal(window.quantile(q), null);
      values.forEach((next, i) => {
        window.push(next, i);
        const expected = nearestRank(values.slice(Math.max(0, i + 1 - capacity), i + 1), q);
        assert.equal(window.quantile(q), expected === 0 ? 0 : expected);
        assert.equal(window.size, Math.min(capacity, i + 1));
      });
    },
  );
});

test('values that have aged out by their stamp are forgotten', () => {
  forAll(
    [
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.tuple(value, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 12 })), { maxLength: 120 }),
    ],
    { seed: 7, numRuns: 300 },
    (capacity, steps) => {
      const window = new SlidingOrderStatistic(capacity);
      let held: { value: number; stamp: number }[] = [];
      let now = 0;
      for (const [next, elapsed, age] of steps) {
        now += elapsed;
        window.push(next, now);
        held = [...held, { value: next, stamp: now }].slice(-capacity);
        window.evictThrough(now - age - 1);
        held = held.filter((entry) => entry.stamp > now - age - 1);
        const expected = nearestRank(
          held.map((entry) => entry.value),
          0.75,
        );
        assert.equal(window.size, held.length);
        assert.equal(window.quantile(0.75), expected === 0 ? 0 : expected);
      }
    },
  );
});

test('an upward series, a downward series and equal values keep exact ranks through a full window', () => {
  for (const series of [(i: number) => i, (i: number) => -i, () => 1]) {
    const window = new SlidingOrderStatistic(2880);
    const values: number[] = [];
    for (let i = 0; i < 6000; i++) {
      values.push(series(i));
      window.push(series(i), i);
    }
    assert.equal(window.quantile(0.75), nearestRank(values.slice(-2880), 0.75));
    assert.equal(window.quantile(0.02), nearestRank(values.slice(-2880), 0.02));
  }
});

test('a value that is not finite and a capacity that is no count are refused', () => {
  const window = new SlidingOrderStatistic(3);
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => window.push(bad, 0), RangeError);
  for (const bad of [0, -1, 1.5, Number.NaN]) assert.throws(() => new SlidingOrderStatistic(bad), RangeError);
  assert.equal(window.size, 0);
});
