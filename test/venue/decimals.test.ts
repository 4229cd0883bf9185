import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  commonStep,
  formatE8,
  MalformedAnswerError,
  parseAmount,
  parseE8,
  parseStep,
  parseUnitsCeil,
  parseUnitsFloor,
  parseWideE8,
  stepE8,
} from '../../daemon/venue/wire/exact-fields.ts';
import { forAll } from '../for-all.ts';

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

test('a quantity is read in units of 1e-8, on a grid or off it; what they cannot hold is refused', () => {
  assert.equal(parseE8('1.234', 'q'), 123_400_000);
  assert.equal(parseE8('-0.10000001', 'q'), -10_000_001);
  assert.equal(Object.is(parseE8('-0.000', 'q'), 0), true);
  assert.equal(parseE8('90071992.54740991', 'q'), Number.MAX_SAFE_INTEGER);
  for (const text of ['90071992.54740992', '99999999999999999999', '0.000000001', '1e5', ''])
    assert.throws(() => parseE8(text, 'q'), MalformedAnswerError, text);
  assert.equal(parseWideE8('-99999999999.5', 'q'), -9_999_999_999_950_000_000n);
});

test('a step that both LOT_SIZE and MARKET_LOT_SIZE take is a multiple of both', () => {
  for (const [one, other, common] of [
    ['0.001', '0.001', '0.001'],
    ['0.001', '0.01', '0.01'],
    ['0.004', '0.006', '0.012'],
    ['1', '0.00000001', '1'],
  ] as const)
    assert.deepEqual(commonStep(parseStep(one, 's'), parseStep(other, 's'), 's'), parseStep(common, 's'));
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

test('writing and reading units are inverse for every number of every step', () => {
  const steps = fc.record({
    mantissa: fc.constantFrom(1, 2, 5, 25, 10),
    scale: fc.constantFrom(1, 10, 100, 1000, 10_000, 100_000_000),
  });
  forAll([steps, fc.integer({ min: 1, max: 1_000_000 })], { seed: 7, numRuns: 500 }, (step, count) => {
    const units = stepE8(step) * BigInt(count);
    const text = formatE8(units);
    assert.match(text, /^\d+(?:\.\d*[1-9])?$/);
    assert.equal(parseWideE8(text, 'x'), units);
  });
});

test('a quantity that is not positive cannot be written', () => {
  for (const units of [0n, -1n]) assert.throws(() => formatE8(units), RangeError);
});
