import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JudgeScope } from '../../daemon/evaluation/judge/scope.ts';
import { type Bench, looseScope, openBench, PRICES, type TestRegime } from './fixture.ts';

interface CapCase {
  readonly rule: string;
  readonly scope: JudgeScope;
  readonly prepare?: (bench: Bench) => void;
  /** Lots that reach the cap exactly, or stay below it by less than a lot. */
  readonly lots: number;
  readonly equityUsdt?: number;
  readonly regime?: TestRegime;
  /** Lots of a short, where they differ; null: the preparation is for a long. */
  readonly short?: number | null;
}
/** Notional caps at 50 USDT a lot; only the named rule binds in its scope. */
const CASES: readonly CapCase[] = [
  { rule: 'cap_order', scope: looseScope({ budgets: { order_notional_usdt: 1000 } }), lots: 20 },
  { rule: 'cap_order', scope: looseScope({ budgets: { order_notional_usdt: 1000 } }), lots: 12, regime: 'volatile' },
  { rule: 'cap_order', scope: looseScope({ budgets: { order_notional_usdt: 1000 } }), lots: 5, regime: 'extreme' },
  {
    rule: 'cap_symbol',
    scope: looseScope({ budgets: { symbol_notional_usdt: 2000 } }),
    prepare: (bench) => bench.trade('BTCUSDT', 20, bench.startMs),
    lots: 20,
    short: null,
  },
  {
    rule: 'cap_gross',
    scope: looseScope({ budgets: { gross_notional_usdt: 3000 } }),
    prepare: (bench) => bench.trade('ETHUSDT', -40, bench.startMs),
    lots: 20,
  },
  {
    rule: 'cap_account_leverage',
    scope: looseScope({ budgets: { leverage: 3 } }),
    prepare: (bench) => bench.trade('ETHUSDT', 10, bench.startMs),
    lots: 20,
    equityUsdt: 500,
  },
  {
    rule: 'concentration',
    scope: looseScope({ account: { concentration: { share: 0.8, floor_usdt: 1000 } } }),
    lots: 20,
  },
  {
    rule: 'concentration',
    scope: looseScope({ account: { concentration: { share: 0.8, floor_usdt: 1000 } } }),
    prepare: (bench) => bench.trade('ETHUSDT', 10, bench.startMs),
    lots: 40,
  },
  {
    // What rests in another symbol may never fill.
    rule: 'concentration',
    scope: looseScope({ account: { concentration: { share: 0.8, floor_usdt: 1000 } } }),
    prepare: (bench) => bench.order({ symbol: 'ETHUSDT', lots: 10, timeInForce: 'GTC' }, bench.startMs),
    lots: 20,
  },
  {
    rule: 'turnover',
    scope: looseScope({ budgets: { turnover_usdt_per_day: 20_000 } }),
    prepare: (bench) => {
      bench.trade('ETHUSDT', 190, bench.startMs);
      bench.trade('ETHUSDT', -190, bench.startMs);
    },
    lots: 20,
  },
  {
    rule: 'fees',
    scope: looseScope({ budgets: { fees_usdt_per_day: 8 } }),
    prepare: (bench) => {
      const order = bench.order({ symbol: 'ETHUSDT', lots: 10 }, bench.startMs);
      bench.fill(order, 10, bench.startMs, PRICES.ETHUSDT, 7.6);
      bench.judge.orderEnded(order, bench.startMs);
    },
    lots: 20,
  },
  {
    // 1000 - 0.15 n <= 0.004 * 0.85 n from n = 6,519 USDT on; short, 0.004 * 1.15 n, from 6,468 on.
    rule: 'liquidation_distance',
    scope: looseScope({ account: { min_liquidation_distance: 0.15 } }),
    lots: 130,
    short: 129,
    equityUsdt: 1000,
  },
];

for (const { rule, scope, prepare, lots, equityUsdt, regime, short } of CASES) {
  const directions = short === null ? ([1] as const) : ([1, -1] as const);
  for (const sign of directions) {
    const cap = sign > 0 ? lots : (short ?? lots);
    test(`SAE-OOS-CAP: ${rule} alone binds from two lots above ${cap * sign} on (${regime ?? 'calm'})`, () => {
      for (const [more, expected] of [
        [-1, []],
        [0, []],
        [1, []],
        [2, [rule]],
        [30, [rule]],
      ] as const) {
        const bench = openBench(scope, regime, equityUsdt);
        prepare?.(bench);
        const rules = bench.trade('BTCUSDT', sign * (cap + more), bench.startMs + 1000);
        assert.deepEqual(rules, expected, `${cap} ${more} lots`);
      }
    });
  }
}

test('SAE-OOS-CAP: a leverage of the order above the cap is out of scope at any size, in every regime', () => {
  for (const [regime, cap] of [
    ['calm', 3],
    ['volatile', 2],
    ['extreme', 1],
  ] as const) {
    const scope = looseScope({ budgets: { leverage: 3 } });
    const at = openBench(scope, regime);
    assert.deepEqual(at.trade('BTCUSDT', 1, at.startMs, { leverage: cap }), [], `${cap}x in ${regime}`);
    const beyond = openBench(scope, regime);
    assert.deepEqual(beyond.trade('BTCUSDT', 1, beyond.startMs, { leverage: cap + 1 }), ['cap_leverage'], regime);
  }
});

test('SAE-OOS-CAP: a symbol more than the positions allowed is out of scope, adding to one of them is not', () => {
  const bench = openBench(looseScope({ budgets: { concurrent_positions: 2 } }));
  assert.deepEqual(bench.trade('BTCUSDT', 1, bench.startMs), [], 'the first');
  // A resting order is a position to be.
  bench.order({ symbol: 'ETHUSDT', lots: 1, priceTicks: 20_000, timeInForce: 'GTC' }, bench.startMs);
  assert.deepEqual(bench.trade('SOLUSDT', 1, bench.startMs), ['positions'], 'the third');
  assert.deepEqual(bench.trade('BTCUSDT', 1, bench.startMs), [], 'more of the first');
});

test('SAE-OOS-CAP: the fill price is held to the slippage cap, half the spread and one tick from the decision mark', () => {
  const scope = looseScope({ budgets: { slippage_bps: 20 } });
  const cases = [
    ['calm', 'buy', 50_102.6, []],
    ['calm', 'buy', 50_102.7, ['slippage']],
    ['calm', 'sell', 49_897.4, []],
    ['calm', 'sell', 49_897.3, ['slippage']],
    ['calm', 'sell', 51_000, []],
    ['volatile', 'buy', 50_077.6, []],
    ['volatile', 'buy', 50_077.7, ['slippage']],
    ['extreme', 'buy', 50_052.7, ['slippage']],
  ] as const;
  for (const [regime, side, price, expected] of cases) {
    const bench = openBench(scope, regime);
    const order = bench.order({ side, lots: 2 }, bench.startMs);
    bench.marks = new Map([...bench.marks, ['BTCUSDT', price]]);
    assert.deepEqual(bench.fill(order, 2, bench.startMs + 1000, price), expected, `${regime} ${side} at ${price}`);
  }
});

test('SAE-OOS-CAP: multipliers of regime and of every tier that is reached multiply', () => {
  const tiers = [{ at: 0.05, multiplier: 0.5, reduce_only: false }];
  const scope = looseScope({
    budgets: { order_notional_usdt: 1000 },
    account: { drawdown: { window_ms: 2_592_000_000, tiers }, margin_ratio: { tiers } },
  });
  for (const [equity, margin, lots] of [
    [9501, 0, 12],
    [9500, 0, 6],
    [9500, 474, 6],
    [9500, 475, 3],
  ] as const) {
    for (const more of [1, 2]) {
      const bench = openBench(scope, 'volatile');
      bench.equity(equity, bench.startMs, margin);
      const rules = bench.trade('BTCUSDT', lots + more, bench.startMs);
      assert.deepEqual(rules, more === 1 ? [] : ['cap_order'], `${equity} ${margin} ${lots + more} lots`);
    }
  }
});

test('SAE-OOS-CAP: gross follows the strictest regime among the symbol and the symbols with exposure', () => {
  const scope = looseScope({ budgets: { gross_notional_usdt: 3000 } });
  const alone = openBench(scope);
  alone.judge.funding('ETHUSDT', 0.01, alone.startMs);
  assert.deepEqual(alone.trade('BTCUSDT', 61, alone.startMs), [], 'an extreme symbol without exposure does not count');
  const exposed = openBench(scope);
  exposed.trade('ETHUSDT', 2, exposed.startMs);
  exposed.judge.funding('ETHUSDT', 0.01, exposed.startMs);
  assert.deepEqual(exposed.trade('BTCUSDT', 14, exposed.startMs), [], 'a quarter of 3,000: 15 lots, one beyond them');
  exposed.trade('BTCUSDT', -14, exposed.startMs, { reduceOnly: true });
  assert.deepEqual(exposed.trade('BTCUSDT', 15, exposed.startMs), ['cap_gross'], 'two beyond');
});
