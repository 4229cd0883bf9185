import { describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import type { Rewrites } from '../../../daemon/rewriting-proxy.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };

describe('BY-15 an exit that the exchange shows as resting while it is being matched', () => {
  const rewrites: Rewrites = new Map();
  const world = suiteWorld({ policy: UNPACED, rewrites });

  const hold = async (): Promise<void> => {
    rewrites.clear();
    await world.mustPlace('filled', { requested_notional: 600 });
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
