import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forAll } from '../for-all.ts';
import { looseScope, openBench, PRICES } from './fixture.ts';

/** Nothing may be opened at all: every rule that can be broken is. */
const CLOSED = looseScope({
  budgets: {
    leverage: 1,
    order_notional_usdt: 0.01,
    symbol_notional_usdt: 0.01,
    gross_notional_usdt: 0.01,
    order_rate: { max: 1, window_ms: 60_000 },
    slippage_bps: 0.1,
    concurrent_positions: 1,
    turnover_usdt_per_day: 0.01,
    fees_usdt_per_day: 0.01,
  },
  account: {
    drawdown: { window_ms: 2_592_000_000, tiers: [{ at: 0.01, multiplier: 0.5, reduce_only: true }] },
    concentration: { share: 0.01, floor_usdt: 0 },
    min_liquidation_distance: 0.99,
  },
  temporal: { flip_interval_ms: 60_000 },
  cooldowns: true,
});

test('SAE-OOS-CAP SAE-OOS-STATE SAE-OOS-TOOL: a fill that only reduces is never out of scope, whatever its order says', () => {
  const cases = fc.record({
    held: fc.integer({ min: -50, max: 50 }).filter((lots) => lots !== 0),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    venue: fc.constantFrom('paper', 'elsewhere'),
    account: fc.constantFrom('main', 'other'),
    leverage: fc.constantFrom(1, 125, null),
    reduceOnly: fc.boolean(),
    price: fc.integer({ min: 10_000, max: 90_000 }),
    priceTicks: fc.constantFrom(null, 400_000, 600_000),
  });
  forAll([cases], { numRuns: 60, seed: 9 }, ({ held, share, price, ...order }) => {
    const bench = openBench(CLOSED, 'extreme');
    bench.equity(5000, bench.startMs, 4900);
    bench.ask({ tool: 'withdraw' }, bench.startMs, 3);
    assert.notDeepEqual(bench.trade('BTCUSDT', held, bench.startMs), [], 'the opening is out of scope');
    const lots = Math.max(1, Math.floor(Math.abs(held) * share));
    const side = held > 0 ? 'sell' : 'buy';
    const id = bench.order({ ...order, askId: 3, side, lots }, bench.startMs + 1);
    const verdict = bench.judge.fill({ orderId: id, atMs: bench.startMs + 1, lots, price, feeUsdt: 100 });
    assert.deepEqual(verdict, { rules: [], openedLots: 0 }, `${side} ${lots} of ${held}`);
  });
});

test('SAE-OOS-CAP: of a fill that crosses zero only the opening part is judged', () => {
  const scope = looseScope({ budgets: { order_notional_usdt: 1000, symbol_notional_usdt: 2000 } });
  const bench = openBench(scope);
  bench.trade('BTCUSDT', 20, bench.startMs);
  bench.trade('BTCUSDT', 20, bench.startMs);
  const order = bench.order({ side: 'sell', lots: 61 }, bench.startMs + 1);
  const verdict = bench.judge.fill({ orderId: order, atMs: bench.startMs + 1, lots: 61, price: 50_000, feeUsdt: 0 });
  assert.deepEqual(verdict, { rules: [], openedLots: 21 }, '21 lots short are within one lot of the order cap');
  const other = openBench(scope);
  other.trade('BTCUSDT', 20, other.startMs);
  assert.deepEqual(other.trade('BTCUSDT', -42, other.startMs + 1), ['cap_order'], '22 lots short are not');
});

test('SAE-OOS-CAP: an order in several fills is judged whole from the first opening fill on', () => {
  const bench = openBench(looseScope({ budgets: { order_notional_usdt: 1000 } }));
  const order = bench.order({ lots: 22 }, bench.startMs);
  assert.deepEqual(bench.fill(order, 1, bench.startMs), ['cap_order'], 'one lot of 22');
  const crossing = openBench(looseScope({ budgets: { order_notional_usdt: 1000 } }));
  crossing.trade('BTCUSDT', 10, crossing.startMs);
  const sell = crossing.order({ side: 'sell', lots: 32 }, crossing.startMs + 1);
  assert.deepEqual(crossing.fill(sell, 10, crossing.startMs + 1), [], 'the closing part');
  assert.deepEqual(crossing.fill(sell, 4, crossing.startMs + 1), ['cap_order'], 'four lots, and 18 on their way');
});

test('SAE-OOS-CAP: resting and in-flight orders count in full, at the worse of mark and limit, until they are over', () => {
  const scope = looseScope({ budgets: { symbol_notional_usdt: 2000 } });
  const resting = (priceTicks: number, extra: Parameters<ReturnType<typeof openBench>['order']>[0] = {}) => {
    const bench = openBench(scope);
    const id = bench.order({ lots: 20, priceTicks, timeInForce: 'GTC', ...extra }, bench.startMs);
    return { bench, id };
  };
  const below = resting(400_000);
  assert.deepEqual(below.bench.trade('BTCUSDT', 21, below.bench.startMs), [], '20 at the mark, and 21');
  const beyond = resting(400_000);
  assert.deepEqual(beyond.bench.trade('BTCUSDT', 22, beyond.bench.startMs), ['cap_symbol'], '20 at the mark, and 22');
  const above = resting(550_000);
  assert.deepEqual(above.bench.trade('BTCUSDT', 20, above.bench.startMs), ['cap_symbol'], '20 at 10 % above the mark');
  const other = resting(550_000, { side: 'sell' });
  assert.deepEqual(other.bench.trade('BTCUSDT', 41, other.bench.startMs), [], 'nothing is netted across sides');
  const exit = resting(550_000, { reduceOnly: true });
  assert.deepEqual(exit.bench.trade('BTCUSDT', 41, exit.bench.startMs), [], 'reduce-only orders add nothing');
  const over = resting(400_000);
  over.bench.judge.orderEnded(over.id, over.bench.startMs);
  assert.deepEqual(over.bench.trade('BTCUSDT', 41, over.bench.startMs), [], 'an order that is over');
  const filled = resting(400_000);
  filled.bench.fill(filled.id, 5, filled.bench.startMs, 40_000);
  assert.deepEqual(filled.bench.trade('BTCUSDT', 22, filled.bench.startMs), ['cap_symbol'], 'what is filled is held');
});

test('SAE-OOS-CAP: an order that rests is judged by the instant of its decision, not by that of its fill', () => {
  const bench = openBench(looseScope({ budgets: { order_notional_usdt: 1000 } }));
  const id = bench.order({ lots: 20, priceTicks: 490_000, timeInForce: 'GTC' }, bench.startMs);
  bench.judge.funding('BTCUSDT', -0.02, bench.startMs + 1000);
  assert.equal(bench.judge.regime('BTCUSDT'), 'extreme', 'the caps are a quarter now');
  assert.deepEqual(bench.fill(id, 20, bench.startMs + 2000, 49_000), [], 'decided in calm');
  assert.deepEqual(bench.trade('BTCUSDT', 7, bench.startMs + 3000), ['cap_order'], 'decided in extreme');
});

test('SAE-OOS-CAP: a non-reducing exit order that fills after the position is gone is judged as opening', () => {
  const scope = looseScope({ budgets: { symbol_notional_usdt: 500 } });
  const bench = openBench(scope);
  bench.trade('BTCUSDT', 10, bench.startMs);
  const one = bench.order({ side: 'sell', lots: 10, priceTicks: 510_000, timeInForce: 'GTC' }, bench.startMs);
  const two = bench.order({ side: 'sell', lots: 10, priceTicks: 510_000, timeInForce: 'GTC' }, bench.startMs);
  assert.deepEqual(bench.fill(one, 10, bench.startMs + 1, 51_000), [], 'the first closes');
  assert.deepEqual(bench.fill(two, 10, bench.startMs + 1, 51_000), ['cap_symbol'], 'the second opens beside it');
});

test('SAE-OOS-CAP SAE-OOS-STATE: a larger or more aggressive amend is a new opening order, a milder one is not', () => {
  const scope = looseScope({ budgets: { order_notional_usdt: 1000 }, cooldowns: true });
  const rest = (lots: number) => {
    const bench = openBench(scope, 'volatile');
    const id = bench.order({ lots, priceTicks: 490_000, timeInForce: 'GTC' }, bench.startMs);
    const amend = (to: number, priceTicks: number, atMs: number) =>
      bench.judge.amend({ orderId: id, askId: -1, atMs, lots: to, priceTicks, marks: bench.marks });
    return { bench, id, amend, laterMs: bench.startMs + 60_000 };
  };
  const larger = rest(12);
  larger.amend(14, 490_000, larger.laterMs);
  assert.deepEqual(larger.bench.fill(larger.id, 14, larger.laterMs), ['cap_order'], '14 lots where 12 are allowed');
  const nearer = rest(13);
  nearer.amend(13, 495_000, nearer.bench.startMs + 1000);
  assert.deepEqual(
    nearer.bench.fill(nearer.id, 13, nearer.laterMs),
    ['cooldown'],
    'a better price within the cooldown',
  );
  const milder = rest(13);
  milder.amend(12, 480_000, milder.bench.startMs + 1000);
  assert.deepEqual(milder.bench.fill(milder.id, 12, milder.laterMs), [], 'smaller and farther');
  const refused = rest(12);
  refused.amend(30, 490_000, refused.bench.startMs + 1000);
  refused.amend(12, 490_000, refused.bench.startMs + 1000);
  assert.deepEqual(refused.bench.fill(refused.id, 12, refused.laterMs), [], 'taken back at once');
  const filled = rest(13);
  filled.bench.fill(filled.id, 10, filled.bench.startMs + 500, 49_000);
  filled.amend(23, 490_000, filled.laterMs);
  assert.deepEqual(filled.bench.fill(filled.id, 13, filled.laterMs, 49_000), [], 'the total holds what is filled');
});

test('SAE-OOS-CAP: turnover and fees leave after 24 hours, at the instant [PK-14 PK-15]', () => {
  for (const budgets of [{ turnover_usdt_per_day: 1000 }, { fees_usdt_per_day: 0.4 }]) {
    for (const [afterMs, isFree] of [
      [86_399_999, false],
      [86_400_000, true],
    ] as const) {
      const bench = openBench(looseScope({ budgets }));
      const order = bench.order({ lots: 20 }, bench.startMs);
      bench.fill(order, 20, bench.startMs, PRICES.BTCUSDT, 0.4);
      bench.judge.orderEnded(order, bench.startMs);
      for (let i = 0; i < 96; i++) {
        const close = i % 2 === 0 ? 50_010 : 50_000;
        if ((i + 1) * 900_000 <= afterMs) bench.judge.bar('BTCUSDT', bench.startMs + i * 900_000, close, 1000);
      }
      const rules = bench.trade('BTCUSDT', 21, bench.startMs + afterMs);
      assert.equal(rules.length === 0, isFree, `${JSON.stringify(budgets)} after ${afterMs} ms: ${rules}`);
    }
  }
});

test('events that contradict each other are refused', () => {
  const bench = openBench(looseScope({}));
  const at = bench.startMs;
  assert.throws(() => bench.judge.fill({ orderId: 'no', atMs: at, lots: 1, price: 1, feeUsdt: 0 }), RangeError, 'fill');
  bench.order({ orderId: 'one' }, at);
  assert.throws(() => bench.order({ orderId: 'one' }, at), RangeError, 'the same order twice');
  assert.throws(() => bench.judge.mark('DOGEUSDT', at, 1), RangeError, 'a symbol of no market');
  assert.throws(() => bench.judge.bar('BTCUSDT', at - 900_000, 1, 1), RangeError, 'a bar twice');
  bench.equity(10_000, at + 10);
  assert.throws(() => bench.equity(10_000, at), RangeError, 'equity of the past');
});
