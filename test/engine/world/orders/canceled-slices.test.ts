import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ToolBody } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('the cancel of one slice', () => {
  const world = suiteWorld({ policy: { ...UNPACED, 'market.regimes.calm.slices': 4, 'staging.spacing_ms': 2_000 } });

  const open = async (change: object = {}): Promise<ToolBody> => {
    const { body } = await world.place({ requested_notional: 420, ...change });
    assert.equal(body.execution.orders.length, 4, JSON.stringify(body.decision.reasons));
    return body;
  };
  const ask = async (body: ToolBody): Promise<ToolBody> => await world.decided(body.decision.decision_id);
  const cancel = async (body: ToolBody, slice: number): Promise<ToolBody> => {
    const id = body.execution.orders.find((one) => one.slice === slice)?.client_order_id;
    return (await world.tool('cancel_order', { client_order_id: id })).body;
  };
  const wait = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await world.advance(2_000);
  };
  const sent = async (body: ToolBody): Promise<number> => {
    const ids = new Set(body.execution.orders.map((one) => one.client_order_id));
    return (await world.books()).orders.filter((one) => ids.has(String(one.client_order_id))).length;
  };

  it('that waits drops the others that wait, and both answers say so [AN-62]', async () => {
    const opened = await open();
    const canceled = await cancel(opened, 2);
    assert.equal(canceled.execution.state, 'canceled', JSON.stringify(canceled.execution));
    assert.equal(canceled.execution.slices_dropped, 2);
    assert.deepEqual(
      canceled.execution.orders.map(({ slice, status }) => [slice, status]),
      [[2, 'canceled']],
    );
    await wait();
    const parent = await ask(opened);
    assert.equal(parent.execution.slices_dropped, 3);
    assert.deepEqual(
      parent.execution.orders.map(({ slice, status }) => [slice, status]),
      [
        [0, 'filled'],
        [1, 'canceled'],
        [2, 'canceled'],
        [3, 'canceled'],
      ],
    );
    assert.equal(await sent(opened), 1);
  });

  it('that rests does the same, and leaves those alone that rest beside it, and other orders', async () => {
    const below = { order_type: 'limit', limit_price: 58_000 };
    const opened = await open(below);
    await world.advance(2_000);
    const other = await open({ ...below, limit_price: 57_000 });
    const canceled = await cancel(opened, 0);
    assert.equal(canceled.execution.slices_dropped, 2, JSON.stringify(canceled.execution));
    await wait();
    assert.deepEqual(
      (await ask(opened)).execution.orders.map(({ slice, status }) => [slice, status]),
      [
        [0, 'canceled'],
        [1, 'working'],
        [2, 'canceled'],
        [3, 'canceled'],
      ],
    );
    assert.deepEqual([await sent(opened), await sent(other)], [2, 4]);
    assert.equal((await ask(other)).execution.slices_dropped, 0);
  });
});
