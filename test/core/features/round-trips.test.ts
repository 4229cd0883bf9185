import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  applyTradeFill,
  type OpenTrade,
  recordOfOpenTrade,
  type TradeFill,
  type TradeRecord,
} from '../../../daemon/core/features/round-trips.ts';
import { forAll } from '../../for-all.ts';

function fill(side: 'buy' | 'sell', lots: number, price: number, at_ms: number, fee_usdt = 0): TradeFill {
  return { symbol: 'BTCUSDT', side, lots, lot_size: 0.001, price, fee_usdt, at_ms };
}
function fold(fills: readonly TradeFill[]): { open: OpenTrade | null; closed: TradeRecord[] } {
  let open: OpenTrade | null = null;
  const closed: TradeRecord[] = [];
  for (const next of fills) {
    const step = applyTradeFill(open, next);
    open = step.open;
    if (step.closed !== null) closed.push(step.closed);
  }
  return { open, closed };
}

test('a trade opens at the first fill, grows, shrinks and closes when the share is back at zero', () => {
  const { open, closed } = fold([
    fill('buy', 2, 60_000, 1, 0.06),
    fill('buy', 1, 63_000, 2, 0.03),
    fill('sell', 1, 61_000, 3, 0.03),
    fill('sell', 2, 62_000, 4, 0.06),
  ]);
  assert.equal(open, null);
  assert.equal(closed.length, 1);
  const trade = closed[0]!;
  assert.deepEqual([trade.side, trade.opened_at_ms, trade.closed_at_ms], ['long', 1, 4]);
  assert.equal(trade.notional_usdt, 183);
  assert.ok(Math.abs(trade.pnl_usdt! - (61 + 124 - 183 - 0.18)) < 1e-9);
});

test('a fill beyond zero closes the trade and opens the rest on the other side, its fee split by lots', () => {
  const { open, closed } = fold([fill('buy', 2, 60_000, 1), fill('sell', 5, 59_000, 2, 1)]);
  assert.ok(Math.abs(closed[0]!.pnl_usdt! - (-2 - 0.4)) < 1e-9);
  assert.deepEqual([open!.side, open!.lots, open!.notional_usdt, open!.opened_at_ms], ['short', 3, 177, 2]);
  assert.ok(Math.abs(open!.realised_usdt + 0.6) < 1e-9);
  assert.deepEqual(recordOfOpenTrade(open!), {
    symbol: 'BTCUSDT',
    side: 'short',
    opened_at_ms: 2,
    closed_at_ms: null,
    notional_usdt: 177,
    pnl_usdt: null,
  });
});

test('whatever the fills, realised results are the cash flow of what is flat, and lots are conserved', () => {
  const one = fc.record({
    side: fc.constantFrom<'buy' | 'sell'>('buy', 'sell'),
    lots: fc.integer({ min: 1, max: 50 }),
    price: fc.integer({ min: 50_000, max: 70_000 }),
    fee: fc.double({ min: 0, max: 2, noNaN: true }),
  });
  forAll([fc.array(one, { minLength: 1, maxLength: 40 })], { seed: 61, numRuns: 300 }, (steps) => {
    const fills = steps.map(({ side, lots, price, fee }, i) => fill(side, lots, price, i, fee));
    const share = fills.reduce((sum, { side, lots }) => sum + (side === 'buy' ? lots : -lots), 0);
    const before = fold(fills).open;
    assert.equal(before === null ? 0 : before.side === 'long' ? before.lots : -before.lots, share);
    const all = share === 0 ? fills : [...fills, fill(share > 0 ? 'sell' : 'buy', Math.abs(share), 60_000, 999)];
    const { open, closed } = fold(all);
    assert.equal(open, null);
    const cash = all.reduce(
      (sum, { side, lots, price, fee_usdt }) => sum + (side === 'sell' ? 1 : -1) * lots * 0.001 * price - fee_usdt,
      0,
    );
    const realised = closed.reduce((sum, trade) => sum + trade.pnl_usdt!, 0);
    assert.ok(Math.abs(realised - cash) < 1e-6, `${realised} against ${cash}`);
  });
});
