import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatUnits,
  MalformedAnswerError,
  parseAmount,
  parseStep,
  parseUnits,
  parseUnitsCeil,
  parseUnitsFloor,
} from '../../daemon/venue/exact-fields.ts';

test('a step is reduced to the smallest mantissa and power of ten', () => {
  const rows: readonly [string, number, number][] = [
    ['0.10', 1, 10],
    ['0.00100', 1, 1000],
    ['1', 1, 1],
    ['10', 10, 1],
    ['0.25', 25, 100],
    ['0.0000001', 1, 10_000_000],
  ];
  for (const [text, mantissa, scale] of rows) assert.deepEqual(parseStep(text, 'step'), { mantissa, scale });
});

test('a step of zero, below zero or of no decimal is refused', () => {
  for (const text of ['0', '0.00', '-0.1', '', '1e-3', '0x1', ' 1', '1,5', 'NaN', '.5', '5.']) {
    assert.throws(() => parseStep(text, 'step'), MalformedAnswerError, text);
  }
});

test('a quantity off the lot is refused, not rounded', () => {
  const lot = parseStep('0.001', 'lot');
  assert.equal(parseUnits('1.234', lot, 'q'), 1234);
  assert.equal(parseUnits('-0.100', lot, 'q'), -100);
  assert.equal(Object.is(parseUnits('-0.000', lot, 'q'), 0), true);
  assert.throws(() => parseUnits('1.2345', lot, 'q'), MalformedAnswerError);
  assert.throws(() => parseUnits('99999999999999999999', lot, 'q'), MalformedAnswerError);
});

test('limits of the exchange are rounded to its inside', () => {
  const lot = parseStep('0.05', 'lot');
  assert.equal(parseUnitsFloor('1.09', lot, 'maxQty'), 21);
  assert.equal(parseUnitsCeil('0.06', lot, 'minQty'), 2);
  assert.equal(parseUnitsCeil('0.10', lot, 'minQty'), 2);
});

test('amounts take decimal strings and finite numbers, and never a negative zero', () => {
  assert.equal(parseAmount('-12.50', 'a'), -12.5);
  assert.equal(parseAmount(0.004, 'a'), 0.004);
  assert.equal(Object.is(parseAmount('-0.00', 'a'), 0), true);
  for (const value of ['', 'Infinity', '1e5', Number.NaN, Number.POSITIVE_INFINITY, null, undefined, true, {}]) {
    assert.throws(() => parseAmount(value, 'a'), MalformedAnswerError);
  }
});

test('writing and reading whole steps are inverse for every step', () => {
  const steps = fc.record({
    mantissa: fc.constantFrom(1, 2, 5, 25, 10),
    scale: fc.constantFrom(1, 10, 100, 1000, 10_000, 100_000_000),
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 100_000_000 }), (step, units) => {
      const text = formatUnits(units, step);
      assert.match(text, /^\d+(?:\.\d*[1-9])?$/);
      assert.equal(parseUnits(text, step, 'x'), units);
    }),
    { seed: 7, numRuns: 500 },
  );
});

test('a number of steps that is not a positive safe integer cannot be written', () => {
  const step = { mantissa: 1, scale: 1000 };
  for (const units of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => formatUnits(units, step), RangeError);
  }
});
