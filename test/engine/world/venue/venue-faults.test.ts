import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openOrders, worstUsdt } from '../../../bypasses/attempts.ts';
import { DaemonWorld, order, until } from '../../../daemon/harness.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };
const CAP_USDT = 1_000;

/** A world on wall time that goes on by itself, with one cap and no pace. */
async function start(): Promise<DaemonWorld> {
  const world = await DaemonWorld.start({
    wall: true,
    policy: (spec) => {
      Object.assign(spec.budgets, { symbol_notional_usdt: CAP_USDT, gross_notional_usdt: 1_500 });
      Object.assign(spec.temporal, { duplicate_exempt: ['BTCUSDT', 'ETHUSDT'], flip_interval_ms: 1 });
      for (const row of Object.values(spec.market.regimes)) Object.assign(row, { cooldown_ms: 0, slices: 1 });
    },
  });
  await world.setMark('BTCUSDT', 60_000);
  await world.setMark('ETHUSDT', 3_000);
  return world;
}

const alerts = (world: DaemonWorld): readonly string[] =>
  [...world.daemon.ledger.iterateEvents()].flatMap(({ kind, payload }) =>
    kind === 'alert' ? [(payload as { code: string }).code] : [],
  );

function venueFault(name: string, tests: (world: () => DaemonWorld) => void): void {
  describe(name, () => {
    let world: DaemonWorld;
    before(async () => {
      world = await start();
    });
    after(() => world.close());
    tests(() => world);
  });
}

/** Everything is known, the views are the books, and no cap is exceeded. */
async function settles(world: DaemonWorld): Promise<void> {
  await until('the views are the books', async () => (await differences(world)).length === 0, 60_000).catch(async () =>
    assert.deepEqual(await differences(world), []),
  );
  const books = await world.books();
  for (const symbol of ['BTCUSDT', 'ETHUSDT']) assert.ok(worstUsdt(books, symbol) <= CAP_USDT, symbol);
}
async function differences(world: DaemonWorld): Promise<readonly string[]> {
  const books = await world.books();
  const views = await world.positions();
  const found: string[] = [];
  for (const { symbol, quantity } of books.positions) {
    const view = Number(views.find((one) => one.symbol === symbol)?.quantity ?? 0);
    if (view !== Number(quantity)) found.push(`${symbol}: ${view} for ${quantity}`);
  }
  const ids = openOrders(books).map((one) => String(one.client_order_id));
  const live = (await world.orders('?open=true')).map((one) => one.client_order_id);
  if (ids.sort().join() !== live.sort().join()) found.push(`live orders ${live} for ${ids}`);
  return found;
}

const press = (world: DaemonWorld, symbol = 'BTCUSDT') => world.place({ symbol, requested_notional: 5_000 });

venueFault('a list that lags alone', (it_) => {
  it('keeps counting an order that the list of open orders does not show', async () => {
    const world = it_();
    await world.fault({ kind: 'stale-list', match: { path: '/fapi/v1/openOrders' }, ms: 45_000 });
    await world.mustPlace('working', { order_type: 'limit', limit_price: 59_000, requested_notional: 900 });
    for (let i = 0; i < 5; i += 1) {
      await world.sleep(8_000);
      await press(world);
      assert.ok(worstUsdt(await world.books(), 'BTCUSDT') <= CAP_USDT);
    }
    await world.control('clear-faults', {});
    await settles(world);
  });
});

venueFault('trades that come late', (it_) => {
  it('counts a fill once, before and after its trades are listed', async () => {
    const world = it_();
    await world.fault({ kind: 'late-trades', match: SEND, ms: 30_000 });
    await world.place({ requested_notional: 600 });
    await world.sleep(10_000);
    await settles(world);
    await press(world);
    await settles(world);
    await world.sleep(40_000);
    await settles(world);
    const booked = [...world.daemon.ledger.iterateEvents()].flatMap(({ kind, payload }) =>
      kind === 'trade' ? [(payload as { trade_id: string }).trade_id] : [],
    );
    assert.equal(new Set(booked).size, booked.length, 'no trade is booked twice');
    // What is not listed yet is charged the taker's fee by estimate: a budget of fees is not outrun.
    const paid = (await world.books()).orders
      .flatMap((one) => one.fills as { commission_usdt: string }[])
      .reduce((sum, fill) => sum + Number(fill.commission_usdt), 0);
    const counted = world.daemon.gate.core.state.pacing.account.fees.sum(world.nowMs());
    assert.ok(counted >= paid - 1e-6, `${counted} of ${paid} USDT`);
  });
});

venueFault('an execution past the horizon', (it_) => {
  it('sends nothing again, finds what came late, and closes what opens', async () => {
    const world = it_();
    await world.fault({ kind: 'execute-late', match: SEND, ms: 25_000 });
    const ask = order({ requested_notional: 600, request_id: 'late' });
    await world.tool('place_order', ask);
    await world.sleep(20_000);
    assert.equal((await world.books()).orders.length, 0);
    await world.tool('place_order', ask);
    await world.sleep(20_000);
    await settles(world);
    const { orders } = await world.books();
    assert.equal(orders.length, 1, 'the late one, and no other');
    const answer = await press(world);
    assert.ok((answer.body.decision.effective?.lots ?? 0) * 60 <= CAP_USDT - 540, 'what came late is counted');
    await settles(world);
    // It was proven absent, so that it is nobody's share: the operator closes it.
    const { status } = await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    assert.equal(status, 200);
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 30_000);
    assert.equal(
      (await world.books()).orders.filter((one) => !one.reduce_only && one.quantity === '0.00900000').length,
      1,
    );
  });
});

venueFault('a rejection after the acceptance', (it_) => {
  it('keeps the reservation until it is known, frees it then, and tells the caller', async () => {
    const world = it_();
    await world.fault({ kind: 'reject-late', match: SEND, ms: 15_000 });
    const ask = order({ requested_notional: 850, request_id: 'rejected' });
    await world.tool('place_order', ask);
    await world.sleep(3_000);
    const meanwhile = await press(world);
    assert.ok((meanwhile.body.decision.effective?.lots ?? 0) <= 2, 'what is not known is reserved');
    await world.sleep(40_000);
    await settles(world);
    await world.must('rejected', 'place_order', ask);
    const again = await press(world);
    assert.equal(again.body.execution.state, 'filled', JSON.stringify(again.body));
    await settles(world);
  });
});

venueFault('rules that change while it runs', (it_) => {
  it('an exit that the venue refuses while the symbol is closed is told of, and the next one closes', async () => {
    const world = it_();
    await world.place({ requested_notional: 600 });
    await world.control('set-instrument', { symbol: 'BTCUSDT', status: 'BREAK' });
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.notEqual(body.decision.decision, 'BLOCK');
    await until('somebody is told', () => alerts(world).includes('EXIT_ENDED'), 60_000);
    const opening = await press(world);
    assert.notEqual(opening.body.execution?.state, 'filled', 'nothing opens in a closed symbol');
    await world.control('set-instrument', { symbol: 'BTCUSDT', status: 'TRADING' });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until('the exit is sent', async () => (await world.position('BTCUSDT')) === 0, 30_000);
    await settles(world);
  });
  it('coarser lots, a higher minimum and smaller brackets: refused or fitting, never beyond a cap', async () => {
    const world = it_();
    const rules = {
      lot: 0.01,
      min_quantity: 0.01,
      min_notional: 100,
      brackets: [
        [5, '1500', '0.02'],
        [1, '5000', '0.1'],
      ],
    };
    await world.control('set-instrument', { symbol: 'ETHUSDT', ...rules });
    for (let i = 0; i < 4; i += 1) {
      const { body } = await world.place({ symbol: 'ETHUSDT', requested_notional: 401 });
      assert.ok(['filled', 'rejected', 'none'].includes(body.execution.state), JSON.stringify(body.execution));
      await settles(world);
      await world.sleep(20_000);
    }
    assert.ok((await world.position('ETHUSDT')) > 0, 'orders fit the new rules');
    await world.tool('close_position', { symbol: 'ETHUSDT' });
    await until('flat', async () => (await world.position('ETHUSDT')) === 0, 30_000);
  });
});

for (const byMs of [10_800_000, -10_800_000])
  venueFault(`a clock that jumps by ${byMs / 3_600_000} hours`, (it_) => {
    it('exits go out, openings wait for the reconciliation, nothing is sent twice', async () => {
      const world = it_();
      await world.place({ requested_notional: 600 });
      await world.fault({ kind: 'clock-jump', by_ms: byMs });
      const { body } = await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
      assert.notEqual(body.decision.decision, 'BLOCK');
      await until('the half is closed', async () => (await world.position('BTCUSDT')) <= 0.006, 30_000);
      await press(world);
      await world.sleep(5_000);
      await settles(world);
      await world.control('clear-faults', {});
      await world.tool('close_position', { symbol: 'BTCUSDT' });
      await until('flat', async () => (await world.position('BTCUSDT')) === 0, 30_000);
      assert.ok(alerts(world).includes('CLOCK_JUMP'));
      await until('it opens again', async () => (await press(world)).body.execution?.state === 'filled', 60_000);
      await settles(world);
      const ids = (await world.books()).orders.map((one) => one.client_order_id);
      assert.equal(new Set(ids).size, ids.length);
    });
  });

venueFault('a limit of the venue (429)', (it_) => {
  it('is not driven on to a ban by an agent that goes on closing, and holds up no operator', async () => {
    const world = it_();
    await world.place({ requested_notional: 600 });
    await world.fault({ kind: 'status', status: 429, retry_after_s: 60, count: 10_000, match: { path: '/fapi/*' } });
    const hits = async (): Promise<number> => {
      const { faults } = (await world.control('faults')) as { faults: readonly { hits: number }[] };
      return faults.reduce((sum, fault) => sum + fault.hits, 0);
    };
    await until('it is told', async () => (await hits()) > 0);
    await world.sleep(500);
    const reported = await hits();
    for (let i = 0; i < 8; i += 1) {
      await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.05, max_slippage_bps: 20 + i });
      await world.sleep(200);
    }
    assert.equal(await hits(), reported, 'not one request more');
    await world.tool('close_position', { symbol: 'BTCUSDT' }, world.token('operator'));
    await world.sleep(500);
    assert.equal((await hits()) - reported, 1, 'an operator is tried');
    await world.control('clear-faults', {});
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 60_000);
    await until('it opens again', async () => (await press(world)).body.execution?.state === 'filled', 60_000);
    await settles(world);
  });
});

venueFault('a ban that grows', (it_) => {
  const ban = { kind: 'ban', ms: 4_000, factor: 1.5, max_ms: 3 * 86_400_000 };
  /** What was on its way together when the first answer came is all that offends. */
  const endsSoon = async (world: DaemonWorld): Promise<void> => {
    const read = async (): Promise<{ left_ms: number; offences: number }> =>
      ((await world.control('faults')) as { ban: { left_ms: number; offences: number } }).ban;
    await until('it ends', async () => (await read()).left_ms === 0, 600_000);
    const { offences } = await read();
    assert.ok(offences > 0 && offences <= 10, `${offences} requests while it lasted`);
    await until('it is open again', async () => (await world.tradingState()).state !== 'reducing', 60_000);
  };

  it('is made no longer by the cancels of what rests, nor by a halt', async () => {
    const world = it_();
    const below = order({ order_type: 'limit', limit_price: 58_000, requested_notional: 300 });
    assert.equal((await world.tool('place_order', below)).body.execution.state, 'working');
    await world.fault(ban);
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    await endsSoon(world);
    await until('it is canceled', async () => openOrders(await world.books()).length === 0, 60_000);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
  });

  it('is made no longer by an agent that goes on closing, at other bounds, and canceling [BY-36]', async () => {
    const world = it_();
    await world.place({ requested_notional: 600 });
    await world.fault(ban);
    for (let i = 0; i < 10; i += 1) {
      await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.05, max_slippage_bps: 20 + i });
      await world.sleep(200);
    }
    await endsSoon(world);
    await until('nothing is on its way', () => world.daemon.gate.openOrderCount() === 0, 60_000);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 60_000);
  });

  it('is respected, so that it ends, and the exit that was asked for in it goes out after', async (t) => {
    // Of its own: what the tests before have left to be read would be on its way, too.
    const world = await start();
    t.after(() => world.close());
    await world.place({ requested_notional: 600 });
    // The account is read after a first opening: what is on its way together offends together.
    await world.sleep(300);
    await world.fault({ kind: 'ban', ms: 4_000, factor: 2, max_ms: 600_000 });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    const banned = async (): Promise<{ left_ms: number; offences: number }> =>
      ((await world.control('faults')) as { ban: { left_ms: number; offences: number } }).ban;
    await until('it ends', async () => (await banned()).left_ms === 0, 120_000);
    assert.ok((await banned()).offences <= 3, `${(await banned()).offences} requests while it lasted`);
    await until('the exit is sent', async () => (await world.position('BTCUSDT')) === 0, 60_000);
    await settles(world);
    await until('it opens again', async () => (await press(world)).body.execution?.state === 'filled', 60_000);
  });
});
