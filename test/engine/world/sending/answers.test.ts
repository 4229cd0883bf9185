import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { order, type ToolBody, until } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const MINUTE = 60_000;

describe('what an answer says of a decision is true of that decision', () => {
  let paced: string;
  const world = suiteWorld({
    leaveOrders: true,
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.account.concentration = { share: 0.99, floor_usdt: 3_000 };
      spec.market.regimes.calm.slices = 2;
      spec.budgets.concurrent_positions = 5;
      Object.assign(spec.agents, {
        paced: { budgets: { concurrent_positions: 1, leverage: 2, order_rate: { max: 1, window_ms: MINUTE } } },
        spent: { budgets: { turnover_usdt_per_day: 150 } },
      });
    },
  });
  before(async () => {
    paced = world.createAgent('paced');
  });

  const reread = async ({ decision }: { decision: { decision_id: string } }, token?: string): Promise<ToolBody> =>
    (await world.call<ToolBody>('GET', `/v1/decisions/${decision.decision_id}`, undefined, token)).body;

  it('a later slice has a decision of its own, which shows the order that it sent, also after a restart', async () => {
    const { body } = await world.place();
    assert.equal(body.execution.orders.length, 2, JSON.stringify(body.decision.reasons));
    await world.advance(10_000);
    await until('both are filled', async () => (await reread(body)).execution.state === 'filled');
    await world.refresh();
    const [, later] = (await reread(body)).execution.orders;
    const { decisions } = (await world.call<{ decisions: ToolBody['decision'][] }>('GET', '/v1/decisions')).body;
    const own = decisions.find(({ kind }) => kind === 'slice');
    assert.ok(own !== undefined, 'it was decided again');
    for (const when of ['before a restart', 'after a restart']) {
      const { execution } = await reread({ decision: own });
      assert.deepEqual([execution.state, execution.orders], ['filled', [later]], when);
      await world.restart();
    }
    await world.tool('close_position', { symbol: 'BTCUSDT' });
  });

  it('a later rung has not ended while the exit goes on: its state is its parent’s [AN-252 EX-49]', async () => {
    await world.place();
    await world.advance(10_000);
    await world.setMark('BTCUSDT', 60_000, { spread_bps: 80 });
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT', max_slippage_bps: 10 });
    await world.advance(5_000);
    const rungs = (
      await world.call<{ decisions: ToolBody['decision'][] }>('GET', '/v1/decisions')
    ).body.decisions.filter(({ effective, kind }) => kind === 'slice' && effective?.action === 'exit');
    assert.ok(rungs.length > 1, `${rungs.length} rungs`);
    const parent = (await reread(body)).execution;
    assert.equal(parent.state, 'staging', JSON.stringify(parent));
    for (const rung of rungs) {
      const { note, orders, state } = (await reread({ decision: rung })).execution;
      assert.deepEqual([state, note, orders.length], [parent.state, parent.note, 1]);
      assert.ok(parent.orders.some(({ client_order_id: id }) => id === orders[0]?.client_order_id));
    }
    await world.setMark('BTCUSDT', 60_000, { spread_bps: 0 });
    await until('it is closed', async () => (await world.position('BTCUSDT')) === 0);
    await until(
      'its rungs have ends',
      async () => (await reread({ decision: rungs[0]! })).execution.state === 'expired',
    );
  });

  it('what rested to its date and expired says so, and not that its price was too tight [AN-259]', async () => {
    const ask = {
      order_type: 'limit',
      limit_price: 57_500,
      requested_notional: 60,
      valid_until_ms: world.nowMs() + 20 * MINUTE,
    };
    const body = await world.mustPlace('working', ask);
    await world.daemon.close();
    await world.control('advance', { ms: 21 * MINUTE });
    await world.startAgain();
    const { note, state } = (await reread(body)).execution;
    assert.deepEqual(
      [state, note],
      ['expired', 'it rested until the exchange ended it, at its date as a rule; nothing was filled'],
    );
  });

  it('the line of what refuses is of what has nothing left, the agent’s own pace, places and turnover too [AN-33]', async () => {
    const ask = (more: object = {}): object => order({ symbol: 'ETHUSDT', requested_notional: 100, ...more });
    const first = (await world.tool('place_order', ask(), paced)).body;
    assert.notEqual(first.decision.decision, 'BLOCK', JSON.stringify(first.decision.reasons));
    const tooSoon = (await world.tool('place_order', ask(), paced)).body.decision;
    assert.deepEqual([tooSoon.bound_by, tooSoon.arithmetic.line], ['RATE', "agent's order rate 1; used 1; left 0"]);
    await world.advance(2 * MINUTE);
    const elsewhere = (await world.place({ requested_notional: 100 }, paced)).body.decision;
    assert.deepEqual(
      [elsewhere.bound_by, elsewhere.arithmetic.line],
      ['ACCOUNT_POSITIONS', "agent's positions 1; used 1; left 0"],
    );
    await world.tool('close_position', { symbol: 'ETHUSDT' }, paced);
    await world.advance(2 * MINUTE);
    const spent = world.createAgent('spent');
    const opened = (await world.tool('place_order', ask(), spent)).body;
    await world.advance(10_000);
    await until('both slices are filled', async () => (await reread(opened, spent)).execution.state === 'filled');
    await world.tool('close_position', { symbol: 'ETHUSDT' }, spent);
    await world.advance(2 * MINUTE);
    const over = (await world.tool('place_order', ask(), spent)).body.decision;
    assert.equal(over.bound_by, 'TURNOVER', over.arithmetic.line ?? '');
    assert.match(over.arithmetic.line ?? '', /^agent's turnover cap 150; used \d.*; left 0 ->/);
  });
});
