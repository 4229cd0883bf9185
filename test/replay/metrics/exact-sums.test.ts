import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExactSums } from '../../../daemon/evaluation/metrics/exact-sums.ts';

test('sums are the same bit for bit in any order, and as good as plain ones', () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, fc.integer(), (list, seed) => {
      const shuffled = list
        .map((value, i) => ({ value, at: Math.imul(i + 1, seed | 1) >>> 0 }))
        .sort((a, b) => a.at - b.at);
      const [one, other] = [new ExactSums(1), new ExactSums(1)];
      for (const value of list) one.add(0, value);
      for (const { value } of shuffled) other.add(0, value);
      assert.equal(one.at(0), other.at(0), 'order');
      const plain = list.reduce((sum, value) => sum + value, 0);
      assert.ok(Math.abs(one.at(0) - plain) < 1e-6, `${one.at(0)} is far from ${plain}`);
    }),
    { seed: 11, numRuns: 200 },
  );
});

test('one small value comes back as it was to 2^-56', () => {
  const sums = new ExactSums(1);
  sums.add(0, -1.02e-4);
  assert.ok(Math.abs(sums.at(0) + 1.02e-4) <= 2 ** -56, `${sums.at(0)}`);
});

test('rows weigh each value by its own multiplicity', () => {
  const sums = new ExactSums(2);
  sums.addRow(Float64Array.from([0.5, 0.25]), Uint16Array.from([9, 2, 9, 0]), 1, 2);
  assert.deepEqual([...sums.toArray()], [1, 0], 'twice the first, never the second');
});

test('refuses what it could not add exactly', () => {
  const sums = new ExactSums(1);
  assert.throws(() => sums.add(0, Number.NaN), RangeError, 'NaN');
  assert.throws(() => sums.add(0, 2 ** 35), RangeError, 'too large');
  assert.throws(
    () => new ExactSums(1).addRow(Float64Array.of(1), Uint16Array.of(16_385), 0, 1),
    RangeError,
    'too often',
  );
  new ExactSums(1).addRow(Float64Array.of(1), Uint16Array.of(16_384), 0, 1);
  for (let i = 0; i < 3; i++) sums.add(0, 2 ** 34);
  assert.throws(() => sums.add(0, 2 ** 34), RangeError, 'sum too large');
});
