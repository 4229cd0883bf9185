import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { OrderState } from '../../../../daemon/engine/orders/orders.ts';
import { openOrders } from '../../../bypasses/attempts.ts';
import { type ToolBody, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

describe('a take-profit that made room for an exit', () => {
  const world = suiteWorld({ policy: UNPACED });
  afterEach(async () => {
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
  });

  const hold = async (): Promise<ToolBody> => {
    await world.mustPlace('filled', { requested_notional: 600 });
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000 };
    const rests = await world.mustPlace('working', { ...exit, requested_notional: 900 });
    return rests;
  };
  const resting = async (): Promise<readonly number[]> =>
    openOrders(await world.books()).map((one) => Math.round(1_000 * Number((one as { quantity: string }).quantity)));
  const exits = (): readonly OrderState[] =>
    [...world.daemon.gate.core.state.orders.all.values()].filter((one) => one.reduceOnly && one.timeInForce === 'IOC');
  const lots = async (): Promise<number> => Math.round(1_000 * (await world.position('BTCUSDT')));

  it('rests again afterwards, clipped to what is left, and its decision says so', async () => {
    const takeProfit = await hold();
    const held = await lots();
    assert.deepEqual(await resting(), [held]);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    const left = await lots();
    assert.ok(left > 0 && left < held);
    await until('it rests again', async () => (await resting()).length === 1);
    assert.deepEqual(await resting(), [left]);
    const path = `/v1/decisions/${takeProfit.decision.decision_id}`;
    assert.equal((await world.call<ToolBody>('GET', path)).body.execution.state, 'working');
    await world.restart();
    assert.deepEqual(await resting(), [left], 'once');
  });

  it('rests again beside an exit that is unknown, and lost at last, on what that cannot have closed', async () => {
    await hold();
    const held = await lots();
    await world.fault({
      kind: 'reject-503-unknown',
      accepted: false,
      match: { method: 'POST', path: '/fapi/v1/order' },
    });
    const lookups = { method: 'GET', path: '/fapi/v1/order' };
    await world.fault({ kind: 'status', status: 500, count: 100_000, match: lookups });
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    const [sent] = body.execution.orders;
    await until(
      'nobody knows what became of it',
      world.refreshing(() => exits().some(({ status }) => status === 'unknown')),
    );
    const lost = exits().find(({ status }) => status === 'unknown');
    await until('it rests again', async () => (await resting()).length === 1);
    assert.deepEqual(await resting(), [held - (inLots(lost?.quantityE8) ?? 0)], 'it may arrive yet');
    world.loseOrder(lost?.clientOrderId);
    for (let i = 0; i < 3; i += 1) await world.refresh();
    assert.deepEqual(await resting(), [held - (inLots(lost?.quantityE8) ?? 0)], JSON.stringify(sent));
    await world.control('clear-faults', {});
    await world.operator('POST', `/v1/orders/${lost?.clientOrderId}/end`, { reason: 'never arrived' });
    await until(
      'the symbol is open again',
      world.advancing(1_000, () => !world.daemon.gate.core.state.layers.has('breaker|symbol|BTCUSDT')),
    );
  });

  it('is told to be placed yet while it is tried again, and that it is not once it is given up', async () => {
    await world.mustPlace('filled', { requested_notional: 600 });
    const post = { method: 'POST', path: '/fapi/v1/order' };
    await world.fault({ kind: 'error', code: -2022, msg: 'ReduceOnly Order is rejected.', match: post, count: 100 });
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000 };
    const asked = await world.place({ ...exit, requested_notional: 900 });
    const id = asked.body.decision.decision_id;
    assert.equal(asked.body.execution.state, 'staging', JSON.stringify(asked.body.execution));
    const { alerts, claims } = world.daemon.gate.core.state;
    const isReported = (): boolean =>
      alerts
        .readBefore(Number.POSITIVE_INFINITY, 100)
        .some(({ code, detail }) => code === 'EXIT_ENDED' && detail.includes(id));
    assert.deepEqual([claims.isOpen(id), isReported()], [true, false]);
    await until('it is given up', async () => isReported(), 30_000);
    const state = (await world.call<ToolBody>('GET', `/v1/decisions/${id}`)).body.execution.state;
    assert.deepEqual([claims.isOpen(id), state], [false, 'rejected']);
    await world.control('clear-faults', {});
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
    await world.sleep(300);
    assert.deepEqual(await resting(), []);
  });

  it('says so in the answer to its amend as well, as long as it goes on and afterwards [EX-49]', async () => {
    const asked = await hold();
    const amend = { client_order_id: asked.execution.orders[0]?.client_order_id, limit_price: 66_100 };
    const amended = await world.must('working', 'modify_order', amend);
    const told = async ({ decision }: ToolBody): Promise<ToolBody['execution']> =>
      (await world.decided(decision.decision_id)).execution;
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    await until('it rests again', async () => (await resting()).length === 1);
    await world.refresh();
    assert.equal((await told(amended)).state, 'working');
    await world.setMark('BTCUSDT', 66_200);
    await until('it is filled', async () => (await lots()) === 0);
    await world.refresh();
    assert.equal((await told(amended)).state, 'partially_filled', 'the rest was closed by another one');
    assert.deepEqual(await told(amended), await told(asked));
  });
});
