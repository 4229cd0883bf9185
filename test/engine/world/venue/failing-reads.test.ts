import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DaemonWorld, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const TRADES = { method: 'GET', path: '/fapi/v1/userTrades' };

describe('what takes risk away does not wait for reads that fail or hang [SAE-NONBYPASS, BY-16, BY-32]', () => {
  const world = suiteWorld({
    wall: true,
    answerWithinMs: 800,
    policy: { protection: { required: true, stop_bps: 300 } },
  });

  const stops = async (): Promise<number> =>
    (await world.books()).algo_orders.filter((algo) => algo.status === 'NEW').length;
  const resting = async (): Promise<number> =>
    (await world.books()).orders.filter((one) => one.status === 'NEW').length;
  const hits = async (): Promise<number> => {
    const { faults } = (await world.control('faults')) as { readonly faults: readonly { readonly hits: number }[] };
    return faults.reduce((sum, fault) => sum + fault.hits, 0);
  };

  it('places a stop while the trades of the account do not come', async () => {
    await world.fault({ kind: 'stall-body', ms: 30_000, count: 1_000, match: TRADES });
    await world.mustPlace('filled', { symbol: 'ETHUSDT', requested_notional: 300 });
    await until('the stop', async () => (await stops()) === 1, 4_000);
    await world.control('clear-faults', {});
  });

  it('while it is not reconciled: cancels what opens, sends a refused cancel again, replaces a stop', async () => {
    await world.mustPlace('working', { order_type: 'limit', limit_price: 58_000, requested_notional: 600 });
    await world.fault({ kind: 'status', status: 500, count: 100_000, match: TRADES });
    // The first cancel is refused by the venue for a reason of its own.
    await world.fault({
      kind: 'error',
      code: -1001,
      msg: 'Internal error.',
      match: { method: 'DELETE', path: '/fapi/v1/order' },
    });
    world.daemon.gate.keeper.reconciliation.enterBoot('the host clock jumped by 5000 ms');
    await world.hand('DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'ETHUSDT' });
    await until('the resting order is gone', async () => (await resting()) === 0, 8_000);
    await until('the stop is back', async () => (await stops()) === 1, 8_000);
    assert.notDeepEqual(world.daemon.gate.readiness().waiting_for, [], 'all of it before the account was reconciled');
    await world.control('clear-faults', {});
    await until('reconciled again', () => world.daemon.gate.keeper.isReconciled, 8_000);
  });

  it('lets the venue be for as long as it asks, and reads again afterwards', async () => {
    await world.fault({ kind: 'status', status: 429, retry_after_s: 3, count: 100_000, match: { path: '/fapi/*' } });
    await until('the venue asks to be left alone', async () => (await hits()) > 0);
    // What was on its way when the first answer came may still arrive.
    await world.sleep(500);
    const asked = await hits();
    await world.sleep(1_500);
    assert.equal(await hits(), asked, 'not one request within Retry-After');
    await world.control('clear-faults', {});
    await until('open again', async () => (await world.tradingState()).state === 'active', 10_000);
  });

  it('flattens within seconds when the lists of orders do not come [BY-32]', async () => {
    // What is read after a first opening is read again.
    await world.sleep(1_000);
    await world.mustPlace('filled', { requested_notional: 900 });
    await world.fault({
      kind: 'stall-body',
      ms: 30_000,
      count: 1_000,
      match: { method: 'GET', path: '/fapi/v1/openOrders' },
    });
    const startedAt = world.monotonicMs();
    const answer = await world.operator('POST', '/v1/flatten', { reason: 'test' });
    assert.equal(answer.status, 200);
    assert.ok(
      world.monotonicMs() - startedAt < 10_000,
      `answered after ${Math.round(world.monotonicMs() - startedAt)} ms`,
    );
    await until('flat', async () => (await world.position('BTCUSDT')) === 0 && (await world.position('ETHUSDT')) === 0);
    await world.control('clear-faults', {});
  });
});

describe('a start on which prices do not come [BY-15, BY-16]', () => {
  const world = suiteWorld({ wall: true, policy: { protection: { required: true, stop_bps: 300 } } });
  const isUnderStop = async (): Promise<boolean> =>
    (await world.books()).algo_orders.some((algo) => algo.status === 'NEW');
  /** Resolves once prices were to be had again. */
  const startWithoutPrices = async (): Promise<{ readonly ready: Promise<void> }> => {
    await world.fault({ kind: 'status', status: 500, count: 100_000, match: { path: '/fapi/v1/klines' } });
    const ready = world.restart();
    ready.catch(() => undefined);
    return { ready };
  };

  it('a missing stop is placed, and a flatten that was cut off goes on', async () => {
    await world.mustPlace('filled', { requested_notional: 600 });
    await until('the stop', isUnderStop);
    await world.daemon.close();
    await world.hand('DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' });
    const first = await startWithoutPrices();
    await until('the stop is back', isUnderStop, 8_000);
    await world.control('clear-faults', {});
    await first.ready;
    const send = { method: 'POST', path: '/fapi/v1/order' };
    await world.fault({ kind: 'error', code: -1008, msg: 'busy', count: 10_000, match: send });
    await world.operator('POST', '/v1/flatten', { reason: 'test' });
    assert.ok((await world.position('BTCUSDT')) > 0);
    await world.daemon.close();
    await world.control('clear-faults', {});
    const second = await startWithoutPrices();
    // Before exits of the daemon before are gone on with, which waits for 10 s.
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 8_000);
    await world.control('clear-faults', {});
    await second.ready;
  });
});

describe('an orderly restart [SAE-AUDIT, BY-13]', () => {
  for (const leaveOrders of [true, false]) {
    it(`${leaveOrders ? 'finds the resting orders that were left' : 'finds no resting order, where none was to be left'}`, async (t) => {
      const world = await DaemonWorld.of(t, { wall: true, leaveOrders });
      await world.mustPlace('working', { order_type: 'limit', limit_price: 58_000, requested_notional: 600 });
      // The first reading takes long, and the boot layer says `reducing` meanwhile.
      await world.fault({ kind: 'delay', ms: 500, count: 4, match: TRADES });
      await world.restart();
      // One more round of everything.
      await world.sleep(500);
      const resting = (await world.books()).orders.filter((one) => one.status === 'NEW');
      assert.equal(resting.length, leaveOrders ? 1 : 0);
      const open = await world.call<{ readonly orders: readonly unknown[] }>('GET', '/v1/orders?open=true');
      assert.equal(open.body.orders.length, leaveOrders ? 1 : 0, 'and the gate knows');
    });
  }
});
