import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TradeRecord } from '../../../daemon/core/features/round-trips.ts';
import { buildTraderState, DATA_PATH, DOCS_PATH, placeFigures } from '../../../scripts/calibrate/fit-trader-state.ts';
import { escalatesAfter, HORIZON_TRADES } from '../../../scripts/calibrate/population.ts';
import { fitIsotonic, fitLogistic, solveLinear } from '../../../scripts/calibrate/regression.ts';
import { measureReliability } from '../../../scripts/calibrate/reliability.ts';
import { forAll } from '../../for-all.ts';
import { scriptTrades } from './trades.ts';

const built = buildTraderState();

test('the committed weights and knots are what the calibration gives', () => {
  assert.equal(readFileSync(DATA_PATH, 'utf8'), built.data);
});

test('the figures in the document are what the calibration gives', () => {
  const document = readFileSync(DOCS_PATH, 'utf8');
  assert.equal(placeFigures(document, built.figures), document);
  assert.throws(() => placeFigures('no place', built.figures));
});

test('on a population with other parameters p_t stays calibrated within 0.06 and beats the base rate', () => {
  const { shrunk, calibrated } = built.reports.shifted;
  assert.ok(shrunk.count >= 10_000);
  for (const reliability of [shrunk, calibrated]) {
    assert.ok(reliability.calibrationError <= 0.06, `ECE ${reliability.calibrationError}`);
    assert.ok(reliability.brier < reliability.brierOfBaseRate);
  }
});

test('on a population with other parameters escalating agents rank above the others', () => {
  assert.ok(built.reports.shifted.shrunk.auc >= 0.7, `AUC ${built.reports.shifted.shrunk.auc}`);
  const observed = built.reports.shifted.shrunk.rows.map((row) => row.observed);
  assert.ok(observed.at(-1)! > 0.5 && observed[0]! < 0.15);
});

test('p_t can reach the block threshold of the shipped policy', () => {
  assert.ok(built.reports.fitted.shrunk.rows.at(-1)!.to > 0.7);
});

test('the outcome reads later trades only, and counts large re-entries after losses alone', () => {
  const quiet = scriptTrades({ outcomes: 'wl'.repeat(40) });
  assert.equal(escalatesAfter(quiet, 20), false);
  const enlarge = (trades: TradeRecord[], places: readonly number[]): TradeRecord[] =>
    trades.map((trade, i) => (places.includes(i) ? { ...trade, notional_usdt: 200 } : trade));
  // Losses stand at odd places, so even places open after a loss.
  assert.equal(escalatesAfter(enlarge(quiet, [20, 22, 38]), 20), true);
  assert.equal(escalatesAfter(enlarge(quiet, [20, 22]), 20), false);
  assert.equal(escalatesAfter(enlarge(quiet, [21, 23, 25]), 20), false);
  assert.equal(escalatesAfter(enlarge(quiet, [20, 22, 20 + HORIZON_TRADES]), 20), false);
  assert.equal(escalatesAfter(enlarge(quiet, [14, 16, 18]), 20), false);
});

test('the isotonic fit is monotone, keeps the mean and no monotone step fits better', () => {
  const sample = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean());
  forAll([fc.array(sample, { minLength: 1, maxLength: 40 })], { seed: 81, numRuns: 200 }, (samples) => {
    const scores = samples.map(([score]) => score);
    const labels = samples.map(([, label]) => label);
    const blocks = fitIsotonic(scores, labels, 1);
    for (let i = 1; i < blocks.length; i++) {
      assert.ok(blocks[i]!.rate > blocks[i - 1]!.rate);
      assert.ok(blocks[i]!.score > blocks[i - 1]!.score);
    }
    // The min-max formula: the fit at a score is the largest over starts of the smallest mean over ends.
    const ordered = [...new Set(scores)].sort((a, b) => a - b);
    const meanOf = (from: number, to: number): number => {
      const inside = samples.filter(([score]) => score >= from && score <= to);
      return inside.filter(([, label]) => label).length / inside.length;
    };
    const expected = ordered.map((score) =>
      Math.max(
        ...ordered
          .filter((from) => from <= score)
          .map((from) => Math.min(...ordered.filter((to) => to >= score).map((to) => meanOf(from, to)))),
      ),
    );
    const distinct = expected.filter((value, i) => i === 0 || Math.abs(value - expected[i - 1]!) > 1e-12);
    assert.equal(blocks.length, distinct.length);
    blocks.forEach((block, i) => {
      assert.ok(Math.abs(block.rate - distinct[i]!) < 1e-12);
    });
  });
});

test('the logistic fit sets its own gradient to zero', () => {
  const rows = Array.from({ length: 200 }, (_, i) => [(i % 7) / 7, (i % 11) / 11]);
  const labels = rows.map(([a, b], i) => a! + b! > 0.9 !== (i % 5 === 0));
  const [intercept, first, second] = fitLogistic(rows, labels, 0);
  const residual = [0, 0, 0];
  rows.forEach(([a, b], i) => {
    const error = (labels[i] ? 1 : 0) - 1 / (1 + Math.exp(-(intercept! + first! * a! + second! * b!)));
    residual[0]! += error;
    residual[1]! += error * a!;
    residual[2]! += error * b!;
  });
  for (const value of residual) assert.ok(Math.abs(value) < 1e-6, `${value}`);
  assert.throws(() => solveLinear([[0]], [1]), RangeError);
  assert.throws(() => fitLogistic([], [], 1), RangeError);
});

test('reliability: Brier score, calibration error and ranking of a forecast worked out by hand', () => {
  const { brier, calibrationError, auc, rows } = measureReliability(
    [0.05, 0.05, 0.95, 0.95],
    [false, true, true, true],
  );
  assert.ok(Math.abs(brier - (0.0025 * 3 + 0.9025) / 4) < 1e-12);
  assert.ok(Math.abs(calibrationError - (0.45 * 2 + 0.05 * 2) / 4) < 1e-12);
  // Of three pairs two are ranked right and one is tied.
  assert.ok(Math.abs(auc - 2.5 / 3) < 1e-12);
  assert.deepEqual(
    rows.map((row) => row.count),
    [2, 2],
  );
  assert.throws(() => measureReliability([], []), RangeError);
});
