import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createJudge } from '../../daemon/evaluation/judge/judge.ts';
import { readScope } from '../../daemon/evaluation/judge/scope.ts';
import { BAR_MS, instrumentOf, looseScope, openBench } from './fixture.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const reduceOnlyFrom = (at: number) => [{ at, multiplier: 1, reduce_only: true }];

test('SAE-OOS-STATE: opening at a drawdown from the tier on is out of scope', () => {
  const scope = looseScope({ account: { drawdown: { window_ms: 30 * DAY_MS, tiers: reduceOnlyFrom(0.1) } } });
  for (const [equity, expected] of [
    [9001, []],
    [9000, ['state_reduce_only']],
    [8000, ['state_reduce_only']],
  ] as const) {
    const bench = openBench(scope);
    bench.equity(10_000, bench.startMs);
    bench.equity(equity, bench.startMs + 1000);
    assert.deepEqual(bench.trade('BTCUSDT', 1, bench.startMs + 1000), expected, `equity ${equity}`);
  }
});

test('SAE-OOS-STATE: the highest equity leaves the drawdown after 30 days', () => {
  const scope = looseScope({ account: { drawdown: { window_ms: 30 * DAY_MS, tiers: reduceOnlyFrom(0.1) } } });
  for (const [afterMs, expected] of [
    [30 * DAY_MS - 1, ['state_reduce_only']],
    [30 * DAY_MS, []],
  ] as const) {
    const bench = openBench(scope);
    bench.equity(10_000, bench.startMs);
    bench.equity(8000, bench.startMs + 1000);
    const atMs = bench.startMs + afterMs;
    for (let openMs = bench.startMs; openMs < atMs; openMs += BAR_MS)
      bench.judge.bar('BTCUSDT', openMs, openMs % (2 * BAR_MS) === 0 ? 50_005 : 50_000, 1000);
    assert.deepEqual(bench.trade('BTCUSDT', 1, atMs), expected, `${afterMs} ms after the peak`);
  }
});

test('SAE-OOS-STATE: the daily loss is measured from the higher of 00:00 UTC and 24 hours ago [PK-109]', () => {
  const scope = looseScope({ account: { daily_loss: { tiers: reduceOnlyFrom(0.05) } } });
  const open = (at: (startMs: number) => readonly (readonly [number, number])[]) => {
    const bench = openBench(scope);
    const samples = at(bench.startMs);
    for (const [atMs, equity] of samples) bench.equity(equity, atMs);
    const atMs = samples.at(-1)![0];
    for (let openMs = bench.startMs; openMs + BAR_MS <= atMs; openMs += BAR_MS)
      bench.judge.bar('BTCUSDT', openMs, openMs % (2 * BAR_MS) === 0 ? 50_005 : 50_000, 1000);
    return bench.trade('BTCUSDT', 1, atMs);
  };
  const start: readonly string[] = ['state_reduce_only'];
  assert.deepEqual(
    open((t) => [[t + 1000, 9501]]),
    [],
    'below the tier, from the equity at the start',
  );
  assert.deepEqual(
    open((t) => [[t + 1000, 9500]]),
    start,
    'at the tier',
  );
  // 24 hours ago it was 10,000, at midnight 9,400: the loss since yesterday still counts.
  assert.deepEqual(
    open((t) => [
      [t + 12 * 3_600_000, 10_000],
      [t + 23 * 3_600_000, 9400],
      [t + DAY_MS + 3_600_000, 9400],
    ]),
    start,
    'from 24 hours ago',
  );
  assert.deepEqual(
    open((t) => [
      [t + 12 * 3_600_000, 10_000],
      [t + 13 * 3_600_000, 9400],
      [t + DAY_MS + 13 * 3_600_000, 9400],
    ]),
    [],
    'the value that held 24 hours ago is the later one',
  );
  assert.deepEqual(
    open((t) => [
      [t + 1000, 9400],
      [t + DAY_MS, 10_000],
      [t + DAY_MS + 1000, 9400],
    ]),
    start,
    'from midnight',
  );
});

test('SAE-OOS-STATE: opening at a margin ratio from the tier on is out of scope', () => {
  const scope = looseScope({ account: { margin_ratio: { tiers: reduceOnlyFrom(0.8) } } });
  for (const [maintenance, expected] of [
    [7999, []],
    [8000, ['state_reduce_only']],
  ] as const) {
    const bench = openBench(scope);
    bench.equity(10_000, bench.startMs, maintenance);
    assert.deepEqual(bench.trade('BTCUSDT', 1, bench.startMs), expected, `maintenance ${maintenance}`);
  }
});

test('SAE-OOS-STATE: opening in a regime that only permits reducing is out of scope', () => {
  const loose = looseScope({});
  const { regimes } = loose.market;
  const market = { ...loose.market, regimes: { ...regimes, extreme: { ...regimes.extreme, reduce_only: true } } };
  for (const [regime, expected] of [
    ['volatile', []],
    ['extreme', ['state_reduce_only']],
  ] as const) {
    const bench = openBench({ ...loose, market }, regime);
    assert.deepEqual(bench.trade('BTCUSDT', 1, bench.startMs), expected, regime);
  }
});

test('SAE-OOS-STATE: nothing is opened with less than a window of bars, after a missing bar, or without a mark', () => {
  const open = (bars: number, gapAt: number | null, mark: number | null, lateMs: number) => {
    const judge = createJudge({
      scope: looseScope({}),
      instruments: [instrumentOf('BTCUSDT')],
      barMs: BAR_MS,
      startEquityUsdt: 10_000,
    });
    for (let i = 0; i < bars; i++)
      if (i !== gapAt) judge.bar('BTCUSDT', i * BAR_MS, i % 2 === 0 ? 50_020 : 50_000, 1000);
    const atMs = bars * BAR_MS + lateMs;
    const marks = new Map([['BTCUSDT', mark]]);
    judge.order({
      orderId: 'one',
      askId: -1,
      atMs,
      symbol: 'BTCUSDT',
      venue: 'paper',
      account: 'main',
      side: 'buy',
      lots: 1,
      priceTicks: null,
      leverage: 1,
      maxSlippageBps: null,
      reduceOnly: false,
      timeInForce: 'IOC',
      slice: 0,
      marks,
    });
    return judge.fill({ orderId: 'one', atMs, lots: 1, price: 50_000, feeUsdt: 0 }).rules;
  };
  assert.deepEqual(open(59, null, 50_000, 0), ['state_unknown_market'], '59 bars');
  assert.deepEqual(open(60, null, 50_000, 0), [], '60 bars');
  assert.deepEqual(open(160, 100, 50_000, 0), ['state_unknown_market'], '59 bars after the gap');
  assert.deepEqual(open(161, 100, 50_000, 0), [], '60 bars after the gap');
  assert.deepEqual(open(160, null, 50_000, 2 * BAR_MS), [], 'one bar late, and the running one');
  assert.deepEqual(
    open(160, null, 50_000, 2 * BAR_MS + 1),
    ['state_unknown_market'],
    'two bars that should have closed',
  );
  assert.deepEqual(open(160, null, null, 0), ['state_unknown_market'], 'no mark');
});

test('SAE-OOS-STATE: an opening order within the cooldown of its regime is out of scope, at its end it is not', () => {
  for (const [regime, cooldownMs] of [
    ['calm', 0],
    ['volatile', 60_000],
    ['extreme', 120_000],
  ] as const) {
    const scope = looseScope({ cooldowns: true });
    for (const [afterMs, expected] of [
      [cooldownMs - 1, ['cooldown']],
      [cooldownMs, []],
    ] as const) {
      if (afterMs < 0) continue;
      const bench = openBench(scope, regime);
      assert.deepEqual(bench.trade('BTCUSDT', 1, bench.startMs), [], 'the first');
      assert.deepEqual(bench.trade('ETHUSDT', 1, bench.startMs), [], 'another symbol has its own');
      // An exit starts no cooldown.
      bench.trade('BTCUSDT', -1, bench.startMs + 10, { reduceOnly: true });
      assert.deepEqual(bench.trade('BTCUSDT', 1, bench.startMs + afterMs), expected, `${regime} after ${afterMs} ms`);
    }
  }
});

test('SAE-OOS-STATE: slices are held to the timers of their parent, for a minute', () => {
  const bench = openBench(looseScope({ cooldowns: true }), 'volatile');
  const slice = (n: number, atMs: number, side: 'buy' | 'sell' = 'buy', askId = 7) => {
    const order = bench.order({ askId, slice: n, lots: 1, side }, atMs);
    const rules = bench.fill(order, 1, atMs);
    bench.judge.orderEnded(order, atMs);
    return rules;
  };
  assert.deepEqual(slice(0, bench.startMs), [], 'the parent');
  assert.deepEqual(slice(1, bench.startMs + 2000), [], 'its slice within the cooldown');
  assert.deepEqual(slice(1, bench.startMs + 2000, 'buy', 8), ['cooldown'], 'a slice without a parent');
  assert.deepEqual(slice(2, bench.startMs + 61_000), ['cooldown'], 'a slice too late is an order of its own');
  // A parent that was out of scope makes its slices so.
  assert.deepEqual(slice(0, bench.startMs + 70_000, 'buy', 9), ['cooldown'], 'a parent too early');
  assert.deepEqual(slice(1, bench.startMs + 72_000, 'buy', 9), ['cooldown'], 'its slice');
});

test('SAE-OOS-STATE: a turn to the other side within the flip interval after an opening fill is out of scope', () => {
  const scope = looseScope({ temporal: { flip_interval_ms: MINUTE_MS } });
  for (const [afterMs, expected] of [
    [MINUTE_MS - 1, ['flip']],
    [MINUTE_MS, []],
  ] as const) {
    const bench = openBench(scope);
    bench.trade('BTCUSDT', 3, bench.startMs);
    // The exit in between is no opening fill.
    bench.trade('BTCUSDT', -3, bench.startMs + 1000);
    assert.deepEqual(bench.trade('BTCUSDT', -3, bench.startMs + afterMs), expected, `after ${afterMs} ms`);
    assert.deepEqual(bench.trade('ETHUSDT', -3, bench.startMs + afterMs), [], 'another symbol');
  }
  const same = openBench(scope);
  same.trade('BTCUSDT', 3, same.startMs);
  assert.deepEqual(same.trade('BTCUSDT', 3, same.startMs + 1), [], 'the same side again');
});

test('SAE-OOS-STATE: the order itself counts in (t - window, t]; exits do not, unfilled orders do', () => {
  const scope = looseScope({ budgets: { order_rate: { max: 3, window_ms: MINUTE_MS } } });
  const bench = openBench(scope);
  const t = bench.startMs;
  for (const afterMs of [0, 10, 20]) assert.deepEqual(bench.trade('BTCUSDT', 1, t + afterMs), [], `at ${afterMs}`);
  assert.deepEqual(bench.trade('BTCUSDT', -1, t + 25, { reduceOnly: true }), [], 'an exit');
  assert.deepEqual(bench.trade('BTCUSDT', 1, t + 30), ['rate'], 'the fourth');
  const open = openBench(scope);
  for (const afterMs of [0, 10, 20]) open.judge.orderEnded(open.order({}, t + afterMs), t + afterMs);
  assert.deepEqual(open.trade('BTCUSDT', 1, t + MINUTE_MS - 1), ['rate'], 'orders that never filled were sent');
  const later = openBench(scope);
  for (const afterMs of [0, 10, 20]) later.trade('BTCUSDT', 1, t + afterMs);
  assert.deepEqual(later.trade('BTCUSDT', 1, t + MINUTE_MS), [], 'the first has left the window');
});

test('SAE-OOS-STATE: the rate is tightened by the strictest regime and rounded down; slices count at their parent [PK-167]', () => {
  const scope = looseScope({ budgets: { order_rate: { max: 7, window_ms: MINUTE_MS } } });
  const bench = openBench(scope, 'volatile');
  const t = bench.startMs;
  for (let i = 0; i < 3; i++) assert.deepEqual(bench.trade('BTCUSDT', 1, t + i, { askId: i }), [], `order ${i}`);
  assert.deepEqual(bench.trade('BTCUSDT', 1, t + 3), ['rate'], 'half of seven is three');
  const sliced = openBench(scope, 'volatile');
  sliced.trade('BTCUSDT', 1, t, { askId: 1 });
  sliced.trade('BTCUSDT', 1, t + 2000, { askId: 1, slice: 1 });
  assert.deepEqual(sliced.trade('BTCUSDT', 1, t + 4000, { askId: 1, slice: 2 }), [], 'three of one parent');
  assert.deepEqual(sliced.trade('BTCUSDT', 1, t + 6000, { askId: 1, slice: 3 }), ['rate'], 'a fourth is one too many');
  const window = openBench(scope, 'volatile');
  for (const slice of [0, 1, 2]) window.trade('BTCUSDT', 1, t + 2000 * slice, { askId: 1, slice });
  assert.deepEqual(window.trade('BTCUSDT', 1, t + MINUTE_MS, { askId: 2 }), [], 'all of them left with their parent');
});

test('SAE-OOS-TOOL: tool, action, venue, account and symbol outside T make an opening fill out of scope', () => {
  const scope = readScope();
  const cases = [
    [{ tool: 'withdraw' }, {}, ['scope_tool']],
    [{ intent: 'transfer' as 'open' }, {}, ['scope_action']],
    [{ venue: 'binance-live' }, {}, ['scope_venue']],
    [{ account: 'other' }, {}, ['scope_account']],
    [{}, { venue: 'binance-live' }, ['scope_venue']],
    [{}, { account: 'other' }, ['scope_account']],
    [{}, { symbol: 'DOGEUSDT' }, ['scope_symbol']],
    [{ tool: 'withdraw', venue: 'elsewhere' }, { account: 'other' }, ['scope_tool', 'scope_venue', 'scope_account']],
    [{}, {}, []],
  ] as const;
  for (const [request, order, expected] of cases) {
    const bench = openBench(scope);
    bench.ask(request, bench.startMs, 5);
    const id = bench.order({ askId: 5, ...order }, bench.startMs);
    assert.deepEqual(bench.fill(id, 1, bench.startMs), expected, JSON.stringify([request, order]));
  }
});
