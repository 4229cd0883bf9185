import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlattenBody } from '../../../../daemon/contract/types/operator.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

describe('a flatten that could not close everything', () => {
  const world = suiteWorld({ policy: { 'temporal.duplicate_window_ms': 1 } });

  const hold = async (): Promise<void> => {
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      await world.mustPlace('filled', { symbol, requested_notional: 300 });
    }
  };
  const isFlat = async (): Promise<boolean> =>
    (await world.position('BTCUSDT')) === 0 && (await world.position('ETHUSDT')) === 0;
  /** An exit that was on its way at a stop is unknown until time has passed. */
  const isFlatInTime = async (): Promise<boolean> => {
    await world.advance(1_000);
    return isFlat();
  };
  const layer = () => world.daemon.gate.core.state.layers.get('operator|account|');
  const refuseOrders = () =>
    world.fault({
      kind: 'error',
      code: -1008,
      msg: 'busy',
      count: 10_000,
      match: { method: 'POST', path: '/fapi/v1/order' },
    });
  const flatten = async (): Promise<void> => {
    const { status, body } = await world.operator<FlattenBody>('POST', '/v1/flatten', { reason: 'test' });
    assert.equal(status, 200);
    assert.equal(body.positions_left.length, 2, body.note);
    assert.match(body.note, /closing goes on/);
  };
  /** The venue's own refusals close it, too, until it answers again. */
  const resume = async (): Promise<void> => {
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await until(
      'trading is active',
      world.advancing(61_000, async () => (await world.tradingState()).state === 'active'),
    );
  };

  it('goes on after a restart until the account is flat, and stays halted [EX-61]', async () => {
    await hold();
    await refuseOrders();
    await flatten();
    await world.daemon.close();
    await world.control('clear-faults', {});
    assert.equal(await isFlat(), false);
    await world.restart();
    await until('it is flat', isFlatInTime, 40_000);
    await until('it is done', () => layer()?.isFlattening === false, 20_000);
    assert.equal((await world.tradingState()).state, 'halted');
    assert.equal(layer()?.reason, 'test', 'as it was asked for');
  });

  it('is over once it was flat: what a human opens then stays, also after a restart', async () => {
    await world.hand('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.005' });
    await world.restart();
    for (let i = 0; i < 4; i += 1) await world.advance(6_000);
    await until('it is known', () => inLots(world.daemon.gate.core.state.position('BTCUSDT').quantityE8) === 5);
    assert.equal(await world.position('BTCUSDT'), 0.005);
    await world.operator('POST', '/v1/flatten', { reason: 'test' });
    assert.equal(await isFlat(), true);
    await resume();
  });

  it('goes on while the daemon runs, and through another halt [EX-61]', async () => {
    await hold();
    await refuseOrders();
    await flatten();
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'again' });
    await world.control('clear-faults', {});
    await until('it is flat', isFlatInTime, 40_000);
  });

  it('on live goes on until the loosening delay is over, and what is flat stays halted until then', async () => {
    await resume();
    await hold();
    await refuseOrders();
    await flatten();
    const { core } = world.daemon.gate;
    const { settings } = core;
    Object.assign(core, { settings: { ...settings, venue: 'binance-live' } });
    try {
      await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
      assert.equal(layer()?.isFlattening, true);
      const { clearsAtMs, clearsWhen } = layer() ?? assert.fail('the halt waits for its end');
      assert.ok(clearsAtMs !== null && clearsAtMs > core.nowMs());
      await world.control('clear-faults', {});
      await until('it is flat', isFlatInTime, 40_000);
      await until('it is done', () => layer()?.isFlattening === false, 20_000);
      assert.deepEqual([layer()?.clearsAtMs, layer()?.clearsWhen], [clearsAtMs, clearsWhen]);
    } finally {
      Object.assign(core, { settings });
    }
  });

  it('goes on when an operator lets agents close again, and what is flat stays reducing', async () => {
    await resume();
    await hold();
    await refuseOrders();
    await flatten();
    await world.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'agents may close' });
    await world.daemon.close();
    await world.control('clear-faults', {});
    await world.restart();
    await until('it is flat', isFlatInTime, 40_000);
    await until('it is done', () => layer()?.isFlattening === false, 20_000);
    assert.deepEqual([layer()?.state, layer()?.reason], ['reducing', 'agents may close']);
  });

  it('on live reducing over halted waits for the loosening delay, like every loosening', async () => {
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    const { core } = world.daemon.gate;
    const { settings } = core;
    const reduce = () =>
      world.operator<{ readonly error?: { readonly message: string } }>('PUT', '/v1/trading-state', {
        state: 'reducing',
        reason: 'test',
      });
    Object.assign(core, { settings: { ...settings, venue: 'binance-live' } });
    try {
      const first = await reduce();
      assert.equal(first.status, 400);
      assert.match(first.body.error?.message ?? '', /reducing over halted .* waits: ask again after/);
      assert.equal(layer()?.state, 'halted');
      await world.advance(core.policySpec.loosen_delay_ms);
      assert.equal((await reduce()).status, 200);
      assert.equal(layer()?.state, 'reducing');
      // Nothing is loosened by that one.
      assert.equal((await reduce()).status, 200);
    } finally {
      Object.assign(core, { settings });
    }
  });

  it('ends when an operator lifts it', async () => {
    await resume();
    await hold();
    await refuseOrders();
    await flatten();
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'stop' });
    await world.control('clear-faults', {});
    await world.restart();
    for (let i = 0; i < 4; i += 1) await world.advance(6_000);
    assert.equal(await isFlat(), false, 'nothing is closed by itself any more');
  });
});
