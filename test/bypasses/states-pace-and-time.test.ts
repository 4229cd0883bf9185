import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DaemonWorld, order, type ToolBody, until } from '../daemon/harness.ts';
import { UNPACED } from '../daemon/policy-edits.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import {
  codesOf,
  isBlocked,
  isPermitted,
  leavesTheBooksAlone,
  newOrders,
  openedUsdt,
  openOrders,
  orderOf,
  tryEveryDoor,
} from './attempts.ts';

describe('ways around a gate: states and restarts', () => {
  const world = suiteWorld({ policy: UNPACED });
  const setState = (state: string, more: object = {}) =>
    world.operator('PUT', '/v1/trading-state', { state, reason: 'test', ...more });

  it('BY-16 lets no agent open after a halt, not another one and not after a restart [TF-74 TF-76]', async () => {
    await world.place();
    const resting = await world.place({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900 });
    await setState('halted');
    assert.equal(openOrders(await world.books()).length, 0, 'the halt left an opening order resting');
    assert.equal(resting.body.execution.state, 'working');
    const other = world.createAgent('other');
    for (const round of ['before', 'after'] as const) {
      if (round === 'after') await world.restart();
      await isBlocked(
        world,
        'place_order',
        order({ requested_notional: 200 }),
        'STATE_HALTED',
        `own, ${round} a restart`,
      );
      await isBlocked(world, 'place_order', order({ symbol: 'ETHUSDT' }), 'STATE_HALTED', `other, ${round}`, other);
      await isBlocked(world, 'close_position', { symbol: 'BTCUSDT' }, 'STATE_HALTED', `an agent's exit, ${round}`);
      await leavesTheBooksAlone(world, 'an agent that resumes', async () => {
        for (const token of [other, world.token('agent'), world.token('monitor')])
          assert.equal(
            (await world.call('PUT', '/v1/trading-state', { state: 'active', reason: 'go' }, token)).status,
            403,
          );
      });
      assert.equal((await world.tradingState()).state, 'halted');
    }
    const exit = await world.operator<ToolBody>('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    assert.notEqual(exit.body.decision.decision, 'BLOCK', 'the operator exits');
    assert.equal(await world.position('BTCUSDT'), 0);
    await setState('active');
  });
  it('BY-16 keeps the halt of one symbol and of one agent over a restart, and lets layers not lift each other [TF-72 TF-73 TF-75]', async () => {
    const other = world.createAgent('other');
    await setState('halted', { symbol: 'BTCUSDT' });
    await setState('reducing', { agent: 'other' });
    await world.restart();
    await setState('active');
    await isBlocked(world, 'place_order', order(), 'STATE_HALTED', 'the symbol');
    await isBlocked(world, 'place_order', order({ symbol: 'ETHUSDT' }), 'STATE_REDUCING', 'the agent', other);
    assert.ok(isPermitted(await world.dryRun('place_order', order({ symbol: 'ETHUSDT' }))));
    await setState('active', { symbol: 'BTCUSDT' });
    await setState('active', { agent: 'other' });
  });
  it('BY-16 drops unsent slices and cancels the sent ones when trading is reduced', async () => {
    await world.place({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_950, requested_notional: 300 });
    await setState('reducing');
    assert.equal(openOrders(await world.books()).length, 0);
    await setState('active');
  });
});

describe('ways around a gate: pace', () => {
  const world = suiteWorld({ policy: { ...UNPACED, 'market.regimes.calm.cooldown_ms': 60_000 } });

  it('BY-17 runs one cooldown from the last opening order, whoever asks, however often, over a restart [PK-73]', async () => {
    const other = world.createAgent('other');
    await world.place({ requested_notional: 200 });
    const before = await world.books();
    let waitMs = 60_000;
    for (let second = 0; second < 55; second += 11) {
      for (const token of [undefined, other]) {
        const asked = await world.place({ requested_notional: 200 + second }, token);
        assert.ok(codesOf(asked).includes('COOLDOWN'));
        const now = asked.body.decision.retry_after_ms ?? 0;
        assert.ok(now <= waitMs && now >= waitMs - 200, `${now} of ${waitMs} left: asking moved it`);
      }
      if (second === 22) await world.restart();
      await world.advance(11_000);
      waitMs -= 11_000;
    }
    assert.equal(newOrders(await world.books(), before).length, 0);
    await world.advance(5_001);
    assert.ok(isPermitted(await world.place({ requested_notional: 201 })));
  });
  it('BY-17 does not let an exit or a cancel start or end a cooldown', async () => {
    await world.advance(60_001);
    await world.place({ requested_notional: 200 });
    await world.advance(30_000);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.tool('cancel_all', {});
    const asked = await world.place({ requested_notional: 300 });
    const left = asked.body.decision.retry_after_ms ?? 0;
    assert.ok(left > 29_000 && left <= 30_000, String(left));
    await world.advance(30_001);
    assert.ok(isPermitted(await world.place({ requested_notional: 300 })));
  });
});

describe('ways around a gate: churn', () => {
  const world = suiteWorld({ policy: { ...UNPACED, 'budgets.turnover_usdt_per_day': 4_000 } });

  it('BY-37 ends opening and closing in a loop at the turnover of the day, and never refuses a close [PK-14]', async () => {
    let refused = 0;
    for (let round = 0; round < 14; round += 1) {
      const symbol = round % 2 === 0 ? 'BTCUSDT' : 'ETHUSDT';
      const opened = await world.place({ symbol, requested_notional: 700 });
      if (!isPermitted(opened)) {
        refused += 1;
        assert.ok(
          codesOf(opened).some((code) => code.includes('TURNOVER')),
          codesOf(opened).join(', '),
        );
        continue;
      }
      await world.must('filled', 'close_position', { symbol });
      if (round === 4) await world.restart();
    }
    const books = await world.books();
    assert.ok(refused >= 5, `${refused} refusals`);
    const traded = books.orders.reduce((sum, each) => sum + Number(each.executed_notional_usdt), 0);
    // What was opened last may still be closed beyond the budget: exits count and are never refused.
    assert.ok(openedUsdt(books) <= 4_000 && traded <= 4_000 + 700, `${openedUsdt(books)} opened, ${traded} traded`);
    assert.ok(books.positions.every((position) => Number(position.quantity) === 0));
  });
  it('BY-37 does not forget the turnover of the day at another agent, symbol or restart', async () => {
    await world.restart();
    const other = world.createAgent('fresh');
    await leavesTheBooksAlone(world, 'a fresh agent', async () => {
      const doors = await tryEveryDoor(
        world,
        'place_order',
        order({ symbol: 'ETHUSDT', requested_notional: 900 }),
        other,
      );
      for (const answer of Object.values(doors)) {
        assert.ok(!isPermitted(answer));
        assert.ok(
          codesOf(answer).some((code) => code.includes('TURNOVER')),
          codesOf(answer).join(', '),
        );
      }
    });
  });
  it('BY-37 holds the fees of the day, which count what the exchange really took [PK-15]', async (t) => {
    const feeWorld = await DaemonWorld.of(t, { policy: { ...UNPACED, 'budgets.fees_usdt_per_day': 1.5 } });
    for (let round = 0; round < 10; round += 1) {
      await feeWorld.place({ requested_notional: 600 + round });
      await feeWorld.tool('close_position', { symbol: 'BTCUSDT' });
      await feeWorld.refresh();
    }
    const { orders } = await feeWorld.books();
    const fees = orders.flatMap((each) => each.fills as { readonly commission_usdt: string }[]);
    const total = fees.reduce((sum, fill) => sum + Number(fill.commission_usdt), 0);
    assert.ok(total > 1 && total <= 1.5 + 0.4, `${total} USDT of fees`);
    const counted = (await feeWorld.account()).fees_24h_usdt;
    assert.ok(Math.abs(counted - total) < 1e-3, `${counted} counted of ${total}`);
  });
});

describe('ways around a gate: the account', () => {
  const world = suiteWorld({ policy: UNPACED, sim: { balance: 1_000 } });

  it('BY-18 counts unrealised loss, fees and funding in drawdown and daily loss, without a single closed trade', async () => {
    await world.place({ requested_notional: 950, requested_leverage: 3 });
    await world.advance(61_000);
    await world.setMark('BTCUSDT', 54_500);
    await world.advance(1_000);
    const books = await world.books();
    const held = books.positions.find((each) => each.symbol === 'BTCUSDT');
    assert.ok(Number(held?.quantity) > 0);
    const { drawdown, daily_loss: dailyLoss } = await world.account();
    assert.ok((drawdown ?? 0) > 0.05 && (dailyLoss ?? 0) > 0.05, `${drawdown}, ${dailyLoss}`);
    await isBlocked(world, 'place_order', order({ symbol: 'ETHUSDT' }), 'ACCOUNT_DAILY_LOSS', 'opening after a loss');
    assert.ok((await world.tradingState()).layers.some((layer) => layer.layer === 'condition'));
    await world.restart();
    await isBlocked(
      world,
      'place_order',
      order({ symbol: 'ETHUSDT' }),
      'ACCOUNT_DAILY_LOSS',
      'opening after a restart',
    );
    assert.equal((await world.call('POST', '/v1/account/rebase', { reason: 'mine' })).status, 403);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
    await isBlocked(world, 'place_order', order({ symbol: 'ETHUSDT' }), 'ACCOUNT_DAILY_LOSS', 'opening when realised');
  });
  it('BY-18 takes a deposit for no gain and a withdrawal for no loss', async () => {
    const before = await world.account();
    await world.control('transfer', { amount: '5000' });
    await world.advance(61_000);
    await world.run(world.daemon.gate.core.run(world.daemon.gate.keeper.reconciliation.reconcile()));
    await world.refresh();
    const after = await world.account();
    assert.ok((after.equity_usdt ?? 0) > (before.equity_usdt ?? 0) + 4_000);
    assert.ok(
      Math.abs((after.daily_loss ?? 0) - (before.daily_loss ?? 0)) < 0.01,
      `${before.daily_loss} -> ${after.daily_loss}`,
    );
  });
  it('BY-18 counts drawdown from the equity that an operator makes the reference [AN-171]', async () => {
    const { daily_loss: before, drawdown: lost } = await world.account();
    assert.ok((lost ?? 0) > 0.01);
    const { body } = await world.operator<{ equity_usdt: number }>('POST', '/v1/account/rebase', { reason: 'seen' });
    const { daily_loss: after, drawdown, equity_usdt: equity } = await world.account();
    assert.deepEqual([equity, drawdown, after], [body.equity_usdt, 0, before], 'the day is counted on');
  });
});

describe('ways around a gate: missing data', () => {
  const world = suiteWorld({ policy: UNPACED });

  for (const [what, paths, advanceMs, code] of [
    ['mark', ['/fapi/v1/premiumIndex'], 20_000, 'STALE_MARK'],
    ['book', ['/fapi/v1/ticker/bookTicker', '/fapi/v1/depth'], 20_000, 'STALE_QUOTE'],
    ['bars', ['/fapi/v1/klines'], 40 * 60_000, 'STALE_BARS'],
    [
      'account',
      ['/fapi/v3/account', '/fapi/v2/account', '/fapi/v3/positionRisk', '/fapi/v2/positionRisk'],
      20_000,
      'STALE_ACCOUNT',
    ],
  ] as const) {
    it(`BY-19 denies opening when the ${what} is missing, instead of taking it for low risk [PK-99]`, async () => {
      assert.ok(isPermitted(await world.dryRun('place_order', order())));
      for (const path of paths)
        await world.fault({ kind: 'status', status: 500, body: 'no', count: 100_000, match: { path } });
      await world.advance(advanceMs);
      await isBlocked(world, 'place_order', order(), code, what);
      await isBlocked(world, 'place_order', order({ order_type: 'limit', limit_price: 50_000 }), code, what);
      assert.equal((await world.ready()).status, 503);
      await world.control('clear-faults', {});
      await world.refresh();
      assert.ok(isPermitted(await world.dryRun('place_order', order())), 'it does not come back');
    });
  }
  it('BY-19 denies opening in one symbol while the mark of what is held in another is missing, and no exit', async () => {
    await world.mustPlace('filled', { symbol: 'ETHUSDT', requested_notional: 500 });
    await world.mustPlace('working', { order_type: 'limit', limit_price: 50_000, requested_notional: 300 });
    await world.refresh();
    const match = { method: 'GET', path: '/fapi/v1/premiumIndex', symbol: 'ETHUSDT' };
    await world.fault({ kind: 'status', status: 500, body: 'no', count: 100_000, match });
    await world.control('set-mark', { symbol: 'ETHUSDT', price: '4500' });
    await world.advance(20_000);
    await isBlocked(world, 'place_order', order(), 'STALE_MARK', 'half as much again is held as was last seen');
    const signal = { kind: 'narrative', scope: { symbol: 'BTCUSDT' }, severity: 1, ttl_ms: 1_000 };
    await world.call('POST', '/v1/signals', signal, world.token('monitor'));
    await world.refresh();
    assert.equal(openOrders(await world.books()).length, 1, 'what is not known cancels nothing');
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT' });
    await world.control('clear-faults', {});
    await world.tool('cancel_all', {});
    await world.advance(2_000);
    assert.ok(isPermitted(await world.dryRun('place_order', order())), 'it does not come back');
  });
  it('BY-19 denies opening while the market stands still', async () => {
    await world.fault({ kind: 'stale-market', ms: 60_000 });
    await world.advance(20_000);
    await isBlocked(world, 'place_order', order(), 'STALE_QUOTE', 'a frozen market').finally(() =>
      world.control('clear-faults', {}),
    );
  });

  it('BY-31 cannot happen to an order that has ended', async () => {
    await world.refresh();
    const { body } = await world.place({ requested_notional: 200 });
    const id = body.execution.orders[0]?.client_order_id;
    assert.ok(id !== undefined, JSON.stringify(body.decision.reasons));
    await isBlocked(world, 'cancel_order', { client_order_id: id }, 'ORDER_NOT_OPEN', 'an ended order');
    await isBlocked(
      world,
      'modify_order',
      { client_order_id: id, requested_notional: 900 },
      'ORDER_NOT_OPEN',
      'an ended order',
    );
    assert.equal(orderOf(await world.books(), id).status, 'FILLED');
  });
});

function bootReasons(world: DaemonWorld): readonly { readonly state: string; readonly reason: string }[] {
  return world
    .records<{ readonly layer: string; readonly state: string; readonly reason: string }>('state')
    .filter((event) => event.layer === 'boot');
}

describe('ways around a gate: time', () => {
  const world = suiteWorld({ policy: { ...UNPACED, 'market.regimes.calm.slices': 4 } });

  for (const [name, atMs] of [
    ['an hour ago', -3_600_000],
    ['31 s ago', -31_000],
    ['1.1 s ahead', 1_100],
    ['a year ahead', 365 * 86_400_000],
    ['1970', Number.NEGATIVE_INFINITY],
    ['the end of time', Number.POSITIVE_INFINITY],
  ] as const) {
    it(`BY-22 blocks a request from ${name}`, async () => {
      const timestamp =
        atMs === Number.NEGATIVE_INFINITY ? 0 : atMs === Number.POSITIVE_INFINITY ? 8.64e15 : world.nowMs() + atMs;
      await isBlocked(world, 'place_order', order({ timestamp_ms: timestamp }), 'STALE_REQUEST', name);
    });
  }
  it('BY-41 blocks a request that was held back and is sent late', async () => {
    const args = order({ timestamp_ms: world.nowMs(), valid_until_ms: world.nowMs() + 2_000, requested_notional: 130 });
    await world.advance(2_500);
    await isBlocked(world, 'place_order', args, 'STALE_REQUEST', 'past its validity');
    const old = order({ timestamp_ms: world.nowMs(), requested_notional: 130 });
    await world.advance(30_500);
    await isBlocked(world, 'place_order', old, 'STALE_REQUEST', 'past the largest age');
  });
  it('BY-41 sends no later slice after valid_until_ms [TD-39 TF-8]', async () => {
    const earlier = await world.books();
    const args = order({ valid_until_ms: world.nowMs() + 3_000, requested_notional: 900 });
    const { body } = await world.tool('place_order', args);
    assert.equal(body.decision.constraints.staging_plan.length, 4, JSON.stringify(body.decision.reasons));
    for (let step = 0; step < 4; step += 1) {
      await world.advance(2_001);
      await world.sleep(60);
    }
    const sent = newOrders(await world.books(), earlier);
    assert.equal(sent.length, 2, `${sent.length} slices were sent, two of them after the request had ended`);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
  });
  it('BY-41 does not send an order that waited behind something slow', async () => {
    await world.advance(61_000);
    const earlier = await world.books();
    // The leverage of a flat symbol is set before its order goes out: that answer takes longer than the send deadline.
    await world.fault({ kind: 'delay', ms: 1_200, match: { method: 'POST', path: '/fapi/v1/leverage' } });
    const { body } = await world.place({ symbol: 'ETHUSDT', requested_leverage: 2 });
    const first = newOrders(await world.books(), earlier);
    assert.equal(first.length, 0, 'an order left 1.2 s after it was decided');
    assert.notEqual(body.execution.state, 'filled');
  });
});

describe('ways around a gate: clocks that jump', () => {
  const world = suiteWorld({ real: true, wall: true });

  it('BY-22 goes back to reducing when the time of the exchange jumps, until everything is reconciled', async () => {
    const before = bootReasons(world).length;
    await world.control('advance', { ms: 5_000 });
    await world.refresh();
    await world.untilReady();
    const since = bootReasons(world).slice(before);
    assert.equal(since[0]?.state, 'reducing');
    assert.match(since[0]?.reason ?? '', /clock/);
    assert.equal(since.at(-1)?.state, 'active');
    await until('orders pass again', async () => isPermitted(await world.dryRun('place_order', order())));
  });
  for (const jumpMs of [3_600_000, -3_600_000]) {
    it(`BY-22 goes back to reducing when the clock of the host is set by ${jumpMs / 60_000} min`, async (t) => {
      const before = bootReasons(world).length;
      const domainMs = world.nowMs();
      const now = Date.now.bind(Date);
      t.mock.method(Date, 'now', () => now() + jumpMs);
      await world.refresh();
      assert.equal(bootReasons(world)[before]?.state, 'reducing');
      assert.ok(Math.abs(world.nowMs() - domainMs) < 120_000, 'the domain clock followed the host');
      await world.untilReady();
      t.mock.restoreAll();
      await world.refresh();
      await world.untilReady();
    });
  }
});
