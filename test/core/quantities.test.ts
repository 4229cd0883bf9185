import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ceilTicks,
  floorTicks,
  floorUnits,
  formatPrice,
  formatQuantity,
  hasUnits,
  lotsFor,
  lotsWithin,
  readDecimal,
  ticksToPrice,
  unitsToUsdt,
  writtenLots,
} from '../../daemon/core/arithmetic/quantities.ts';
import { forAll } from '../for-all.ts';
import { ceil, div, exact, floor, mul, whole } from '../oracle/rational.ts';
import { baseRules } from './decision-fixture.ts';

/** Lots and ticks of Binance USD-M: mantissa / power of ten. */
const scale = fc.record({ mantissa: fc.constantFrom(1, 2, 5, 10, 25), digits: fc.integer({ min: 0, max: 8 }) });
const priceScale = scale.map(({ mantissa, digits }) => ({ tick_mantissa: mantissa, tick_scale: 10 ** digits }));
const lotScale = scale.map(({ mantissa, digits }) => ({ lot_mantissa: mantissa, lot_scale: 10 ** digits }));
const count = fc.integer({ min: 1, max: 1_000_000_000 });
/** Up to here two roundings of a double move a figure by less than the distance that counts as equal (1e-6). */
const EXACT_BELOW = 2n ** 32n;
/** `n * mantissa / scale` written by hand as a decimal: what a venue would print. */
function decimal(n: number, mantissa: number, power: number): string {
  const digits = Math.round(Math.log10(power));
  const text = (BigInt(n) * BigInt(mantissa)).toString().padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

test('a decimal on the tick is that tick, whichever way it is rounded', () => {
  forAll([priceScale, count], { numRuns: 20_000, seed: 1, includeErrorInReport: true }, (s, ticks) => {
    const price = Number(decimal(ticks, s.tick_mantissa, s.tick_scale));
    assert.equal(floorTicks(price, s), ticks);
    assert.equal(ceilTicks(price, s), ticks);
  });
});

test('a decimal on the lot is that lot', () => {
  forAll([lotScale, count], { numRuns: 20_000, seed: 2, includeErrorInReport: true }, (s, lots) => {
    assert.equal(writtenLots(Number(decimal(lots, s.lot_mantissa, s.lot_scale)), s), lots);
  });
});

test('any decimal of up to ten significant digits is floored and ceiled as exact fractions are', () => {
  forAll(
    [priceScale, count, fc.integer({ min: 0, max: 6 })],
    { numRuns: 20_000, seed: 3, includeErrorInReport: true },
    (s, digits, point) => {
      const price = digits / 10 ** point;
      const ticks = div(exact(price), div(whole(s.tick_mantissa), whole(s.tick_scale)));
      fc.pre(floor(ticks) < EXACT_BELOW);
      // Within 1e-6 of a tick it is that tick by design: the double could not tell.
      const fine = floor(mul(ticks, whole(1_000_000))) % 1_000_000n;
      fc.pre(ticks.d === 1n || (fine > 1n && fine < 999_998n));
      assert.equal(BigInt(floorTicks(price, s)), floor(ticks));
      assert.equal(BigInt(ceilTicks(price, s)), ceil(ticks));
    },
  );
});

test('prices and quantities are printed as the exact decimals of their ticks and lots, and read back as them', () => {
  forAll([priceScale, lotScale, count], { numRuns: 20_000, seed: 4, includeErrorInReport: true }, (p, l, n) => {
    assert.equal(formatPrice(n, p), decimal(n, p.tick_mantissa, p.tick_scale));
    assert.equal(formatQuantity(n, l), decimal(n, l.lot_mantissa, l.lot_scale));
    assert.equal(floorTicks(Number(formatPrice(n, p)), p), n);
    assert.equal(ceilTicks(Number(formatPrice(n, p)), p), n);
    assert.equal(writtenLots(Number(formatQuantity(n, l)), l), n);
    assert.equal(ceilTicks(ticksToPrice(n, p), p), n);
  });
});

test('USDT become whole units exactly and never upwards', () => {
  forAll(
    [priceScale, lotScale, fc.integer({ min: 0, max: 1_000_000_000 })],
    { numRuns: 20_000, seed: 5, includeErrorInReport: true },
    (p, l, cents) => {
      const rules = { ...baseRules, ...p, ...l };
      const usdt = cents / 100;
      const unit = div(whole(p.tick_mantissa * l.lot_mantissa), mul(whole(p.tick_scale), whole(l.lot_scale)));
      const units = div(exact(usdt), unit);
      fc.pre(floor(units) < EXACT_BELOW);
      const fine = floor(mul(units, whole(1_000_000))) % 1_000_000n;
      fc.pre(units.d === 1n || (fine > 1n && fine < 999_998n));
      assert.equal(BigInt(floorUnits(usdt, rules)), floor(units));
      assert.ok(unitsToUsdt(floorUnits(usdt, rules), rules) <= usdt * (1 + 1e-15));
    },
  );
});

test('beyond that, USDT in cents become at most the exact units, and at most one fewer', () => {
  forAll(
    [priceScale, fc.integer({ min: 1, max: 2 ** 40 })],
    { numRuns: 20_000, seed: 6, includeErrorInReport: true },
    (p, cents) => {
      const rules = { ...baseRules, ...p };
      const usdt = cents / 100;
      const units = floor(div(exact(usdt), div(whole(p.tick_mantissa), mul(whole(p.tick_scale), whole(1000)))));
      fc.pre(units < 2n ** 50n);
      const off = units - BigInt(floorUnits(usdt, rules));
      assert.ok(off === 0n || off === 1n, `${off} units off`);
    },
  );
});

test('SAE-PROJ: what is sent is read back in integers as what it was written from, and nothing else is read as a number', () => {
  forAll([count, priceScale, lotScale], { numRuns: 3000, seed: 31 }, (n, price, lot) => {
    assert.equal(readDecimal(formatPrice(n, price), price.tick_scale), n * price.tick_mantissa, 'price');
    assert.equal(readDecimal(formatQuantity(n, lot), lot.lot_scale), n * lot.lot_mantissa, 'quantity');
    const other = price.tick_scale * 10;
    assert.ok(Number.isNaN(readDecimal(formatPrice(n, price), other)), 'with fewer decimals than the scale has');
  });
  for (const text of ['', '.', '.5', '5.', '-1.0', '+1.0', '1.0.0', '1,0', ' 1.0', '1.0 ', '1e3', '1.00', 'NaN', '٣.٠'])
    assert.ok(Number.isNaN(readDecimal(text, 10)), `"${text}" is no decimal in tenths`);
  assert.ok(Number.isNaN(readDecimal('12.', 1)), 'a point without decimals');
  assert.equal(readDecimal('0012.5', 10), 125, 'leading zeros say nothing');
});

test('what is asked of units and lots without a rounding is what the rounded figures answer', () => {
  const amount = fc.oneof(
    fc.double({ min: -1e3, max: 1e12 }),
    fc.constantFrom(0, -0, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );
  /** Around a whole number of units: exactly there, and closer to it and farther off than what counts as equal. */
  const near = fc.constantFrom(0, 1, -1, 1e-7, -1e-7, 1e-5, -1e-5, 0.5);
  const lots = fc.integer({ min: 0, max: 100_000 });
  const ticks = fc.integer({ min: 1, max: 10_000_000_000 });
  forAll(
    [priceScale, lotScale, amount, near, lots, ticks, fc.boolean()],
    { numRuns: 20_000, seed: 8, includeErrorInReport: true },
    (p, l, far, off, wanted, value, isNear) => {
      const rules = { ...baseRules, ...p, ...l };
      const units = wanted * value;
      const usdt = isNear ? unitsToUsdt(units + off, rules) : far;
      assert.equal(hasUnits(usdt, rules, units), units <= floorUnits(usdt, rules));
      const least = Math.min(lotsFor(usdt, value, rules), wanted);
      assert.equal(lotsWithin(usdt, value, rules, wanted, units) + 0, least + 0);
    },
  );
});
