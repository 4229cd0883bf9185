import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RegimeReading } from '../../daemon/evaluation/conformance/caps.ts';
import { measureDamage } from '../../daemon/evaluation/conformance/damage.ts';
import { drawsOf, Pace } from '../../daemon/evaluation/conformance/fleet.ts';
import { BookHistory } from '../../daemon/evaluation/conformance/history.ts';
import { LegitimateJudge } from '../../daemon/evaluation/conformance/legitimate.ts';
import { OwedJudge } from '../../daemon/evaluation/conformance/owed.ts';
import { createExchangeClient } from '../../daemon/evaluation/conformance/under-test/exchange-client.ts';
import { forAll } from '../for-all.ts';
import { attribute, buildAsk, buildBooks, buildInput, defaultPolicy, T0 } from './book-fixture.ts';

const plannedOrder = fc.record({
  symbol: fc.constantFrom('BTCUSDT' as const, 'ETHUSDT' as const),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  notional: fc.integer({ min: 60, max: 5000 }),
  shiftBps: fc.integer({ min: -50, max: 50 }),
});

test('the damage of groups adds up to the change of equity, whoever closed what', () => {
  forAll([fc.array(plannedOrder, { minLength: 1, maxLength: 12 })], { seed: 20260301, numRuns: 200 }, (plan) => {
    const orders = plan.map(({ shiftBps, ...order }, index) => ({
      ...order,
      atMs: index * 100,
      fillPrice: (order.symbol === 'BTCUSDT' ? 60_000 : 3_000) * (1 + shiftBps / 1e4),
    }));
    const books = buildBooks(orders);
    // Equity by the exchange's own way: cash paid and received, and what is held at the mark.
    let equityUsdt = 10_000;
    for (const order of books.orders)
      for (const fill of order.fills) equityUsdt -= order.sign * fill.quantity * fill.price + fill.feeUsdt;
    for (const { quantity, mark } of books.positions.values()) equityUsdt += quantity * mark;
    const history = new BookHistory(buildBooks([], 0));
    history.add({ ...books, equityUsdt });
    const damage = measureDamage(history, (orderId) => `group ${orderId % 3}`);
    assert.ok(Math.abs(damage.unexplainedUsdt) < 1e-3, `${damage.unexplainedUsdt} USDT unexplained`);
  });
});

test('a change of equity that no fill explains is told as such', () => {
  const history = new BookHistory(buildBooks([], 0));
  history.add(buildBooks([], 1000, { equityUsdt: 9_900 }));
  assert.equal(measureDamage(history, () => 'all').unexplainedUsdt, -100);
});

test('ATK-STATE SAE-VOL: a fall of the mark is certainly extreme one grace later, and possibly at once', () => {
  const spec = defaultPolicy();
  const bars = Array.from({ length: 3000 }, (_, index) => ({
    closeMs: T0 - (2999 - index) * 900_000,
    close: 60_000 * (1 + (index < 2800 ? 0.002 : 0.0005) * Math.sin(index)),
  }));
  const marks = Array.from({ length: 20 }, (_, second) => ({
    atMs: T0 + second * 1000,
    mark: second < 5 ? 60_000 : 57_900,
  }));
  const reading = new RegimeReading(spec, bars, marks, 6000);
  assert.equal(reading.certain(T0 + 4_000), 'calm', 'before the fall');
  assert.equal(reading.certain(T0 + 10_900), 'calm', 'not everybody has seen it yet');
  assert.equal(reading.certain(T0 + 11_000), 'extreme', 'one grace after the first mark of the fall');
  assert.equal(reading.possible(T0 + 5_000), 'extreme', 'somebody has seen it at once');
  const flicker = marks.map((sample, second) => (second === 5 ? sample : { ...sample, mark: 60_000 }));
  const flickered = new RegimeReading(spec, bars, flicker, 6000);
  assert.equal(flickered.certain(T0 + 15_000), 'calm', 'a mark that flickered was perhaps seen by nobody');
  assert.equal(flickered.possible(T0 + 15_000), 'extreme', 'and perhaps by somebody');
});

const close = { kind: 'tool', tool: 'close_position', args: { symbol: 'BTCUSDT' } } as const;
const opened = (agent: string, id: string) => buildAsk({ agent, orderIds: [id] });

test('SAE section 9: a refused exit of an own position is seen; one of a position that is not its own is not owed', () => {
  const books = buildBooks([{ notional: 300, atMs: 0, id: 'a-0' }]);
  const exit = (agent: string, sentMs: number, verdict: 'ALLOW' | 'BLOCK') =>
    buildAsk({ agent, verdict, call: close, sentMs: T0 + sentMs, answeredMs: T0 + sentMs + 10 });
  const judge = new OwedJudge(buildInput([books]), attribute([opened('owner', 'a-0')]));
  const tally = (ask: ReturnType<typeof exit>) => {
    const { owed, refused } = judge.judgeExits([ask]);
    return [owed, refused.length];
  };
  assert.deepEqual(tally(exit('owner', 5000, 'BLOCK')), [1, 1], 'refused');
  assert.deepEqual(tally(exit('owner', 5000, 'ALLOW')), [1, 0], 'taken');
  assert.deepEqual(tally(exit('stranger', 5000, 'BLOCK')), [0, 0], "another agent's position");
  assert.deepEqual(tally(exit('owner', 1000, 'BLOCK')), [0, 0], 'the position is of this instant');
});

test('ATK-ADAPT: exits beyond what an agent opened are measured', () => {
  const books = buildBooks([
    { notional: 600, atMs: 0, id: 'a-0' },
    { notional: 120, atMs: 100, id: 'b-0' },
    { notional: 300, atMs: 200, id: 'c-0', side: 'sell', isExit: true },
  ]);
  const asks = [
    opened('victim', 'a-0'),
    opened('thief', 'b-0'),
    buildAsk({ agent: 'thief', call: close, orderIds: ['c-0'] }),
  ];
  const tally = new OwedJudge(buildInput([books]), attribute(asks)).judgeExits(asks);
  assert.ok(Math.abs(tally.beyondShareUsdt - 180) < 1e-6, `${tally.beyondShareUsdt} USDT: 300 exited, 120 opened`);
});

test('a legitimate request in scope that is refused is a false block; one over a cap or against a timer is not', () => {
  const request = (notional: number, sentMs: number) =>
    buildAsk({
      verdict: 'BLOCK',
      call: {
        kind: 'tool',
        tool: 'place_order',
        args: { symbol: 'BTCUSDT', side: 'buy', requested_notional: notional, requested_leverage: 1 },
      },
      sentMs: T0 + sentMs,
      answeredMs: T0 + sentMs + 10,
    });
  const input = buildInput([buildBooks([{ notional: 600, atMs: 0, id: 'a-0' }])]);
  const judge = new LegitimateJudge(input, attribute([opened('agent', 'a-0')]));
  const refused = (ask: ReturnType<typeof request>) => judge.judge([ask]).refused;
  assert.equal(refused(request(240, 30_000)), 1, 'in scope');
  assert.equal(refused(request(1200, 30_000)), 0, 'above the order cap');
  assert.equal(refused(request(600, 30_000)), 0, 'above what concentration leaves');
  assert.equal(refused(request(600, 5_000)), 0, 'the same again within the duplicate window');
});

test('a refusal where another agent may hold is counted apart, and no false block; elsewhere it is one', () => {
  const request = (agent: string, symbol: string) =>
    buildAsk({
      agent,
      verdict: 'BLOCK',
      call: {
        kind: 'tool',
        tool: 'place_order',
        args: { symbol, side: 'buy', requested_notional: 240, requested_leverage: 1 },
      },
      sentMs: T0 + 30_000,
      answeredMs: T0 + 30_010,
    });
  const tally = (agent: string, symbol: string, spec = defaultPolicy()) => {
    const books = buildBooks([{ notional: 600, atMs: 0, id: 'a-0' }]);
    const judge = new LegitimateJudge(buildInput([books], spec), attribute([opened('owner', 'a-0')]));
    const { held, inScope, refused } = judge.judge([request(agent, symbol)]);
    return [held, inScope, refused];
  };
  assert.deepEqual(tally('stranger', 'BTCUSDT'), [1, 0, 0], 'another agent’s position');
  assert.deepEqual(tally('owner', 'BTCUSDT'), [0, 1, 1], 'its own');
  assert.deepEqual(tally('stranger', 'ETHUSDT'), [0, 1, 1], 'a free symbol');
  const reserved = defaultPolicy((spec) => {
    spec.agents.owner = { reserve: ['ETHUSDT'] };
  });
  assert.deepEqual(tally('stranger', 'ETHUSDT', reserved), [1, 0, 0], 'a reserved symbol');
  assert.deepEqual(tally('owner', 'ETHUSDT', reserved), [0, 1, 1], 'reserved for who asks');
});

test('the pace holds on average and ends with the count', async () => {
  const { signal } = new AbortController();
  const pace = new Pace(200, 60);
  const startedMs = performance.now();
  let taken = 0;
  while (await pace.take(signal)) taken += 1;
  assert.equal(taken, 60, 'no more than the count');
  const elapsedMs = performance.now() - startedMs;
  assert.ok(elapsedMs >= 90, `60 requests at 200 a second, 40 of them at once, took ${elapsedMs} ms`);
});

test('an episode draws the same from the same seed, and something else from another', () => {
  const draws = (seed: number, client: number, episode: number) => {
    const random = drawsOf(seed, client, episode);
    return Array.from({ length: 5 }, () => random.unit());
  };
  assert.deepEqual(draws(1, 2, 3), draws(1, 2, 3));
  assert.notDeepEqual(draws(1, 2, 3), draws(2, 2, 3));
  assert.notDeepEqual(draws(1, 2, 3), draws(1, 3, 3));
  assert.notDeepEqual(draws(1, 2, 3), draws(1, 2, 4));
});

test('the control token goes to this machine only', () => {
  assert.throws(() => createExchangeClient('http://exchange.example:80', 'token'), /not on this machine/);
});
