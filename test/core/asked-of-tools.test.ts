import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseOrder, type Change, decideWith } from './decision-fixture.ts';

const lotsOf = (...changes: readonly Change[]): number => {
  const { effective } = decideWith(...changes);
  assert.ok(effective !== null && effective.action === 'open');
  return effective.lots;
};

test('the size is the notional that is asked for, whatever the leverage [TD-35 TD-36 TF-30 TF-33]', () => {
  for (const leverage of [1, 2, 3]) assert.equal(lotsOf({ request: { requested_leverage: leverage } }), 10);
});

test('a market order is sized at the mark or the price that is sent, the higher; a limit order at its limit [TF-31]', () => {
  const ask = (usdt: number, request: Change['request'] = {}): Change => ({
    request: { requested_notional: usdt, ...request },
  });
  // A market order of 10 bps goes out at 60,060: ten lots are 600.60 USDT.
  assert.deepEqual([lotsOf(ask(600.59)), lotsOf(ask(600.6))], [9, 10]);
  // A buy below the mark of 60,000, and a sale above it.
  const below = { order_type: 'limit', limit_price: 59_000 } as const;
  assert.deepEqual([lotsOf(ask(589.99, below)), lotsOf(ask(590, below))], [9, 10]);
  const above = { order_type: 'limit', limit_price: 61_000, side: 'sell' } as const;
  assert.deepEqual([lotsOf(ask(609.99, above)), lotsOf(ask(610, above))], [9, 10]);
});

test('a limit goes out at its tick or at the next one in favour of the asker, never at a worse price [TD-43 TF-5 TF-35]', () => {
  for (const [side, asked, sent] of [
    ['buy', 59_999.97, 599_999],
    ['buy', 59_999.9, 599_999],
    ['sell', 60_000.03, 600_001],
    ['sell', 60_000.1, 600_001],
  ] as const) {
    const { effective } = decideWith({ request: { order_type: 'limit', limit_price: asked, side } });
    assert.equal(effective?.price_ticks, sent, `${side} at ${asked}`);
    assert.equal(effective?.time_in_force, 'GTC');
  }
});

test('an amend leaves the price or the size unchanged that it does not name [TF-15 TF-18]', () => {
  const amend = (request: Change['request']) =>
    decideWith({
      request: {
        tool: 'modify_order',
        intent: 'modify',
        client_order_id: 'hfabc0001',
        side: null,
        order_type: null,
        requested_notional: null,
        limit_price: null,
        requested_leverage: null,
        max_slippage_bps: null,
        ...request,
      },
      context: { order: baseOrder },
    }).effective;
  const dearer = amend({ limit_price: 59_950 });
  assert.deepEqual([dearer?.lots, dearer?.price_ticks], [10, 599_500]);
  const larger = amend({ requested_notional: 660 });
  assert.deepEqual([larger?.lots, larger?.price_ticks], [11, 599_000]);
});
