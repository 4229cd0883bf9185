import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { worstCase } from '../../daemon/gate/state/exposure.ts';
import { type OracleOrder, reachablePositions, worstReachableUnits } from '../oracle/exposure-oracle.ts';

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
function counted(drawn: readonly Drawn[]): Parameters<typeof worstCase>[1] {
  return drawn.map((order) => ({
    side: order.side,
    reduceOnly: order.reduceOnly,
    lots: order.lots + order.executed,
    executedLots: order.executed,
    priceTicks: order.priceTicks,
    triggerTicks: null,
    amend: order.amendedLots === null ? null : { lots: order.amendedLots + order.executed, priceTicks: 90 },
  })) as unknown as Parameters<typeof worstCase>[1];
}
const MARK = 100;
const remaining = (drawn: readonly Drawn[]): OracleOrder[] =>
  drawn.map((order) => ({ ...order, lots: Math.max(order.lots, order.amendedLots ?? 0) }));
const held = (position: number) => ({ longLots: Math.max(0, position), shortLots: Math.max(0, -position) });

test("the worst case bounds |P'| x mark for every subset and order of fills and cancels at a fixed mark", () => {
  let tight = 0;
  fc.assert(
    fc.property(fc.integer({ min: -5, max: 5 }), orders, (position, drawn) => {
      const { longUnits, shortUnits } = worstCase(held(position), counted(drawn), MARK);
      const reached = reachablePositions(position, remaining(drawn));
      assert.ok(Math.max(0, reached.highest) * MARK <= longUnits, `long ${reached.highest}`);
      assert.ok(Math.max(0, -reached.lowest) * MARK <= shortUnits, `short ${reached.lowest}`);
      const worst = worstReachableUnits(position, MARK, remaining(drawn));
      assert.ok(worst <= Math.max(longUnits, shortUnits));
      if (worst > 0 && worst === Math.max(longUnits, shortUnits)) tight += 1;
    }),
    { numRuns: 1500, seed: 12, includeErrorInReport: true },
  );
  assert.ok(tight > 200, 'a bound that is never met would be no measure of the worst case');
});

test('a reduce-only order raises neither side, whenever and however it fills', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -5, max: 5 }),
      orders,
      fc.constantFrom('buy', 'sell'),
      fc.integer({ min: 1, max: 9 }),
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
    ),
    { numRuns: 1000, seed: 13, includeErrorInReport: true },
  );
});

test('an order is valued at the worst of mark, limit and trigger, and an amend not proven at both sizes and prices', () => {
  const order = {
    side: 'buy',
    reduceOnly: false,
    lots: 3,
    executedLots: 1,
    priceTicks: 90,
    triggerTicks: null,
    amend: null,
  } as const;
  const units = (change: object): number =>
    worstCase(held(0), [{ ...order, ...change }] as unknown as Parameters<typeof worstCase>[1], MARK).longUnits;
  assert.equal(units({}), 2 * 100);
  assert.equal(units({ priceTicks: 110 }), 2 * 110);
  assert.equal(units({ triggerTicks: 130 }), 2 * 130);
  assert.equal(units({ amend: { lots: 6, priceTicks: 105 } }), 5 * 105);
  assert.equal(units({ priceTicks: 110, amend: { lots: 2, priceTicks: 105 } }), 2 * 110);
  assert.equal(units({ executedLots: 9 }), 0);
});
