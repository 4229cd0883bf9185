import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

describe('a flatten whose exit was cut off by a stop', () => {
  const world = suiteWorld();

  it('closes once: what is opened when all is flat stays, although that exit was not over', async () => {
    await world.mustPlace('filled', { symbol: 'BTCUSDT', requested_notional: 300 });
    const endless = { kind: 'error', msg: 'busy', count: 10_000 } as const;
    await world.fault({ ...endless, code: -1008, match: { method: 'POST', path: '/fapi/v1/order' } });
    const asked = world.operator('POST', '/v1/flatten', { reason: 'test' }).catch(() => undefined);
    const { all } = world.daemon.gate.core.state.orders;
    await until('an attempt was refused', () =>
      [...all.values()].some((each) => each.reduceOnly && each.status === 'rejected'),
    );
    await world.daemon.close();
    await asked;
    await world.control('clear-faults', {});
    await world.fault({ ...endless, code: -1001, match: { method: 'GET', path: '/fapi/v1/klines' } });
    const ready = world.restart();
    const isFlat = async (): Promise<boolean> => (await world.position('BTCUSDT')) === 0;
    await until('the flatten has closed it before prices were read', isFlat, 20_000);
    const layer = () => world.daemon.gate.core.state.layers.get('operator|account|');
    await until('it is done', () => layer()?.isFlattening === false, 20_000);
    const bought = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.005' };
    await world.hand('POST', '/fapi/v1/order', bought);
    await until(
      'it is known',
      world.advancing(6_000, () => inLots(world.daemon.gate.core.state.position('BTCUSDT').quantityE8) === 5),
    );
    await world.control('clear-faults', {});
    await ready;
    for (let i = 0; i < 6; i += 1) await world.advance(6_000);
    assert.equal(await world.position('BTCUSDT'), 0.005, 'somebody means to hold it');
  });
});
