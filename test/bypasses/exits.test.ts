import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { order, until } from '../daemon/harness.ts';
import { UNPACED } from '../daemon/policy-edits.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import { createClient } from '../exchange-sim/signed-client.ts';
import {
  codesOf,
  isBlocked,
  isPermitted,
  leavesTheBooksAlone,
  newOrders,
  openOrders,
  tryEveryDoor,
} from './attempts.ts';

const RECOVER = 'the test is over';

describe('ways around a gate: exits', () => {
  const world = suiteWorld({ policy: UNPACED });

  /** Flat, without orders, then a long position of about `notional`. */
  async function hold(notional: number, side: 'buy' | 'sell' = 'buy'): Promise<number> {
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.advance(61_000);
    await world.mustPlace('filled', { side, requested_notional: notional });
    return world.position('BTCUSDT');
  }

  for (const [name, tool, args] of [
    [
      'reduce_only with a larger size',
      'place_order',
      { intent: 'close', side: 'sell', reduce_only: true, requested_notional: 5_000 },
    ],
    ['close with a larger size', 'place_order', { intent: 'close', side: 'sell', requested_notional: 900_000 }],
    ['reduce_only open', 'place_order', { side: 'sell', reduce_only: true, requested_notional: 5_000 }],
  ] as const) {
    it(`BY-14 clips an exit to the position and never crosses zero: ${name}`, async () => {
      await hold(400);
      const earlier = await world.books();
      const { tool: answer } = await tryEveryDoor(world, tool, order(args));
      assert.ok(isPermitted(answer), JSON.stringify(answer.body.decision?.reasons));
      assert.equal(await world.position('BTCUSDT'), 0);
      assert.ok(newOrders(await world.books(), earlier).every((sent) => sent.reduce_only === true));
    });
  }
  for (const [name, args] of [
    ['at the market', { side: 'sell', requested_notional: 5_000, requested_leverage: 100 }],
    ['at a limit', { side: 'sell', order_type: 'limit', limit_price: 50_000, requested_notional: 5_000 }],
    ['for no more than is held', { side: 'sell', requested_notional: 200 }],
  ] as const) {
    it(`BY-14 refuses an order against the position, and leaves it as it is: ${name} [EX-15 TD-4 TD-26 TD-44 TF-1]`, async () => {
      const held = await hold(400);
      await isBlocked(world, 'place_order', order(args), 'AGAINST_POSITION', name);
      assert.equal(await world.position('BTCUSDT'), held);
    });
  }
  for (const args of [
    { intent: 'close', side: 'buy' },
    { side: 'buy', reduce_only: true },
    { intent: 'close', side: 'sell' },
  ] as const) {
    it(`BY-14 blocks an exit that would reduce nothing: ${JSON.stringify(args)}`, async () => {
      await hold(400);
      if (args.side === 'sell') await world.tool('close_position', { symbol: 'BTCUSDT' });
      await isBlocked(world, 'place_order', order(args), 'NOT_REDUCING', JSON.stringify(args));
    });
  }
  it('BY-14 lets several exits that exceed the position together end flat', async () => {
    const held = await hold(900);
    const exits = Array.from({ length: 8 }, (_, index) =>
      index % 2 === 0
        ? world.tool('close_position', { symbol: 'BTCUSDT', fraction: 1 })
        : world.place({ intent: 'close', side: 'sell', requested_notional: 600 + index }),
    );
    const answers = await Promise.all(exits);
    assert.ok(answers.every((answer) => answer.status === 200));
    assert.ok(held > 0);
    assert.equal(await world.position('BTCUSDT'), 0);
  });
  it('BY-14 lets an exit pass although take-profits of full size rest on its side', async () => {
    await hold(900);
    for (const price of [61_000, 62_000]) {
      const { body } = await world.place({
        intent: 'close',
        side: 'sell',
        order_type: 'limit',
        limit_price: price,
        requested_notional: 5_000,
      });
      assert.notEqual(body.decision.decision, 'BLOCK');
    }
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.equal(body.execution.state, 'filled', JSON.stringify(body.execution));
    assert.equal(await world.position('BTCUSDT'), 0);
    assert.equal(openOrders(await world.books()).length, 0, 'a take-profit was left behind');
  });
  it('BY-14 leaves a rest below the minimum notional, which closes later: reduceOnly is exempt from it', async () => {
    await world.place({ symbol: 'ETHUSDT', requested_notional: 400 });
    const held = await world.position('ETHUSDT');
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT', fraction: 0.97 });
    assert.ok(held > 0);
    const left = await world.position('ETHUSDT');
    assert.ok(left > 0 && left <= 0.04 * held, `${left} of ${held}: no more than asked`);
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT' });
    assert.equal(await world.position('ETHUSDT'), 0);
  });

  it('BY-36 lets at most ten one-lot exits of a loop wait, refuses more, and floods no exchange', async () => {
    await hold(950);
    const before = await world.books();
    // The manual clock does not move, so all of them fall into one window.
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.000001 })),
    );
    assert.ok(answers.every((answer) => answer.status === 200));
    const refused = answers.filter((answer) => !isPermitted(answer));
    const codes = new Set(refused.flatMap(codesOf));
    assert.deepEqual(
      [...codes].filter((code) => code !== 'NOT_REDUCING'),
      ['EXIT_IN_PROGRESS'],
    );
    const early = refused.filter((answer) => codesOf(answer).includes('EXIT_IN_PROGRESS'));
    assert.ok(
      early.every(({ body }) => (body.decision.retry_after_ms ?? 0) > 0),
      'it is told when to ask again',
    );
    const sent = newOrders(await world.books(), before);
    assert.ok(sent.length <= 31, `${sent.length} exits reached the exchange in one window`);
  });
  it('BY-36 sends one-lot exits within their rate, and closes the rest when the window moves on [EX-38 PK-10 PK-57]', async () => {
    await world.advance(61_000);
    await hold(950);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: RECOVER });
    const before = await world.books();
    const held = await world.position('BTCUSDT');
    for (let index = 0; index < 10; index += 1)
      await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.000001 });
    const some = newOrders(await world.books(), before);
    assert.ok(some.length <= 30 && some.every((each) => each.reduce_only === true));
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.notEqual(body.decision.decision, 'BLOCK');
    await until(
      'the position is closed',
      world.advancing(10_000, async () => (await world.position('BTCUSDT')) === 0),
    );
    assert.ok(held > 0);
  });
  it('BY-36 lets an agent exit only what it holds; the operator may exit all', async () => {
    await hold(400);
    const thief = world.createAgent('thief');
    await isBlocked(world, 'close_position', { symbol: 'BTCUSDT' }, 'EXIT_SCOPE', 'of another agent', thief);
    await isBlocked(
      world,
      'place_order',
      order({ side: 'sell', requested_notional: 250 }),
      'SYMBOL_HELD',
      'where another agent holds',
      thief,
    );
    await isBlocked(world, 'place_order', order({ intent: 'close', side: 'sell' }), 'EXIT_SCOPE', 'a close', thief);
    const human = createClient(world.sim);
    await human.send('POST', '/fapi/v1/order', { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' });
    await world.refresh();
    await isBlocked(world, 'close_position', { symbol: 'ETHUSDT' }, 'EXIT_SCOPE', 'of the human');
    const { body } = await world.operator<{ decision: { decision: string } }>('POST', '/v1/tools/close_position', {
      symbol: 'ETHUSDT',
    });
    assert.notEqual(body.decision.decision, 'BLOCK');
    assert.equal(await world.position('ETHUSDT'), 0);
  });

  const NOT_ANSWERED = { status: 500, kind: 'status', body: 'no', count: 100_000 } as const;
  const CASES: readonly {
    readonly name: string;
    readonly opening: string | null;
    readonly enter: () => Promise<unknown>;
    readonly leave: () => Promise<unknown>;
  }[] = [
    {
      name: 'in reducing',
      opening: 'STATE_REDUCING',
      enter: () => world.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'test' }),
      leave: () => world.operator('PUT', '/v1/trading-state', { state: 'active', reason: RECOVER }),
    },
    {
      name: 'with the symbol in reducing',
      opening: 'STATE_REDUCING',
      enter: () => world.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'test', symbol: 'BTCUSDT' }),
      leave: () => world.operator('PUT', '/v1/trading-state', { state: 'active', reason: RECOVER, symbol: 'BTCUSDT' }),
    },
    {
      name: 'with the market frozen and stale',
      opening: 'STALE_QUOTE',
      enter: async () => {
        await world.fault({ ...NOT_ANSWERED, match: { path: '/fapi/v1/premiumIndex' } });
        await world.fault({ ...NOT_ANSWERED, match: { path: '/fapi/v1/ticker/bookTicker' } });
        await world.fault({ ...NOT_ANSWERED, match: { path: '/fapi/v1/depth' } });
        await world.advance(20_000);
      },
      leave: () => world.control('clear-faults', {}),
    },
    {
      name: 'with a stale account',
      opening: 'STALE_ACCOUNT',
      enter: async () => {
        for (const path of [
          '/fapi/v3/account',
          '/fapi/v2/account',
          '/fapi/v3/positionRisk',
          '/fapi/v2/positionRisk',
          '/fapi/v3/balance',
        ])
          await world.fault({ ...NOT_ANSWERED, match: { path } });
        await world.advance(20_000);
      },
      leave: () => world.control('clear-faults', {}),
    },
    {
      name: 'under an anomaly signal',
      opening: 'TRUST_REDUCE_ONLY',
      enter: () =>
        world.call(
          'POST',
          '/v1/signals',
          { kind: 'anomaly', scope: {}, severity: 1, ttl_ms: 30_000 },
          world.token('monitor'),
        ),
      leave: () => world.advance(31_000),
    },
  ];
  for (const { name, opening, enter, leave } of CASES) {
    it(`BY-15 lets a verified exit pass ${name} [TD-8 TD-28]`, async () => {
      await hold(900);
      try {
        await enter();
        await leavesTheBooksAlone(world, 'opening', async () => {
          const more = await world.place({ requested_notional: 150 });
          if (opening !== null) assert.ok(codesOf(more).includes(opening), codesOf(more).join(', '));
        });
        await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
        await world.mustPlace('filled', { intent: 'close', side: 'sell', requested_notional: 5_000 });
        assert.equal(await world.position('BTCUSDT'), 0);
      } finally {
        await leave();
        await world.refresh();
      }
    });
  }
  it('BY-15 lets a verified exit pass in the extreme regime and in its cooldown [EX-2 TD-8 TD-28]', async () => {
    await hold(900);
    await world.setMark('BTCUSDT', 57_000);
    const more = await world.place({ requested_notional: 150 });
    assert.ok(
      codesOf(more).includes('REGIME_TIGHTENED') && codesOf(more).includes('COOLDOWN'),
      codesOf(more).join(', '),
    );
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
    assert.equal(await world.position('BTCUSDT'), 0);
    assert.equal(openOrders(await world.books()).length, 0);
  });
});
