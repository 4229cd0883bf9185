import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { worstCase as worstCaseOf } from '../../daemon/engine/snapshot/exposure.ts';
import { BTC_RULES, LOT_E8, TICK_E8 } from '../engine/fold-fixture.ts';
import { forAll } from '../for-all.ts';
import { type OracleOrder, reachablePositions, worstReachableUnits } from '../oracle/exposure-oracle.ts';

type Counted = Parameters<typeof worstCaseOf>[1];
const worstCase = (position: Parameters<typeof worstCaseOf>[0], orders: Counted, markTicks: number) =>
  worstCaseOf(position, orders, markTicks, BTC_RULES);

/** DESIGN "Worst case": both claims, against every subset and order of fills, partial fills and cancels. */
interface Drawn extends OracleOrder {
  readonly priceTicks: number | null;
  readonly executed: number;
  readonly amendedLots: number | null;
}
const orders = fc.array(
  fc.record<Drawn>({
    side: fc.constantFrom('buy', 'sell'),
    lots: fc.integer({ min: 1, max: 3 }),
    reduceOnly: fc.boolean(),
    priceTicks: fc.constantFrom(null, 80, 100, 120),
    executed: fc.integer({ min: 0, max: 2 }),
    amendedLots: fc.constantFrom(null, null, 1, 4),
  }),
  { maxLength: 5 },
);
function counted(drawn: readonly Drawn[]): Counted {
  return drawn.map((order) => ({
    side: order.side,
    reduceOnly: order.reduceOnly,
    quantityE8: (order.lots + order.executed) * LOT_E8,
    executedE8: order.executed * LOT_E8,
    priceE8: order.priceTicks === null ? null : order.priceTicks * TICK_E8,
    triggerE8: null,
    amend: order.amendedLots === null ? null : formOf(order.amendedLots + order.executed, 90),
  })) as unknown as Counted;
}
const formOf = (lots: number, ticks: number) => ({ quantityE8: lots * LOT_E8, priceE8: ticks * TICK_E8 });
const MARK = 100;
const remaining = (drawn: readonly Drawn[]): OracleOrder[] =>
  drawn.map((order) => ({ ...order, lots: Math.max(order.lots, order.amendedLots ?? 0) }));
const held = (position: number) => ({
  longE8: Math.max(0, position) * LOT_E8,
  shortE8: Math.max(0, -position) * LOT_E8,
});

test("the worst case bounds |P'| x mark for every subset and order of fills and cancels at a fixed mark [PK-8]", () => {
  let tight = 0;
  forAll(
    [fc.integer({ min: -5, max: 5 }), orders],
    { numRuns: 1500, seed: 12, includeErrorInReport: true },
    (position, drawn) => {
      const { longUnits, shortUnits } = worstCase(held(position), counted(drawn), MARK);
      const reached = reachablePositions(position, remaining(drawn));
      assert.ok(Math.max(0, reached.highest) * MARK <= longUnits, `long ${reached.highest}`);
      assert.ok(Math.max(0, -reached.lowest) * MARK <= shortUnits, `short ${reached.lowest}`);
      const worst = worstReachableUnits(position, MARK, remaining(drawn));
      assert.ok(worst <= Math.max(longUnits, shortUnits));
      if (worst > 0 && worst === Math.max(longUnits, shortUnits)) tight += 1;
    },
  );
  assert.ok(tight > 200, 'a bound that is never met would be no measure of the worst case');
});

test('a reduce-only order raises neither side, whenever and however it fills [AN-82]', () => {
  forAll(
    [fc.integer({ min: -5, max: 5 }), orders, fc.constantFrom('buy', 'sell'), fc.integer({ min: 1, max: 9 })],
    { numRuns: 1000, seed: 13, includeErrorInReport: true },
    (position, drawn, side, lots) => {
      const exit: Drawn = { side, lots, reduceOnly: true, priceTicks: 120, executed: 0, amendedLots: null };
      const without = worstCase(held(position), counted(drawn), MARK);
      const withExit = worstCase(held(position), counted([...drawn, exit]), MARK);
      assert.deepEqual(withExit, without);
      if (drawn.length > 4) return;
      const after = reachablePositions(position, remaining([...drawn, exit]));
      assert.ok(Math.max(0, after.highest) * MARK <= without.longUnits);
      assert.ok(Math.max(0, -after.lowest) * MARK <= without.shortUnits);
    },
  );
});

test('an order is valued at the worst of mark, limit and trigger, and an amend not proven at both sizes and prices [TM-45]', () => {
  const order = {
    side: 'buy',
    reduceOnly: false,
    ...formOf(3, 90),
    executedE8: LOT_E8,
    triggerE8: null,
    amend: null,
  } as const;
  const units = (change: object): number =>
    worstCase(held(0), [{ ...order, ...change }] as unknown as Counted, MARK).longUnits;
  assert.equal(units({}), 2 * 100);
  assert.equal(units({ priceE8: 110 * TICK_E8 }), 2 * 110);
  assert.equal(units({ triggerE8: 130 * TICK_E8 }), 2 * 130);
  assert.equal(units({ amend: formOf(6, 105) }), 5 * 105);
  assert.equal(units({ priceE8: 110 * TICK_E8, amend: formOf(2, 105) }), 2 * 110);
  assert.equal(units({ executedE8: 9 * LOT_E8 }), 0);
});
