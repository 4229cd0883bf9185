import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { withoutPacing } from '../../bypasses/attempts.ts';
import { DaemonWorld, order, until } from '../../daemon/harness.ts';

describe('BY-15 an exit whose agent has another of unknown outcome, in a position that it shares', () => {
  let world: DaemonWorld;
  let alice: string;
  let bob: string;
  before(async () => {
    world = await DaemonWorld.start({ policy: withoutPacing, answerWithinMs: 300 });
    alice = world.createAgent('alice');
    bob = world.createAgent('bob');
  });
  after(() => world.close());

  const open = async (usdt: number, token: string): Promise<void> => {
    const { body } = await world.tool('place_order', order({ requested_notional: usdt }), token);
    assert.equal(body.execution.state, 'filled', JSON.stringify(body.decision.reasons));
  };
  const shareOf = (agent: string): number =>
    world.daemon.gate.core.state.position('BTCUSDT').shares.get(agent) ?? Number.NaN;
  const close = (token: string) => world.tool('close_position', { symbol: 'BTCUSDT' }, token);
  /** Answers the next order with "unknown", whether or not it was taken. */
  const leaveUnknown = (accepted: boolean): Promise<unknown> =>
    world.fault({
      kind: 'reject-503-unknown',
      accepted,
      count: 1,
      match: { method: 'POST', path: '/fapi/v1/order' },
    });

  it('waits for it and goes out by itself when that was never placed', async () => {
    await open(600, alice);
    await open(605, bob);
    const bobs = shareOf('bob');
    await leaveUnknown(false);
    const first = await close(alice);
    assert.equal(first.body.execution.state, 'unknown');
    for (let i = 0; i < 3; i += 1) {
      const { body } = await close(alice);
      assert.equal(body.decision.decision, 'ALLOW', JSON.stringify(body.decision.reasons));
      assert.equal(body.execution.state, 'staging', 'it waits');
    }
    await world.advance(2 * world.daemon.gate.core.ports.venue.acceptanceHorizonMs);
    await until('alice is out', () => !(shareOf('alice') > 0), 20_000);
    assert.equal(shareOf('bob'), bobs, 'and nobody else');
    const { orders } = await world.books();
    const sold = orders.filter((known) => known.side === 'SELL' && Number(known.executed_quantity) > 0);
    assert.equal(sold.length, 1, 'by one order');
  });

  it('closes nothing more when that was filled: the rest is the other agent\u2019s', async () => {
    await open(600, alice);
    const [alices, bobs] = [shareOf('alice'), shareOf('bob')];
    assert.ok(alices > 0 && bobs > 0);
    const before = await world.position('BTCUSDT');
    await leaveUnknown(true);
    const [, second] = await Promise.all([close(alice), close(alice)]);
    assert.notEqual(second.body.decision.decision, 'BLOCK', JSON.stringify(second.body.decision.reasons));
    await until(
      'alice is out',
      async () => {
        await world.advance(1000);
        return !(shareOf('alice') > 0);
      },
      20_000,
    );
    await until('nothing is on its way', () => world.daemon.gate.openOrderCount() === 0, 10_000);
    await world.refresh();
    assert.equal(Math.round((before - (await world.position('BTCUSDT'))) * 1000), alices, 'her lots, once');
    assert.equal(shareOf('bob'), bobs, 'none of his');
  });
});
