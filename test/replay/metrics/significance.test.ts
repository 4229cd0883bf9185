import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildInterval, buildShareInterval, findLargest } from '../../../daemon/evaluation/metrics/bootstrap-plan.ts';
import { designEffectOf, testSignedRank, testTwoProportions } from '../../../daemon/evaluation/metrics/comparisons.ts';
import { PUBLISHED_CONTRASTS } from '../../../daemon/evaluation/metrics/dominance.ts';

function near(actual: number | undefined, expected: number, tolerance: number, what: string): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, not ${expected}`);
}

test('the signed-rank test pairs days, leaves out days without bars and needs five that differ', () => {
  const a = Float64Array.from([3, 5, Number.NaN, 4, 6, 8, 10, 2]);
  const b = Float64Array.from([1, 2, 9, 3, 2, 3, 4, 2]);
  const found = testSignedRank(a, b);
  assert.equal(found?.days, 7, 'days');
  assert.equal(found?.statistic, 21, 'six differences, all positive: 1 + ... + 6');
  near(found?.mean_difference, 3, 1e-12, 'mean difference');
  assert.ok(found!.p_value < 0.05, `p ${found!.p_value}`);
  assert.equal(testSignedRank(a.subarray(0, 5), b.subarray(0, 5)), null, 'four differences');
  assert.equal(testSignedRank(a, a), null, 'no difference at all');
});

test('the two-proportion test reproduces a textbook value and is 1 for equal shares', () => {
  const one = { successes: Float64Array.of(60), cases: Float64Array.of(100) };
  const other = { successes: Float64Array.of(40), cases: Float64Array.of(100) };
  const found = testTwoProportions(one, other);
  near(found?.z, 2.8284271, 1e-6, 'z');
  near(found?.p_value, 0.0046777, 1e-6, 'p');
  assert.equal(found?.design_effect, null, 'one cluster says nothing of clustering');
  assert.equal(testTwoProportions(one, one)?.p_value, 1, 'equal');
  assert.equal(testTwoProportions(one, { successes: Float64Array.of(0), cases: Float64Array.of(0) }), null, 'no cases');
});

test('tests on episodes: clusters that agree within raise the design effect and the p value', () => {
  const alike = { successes: Float64Array.of(10, 0, 10, 0), cases: Float64Array.of(10, 10, 10, 10) };
  const none = { successes: Float64Array.of(1, 1, 1, 2), cases: Float64Array.of(10, 10, 10, 10) };
  const found = testTwoProportions(alike, none)!;
  // (4 / 3) * 4 * 5^2 / 40^2 over 0.25 / 40.
  near(found.design_effect ?? undefined, ((4 / 3) * 100) / 10, 1e-9, 'design effect');
  assert.ok(found.p_value_adjusted! > found.p_value, 'adjusted p');
  assert.equal(designEffectOf({ clusters: 3, n: 9, x: 9, nn: 27, xx: 27, nx: 27 }), null, 'all succeed');
});

test('intervals: percentiles of the replicates that have a value', () => {
  const replicates = Float64Array.from({ length: 101 }, (_, i) => 100 - i);
  const found = buildInterval(50, replicates)!;
  near(found.lo, 2, 1.01, 'lo');
  near(found.hi, 98, 1.01, 'hi');
  assert.equal(buildInterval(Number.NaN, replicates), null, 'no mean');
  assert.equal(buildInterval(1, [Number.NaN]), null, 'no replicate');
});

test('no success in 40 episodes is not never: the exact binomial bound stands in', () => {
  const zero = buildShareInterval(0, new Float64Array(9), 40)!;
  assert.equal(zero.lo, 0, 'lo');
  near(zero.hi, 0.0881, 1e-4, 'Clopper-Pearson upper bound of 0 of 40');
  near(buildShareInterval(1, new Float64Array(9).fill(1), 40)!.lo, 1 - 0.0881, 1e-4, 'lower bound of 40 of 40');
});

test('the largest of several takes the largest of each bound and skips the unknown', () => {
  const metrics = [{ mean: 0.1, lo: 0.05, hi: 0.4 }, null, { mean: 0.2, lo: 0.01, hi: 0.3 }];
  assert.deepEqual(findLargest(metrics), { mean: 0.2, lo: 0.05, hi: 0.4 }, 'bounds');
  assert.equal(findLargest([null]), null, 'nothing known');
});

test('the published contrasts follow from the published table', () => {
  near(PUBLISHED_CONTRASTS.mdd, 0.931, 5e-4, 'MDD');
  near(PUBLISHED_CONTRASTS.cvar99, 0.975, 5e-4, 'CVaR.99');
  near(PUBLISHED_CONTRASTS.dg_loss, 0.97, 5e-4, 'DG loss');
});
