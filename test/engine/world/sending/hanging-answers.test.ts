import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

/** The exchange acts and its answer does not come: an attempt waits for 10 s. */
const HANGS = { kind: 'stall-body', ms: 30_000 };
const CANCEL = { method: 'DELETE', path: '/fapi/v1/order' };

describe('what takes risk away does not wait for another that hangs [BY-31, BY-32]', () => {
  const world = suiteWorld({
    wall: true,
    answerWithinMs: 500,
    policy: {
      protection: { required: true, stop_bps: 300 },
      'standing.on_breach': 'reduce',
      'temporal.duplicate_window_ms': 1,
      'account.concentration': { share: 0.99, floor_usdt: 3_000 },
    },
  });
  let far = 0;

  afterEach(() => world.control('clear-faults', {}));

  const rest = async (symbol: string): Promise<string> => {
    far += 1;
    const price = symbol === 'BTCUSDT' ? 50_000 + far : 2_500 + far;
    const body = await world.mustPlace('working', {
      symbol,
      order_type: 'limit',
      limit_price: price,
      requested_notional: 300,
    });
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  const known = (id: string) => world.daemon.gate.core.state.orders.all.get(id);
  const signal = (symbol: string): Promise<unknown> =>
    world.call(
      'POST',
      '/v1/signals',
      { kind: 'anomaly', scope: { symbol }, severity: 1, ttl_ms: 1_500 },
      world.token('monitor'),
    );
  const hits = async (): Promise<number> => {
    const { faults } = (await world.control('faults')) as { readonly faults: readonly { readonly hits: number }[] };
    return faults.reduce((sum, fault) => sum + fault.hits, 0);
  };
  const stopsOf = (symbol: string) =>
    [...world.daemon.gate.core.state.orders.all.values()].filter((one) => one.protective && one.symbol === symbol);
  const signals = (symbol: string): number =>
    world.daemon.gate.core.state.activeSignals(world.nowMs(), 'main', 'agent', symbol).length;

  it('BY-31 a signal cancels what rests in its symbol while the cancel of another symbol hangs', async () => {
    const eth = await rest('ETHUSDT');
    const btc = await rest('BTCUSDT');
    await world.fault({ ...HANGS, match: { ...CANCEL, symbol: 'ETHUSDT' } });
    const first = signal('ETHUSDT');
    await until('the first cancel is on its way', () => known(eth)?.cancelRequested === true);
    const second = signal('BTCUSDT');
    await until('the other order is canceled', () => known(btc)?.status === 'canceled', 3_000);
    await world.control('clear-faults', {});
    await Promise.all([first, second]);
    await until('the first is canceled in the end', () => known(eth)?.status === 'canceled', 12_000);
    await until('no signal is left', () => signals('BTCUSDT') + signals('ETHUSDT') === 0);
  });

  it('BY-32 a refused cancel is sent again while that of another order hangs', async () => {
    const eth = await rest('ETHUSDT');
    const btc = await rest('BTCUSDT');
    const refused = { kind: 'error', code: -1001, msg: 'Internal error.' };
    await world.fault({ ...refused, match: { ...CANCEL, symbol: 'ETHUSDT' } });
    await world.fault({ ...HANGS, match: { ...CANCEL, symbol: 'ETHUSDT' } });
    await world.tool('cancel_order', { client_order_id: eth });
    await until('the second cancel hangs', async () => (await hits()) === 2);
    await world.fault({ ...refused, match: { ...CANCEL, symbol: 'BTCUSDT' } });
    await world.tool('cancel_order', { client_order_id: btc });
    await until('the other order is canceled', () => known(btc)?.status === 'canceled', 4_000);
    await world.control('clear-faults', {});
    await until('the first is canceled in the end', () => known(eth)?.status === 'canceled', 12_000);
  });

  it('a position gets its stop while that of another symbol hangs', async () => {
    await world.fault({ ...HANGS, match: { method: 'POST', path: '/fapi/v1/algoOrder', symbol: 'BTCUSDT' } });
    await world.mustPlace('filled');
    await until('the first stop is on its way', () => stopsOf('BTCUSDT').length > 0);
    await world.mustPlace('filled', { symbol: 'ETHUSDT' });
    const stops = async (): Promise<readonly unknown[]> => (await world.books()).algo_orders.map((algo) => algo.symbol);
    await until('the other has its stop', async () => (await stops()).includes('ETHUSDT'), 3_000);
  });

  it('BY-16 flatten cancels what opens while the lists do not come', async () => {
    const btc = await rest('BTCUSDT');
    await world.fault({ ...HANGS, count: 1_000, match: { method: 'GET', path: '/fapi/v1/openOrders' } });
    const answer = world.operator('POST', '/v1/flatten', { reason: 'test' });
    await until('the order is canceled', () => known(btc)?.status === 'canceled', 3_000);
    await world.control('clear-faults', {});
    await answer;
  });

  it('BY-31 a position above its caps is cut back while the stop of another symbol hangs', async () => {
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await until('the stops of the positions before are gone', () => world.daemon.gate.openOrderCount() === 0, 15_000);
    await world.fault({ ...HANGS, match: { method: 'POST', path: '/fapi/v1/algoOrder', symbol: 'ETHUSDT' } });
    await world.mustPlace('filled', { requested_notional: 900 });
    await world.mustPlace('filled', { symbol: 'ETHUSDT' });
    await until('a stop hangs', async () => (await hits()) === 1, 15_000);
    const held = await world.position('BTCUSDT');
    await world.control('set-mark', { symbol: 'BTCUSDT', price: '62000' });
    await until('the cut', async () => (await world.position('BTCUSDT')) < held, 4_000);
  });
});

describe('an exit does not wait for the cancel of a take-profit that hangs [BY-14, BY-15]', () => {
  const world = suiteWorld({ wall: true, answerWithinMs: 500 });

  it('closes within seconds', async () => {
    await world.mustPlace('filled', { requested_notional: 600 });
    const whole = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 60_500 };
    await world.mustPlace('working', { ...whole, requested_notional: 600 });
    await world.fault({ ...HANGS, count: 1_000, match: CANCEL });
    await world.fault({ ...HANGS, count: 1_000, match: { ...CANCEL, method: 'GET' } });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until('it is closed', async () => (await world.position('BTCUSDT')) === 0, 5_000);
    await world.control('clear-faults', {});
    const { claims } = world.daemon.gate.core.state;
    await until(
      'nothing of it can fill',
      () => claims.open.size === 0 && world.daemon.gate.openOrderCount() === 0,
      30_000,
    );
  });

  it('an operator is answered within what the console waits for, 15 s, whatever hangs', async () => {
    await world.place({ requested_notional: 300 });
    const below = { order_type: 'limit', limit_price: 58_000, requested_notional: 150 };
    await world.mustPlace('working', { symbol: 'BTCUSDT', ...below });
    await world.fault({ ...HANGS, count: 1_000, match: { path: '/fapi/v1/order' } });
    await world.fault({ ...HANGS, count: 1_000, match: { path: '/fapi/v1/openOrders' } });
    const answeredIn = async (method: string, path: string, body: object): Promise<number> => {
      const askedAt = world.monotonicMs();
      const { status } = await world.operator(method, path, { reason: 'test', ...body });
      assert.equal(status, 200);
      return world.monotonicMs() - askedAt;
    };
    assert.ok((await answeredIn('PUT', '/v1/trading-state', { state: 'halted' })) < 5_000, 'a halt');
    assert.ok((await answeredIn('POST', '/v1/flatten', {})) < 14_000, 'a flatten');
    await world.control('clear-faults', {});
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 60_000);
  });
});
