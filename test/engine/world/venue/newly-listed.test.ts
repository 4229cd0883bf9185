import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DaemonWorld } from '../../../daemon/harness.ts';
import type { Rewrites } from '../../../daemon/rewriting-proxy.ts';
import { createClient } from '../../../exchange-sim/signed-client.ts';

describe('a symbol that the exchange lists while the daemon runs', () => {
  let world: DaemonWorld;
  const rewrites: Rewrites = new Map();
  before(async () => {
    rewrites.set('/fapi/v1/exchangeInfo', (body) => {
      const { symbols, ...rest } = body as { readonly symbols: readonly { readonly symbol: string }[] };
      return { ...rest, symbols: symbols.filter(({ symbol }) => symbol !== 'ETHUSDT') };
    });
    world = await DaemonWorld.start({ rewrites, policy: { 'scope.symbols': ['BTCUSDT'] } });
  });
  after(() => world.close());

  it('is known within seconds of a position in it, and its answers keep nobody from reading the account', async () => {
    await world.advance(20_000);
    rewrites.clear();
    const human = createClient(world.sim);
    await human.send('POST', '/fapi/v1/order', { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.100' });
    for (let second = 0; second < 15; second += 1) {
      await world.advance(1_000);
      await world.sleep(1_000);
    }
    const held = (await world.positions()).map(({ quantity, symbol }) => [symbol, quantity]);
    assert.deepEqual(held, [['ETHUSDT', '0.100']]);
    assert.equal((await world.ready()).status, 200);
  });
});
