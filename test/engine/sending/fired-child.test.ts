import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProofWorld, shown } from '../proof-fixture.ts';

describe('what a stop becomes has a number of its own at the venue', () => {
  it('a list that shows it while the answer to the stop is lost does not make its number that of the stop', async () => {
    const world = new ProofWorld();
    const trigger = { kind: 'algo', side: 'sell', reduceOnly: true, closePosition: true, priceTicks: null } as const;
    const change = {
      kind: 'algo',
      order_type: 'market',
      price_e8: null,
      protective: true,
      trigger_e8: 55_000e8,
    } as const;
    world.decide({ id: 'd-1', orders: [{ client_order_id: 's-1', reduce_only: true, side: 'sell', ...change }] });
    const stop = world.order('s-1');
    await world.core.run(world.sender.sendStop(stop));
    assert.equal(stop.status, 'unknown');
    // It has fired: the market order that it became is being matched.
    const child = { venueOrderId: '77', side: 'sell', type: 'MARKET', priceTicks: null, reduceOnly: true } as const;
    world.script.list = () => [shown('s-1', child)];
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    world.script.list = () => [];
    const done = { venueOrderId: '5', status: 'filled', executedLots: 10, triggerTicks: 550_000 } as const;
    world.script.lookup = () => ({ kind: 'found', order: shown('s-1', { ...trigger, ...done }) });
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    await world.time.advance(30_000);
    assert.deepEqual([stop.status, stop.venueOrderId], ['filled', '5']);
    world.stop();
  });
});
