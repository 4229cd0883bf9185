import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { withoutPacing } from '../../bypasses/attempts.ts';
import { DaemonWorld, order, until } from '../../daemon/harness.ts';
import type { Rewrites } from '../../daemon/rewriting-proxy.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };

describe('BY-15 an exit that the exchange shows as resting while it is being matched', () => {
  let world: DaemonWorld;
  const rewrites: Rewrites = new Map();
  before(async () => {
    world = await DaemonWorld.start({ policy: withoutPacing, rewrites });
  });
  after(() => world.close());

  const hold = async (): Promise<void> => {
    rewrites.clear();
    const { body } = await world.tool('place_order', order({ requested_notional: 600 }));
    assert.equal(body.execution.state, 'filled', JSON.stringify(body.decision.reasons));
  };
  /** The next answers about an order are of before its first fill. */
  const lag = (answers: number): void => {
    let left = answers;
    rewrites.set('/fapi/v1/order', (body) => {
      left -= 1;
      return left < 0 ? body : { ...(body as object), status: 'NEW', executedQty: '0.000', avgPrice: '0' };
    });
  };
  const isClosed = async (): Promise<boolean> => {
    await world.refresh();
    return (await world.position('BTCUSDT')) === 0 && world.daemon.gate.core.state.position('BTCUSDT').quantityE8 === 0;
  };

  it('goes on up its ladder, when the answer to its send says so', async () => {
    await hold();
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    lag(1);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until('it is closed', isClosed, 10_000);
  });

  it('goes on up its ladder, when look-ups say so', async () => {
    await hold();
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    await world.fault({ kind: 'reject-503-unknown', accepted: true, match: SEND });
    lag(2);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until('it is closed', isClosed, 10_000);
  });
});
