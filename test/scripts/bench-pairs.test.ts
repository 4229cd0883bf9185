import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from '../../scripts/bench/pairs.ts';

type Pairs = Parameters<typeof compare>[0];
const ratiosOf = (...ratios: readonly number[]): Pairs => ratios.map((ratio) => [ratio * 8, 8]);

test('a ratio is the median of the pairs, whatever the medians of both sides are', () => {
  const { now, beside, ratio } = compare([
    [1, 2],
    [20, 40],
    [3, 6],
    [8, 16],
    [5, 10],
    [90, 60],
  ]);
  assert.deepEqual([now, beside, ratio], [5, 10, 0.5]);
});

test('the interval of a median holds it in at least 95 of 100 cases: ranks of the sign test', () => {
  // Heads of n fair coins: n = 6 gives 0 in 1/64 of the cases; n = 9 at most 1 in 10/512, at most 2 in 46/512.
  for (const [count, left] of [
    [6, 0],
    [8, 0],
    [9, 1],
    [12, 2],
    [15, 3],
    [20, 5],
  ] as const) {
    const ratios = Array.from({ length: count }, (_, index) => 1 + index / 100);
    const { interval, pairs } = compare(ratiosOf(...ratios.toReversed()));
    assert.deepEqual(
      interval,
      [ratios[left], ratios[count - 1 - left]].map((each) => Number(each?.toPrecision(4))),
    );
    assert.equal(pairs, count);
  }
});

test('too few pairs have no interval', () => {
  assert.throws(() => compare(ratiosOf(1, 1, 1, 1, 1)), /5 pairs are too few/);
});
