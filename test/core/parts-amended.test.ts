import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseOrder, type Change, codesOf, decideWith } from './decision-fixture.ts';
import { stands } from './table-holding.ts';
import { LONG_TEN } from './table-row.ts';

const AMEND = {
  tool: 'modify_order',
  intent: 'modify',
  client_order_id: baseOrder.client_order_id,
  side: null,
} as const;
/** A take-profit of eight lots at 61,000, beside ten parts that close now. */
const order = { ...baseOrder, lots: 8, price_ticks: 610_000, reduce_only: true, side: 'sell' } as const;
const TEN = stands({ exit_decision: 'd-abcdef-9', open_exits: 10 });
const amend = (request: Change['request'], market: object = {}) =>
  ({
    ...LONG_TEN,
    request: { ...AMEND, requested_notional: null, ...request },
    context: { ...LONG_TEN.context, order, market: { ...(LONG_TEN.context as { market?: object }).market, ...market } },
  }) as Change;

test('a take-profit is made smaller at its price beside ten parts [EX-30]', () => {
  assert.deepEqual(codesOf(decideWith(amend({ requested_notional: 244 }), TEN)), []);
});
test('so it is while no fresh quote is known: no new part closes now', () => {
  assert.deepEqual(codesOf(decideWith(amend({ requested_notional: 244 }, { bid: null, ask: null }), TEN)), []);
});
test('so it is moved away from the mark while no fresh quote is known', () => {
  assert.deepEqual(codesOf(decideWith(amend({ limit_price: 61_500 }, { bid: null, ask: null }), TEN)), []);
});
