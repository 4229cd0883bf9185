import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mergeKey } from '../../../daemon/gate/merged-exits.ts';
import { DaemonWorld, order, until } from '../../daemon/harness.ts';

describe('BY-36 exits beyond their rate', () => {
  it('go out as one only under the same bound on the price: none, 0, 1', () => {
    const exit = { agent: 'alice', symbol: 'BTCUSDT', side: 'sell', timeInForce: 'IOC', priceTicks: 600_000 } as const;
    const keys = [null, 0, 1].map((slippageBps) => mergeKey({ ...exit, slippageBps }));
    assert.equal(new Set(keys).size, 3, keys.join(' | '));
    assert.equal(mergeKey({ ...exit, slippageBps: 1 }), keys[2], 'equal ones merge');
    assert.notEqual(mergeKey({ ...exit, timeInForce: 'GTC', slippageBps: null }), keys[0], 'a limit is a bound');
  });

  describe('while a merged one is on its way', () => {
    let world: DaemonWorld;
    before(async () => {
      world = await DaemonWorld.start({
        answerWithinMs: 200,
        policy: (spec) => {
          spec.exits.rate = { max: 1, window_ms: 10_000 };
        },
      });
    });
    after(() => world.close());

    it('wait by themselves and are sent as well', async () => {
      const { body } = await world.tool('place_order', order({ requested_notional: 900 }));
      assert.equal(body.execution.state, 'filled', JSON.stringify(body.decision.reasons));
      const held = await world.position('BTCUSDT');
      const close = (): Promise<unknown> => world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.1 });
      await close();
      await close();
      await world.fault({ kind: 'delay', ms: 700, match: { method: 'POST', path: '/fapi/v1/order' } });
      await world.advance(10_001);
      const orders = world.daemon.gate.core.state.orders.live;
      const statuses = (): readonly string[] => [...(orders.get('BTCUSDT') ?? [])].map((live) => live.status);
      await until('the merged exit is on its way', () => statuses().includes('in_flight'));
      await close();
      // Each lot is some 60 USDT: three exits of a tenth are one lot each.
      const closed = async (): Promise<number> => Math.round((held - (await world.position('BTCUSDT'))) * 1000);
      await until('the merged exit has closed its lot', async () => (await closed()) === 2);
      await until('so has the one that came meanwhile', async () => {
        await world.advance(11_000);
        return (await closed()) === 3;
      });
    });
  });
});
