import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createBootstrapPlan,
  DAY_MS,
  drawSeedMultiplicities,
} from '../../../daemon/evaluation/metrics/bootstrap-plan.ts';
import {
  buildDayPath,
  composeDrawdown,
  countSteps,
  measureReturns,
  replicateDrawdown,
  replicateMean,
  replicateTails,
  TailOfReturns,
} from '../../../daemon/evaluation/metrics/path-metrics.ts';
import { forAll } from '../../for-all.ts';
import { START_MS } from './run-fixture.ts';

const HOUR_MS = 3_600_000;

function planOf(days: number, replicates = 20) {
  return createBootstrapPlan({ seed: 7, replicates, startMs: START_MS, endMs: START_MS + days * DAY_MS });
}
function stepsOf(equity: readonly number[], barMs: number, days: number) {
  const opens = Float64Array.from({ length: equity.length - 1 }, (_, i) => START_MS + i * barMs);
  return measureReturns(Float64Array.from(equity), opens, planOf(days));
}
function near(actual: number, expected: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-12 * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, not ${expected}`,
  );
}

test('SAE-DD: the largest drawdown of a small curve, by hand', () => {
  const steps = stepsOf([100, 120, 90, 110, 60, 130], DAY_MS, 5);
  near(replicateDrawdown(steps, planOf(5), 1).point, 0.5, 'from 120 to 60');
  const half = replicateDrawdown(steps, planOf(5), 0.5).point;
  // Half of every return: 1.1, 0.9625, 1.0694..., 0.8264...; the fall from 1.1.
  near(half, 1 - (0.875 * (1 + 1 / 9) * (1 - 25 / 110)) / 1, 'at half the exposure');
});

test('a drawdown counts from the equity at the start, and is 0 on a curve that only rises', () => {
  near(replicateDrawdown(stepsOf([100, 80, 90], DAY_MS, 2), planOf(2), 1).point, 0.2, 'first step down');
  assert.equal(replicateDrawdown(stepsOf([100, 110, 110], DAY_MS, 2), planOf(2), 1).point, 0, 'rising');
});

test('ruin: the step to zero or below loses all, later steps nothing, and the drawdown is 1', () => {
  const steps = stepsOf([100, 50, -20, -20, 0], DAY_MS, 4);
  assert.deepEqual([...steps.returns], [-0.5, -1, 0, 0], 'returns');
  assert.equal(replicateDrawdown(steps, planOf(4), 1).point, 1, 'drawdown');
});

test('zero variance: a flat curve has no drawdown, no tail and no return', () => {
  const plan = planOf(3);
  const steps = stepsOf([5, 5, 5, 5], DAY_MS, 3);
  const counts = countSteps(steps.day, plan);
  assert.equal(replicateTails(steps, plan, counts).cvar99.point, 0, 'tail');
  assert.ok(
    replicateDrawdown(steps, plan, 1).replicates.every((value) => value === 0),
    'drawdowns',
  );
});

test('CVaR: ties and a fractional tail, by hand', () => {
  const returns = Float64Array.from([0.01, -0.04, 0.02, -0.04, 0.03, -0.01, 0, 0, 0.01, 0.02]);
  const tail = new TailOfReturns(returns, new Uint16Array(10));
  near(tail.mean(0.1), -0.04, 'one return');
  near(tail.mean(0.15), -0.04, 'one and a half, tied');
  near(tail.mean(0.25), (-0.04 - 0.04 + 0.5 * -0.01) / 2.5, 'two whole and half of the third');
  near(tail.mean(0.05), -0.04, 'half a return is that return');
  near(tail.mean(1), returns.reduce((a, b) => a + b, 0) / 10, 'everything');
});

test('CVaR weighs returns by how often their day was drawn', () => {
  const returns = Float64Array.from([-0.05, -0.03, -0.02, 0.01]);
  const tail = new TailOfReturns(returns, Uint16Array.from([0, 1, 1, 2]));
  // Day 0 is not drawn, day 1 twice: -0.03, -0.03, -0.02, -0.02, 0.01; 40 % of five are two.
  near(tail.resampledMean(0.4, Uint16Array.from([0, 2, 1]), 0, 5), -0.03, 'two worst');
  near(tail.resampledMean(0.5, Uint16Array.from([0, 2, 1]), 0, 5), (-0.06 - 0.01) / 2.5, 'two and a half');
});

const equities = fc.array(fc.double({ min: 50, max: 150, noNaN: true }), { minLength: 13, maxLength: 97 });

test('bootstrap replicates equal the plain definitions on the days put together', () => {
  forAll([equities, fc.double({ min: 0.1, max: 2, noNaN: true })], { seed: 3, numRuns: 60 }, (equity, factor) => {
    const days = Math.ceil((equity.length - 1) / 6);
    const plan = planOf(days, 5);
    const steps = stepsOf(equity, 4 * HOUR_MS, days);
    const counts = countSteps(steps.day, plan);
    const drawdown = replicateDrawdown(steps, plan, factor);
    const tails = replicateTails(steps, plan, counts);
    const mean = replicateMean(steps.returns, steps.day, plan, counts);
    for (let b = 0; b < plan.replicates; b++) {
      const drawn = [...plan.draws.subarray(b * days, (b + 1) * days)];
      const returns = drawn.flatMap((day) => [...steps.returns].filter((_, i) => steps.day[i] === day));
      assert.equal(counts[b], returns.length, 'steps of the replicate');
      near(drawdown.replicates[b]!, plainDrawdown(returns, factor), 'drawdown');
      near(tails.cvar95.replicates[b]!, plainTail(returns, 0.05), 'CVaR.95');
      near(tails.cvar99.replicates[b]!, plainTail(returns, 0.01), 'CVaR.99');
      near(mean.replicates[b]!, returns.reduce((sum, value) => sum + value, 0) / returns.length, 'mean');
    }
    near(drawdown.point, plainDrawdown([...steps.returns], factor), 'drawdown as it was');
  });
});

function plainDrawdown(returns: readonly number[], factor: number): number {
  let [level, peak, worst] = [1, 1, 0];
  for (const value of returns) {
    level *= Math.max(0, 1 + factor * value);
    peak = Math.max(peak, level);
    worst = Math.max(worst, 1 - level / peak);
  }
  return worst;
}
function plainTail(returns: readonly number[], share: number): number {
  const sorted = [...returns].sort((a, b) => a - b);
  const tail = returns.length * share;
  const whole = Math.floor(tail);
  const sum = sorted.slice(0, whole).reduce((a, b) => a + b, 0);
  return (sum + (tail - whole) * (sorted[whole] ?? 0)) / tail;
}

test('the plan is drawn from its seed alone: rows of days and of seeds add up', () => {
  const plan = planOf(9, 4);
  assert.deepEqual(plan, planOf(9, 4), 'same seed, same plan');
  const seeds = drawSeedMultiplicities(plan, 6);
  for (let b = 0; b < 4; b++) {
    const sum = (row: Uint16Array) => row.reduce((total, value) => total + value, 0);
    assert.equal(sum(plan.multiplicities.subarray(b * 9, b * 9 + 9)), 9, 'days');
    assert.equal(sum(seeds.subarray(b * 6, b * 6 + 6)), 6, 'seeds');
  }
  assert.throws(() => planOf(0), RangeError, 'no days');
  assert.throws(() => drawSeedMultiplicities(plan, 0), RangeError, 'no seeds');
});

test('a span that starts within a day counts that day, and a day without bars changes nothing', () => {
  const plan = createBootstrapPlan({
    seed: 1,
    replicates: 1,
    startMs: START_MS + HOUR_MS,
    endMs: START_MS + DAY_MS + 1,
  });
  assert.equal(plan.days, 2, 'days');
  const path = buildDayPath({ returns: Float64Array.from([-0.5]), day: Uint16Array.from([0]) }, 2, 1);
  near(composeDrawdown(path, Uint16Array.from([1, 0, 1]), 0, 3), 0.5, 'one fall');
});

test('rejects bars outside the plan, equities that do not enclose the bars, and equities that are no numbers', () => {
  const plan = planOf(1);
  const opens = Float64Array.from([START_MS]);
  assert.throws(() => measureReturns(Float64Array.from([1]), opens, plan), RangeError, 'too few equities');
  assert.throws(() => measureReturns(Float64Array.from([1, 1]), Float64Array.from([0]), plan), RangeError, 'outside');
  assert.throws(() => measureReturns(Float64Array.from([1, Number.NaN]), opens, plan), RangeError, 'NaN');
});
