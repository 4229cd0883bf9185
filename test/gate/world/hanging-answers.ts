import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { DaemonWorld, order, until } from '../../daemon/harness.ts';

const HANGS = { kind: 'stall-body', ms: 30_000 };

describe('what takes risk away does not wait for another that hangs [BY-31, BY-32]', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({
      wall: true,
      answerWithinMs: 500,
      policy: (spec) => {
        spec.protection = { required: true, stop_bps: 300 };
        spec.standing.on_breach = 'reduce';
        spec.temporal.duplicate_window_ms = 1;
        spec.account.concentration = { share: 0.99, floor_usdt: 3_000 };
      },
    });
  });
  after(() => world.close());
  afterEach(() => world.control('clear-faults', {}));

  const stopsOf = (symbol: string) =>
    [...world.daemon.gate.core.state.orders.all.values()].filter((one) => one.protective && one.symbol === symbol);
  it('a position gets its stop while that of another symbol hangs', async () => {
    await world.fault({ ...HANGS, match: { method: 'POST', path: '/fapi/v1/algoOrder', symbol: 'BTCUSDT' } });
    const btc = await world.tool('place_order', order());
    assert.equal(btc.body.execution.state, 'filled', JSON.stringify(btc.body.decision.reasons));
    await until('the first stop is on its way', () => stopsOf('BTCUSDT').length > 0);
    const eth = await world.tool('place_order', order({ symbol: 'ETHUSDT' }));
    assert.equal(eth.body.execution.state, 'filled', JSON.stringify(eth.body.decision.reasons));
    const stops = async (): Promise<readonly unknown[]> => (await world.books()).algo_orders.map((algo) => algo.symbol);
    await until('the other has its stop', async () => (await stops()).includes('ETHUSDT'), 3_000);
  });

  it('BY-31 a position above its caps is cut back while the stop of another symbol hangs', async () => {
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await world.fault({ ...HANGS, match: { method: 'POST', path: '/fapi/v1/algoOrder', symbol: 'ETHUSDT' } });
    const btc = await world.tool('place_order', order({ requested_notional: 900 }));
    assert.equal(btc.body.execution.state, 'filled', JSON.stringify(btc.body.decision.reasons));
    const eth = await world.tool('place_order', order({ symbol: 'ETHUSDT' }));
    assert.equal(eth.body.execution.state, 'filled', JSON.stringify(eth.body.decision.reasons));
    await until('a stop hangs', () => stopsOf('ETHUSDT').some((stop) => stop.status === 'in_flight'));
    const held = await world.position('BTCUSDT');
    await world.control('set-mark', { symbol: 'BTCUSDT', price: '62000' });
    await until('the cut', async () => (await world.position('BTCUSDT')) < held, 4_000);
    assert.ok(
      stopsOf('ETHUSDT').some((stop) => stop.status === 'in_flight'),
      'the stop still hangs',
    );
  });
});
