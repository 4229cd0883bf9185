import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { openOrders, withoutPacing } from '../../bypasses/attempts.ts';
import { DaemonWorld, order, type ToolBody, until } from '../../daemon/harness.ts';
import { checkAudit } from '../../recorded/verdicts.ts';

describe('a take-profit that made room for an exit', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({ policy: withoutPacing });
  });
  after(async () => {
    try {
      assert.ok(checkAudit(world) > 0);
    } finally {
      await world.close();
    }
  });
  afterEach(async () => {
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
  });

  const hold = async (): Promise<ToolBody> => {
    const { body } = await world.tool('place_order', order({ requested_notional: 600 }));
    assert.equal(body.execution.state, 'filled', JSON.stringify(body.decision.reasons));
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000 };
    const rests = await world.tool('place_order', order({ ...exit, requested_notional: 900 }));
    assert.equal(rests.body.execution.state, 'working', JSON.stringify(rests.body));
    return rests.body;
  };
  const resting = async (): Promise<readonly number[]> =>
    openOrders(await world.books()).map((one) => Math.round(1_000 * Number((one as { quantity: string }).quantity)));
  const lots = async (): Promise<number> => Math.round(1_000 * (await world.position('BTCUSDT')));

  it('rests again afterwards, clipped to what is left, and its decision says so', async () => {
    const takeProfit = await hold();
    const held = await lots();
    assert.deepEqual(await resting(), [held]);
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    assert.equal(body.execution.state, 'filled', JSON.stringify(body.execution));
    const left = await lots();
    assert.ok(left > 0 && left < held);
    await until('it rests again', async () => (await resting()).length === 1);
    assert.deepEqual(await resting(), [left]);
    const path = `/v1/decisions/${takeProfit.decision.decision_id}`;
    assert.equal((await world.call<ToolBody>('GET', path)).body.execution.state, 'working');
    await world.restart();
    assert.deepEqual(await resting(), [left], 'once');
  });

  it('does not rest again where nothing is left, nor where its agent wants it gone', async () => {
    await hold();
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    assert.deepEqual([await lots(), await resting()], [0, []]);
    await hold();
    await Promise.all([
      world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 }),
      world.tool('cancel_all', {}),
    ]);
    for (let i = 0; i < 5; i += 1) await world.refresh();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(await resting(), []);
  });
});
