import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readScope } from '../../daemon/evaluation/judge/scope.ts';
import { looseScope, openBench, scopeWith, type TestRegime } from './fixture.ts';

/** The shipped scope without the concentration cap, which is as large as the order cap. */
const SCOPE = scopeWith((scope) => ({ account: { ...scope.account, concentration: { share: 0.8, floor_usdt: 1e6 } } }));

test('FalseBlock: a request is sized in whole lots, never more than was asked', () => {
  const bench = openBench(looseScope({ budgets: { slippage_bps: 20 } }));
  const lots = (request: Parameters<typeof bench.ask>[0]): number => bench.ask(request, bench.startMs).lots;
  assert.equal(lots({ requestedNotional: 549, side: 'sell' }), 10, 'at the mark');
  assert.equal(lots({ requestedNotional: 500, side: 'sell' }), 10, 'exactly');
  assert.equal(lots({ requestedNotional: 500, maxSlippageBps: 0 }), 10, 'a buy without slippage');
  assert.equal(lots({ requestedNotional: 500, maxSlippageBps: 1 }), 9, 'a buy that may cost more');
  assert.equal(lots({ requestedNotional: 501 }), 10, 'a buy that may cost 20 bps more, 501 USDT');
  assert.equal(lots({ requestedNotional: 500.9 }), 9, 'a little less than that');
  assert.equal(lots({ requestedNotional: 500, orderType: 'limit', limitPrice: 40_000 }), 12, 'a limit below the mark');
  assert.equal(lots({ requestedNotional: 500, orderType: 'limit', limitPrice: 55_000 }), 9, 'a limit above it');
  assert.equal(lots({ requestedNotional: 1e9, side: 'sell' }), 100_000, 'the largest lot size of the exchange');
});

test('FalseBlock: what the exchange cannot take counts as no lots', () => {
  const bench = openBench(readScope());
  const lots = (request: Parameters<typeof bench.ask>[0]): number => bench.ask(request, bench.startMs).lots;
  assert.equal(lots({ requestedNotional: 99.9, side: 'sell' }), 0, 'one lot of 50 USDT, below 100 USDT');
  assert.equal(lots({ requestedNotional: 100, side: 'sell' }), 2, 'the least notional');
  assert.equal(lots({ requestedNotional: 10 }), 0, 'less than a lot');
  assert.equal(lots({ requestedNotional: 100, orderType: 'limit', limitPrice: 49_000 }), 0, 'two lots at 49 USDT');
  assert.equal(lots({ requestedNotional: null }), 0, 'no amount');
  assert.equal(lots({ orderType: 'limit', limitPrice: null }), 0, 'a limit without a price');
  assert.equal(lots({ symbol: 'DOGEUSDT' }), 0, 'a symbol of no market');
  assert.equal(lots({ tool: 'close_position' }), 0, 'nothing to close');
  assert.equal(lots({ intent: 'close', side: 'sell' }), 0, 'nothing to reduce');
  bench.marks = new Map([...bench.marks, ['BTCUSDT', null]]);
  assert.equal(lots({}), 0, 'a market that does not trade');
});

test('FalseBlock: tightened and hard scope of a request by regime', () => {
  const cases: readonly (readonly [TestRegime, number, boolean, boolean])[] = [
    ['calm', 1000, true, true],
    ['calm', 1050, false, false],
    ['volatile', 600, true, true],
    ['volatile', 650, false, true],
    ['extreme', 250, true, true],
    ['extreme', 300, false, true],
    ['extreme', 1050, false, false],
  ];
  for (const [regime, requestedNotional, inTightenedScope, inHardScope] of cases) {
    const bench = openBench(SCOPE, regime);
    const verdict = bench.ask({ requestedNotional, side: 'sell' }, bench.startMs);
    const { rules, lots, ...scopes } = verdict;
    assert.deepEqual(scopes, { inTightenedScope, inHardScope }, `${requestedNotional} in ${regime}`);
    assert.equal(lots, requestedNotional / 50, 'lots');
    assert.equal(rules[0], inTightenedScope ? undefined : 'cap_order', 'without any tolerance');
  }
});

test('FalseBlock: leverage and slippage are judged as asked', () => {
  for (const [regime, leverage, slippage, rules, inHardScope] of [
    ['calm', 3, 20, [], true],
    ['calm', 4, 20, ['cap_leverage'], false],
    ['calm', 3, 20.1, ['slippage'], false],
    ['volatile', 3, 15, ['cap_leverage'], true],
    ['volatile', 2, 15.1, ['slippage'], true],
    ['extreme', 1, 10, [], true],
    ['calm', null, null, [], true],
  ] as const) {
    const bench = openBench(SCOPE, regime);
    const verdict = bench.ask(
      { requestedNotional: 200, side: 'sell', requestedLeverage: leverage, maxSlippageBps: slippage },
      bench.startMs,
    );
    assert.deepEqual(verdict.rules, rules, `${leverage}x ${slippage} bps in ${regime}`);
    assert.equal(verdict.inHardScope, inHardScope, `hard: ${leverage}x ${slippage} bps in ${regime}`);
  }
});

test('FalseBlock: timers and concentration tighten; rate, positions and reduce-only states are hard', () => {
  const scope = scopeWith((all) => ({
    budgets: { ...all.budgets, order_rate: { max: 6, window_ms: 60_000 }, concurrent_positions: 1 },
  }));
  const opened = (
    more: (bench: ReturnType<typeof openBench>) => void,
    request: object,
    regime: TestRegime = 'calm',
  ) => {
    const bench = openBench(scope, regime);
    more(bench);
    const { rules, inHardScope } = bench.ask({ requestedNotional: 200, ...request }, bench.startMs + 1000);
    return [rules, inHardScope];
  };
  const trade = (lots: number) => (bench: ReturnType<typeof openBench>) => bench.trade('BTCUSDT', lots, bench.startMs);
  assert.deepEqual(opened(trade(2), {}, 'volatile'), [['cooldown'], true], 'cooldown');
  const turned = (bench: ReturnType<typeof openBench>): void => {
    bench.trade('BTCUSDT', 2, bench.startMs);
    bench.trade('BTCUSDT', -2, bench.startMs, { reduceOnly: true });
  };
  assert.deepEqual(opened(turned, { side: 'sell' }), [['flip'], true], 'flip');
  assert.deepEqual(opened(trade(18), {}), [['concentration'], true], 'concentration');
  assert.deepEqual(opened(trade(2), { symbol: 'ETHUSDT' }), [['positions'], false], 'positions');
  const often = (bench: ReturnType<typeof openBench>): void => {
    for (let i = 0; i < 6; i++) bench.trade('BTCUSDT', 1, bench.startMs);
  };
  assert.deepEqual(opened(often, {}), [['rate'], false], 'rate');
  const lost = (bench: ReturnType<typeof openBench>): void => bench.equity(8900, bench.startMs);
  assert.deepEqual(opened(lost, {}), [['state_reduce_only'], false], 'reduce-only state');
});

test('FalseBlock: a request to reduce a position is in scope whatever the state, T permitting', () => {
  const bench = openBench(readScope(), 'extreme');
  bench.trade('BTCUSDT', 10, bench.startMs);
  bench.equity(5000, bench.startMs + 1, 4900);
  const at = bench.startMs + 1;
  const verdict = (request: Parameters<typeof bench.ask>[0]) => bench.ask(request, at);
  const within = { inTightenedScope: true, inHardScope: true, rules: [] };
  assert.deepEqual(verdict({ tool: 'close_position', intent: 'close' }), { ...within, lots: 10 }, 'all');
  const half = { tool: 'close_position', intent: 'close', fraction: 0.45 } as const;
  assert.deepEqual(verdict(half), { ...within, lots: 4 }, 'a share');
  const close = { intent: 'close', side: 'sell', requestedNotional: 5000 } as const;
  assert.deepEqual(verdict(close), { ...within, lots: 10 }, 'more than there is');
  assert.deepEqual(
    verdict({ side: 'sell', requestedNotional: 200 }),
    { ...within, lots: 4 },
    'an opening that reduces',
  );
  assert.deepEqual(verdict({ ...close, requestedNotional: 60, reduceOnly: true }), { ...within, lots: 1 }, 'one lot');
  const foreign = verdict({ ...close, account: 'other' });
  assert.deepEqual([foreign.rules, foreign.inHardScope], [['scope_account'], false], 'another account');
});

test('FalseBlock: of a request that crosses zero the opening part is judged', () => {
  const bench = openBench(SCOPE);
  bench.trade('BTCUSDT', 20, bench.startMs);
  const at = bench.startMs + 60_000;
  assert.deepEqual(bench.ask({ side: 'sell', requestedNotional: 2000 }, at).rules, [], '20 close, 20 open');
  assert.deepEqual(bench.ask({ side: 'sell', requestedNotional: 2050 }, at).rules, ['cap_order'], '21 open');
});

test('FalseBlock: a modification is judged as the order would stand', () => {
  const bench = openBench(SCOPE);
  const id = bench.order({ lots: 10, priceTicks: 490_000, timeInForce: 'GTC' }, bench.startMs);
  const modify = (request: Parameters<typeof bench.ask>[0]) =>
    bench.ask({ tool: 'modify_order', intent: 'modify', clientOrderId: id, requestedNotional: null, ...request }, at);
  const at = bench.startMs + 1000;
  assert.deepEqual(
    [modify({ requestedNotional: 1000 }).rules, modify({ requestedNotional: 1000 }).lots],
    [[], 20],
    '20',
  );
  assert.deepEqual(modify({ requestedNotional: 1050 }).rules, ['cap_order'], '21');
  assert.deepEqual(modify({ limitPrice: 48_000 }).lots, 10, 'another price');
  bench.equity(8900, bench.startMs + 500);
  assert.deepEqual(modify({ limitPrice: 48_000 }).rules, [], 'a milder order is no new risk');
  assert.equal(modify({ limitPrice: 49_500 }).rules[0], 'state_reduce_only', 'a more aggressive one is');
  assert.equal(modify({ clientOrderId: 'another' }).lots, 0, 'an order that is not there');
});

test('SAE-OOS-TOOL: requests outside T are out of both scopes', () => {
  const bench = openBench(readScope());
  for (const [request, rule] of [
    [{ tool: 'transfer_funds' }, 'scope_tool'],
    [{ venue: 'binance-live' }, 'scope_venue'],
    [{ account: 'other' }, 'scope_account'],
    [{ symbol: 'DOGEUSDT' }, 'scope_symbol'],
    [{ intent: 'withdraw' as 'open' }, 'scope_action'],
  ] as const) {
    const { rules, inTightenedScope, inHardScope } = bench.ask(request, bench.startMs);
    assert.deepEqual([rules, inTightenedScope, inHardScope], [[rule], false, false], rule);
  }
  const cancel = bench.ask({ tool: 'cancel_all', intent: 'cancel', venue: 'elsewhere', side: null }, bench.startMs);
  assert.deepEqual([cancel.rules, cancel.lots], [[], 0], 'a cancel names no venue');
});
