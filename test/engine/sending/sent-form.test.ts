import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { StrangeOrder } from '../../../daemon/engine/flow/core.ts';
import { inLots, T0 } from '../fold-fixture.ts';
import { HORIZON_MS, NOT_FOUND, ProofWorld, type Shown, shown } from '../proof-fixture.ts';

const worlds: ProofWorld[] = [];
function start(): { readonly world: ProofWorld; readonly strange: StrangeOrder[] } {
  const world = new ProofWorld();
  worlds.push(world);
  return { world, strange: world.strange };
}
afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});
/** As {@link ProofWorld.place} sends it. */
const SENT = { side: 'sell', reduceOnly: true } as const;
const FILLED = { status: 'filled', executedLots: 10 } as const;

const OTHERS: readonly (readonly [string, Shown])[] = [
  ['another side', { ...SENT, ...FILLED, side: 'buy' }],
  ['another size', { ...SENT, ...FILLED, lots: 12, executedLots: 12 }],
  ['another price', { ...SENT, ...FILLED, priceTicks: 600_100 }],
  ['no price', { ...SENT, ...FILLED, priceTicks: null }],
  ['the same form, placed long before it was decided', { ...SENT, ...FILLED, placedAtMs: T0 - 600_000 }],
];

describe('BY-46: an older order of the same id is never taken for ours, and its fill is not ours', () => {
  for (const [name, report] of OTHERS) {
    it(`a look-up that shows ${name}`, async () => {
      const { world, strange } = start();
      world.script.lookup = () => ({ kind: 'found', order: shown('o-1', report) });
      const { order, sent } = world.place('o-1');
      await sent;
      await world.time.advance(HORIZON_MS - 1_000);
      assert.deepEqual([order.status, inLots(order.executedE8), order.venueOrderId], ['unknown', 0, null]);
      assert.equal(world.isReducing(), true);
      assert.equal(strange[0]?.code, 'LEDGER_BEHIND_VENUE');
      assert.match(strange[0]?.detail ?? '', /another order.* under the id o-1/);
      // Past the horizon lists and trades without it prove that ours was never placed.
      await world.time.advance(HORIZON_MS + 30_000);
      assert.deepEqual([order.status, inLots(order.executedE8)], ['not_placed', 0]);
    });

    it(`the answer to the order itself that shows ${name}: the search for ours goes on`, async () => {
      const { world, strange } = start();
      world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', report) });
      world.script.lookup = () => NOT_FOUND;
      const { order, sent } = world.place('o-1');
      await sent;
      assert.deepEqual([order.status, inLots(order.executedE8), order.venueOrderId], ['unknown', 0, null]);
      assert.equal(world.isReducing(), true);
      assert.equal(strange[0]?.code, 'LEDGER_BEHIND_VENUE');
      await world.time.advance(HORIZON_MS + 30_000);
      assert.deepEqual([order.status, inLots(order.executedE8)], ['not_placed', 0]);
    });

    it(`the answer "duplicate", a list and a trade that show ${name}`, async () => {
      const { world, strange } = start();
      world.script.submit = () => ({ kind: 'accepted', order: null });
      world.script.lookup = () => ({ kind: 'found', order: shown('o-1', report) });
      const { order, sent } = world.place('o-1');
      await sent;
      await world.time.advance(1_000);
      world.script.list = () => [shown('o-1', { ...report, status: 'working', executedLots: 0 })];
      await world.core.run(world.feed.pollOrders(['BTCUSDT']));
      assert.deepEqual([order.status, inLots(order.executedE8), order.venueOrderId], ['unknown', 0, null]);
      assert.ok(strange.length > 0);
    });
  }

  it('the very order is adopted, and what somebody changed at the venue later stays ours', async () => {
    const { world, strange } = start();
    world.script.lookup = () => ({ kind: 'found', order: shown('o-1', { ...SENT, placedAtMs: T0 + 50 }) });
    const { order, sent } = world.place('o-1');
    await sent;
    await world.time.advance(250);
    assert.equal(order.status, 'working');
    const changed = shown('o-1', { ...SENT, lots: 12, executedLots: 4, status: 'partially_filled' });
    world.proof.adopt(order, changed, world.proof.ask());
    assert.equal(inLots(order.executedE8), 4);
    assert.deepEqual(strange, []);
  });

  it('another order that is open under the id of one of ours that was never placed counts as itself', async () => {
    const { world, strange } = start();
    world.script.submit = () => ({
      kind: 'rejected',
      rejection: { cause: 'other', code: '-2019', message: 'no', retryAfterMs: null },
    });
    const { order, sent } = world.place('o-1');
    await sent;
    assert.equal(order.status, 'rejected');
    world.script.list = () => [shown('o-1', { side: 'buy', lots: 25 })];
    await world.core.run(world.feed.pollOrders(['BTCUSDT']));
    const open = world.order('o-1');
    assert.deepEqual([open.foreign, open.side, inLots(open.quantityE8), open.status], [true, 'buy', 25, 'working']);
    assert.deepEqual([order.status, inLots(order.executedE8)], ['rejected', 0], 'ours is what it was');
    assert.equal(strange.length > 0, true);
    const next = world.restart();
    worlds.push(next);
    assert.deepEqual(
      [next.order('o-1').foreign, inLots(next.order('o-1').quantityE8)],
      [true, 25],
      'a restart sees the same',
    );
  });
});
