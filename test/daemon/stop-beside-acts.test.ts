import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DaemonWorld, order } from './harness.ts';

const LATE = { kind: 'delay', ms: 8_000, count: 100 };
const SIGNAL = { kind: 'anomaly', scope: { symbol: 'BTCUSDT' }, severity: 1, ttl_ms: 1_500 };

/** A resting order, and an exchange that answers no cancel and no list of orders for 8 s. */
async function startSlow(): Promise<DaemonWorld> {
  const world = await DaemonWorld.start({ wall: true, answerWithinMs: 5_000 });
  const asked = order({ order_type: 'limit', limit_price: 50_000, requested_notional: 300 });
  assert.equal((await world.tool('place_order', asked)).body.execution.state, 'working');
  await world.fault({ ...LATE, match: { method: 'DELETE', path: '/fapi/v1/order' } });
  await world.fault({ ...LATE, match: { method: 'GET', path: '/fapi/v1/openOrders' } });
  return world;
}
const ACTS = {
  halt: (world: DaemonWorld) => world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' }),
  flatten: (world: DaemonWorld) => world.operator('POST', '/v1/flatten', { reason: 'test' }),
  signal: (world: DaemonWorld) => world.call('POST', '/v1/signals', SIGNAL, world.token('monitor')),
  'cancel of all': (world: DaemonWorld) => world.tool('cancel_all', {}),
};

for (const [name, act] of Object.entries(ACTS))
  it(`a ${name} that waits for its cancels as the daemon stops is answered, and the stop takes no 2 s`, async (t) => {
    const world = await startSlow();
    t.after(() => world.close());
    const asked = act(world).then(({ status }) => [status, world.monotonicMs()] as const);
    await world.sleep(150);
    const stopsAtMs = world.monotonicMs();
    await world.run(world.daemon.close());
    const tookMs = world.monotonicMs() - stopsAtMs;
    const [status, atMs] = await asked;
    assert.ok([200, 201].includes(status), String(status));
    assert.ok(atMs - stopsAtMs < 600, `answered after ${atMs - stopsAtMs} ms`);
    assert.ok(tookMs < 2_000, `stopped after ${tookMs} ms`);
  });

for (const name of ['halt', 'signal'] as const)
  it(`a ${name} waits 3 s for its cancels, and no longer`, async (t) => {
    const world = await startSlow();
    t.after(() => world.close());
    const fromMs = world.monotonicMs();
    const { status } = await ACTS[name](world);
    const tookMs = world.monotonicMs() - fromMs;
    assert.ok([200, 201].includes(status), String(status));
    assert.ok(tookMs >= 2_900 && tookMs < 3_200, `${tookMs} ms`);
  });
