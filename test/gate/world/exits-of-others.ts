import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { openOrders, withoutPacing } from '../../bypasses/attempts.ts';
import { DaemonWorld, order, until } from '../../daemon/harness.ts';
import { checkAudit } from '../../recorded/verdicts.ts';

describe("no exit of an agent closes another agent's share (BY-36)", () => {
  let world: DaemonWorld;
  let alice: string;
  let bob: string;
  before(async () => {
    world = await DaemonWorld.start({
      policy: (spec) => {
        withoutPacing(spec);
        spec.exits.scope = 'account';
        const own = { exits: { scope: 'own' } };
        Object.assign(spec, { agents: { default: {}, alice: own, bob: own } });
      },
    });
    alice = world.createAgent('alice');
    bob = world.createAgent('bob');
  });
  after(async () => {
    try {
      assert.ok(checkAudit(world) > 0, 'every decision is derived again from its record and from the folded views');
    } finally {
      await world.close();
    }
  });
  afterEach(async () => {
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.setMark('BTCUSDT', 60_000);
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
  });

  const share = (agent: string): number => world.daemon.gate.core.state.position('BTCUSDT').shares.get(agent) ?? 0;
  const open = async (notional: number, token: string): Promise<void> => {
    const { body } = await world.tool('place_order', order({ requested_notional: notional }), token);
    assert.equal(body.execution.state, 'filled', JSON.stringify(body.decision.reasons));
  };
  const takeProfit = async (notional: number, price: number, token: string): Promise<string> => {
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: price };
    const { body } = await world.tool('place_order', order({ ...exit, requested_notional: notional }), token);
    assert.equal(body.execution.state, 'working', JSON.stringify([body.decision.reasons, body.execution]));
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  /** All take-profits fill; what each agent then holds. */
  const fillAll = async (): Promise<void> => {
    await world.setMark('BTCUSDT', 60_150);
    await world.refresh();
  };

  it('BY-36 take-profits grown by amends close its own share at most', async () => {
    await open(600, alice);
    await open(480, bob);
    const before = share('alice');
    for (const id of [await takeProfit(190, 60_080, bob), await takeProfit(191, 60_090, bob)])
      await world.tool('modify_order', { client_order_id: id, requested_notional: 430 }, bob);
    await fillAll();
    assert.equal(share('alice'), before);
  });

  it("BY-36 the agent's own scope holds where the account's is wider", async () => {
    await open(600, alice);
    await open(480, bob);
    const before = share('alice');
    await takeProfit(430, 60_080, bob);
    await takeProfit(430, 60_090, bob);
    assert.equal(openOrders(await world.books()).length, 1, 'the first made room for the second');
    await fillAll();
    assert.equal(share('alice'), before);
  });

  it('BY-36 a take-profit that a partial exit of the operator has left too large rests again, within what is left of its share', async () => {
    await open(600, alice);
    await open(480, bob);
    await takeProfit(5_000, 60_080, alice);
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT', fraction: 0.4 });
    const resting = async (): Promise<number> =>
      openOrders(await world.books()).reduce<number>(
        (lots, one) => lots + Math.round(1_000 * Number((one as { quantity: string }).quantity)),
        0,
      );
    await until('it is clipped', async () => {
      await world.refresh();
      return (await resting()) === share('alice');
    });
    const before = share('bob');
    assert.ok(before > 0, 'bob still holds a share');
    await fillAll();
    assert.equal(share('bob'), before);
  });
});
