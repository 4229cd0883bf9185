import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looseScope, openBench } from './fixture.ts';

const DAY_MS = 86_400_000;
const FAR = { volatile: 100, extreme: 200 };

test('a position above a cap because the price moved is time over the cap, with one lot allowed for', () => {
  const loose = looseScope({ budgets: { symbol_notional_usdt: 1000 } });
  // Only the price moves: nothing is a jump, and no sigma is high.
  const calm = { ...loose.market, jump_sigma: 1000, ratio: FAR, absolute: FAR };
  const bench = openBench({ ...loose, market: { ...calm, liquidity: { ...calm.liquidity, below_quantile: 0 } } });
  const { judge, startMs } = bench;
  bench.trade('BTCUSDT', 20, startMs);
  judge.mark('BTCUSDT', startMs + 1000, 52_000);
  judge.mark('BTCUSDT', startMs + 2000, 52_500);
  assert.equal(judge.times().overCapMs, 0, '20 lots of 52 USDT are within a lot of 1,000');
  judge.mark('BTCUSDT', startMs + 3000, 53_000);
  judge.mark('BTCUSDT', startMs + 7000, 50_000);
  judge.mark('BTCUSDT', startMs + 9000, 50_000);
  assert.equal(judge.times().overCapMs, 4000, 'at 53 USDT a lot');
});

test('a position above a cap because the cap moved is time over the cap, until it is reduced', () => {
  const bench = openBench(looseScope({ budgets: { symbol_notional_usdt: 1000 } }));
  const { judge, startMs } = bench;
  bench.trade('BTCUSDT', 20, startMs);
  judge.mark('BTCUSDT', startMs + 1000, 50_000);
  judge.funding('BTCUSDT', 0.01, startMs + 1000);
  judge.mark('BTCUSDT', startMs + 1000, 50_000);
  judge.mark('BTCUSDT', startMs + 61_000, 50_000);
  assert.equal(judge.times().overCapMs, 60_000, 'a minute at a quarter of the cap');
  bench.trade('BTCUSDT', -14, startMs + 61_000, { reduceOnly: true });
  judge.mark('BTCUSDT', startMs + 99_000, 50_000);
  assert.equal(judge.times().overCapMs, 60_000, 'six lots are five and one');
});

test('gross and account leverage count as well', () => {
  for (const budgets of [{ gross_notional_usdt: 1000 }, { leverage: 1 }]) {
    const bench = openBench(looseScope({ budgets }), 'calm', 1000);
    bench.trade('BTCUSDT', 10, bench.startMs);
    bench.trade('ETHUSDT', 11, bench.startMs);
    bench.judge.mark('BTCUSDT', bench.startMs + 10, 50_000);
    assert.equal(bench.judge.times().overCapMs, 0, `one lot beyond ${JSON.stringify(budgets)}`);
    bench.trade('ETHUSDT', 1, bench.startMs + 10);
    bench.judge.mark('BTCUSDT', bench.startMs + 25, 50_000);
    assert.equal(bench.judge.times().overCapMs, 15, `two lots beyond ${JSON.stringify(budgets)}`);
  }
});

test('time in a reduce-only state runs until the state ends by itself', () => {
  const bench = openBench(
    looseScope({ account: { daily_loss: { tiers: [{ at: 0.05, multiplier: 1, reduce_only: true }] } } }),
  );
  const { judge, startMs } = bench;
  const lostMs = startMs + 3_600_000;
  bench.equity(10_000, startMs);
  bench.equity(9000, lostMs);
  // Midnight alone does not end it: 24 hours ago it was 10,000.
  for (let atMs = lostMs; atMs <= startMs + 2 * DAY_MS; atMs += 900_000) judge.mark('BTCUSDT', atMs, 50_000);
  assert.equal(judge.times().reduceOnlyMs, DAY_MS, 'from the loss until it is a day old');
  assert.equal(judge.times().overCapMs, 0, 'nothing was held');
});

test('a liquidation leaves neither position nor order', () => {
  const bench = openBench(looseScope({ budgets: { symbol_notional_usdt: 1000, concurrent_positions: 1 } }));
  const { judge, startMs } = bench;
  bench.trade('BTCUSDT', 30, startMs);
  bench.order({ symbol: 'ETHUSDT', lots: 5, priceTicks: 20_000, timeInForce: 'GTC' }, startMs);
  judge.liquidated(startMs + 500);
  judge.mark('BTCUSDT', startMs + 900, 50_000);
  assert.equal(judge.times().overCapMs, 500, 'over the cap until then');
  assert.deepEqual(bench.trade('SOLUSDT', 20, startMs + 900), [], 'no other position counts');
  assert.equal(judge.longestHoldingMs(), 500, 'held until then');
});

test('the longest holding is from the first opening to flat or to the other side', () => {
  const bench = openBench(looseScope({}));
  const { judge, startMs } = bench;
  bench.trade('BTCUSDT', 2, startMs);
  bench.trade('BTCUSDT', 2, startMs + 100);
  bench.trade('BTCUSDT', -5, startMs + 1000);
  assert.equal(judge.longestHoldingMs(), 1000, 'turned');
  judge.mark('BTCUSDT', startMs + 2500, 50_000);
  assert.equal(judge.longestHoldingMs(), 1500, 'still held');
});
