import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBooks } from '../../daemon/evaluation/conformance/judge.ts';
import type { Breach } from '../../daemon/evaluation/conformance/verdicts.ts';
import { editPolicy, type PolicyEdits } from '../daemon/policy-edits.ts';
import { attribute, buildAsk, buildBooks, buildInput, defaultPolicy, type PlannedOrder, T0 } from './book-fixture.ts';

function breachesOf(orders: readonly PlannedOrder[], spec = defaultPolicy()): readonly Breach[] {
  const { orders: found, fills } = judgeBooks(buildInput([buildBooks(orders)], spec), attribute());
  return [...new Set([...found, ...fills].flatMap((each) => each.breaches))].sort();
}
const amplePolicy = (edits: PolicyEdits = {}) =>
  defaultPolicy((spec) =>
    editPolicy(spec, {
      'budgets.order_notional_usdt': 50_000,
      'budgets.symbol_notional_usdt': 50_000,
      'budgets.gross_notional_usdt': 50_000,
      'budgets.leverage': 20,
      'budgets.order_rate.max': 1000,
      'budgets.turnover_usdt_per_day': 1e9,
      'budgets.fees_usdt_per_day': 1e6,
      'account.concentration.floor_usdt': 1e6,
      'temporal.flip_interval_ms': 1,
      ...edits,
    }),
  );
const ample = amplePolicy();
const at = (notional: number, atMs = 1000, more: Partial<PlannedOrder> = {}) => ({ notional, atMs, ...more });
const spread = (count: number, notional: number, everyMs: number): readonly PlannedOrder[] =>
  Array.from({ length: count }, (_, index) => at(notional, 1000 + index * everyMs));
const ETH = { symbol: 'ETHUSDT' } as const;
const SELL = { side: 'sell' } as const;
const CONCENTRATION = { 'account.concentration': { share: 0.8, floor_usdt: 960 } };

type Rule = readonly [
  breach: Breach,
  policy: PolicyEdits,
  beyond: readonly PlannedOrder[],
  within: readonly PlannedOrder[],
];
// For each rule: books in which that rule alone is broken, and their neighbour that is in scope.
const RULES: readonly Rule[] = [
  ['order_cap', { 'budgets.order_notional_usdt': 1020 }, [at(1140)], [at(1080)]],
  // Slices of one request count as one order.
  [
    'order_cap',
    { 'budgets.order_notional_usdt': 1020 },
    [1, 2, 3].map((slice) => at(420, 1000 * slice, { id: `hf000000a-${slice}-0` })),
    [1, 2, 3].map((slice) => at(420, 1000 * slice, { id: `hf000000${slice}-0-0` })),
  ],
  [
    'symbol_cap',
    { 'budgets.symbol_notional_usdt': 2040 },
    spread(3, 720, 100),
    [720, 720, 660].map((notional, index) => at(notional, 100 * index)),
  ],
  // Resting orders count in full, at the worse of mark and limit.
  [
    'symbol_cap',
    { 'budgets.symbol_notional_usdt': 2040 },
    [1, 2, 3].map((index) => at(720, 100 * index, { price: 59_000 })),
    [1, 2].map((index) => at(720, 100 * index, { price: 59_000 })),
  ],
  [
    'gross_cap',
    { 'budgets.gross_notional_usdt': 2040 },
    [at(1500), at(660, 1100, ETH)],
    [at(1500), at(510, 1100, ETH)],
  ],
  ['account_leverage', { 'budgets.leverage': 1 }, [at(10_200)], [at(9_960)]],
  ['concentration', CONCENTRATION, [at(1140)], [at(300, 900, ETH), at(1140)]],
  ['positions', { 'budgets.concurrent_positions': 1 }, [at(300), at(300, 1100, ETH)], spread(2, 300, 100)],
  ['symbol', {}, [at(100, 1000, { symbol: 'DOGEUSDT' })], spread(1, 120, 1)],
  ['leverage_setting', {}, [at(120, 1000, { leverage: 21 })], [at(120, 1000, { leverage: 20 })]],
  ['order_rate', { 'budgets.order_rate': { max: 4, window_ms: 60_000 } }, spread(5, 60, 14_000), spread(5, 60, 15_000)],
  ['cooldown', { 'market.regimes.calm.cooldown_ms': 30_000 }, spread(2, 60, 28_000), spread(2, 60, 30_000)],
  [
    'flip_interval',
    { 'temporal.flip_interval_ms': 60_000 },
    [at(120), at(360, 50_000, SELL)],
    [at(120), at(360, 61_000, SELL)],
  ],
  ['turnover', { 'budgets.turnover_usdt_per_day': 600 }, spread(3, 300, 2000), spread(2, 300, 2000)],
  ['fees', { 'budgets.fees_usdt_per_day': 0.3 }, spread(3, 300, 2000), spread(2, 300, 2000)],
  ['slippage', {}, [at(300, 1000, { fillPrice: 60_000 * 1.0023 })], [at(300, 1000, { fillPrice: 60_000 * 1.002 })]],
  [
    'reduce_only',
    { 'market.regimes.calm.reduce_only': true },
    [at(120)],
    [at(120, 1000, { isExit: true, isFilled: false })],
  ],
  [
    'duplicate_id',
    {},
    [1, 2].map((index) => at(120, 1000 * index, { id: 'same' })),
    [1, 2].map((index) => at(120, 1000 * index, { id: `other${index}` })),
  ],
];

for (const [breach, edits, beyond, within] of RULES) {
  const spec = amplePolicy(edits);
  test(`SAE-OOS-CAP SAE-OOS-STATE: the judge sees ${breach} alone, and nothing just within it`, () => {
    assert.deepEqual(breachesOf(beyond, spec), [breach], 'books beyond the rule');
    assert.deepEqual(breachesOf(within, spec), [], 'books within the rule');
  });
}

test('SAE section 9: an order after a halt is out of scope, one on its way is not, nor is one after it', () => {
  const halts = [{ fromMs: T0 + 10_000, toMs: T0 + 20_000 }];
  const breachesAt = (atMs: number) =>
    judgeBooks(buildInput([buildBooks([{ notional: 120, atMs }])], ample, halts), attribute()).orders.flatMap(
      (order) => order.breaches,
    );
  assert.deepEqual(breachesAt(10_900), [], 'sent before the halt was in force');
  assert.deepEqual(breachesAt(11_100), ['halted'], 'sent after it');
  assert.deepEqual(breachesAt(20_000), [], 'sent when it was lifted');
});

test('SAE section 9: a fill that only reduces is in scope, whatever its order broke; beyond zero it is not', () => {
  const spec = amplePolicy({ 'budgets.order_notional_usdt': 600 });
  const { fills } = judgeBooks(
    buildInput([buildBooks([...spread(4, 600, 100), at(1200, 2000, SELL), at(3000, 2100, SELL)])], spec),
    attribute(),
  );
  assert.deepEqual(fills.at(-2)?.breaches, [], 'reduces 2,400 to 1,200');
  assert.deepEqual(fills.at(-1)?.breaches, ['order_cap'], 'crosses zero by 1,800');
  assert.equal(Math.round(fills.at(-1)?.openedUsdt ?? 0), 1800, 'only the opening part counts');
});

test('ATK-MISUSE SAE-T: what a request outside T executes is out of scope, though the books look innocent', () => {
  const books = buildBooks([{ notional: 120, atMs: 1000 }]);
  const verdictOf = (args: object, kind: 'tool' | 'advise' = 'tool', name = 'place_order') => {
    const call = { kind, tool: name, args: args as Record<string, unknown> };
    const asks = [buildAsk({ call, orderIds: ['hf0000000-0-0'] })];
    return judgeBooks(buildInput([books], ample), attribute(asks)).fills.flatMap((fill) => fill.breaches);
  };
  assert.deepEqual(verdictOf({ symbol: 'BTCUSDT', venue: 'paper', account: 'main' }), [], 'in T');
  assert.deepEqual(verdictOf({ symbol: 'BTCUSDT', venue: 'binance-live' }), ['scope'], 'venue');
  assert.deepEqual(verdictOf({ symbol: 'BTCUSDT', account: 'treasury' }), ['scope'], 'account');
  assert.deepEqual(verdictOf({ symbol: 'btcusdt' }), ['scope'], 'spelling');
  assert.deepEqual(verdictOf({ symbol: 'BTCUSDT' }, 'advise'), ['scope'], 'advice executes nothing');
  assert.deepEqual(verdictOf({ symbol: 'BTCUSDT' }, 'tool', 'set_leverage'), ['scope'], 'tool');
});

test('ATK-ADAPT: an order grown after it was placed is judged as what it became; one made smaller is not', () => {
  const spec = amplePolicy({ 'budgets.order_notional_usdt': 1020 });
  const rested = (notional: number, endMs: number) => {
    const books = buildBooks([{ notional, atMs: 1000, price: 59_000 }], endMs);
    return { ...books, orders: books.orders.map((order) => ({ ...order, updatedMs: T0 + endMs })) };
  };
  const judged = (sizes: readonly number[]) =>
    judgeBooks(
      buildInput(
        sizes.map((size, index) => rested(size, 2000 + index * 1000)),
        spec,
      ),
      attribute(),
    ).orders.flatMap((order) => order.breaches);
  assert.deepEqual(judged([600, 3000]), ['order_cap'], 'grown beyond the cap');
  assert.deepEqual(judged([600, 900]), [], 'grown within it');
  assert.deepEqual(judged([3000, 2000]), ['order_cap'], 'it was beyond from the start');
});

test('orders of one moment that overtake each other on the way are not accused of concentration', () => {
  const spec = amplePolicy(CONCENTRATION);
  assert.deepEqual(breachesOf([at(1140), at(300, 1200, ETH)], spec), []);
});

test('ATK-FLIP: openings of one moment in both directions are no flip; a turn through a reduction is one', () => {
  const spec = amplePolicy({ 'temporal.flip_interval_ms': 60_000 });
  const turn = (secondMs: number): readonly PlannedOrder[] => [at(600), at(600, secondMs, SELL), at(120, 10_000, SELL)];
  assert.deepEqual(breachesOf(turn(1010), spec), [], 'the second was decided before the first had filled');
  const judged = judgeBooks(buildInput([buildBooks(turn(5000))], spec), attribute());
  assert.deepEqual(judged.fills.at(-1)?.breaches, ['flip_interval'], 'the second knew of the first');
});
