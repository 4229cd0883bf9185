import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

/** The query of a conditional order as it is documented: it names the order that it became, and not what that executed. */
function asDocumented(answer: unknown): unknown {
  const { actualQty: _quantity, actualType: _type, ...order } = answer as Record<string, unknown>;
  return order;
}

describe('a protective stop has fired, and the venue does not say what it has executed', () => {
  const world = suiteWorld({
    wall: true,
    policy: (spec) => {
      spec.protection = { required: true, stop_bps: 300 };
      for (const row of Object.values(spec.market.regimes)) Object.assign(row, { cooldown_ms: 0, slices: 4 });
    },
    rewrites: new Map([['/fapi/v1/algoOrder', asDocumented]]),
  });
  before(async () => {
    await world.setMark('BTCUSDT', 60_000);
  });

  it('no slice buys back what it closed, and its trade is read at once', async () => {
    await world.mustPlace('staging', { requested_notional: 900 });
    await until('the stop', async () => (await world.books()).algo_orders.some((algo) => algo.status === 'NEW'));
    await world.setMark('BTCUSDT', 58_000);
    await world.sleep(10_000);
    const bought = (await world.books()).orders.filter((one) => one.side === 'BUY' && one.status === 'FILLED');
    assert.equal(bought.length, 1, 'the slice before the stop alone');
    assert.equal(await world.position('BTCUSDT'), 0);
    const { fills } = (await world.operator<{ fills: readonly { side: string }[] }>('GET', '/v1/fills')).body;
    assert.deepEqual(fills.map(({ side }) => side).sort(), ['buy', 'sell']);
  });
});
