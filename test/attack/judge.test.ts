import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeBooks } from '../../daemon/evaluation/conformance/judge.ts';
import type { Breach } from '../../daemon/evaluation/conformance/verdicts.ts';
import { attribute, buildAsk, buildBooks, buildInput, defaultPolicy, type PlannedOrder, T0 } from './book-fixture.ts';

function breachesOf(orders: readonly PlannedOrder[], spec = defaultPolicy()): readonly Breach[] {
  const { orders: found, fills } = judgeBooks(buildInput([buildBooks(orders)], spec), attribute());
  return [...new Set([...found, ...fills].flatMap((each) => each.breaches))].sort();
}
const ample = defaultPolicy((spec) => {
  spec.budgets.order_notional_usdt = 50_000;
  spec.budgets.symbol_notional_usdt = 50_000;
  spec.budgets.gross_notional_usdt = 50_000;
  spec.budgets.leverage = 20;
  spec.budgets.order_rate.max = 1000;
  spec.budgets.turnover_usdt_per_day = 1e9;
  spec.budgets.fees_usdt_per_day = 1e6;
  spec.account.concentration.floor_usdt = 1e6;
  spec.temporal.flip_interval_ms = 1;
});
type Change = Parameters<typeof defaultPolicy>[0];
function amplePolicy(change: Change) {
  const spec = structuredClone(ample) as Parameters<NonNullable<Change>>[0];
  change?.(spec);
  return spec as typeof ample;
}
const spread = (count: number, notional: number, everyMs: number): readonly PlannedOrder[] =>
  Array.from({ length: count }, (_, index) => ({ notional, atMs: 1000 + index * everyMs }));

// For each rule: books in which that rule alone is broken, and their neighbour that is in scope.
const RULES: readonly {
  readonly breach: Breach;
  readonly spec: typeof ample;
  readonly beyond: readonly PlannedOrder[];
  readonly within: readonly PlannedOrder[];
}[] = [
  {
    breach: 'order_cap',
    spec: amplePolicy((spec) => {
      spec.budgets.order_notional_usdt = 1020;
    }),
    beyond: [{ notional: 1140, atMs: 1000 }],
    within: [{ notional: 1080, atMs: 1000 }],
  },
  {
    breach: 'order_cap',
    spec: amplePolicy((spec) => {
      spec.budgets.order_notional_usdt = 1020;
    }),
    // Slices of one request count as one order.
    beyond: [1, 2, 3].map((slice) => ({ notional: 420, atMs: 1000 * slice, id: `hf000000a-${slice}-0` })),
    within: [1, 2, 3].map((slice) => ({ notional: 420, atMs: 1000 * slice, id: `hf000000${slice}-0-0` })),
  },
  {
    breach: 'symbol_cap',
    spec: amplePolicy((spec) => {
      spec.budgets.symbol_notional_usdt = 2040;
    }),
    beyond: spread(3, 720, 100),
    within: [720, 720, 660].map((notional, index) => ({ notional, atMs: 100 * index })),
  },
  {
    breach: 'symbol_cap',
    spec: amplePolicy((spec) => {
      spec.budgets.symbol_notional_usdt = 2040;
    }),
    // Resting orders count in full, at the worse of mark and limit.
    beyond: [1, 2, 3].map((index) => ({ notional: 720, atMs: 100 * index, price: 59_000 })),
    within: [1, 2].map((index) => ({ notional: 720, atMs: 100 * index, price: 59_000 })),
  },
  {
    breach: 'gross_cap',
    spec: amplePolicy((spec) => {
      spec.budgets.gross_notional_usdt = 2040;
    }),
    beyond: [
      { notional: 1500, atMs: 1000 },
      { notional: 660, atMs: 1100, symbol: 'ETHUSDT' },
    ],
    within: [
      { notional: 1500, atMs: 1000 },
      { notional: 510, atMs: 1100, symbol: 'ETHUSDT' },
    ],
  },
  {
    breach: 'account_leverage',
    spec: amplePolicy((spec) => {
      spec.budgets.leverage = 1;
    }),
    beyond: [{ notional: 10_200, atMs: 1000 }],
    within: [{ notional: 9_960, atMs: 1000 }],
  },
  {
    breach: 'concentration',
    spec: amplePolicy((spec) => {
      spec.account.concentration = { share: 0.8, floor_usdt: 960 };
    }),
    beyond: [{ notional: 1140, atMs: 1000 }],
    within: [
      { notional: 300, atMs: 900, symbol: 'ETHUSDT' },
      { notional: 1140, atMs: 1000 },
    ],
  },
  {
    breach: 'positions',
    spec: amplePolicy((spec) => {
      spec.budgets.concurrent_positions = 1;
    }),
    beyond: [
      { notional: 300, atMs: 1000 },
      { notional: 300, atMs: 1100, symbol: 'ETHUSDT' },
    ],
    within: spread(2, 300, 100),
  },
  {
    breach: 'symbol',
    spec: ample,
    beyond: [{ notional: 100, atMs: 1000, symbol: 'DOGEUSDT' }],
    within: spread(1, 120, 1),
  },
  {
    breach: 'leverage_setting',
    spec: ample,
    beyond: [{ notional: 120, atMs: 1000, leverage: 21 }],
    within: [{ notional: 120, atMs: 1000, leverage: 20 }],
  },
  {
    breach: 'order_rate',
    spec: amplePolicy((spec) => {
      spec.budgets.order_rate = { max: 4, window_ms: 60_000 };
    }),
    beyond: spread(5, 60, 14_000),
    within: spread(5, 60, 15_000),
  },
  {
    breach: 'cooldown',
    spec: amplePolicy((spec) => {
      spec.market.regimes.calm.cooldown_ms = 30_000;
    }),
    beyond: spread(2, 60, 28_000),
    within: spread(2, 60, 30_000),
  },
  {
    breach: 'flip_interval',
    spec: amplePolicy((spec) => {
      spec.temporal.flip_interval_ms = 60_000;
    }),
    beyond: [
      { notional: 120, atMs: 1000 },
      { notional: 360, atMs: 50_000, side: 'sell' },
    ],
    within: [
      { notional: 120, atMs: 1000 },
      { notional: 360, atMs: 61_000, side: 'sell' },
    ],
  },
  {
    breach: 'turnover',
    spec: amplePolicy((spec) => {
      spec.budgets.turnover_usdt_per_day = 600;
    }),
    beyond: spread(3, 300, 2000),
    within: spread(2, 300, 2000),
  },
  {
    breach: 'fees',
    spec: amplePolicy((spec) => {
      spec.budgets.fees_usdt_per_day = 0.3;
    }),
    beyond: spread(3, 300, 2000),
    within: spread(2, 300, 2000),
  },
  {
    breach: 'slippage',
    spec: ample,
    beyond: [{ notional: 300, atMs: 1000, fillPrice: 60_000 * 1.0023 }],
    within: [{ notional: 300, atMs: 1000, fillPrice: 60_000 * 1.002 }],
  },
  {
    breach: 'reduce_only',
    spec: amplePolicy((spec) => {
      Object.assign(spec.market.regimes.calm, { reduce_only: true });
    }),
    beyond: [{ notional: 120, atMs: 1000 }],
    within: [{ notional: 120, atMs: 1000, isExit: true, isFilled: false }],
  },
  {
    breach: 'duplicate_id',
    spec: ample,
    beyond: [1, 2].map((index) => ({ notional: 120, atMs: 1000 * index, id: 'same' })),
    within: [1, 2].map((index) => ({ notional: 120, atMs: 1000 * index, id: `other${index}` })),
  },
];

for (const { breach, spec, beyond, within } of RULES) {
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
  const spec = amplePolicy((change) => {
    change.budgets.order_notional_usdt = 600;
  });
  const { fills } = judgeBooks(
    buildInput(
      [
        buildBooks([
          ...spread(4, 600, 100),
          { notional: 1200, atMs: 2000, side: 'sell' },
          { notional: 3000, atMs: 2100, side: 'sell' },
        ]),
      ],
      spec,
    ),
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
  const spec = amplePolicy((change) => {
    change.budgets.order_notional_usdt = 1020;
  });
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
  const spec = amplePolicy((change) => {
    change.account.concentration = { share: 0.8, floor_usdt: 960 };
  });
  const orders: readonly PlannedOrder[] = [
    { notional: 1140, atMs: 1000 },
    { notional: 300, atMs: 1200, symbol: 'ETHUSDT' },
  ];
  assert.deepEqual(breachesOf(orders, spec), []);
});

test('ATK-FLIP: openings of one moment in both directions are no flip; a turn through a reduction is one', () => {
  const spec = amplePolicy((change) => {
    change.temporal.flip_interval_ms = 60_000;
  });
  const turn = (secondMs: number): readonly PlannedOrder[] => [
    { notional: 600, atMs: 1000 },
    { notional: 600, atMs: secondMs, side: 'sell' },
    { notional: 120, atMs: 10_000, side: 'sell' },
  ];
  assert.deepEqual(breachesOf(turn(1010), spec), [], 'the second was decided before the first had filled');
  const judged = judgeBooks(buildInput([buildBooks(turn(5000))], spec), attribute());
  assert.deepEqual(judged.fills.at(-1)?.breaches, ['flip_interval'], 'the second knew of the first');
});
