import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { exitKey } from '../../../daemon/gate/plan/undone.ts';
import { DaemonWorld, order, until } from '../../daemon/harness.ts';

describe('BY-36 exits beyond their rate', () => {
  it('go out as one only under the same bound on the price: none, 0, 1', () => {
    const exit = { agent: 'alice', limit_price: null, order_type: 'market', origin: 'agent' } as const;
    const keyOf = (max_slippage_bps: number | null, change: object = {}): string =>
      exitKey({ ...exit, max_slippage_bps, ...change }, 'BTCUSDT', 'sell');
    const keys = [null, 0, 1].map((bps) => keyOf(bps));
    assert.equal(new Set(keys).size, 3, keys.join(' | '));
    assert.equal(keyOf(1), keys[2], 'equal ones merge');
    assert.notEqual(keyOf(null, { order_type: 'limit', limit_price: 60_000 }), keys[0], 'a limit is a bound');
    assert.notEqual(keyOf(null, { agent: 'bob' }), keys[0], "another agent's lots are its own");
    assert.notEqual(keyOf(null, { agent: 'ops', origin: 'operator' }), keyOf(null, { agent: 'ops' }));
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
