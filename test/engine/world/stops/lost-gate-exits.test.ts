import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OrderState } from '../../../../daemon/engine/orders/orders.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };

for (const hasFilled of [false, true])
  describe(`an exit of the gate is lost that ${hasFilled ? 'has filled' : 'never arrived'}`, () => {
    const world = suiteWorld({
      policy: {
        protection: { required: true, stop_bps: 300 },
        'exits.scope': 'own',
        'temporal.duplicate_window_ms': 1,
      },
    });

    const view = () => world.daemon.gate.core.state.position('BTCUSDT');
    const human = (method: string, path: string, params: Record<string, string>) =>
      world.hand(method, path, { symbol: 'BTCUSDT', ...params });
    const gateExits = (): readonly OrderState[] =>
      [...world.daemon.gate.core.state.orders.all.values()].filter((one) => one.origin === 'gate' && !one.protective);

    it('what the gate may close goes out once more if the venue goes on showing it, and never beyond', async () => {
      // 15 lots of the agent and 10 of a human, one stop for all.
      await world.place({ requested_notional: 905 });
      await human('POST', '/fapi/v1/order', { side: 'BUY', type: 'MARKET', quantity: '0.010' });
      await until(
        'both are known',
        world.advancing(6_000, () => inLots(view().quantityE8) === 25 && view().disputedE8 === null),
      );
      await world.fault({
        kind: 'error',
        code: -4045,
        msg: 'Reach max stop order limit.',
        count: 1_000,
        match: { method: 'POST', path: '/fapi/v1/algoOrder' },
      });
      await world.fault({ kind: 'reject-503-unknown', accepted: hasFilled, match: SEND });
      const lookups = { method: 'GET', path: '/fapi/v1/order' };
      await world.fault({ kind: 'status', status: 500, count: 100_000, match: lookups });
      await human('DELETE', '/fapi/v1/algoOpenOrders', {});
      await until(
        'an exit of the gate is unknown',
        world.advancing(2_000, () => gateExits().some((one) => one.status === 'unknown')),
      );
      const [lost] = gateExits();
      assert.equal(inLots(lost?.quantityE8), 15);

      world.loseOrder(lost?.clientOrderId);
      await world.advance(5_000);
      assert.equal(gateExits().length, 1, 'none before the account has been read long enough after it');
      if (hasFilled) for (let i = 0; i < 8; i += 1) await world.advance(6_000);
      else
        await until(
          'another exit, which closes what agents hold',
          world.advancing(
            6_000,
            async () => (await world.position('BTCUSDT')) === 0.01 && gateExits().some((one) => one.executedE8 > 0),
          ),
        );
      assert.equal(await world.position('BTCUSDT'), 0.01, 'the lots of the human stay');
      const others = gateExits().filter((one) => one !== lost);
      assert.equal(
        others.reduce((sum, one) => sum + inLots(one.executedE8), 0),
        hasFilled ? 0 : 15,
      );
      await world.control('clear-faults', {});
      const id = lost?.clientOrderId ?? '';
      if (!hasFilled) await world.operator('POST', `/v1/orders/${id}/end`, { reason: 'never arrived' });
      await until(
        'nobody looks for it any more',
        world.advancing(1_000, () => !world.daemon.gate.core.state.layers.has('breaker|symbol|BTCUSDT')),
        12_000,
      );
      for (let i = 0; i < 6; i += 1) await world.advance(6_000);
      assert.equal(await world.position('BTCUSDT'), 0.01, 'and what it left is not closed a second time');
    });
  });
