import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { type ToolBody, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

describe('BY-43 an exit ends what would undo it', () => {
  const world = suiteWorld({ policy: { ...UNPACED, 'market.regimes.calm.slices': 4, 'staging.spacing_ms': 2_000 } });
  let alice: string;
  let bob: string;
  before(async () => {
    alice = world.createAgent('alice');
    bob = world.createAgent('bob');
  });
  afterEach(async () => {
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.advance(70_000);
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
  });

  const open = async (token: string, change: object = {}): Promise<ToolBody> => {
    const { body } = await world.place({ requested_notional: 420, ...change }, token);
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    return body;
  };
  const ask = async (body: ToolBody): Promise<ToolBody> => await world.decided(body.decision.decision_id);
  const wait = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await world.advance(2_000);
  };

  it('unsent slices: what was closed is not bought again, and the parent says so', async () => {
    const opened = await open(alice);
    assert.equal(opened.execution.state, 'staging');
    assert.equal(opened.execution.slices_dropped, 0);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' }, alice);
    const parent = await ask(opened);
    assert.equal(parent.execution.slices_dropped, 3);
    await wait();
    assert.equal(await world.position('BTCUSDT'), 0, 'nothing was opened again');
  });

  it('of its own symbol alone, also where it closes a part, and where an operator exits', async () => {
    for (const close of [
      () => world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 }, alice),
      () => world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT', fraction: 0.5 }),
    ]) {
      const hers = await open(alice);
      const elsewhere = await open(bob, { symbol: 'ETHUSDT' });
      await close();
      assert.equal((await ask(hers)).execution.slices_dropped, 3);
      assert.equal((await ask(elsewhere)).execution.slices_dropped, 0);
      const held = await world.position('BTCUSDT');
      await wait();
      assert.equal(await world.position('BTCUSDT'), held);
      for (const symbol of ['BTCUSDT', 'ETHUSDT']) await world.operator('POST', '/v1/tools/close_position', { symbol });
      await wait();
    }
  });

  it('not where it only rests: a take-profit ends nothing', async () => {
    const opened = await open(alice);
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000, requested_notional: 150 };
    await world.mustPlace('working', exit, alice);
    await wait();
    await until('every slice is filled', async () => (await ask(opened)).execution.state === 'filled');
  });

  it('when a take-profit is amended until the book meets it', async () => {
    const opened = await open(alice);
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000, requested_notional: 150 };
    const rests = (await world.place(exit, alice)).body;
    assert.equal(rests.execution.state, 'working', JSON.stringify(rests));
    const id = rests.execution.orders[0]?.client_order_id;
    await world.tool('modify_order', { client_order_id: id, limit_price: 60_500 }, alice);
    assert.equal((await ask(opened)).execution.slices_dropped, 0, 'it rests still');
    const { body } = await world.tool('modify_order', { client_order_id: id, limit_price: 59_950 }, alice);
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    assert.equal((await ask(opened)).execution.slices_dropped, 3);
  });

  it('resting openings on both sides, where it closes all: +8 closed is no -13 afterwards', async () => {
    const below = await open(alice, { order_type: 'limit', limit_price: 59_000, requested_notional: 130 });
    const above = await open(alice, {
      side: 'sell',
      order_type: 'limit',
      limit_price: 61_000,
      requested_notional: 130,
    });
    // The first fill is not known yet when the close is asked for: neither is canceled by it.
    await world.fault({ kind: 'delay', ms: 400, match: { method: 'DELETE', path: '/fapi/v1/order' } });
    await world.setMark('BTCUSDT', 58_990);
    await until(
      'it holds',
      world.refreshing(() => inLots(world.daemon.gate.core.state.position('BTCUSDT').quantityE8) > 0),
    );
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' }, alice);
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    await until('both have ended', async () => {
      const orders = [await ask(below), await ask(above)].flatMap(({ execution }) => execution.orders);
      return orders.every(({ status }) => status === 'filled' || status === 'canceled');
    });
    await world.setMark('BTCUSDT', 61_100);
    await world.advance(6_000);
    await world.setMark('BTCUSDT', 60_000);
    await world.advance(6_000);
    assert.equal(await world.position('BTCUSDT'), 0);
  });
});

describe('BY-43 a protective stop that fires', () => {
  const world = suiteWorld({
    policy: {
      ...UNPACED,
      'protection.required': true,
      'protection.stop_bps': 50,
      'market.regimes.calm.slices': 4,
      'market.regimes.volatile.slices': 4,
      'market.regimes.extreme.slices': 4,
      'staging.spacing_ms': 20_000,
      'staging.ttl_ms': 600_000,
      'market.collar_bps': 1_000,
    },
  });

  it('drops the slices that would buy back into the fall', async () => {
    const body = await world.mustPlace('staging', { requested_notional: 900 });
    await world.refresh();
    await until('the stop stands', async () => (await world.books()).algo_orders.length > 0);
    await world.setMark('BTCUSDT', 59_600);
    await until(
      'it has fired',
      world.advancing(1_000, async () => (await world.position('BTCUSDT')) === 0),
    );
    const ask = async (): Promise<ToolBody> => await world.decided(body.decision.decision_id);
    await until(
      'the slices are gone',
      world.refreshing(async () => (await ask()).execution.slices_dropped === 3),
    );
    for (let i = 0; i < 5; i += 1) await world.advance(20_000);
    assert.equal(await world.position('BTCUSDT'), 0);
  });
});

describe('BY-43 a protective stop that fires above openings that rest', () => {
  const world = suiteWorld({ policy: { ...UNPACED, protection: { required: true, stop_bps: 50 } } });

  it('cancels the openings that rest below, so that nothing buys into the fall', async () => {
    const place = async (change: object, token?: string): Promise<ToolBody> => {
      const { body } = await world.place(change, token);
      assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
      return body;
    };
    await place({ requested_notional: 300 });
    await until(
      'the stop stands',
      world.advancing(2_000, async () => (await world.books()).algo_orders.some((algo) => algo.status === 'NEW')),
    );
    const below = { order_type: 'limit', limit_price: 59_400, requested_notional: 130 };
    const rests = [await place(below), await place({ ...below, limit_price: 59_390 })];
    await world.setMark('BTCUSDT', 59_650);
    await until(
      'it has fired',
      world.advancing(1_000, async () => (await world.position('BTCUSDT')) === 0),
    );
    await until('both are canceled', async () => {
      await world.advance(1_000);
      const answers = rests.map(({ decision }) =>
        world.operator<ToolBody>('GET', `/v1/decisions/${decision.decision_id}`),
      );
      return (await Promise.all(answers)).every(({ body }) => body.execution.orders[0]?.status === 'canceled');
    });
    await world.setMark('BTCUSDT', 59_300);
    await world.advance(6_000);
    assert.equal(await world.position('BTCUSDT'), 0);
  });
});
