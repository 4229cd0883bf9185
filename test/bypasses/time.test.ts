import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DaemonWorld, order, until } from '../daemon/harness.ts';
import { isBlocked, isPermitted, newOrders, withoutPacing } from './attempts.ts';

function bootReasons(world: DaemonWorld): readonly { readonly state: string; readonly reason: string }[] {
  return [...world.daemon.ledger.iterateEvents({ kind: 'state' })]
    .map((event) => event.payload as { readonly layer: string; readonly state: string; readonly reason: string })
    .filter((event) => event.layer === 'boot');
}

describe('ways around a gate: time', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({
      policy: (spec) => {
        withoutPacing(spec);
        spec.market.regimes.calm.slices = 4;
      },
    });
  });
  after(() => world.close());

  for (const [name, atMs] of [
    ['an hour ago', -3_600_000],
    ['31 s ago', -31_000],
    ['1.1 s ahead', 1_100],
    ['a year ahead', 365 * 86_400_000],
    ['1970', Number.NEGATIVE_INFINITY],
    ['the end of time', Number.POSITIVE_INFINITY],
  ] as const) {
    it(`BY-22 blocks a request from ${name}`, async () => {
      const timestamp =
        atMs === Number.NEGATIVE_INFINITY ? 0 : atMs === Number.POSITIVE_INFINITY ? 8.64e15 : world.nowMs() + atMs;
      await isBlocked(world, 'place_order', order({ timestamp_ms: timestamp }), 'STALE_REQUEST', name);
    });
  }
  it('BY-41 blocks a request that was held back and is sent late', async () => {
    const args = order({ timestamp_ms: world.nowMs(), valid_until_ms: world.nowMs() + 2_000, requested_notional: 130 });
    await world.advance(2_500);
    await isBlocked(world, 'place_order', args, 'STALE_REQUEST', 'past its validity');
    const old = order({ timestamp_ms: world.nowMs(), requested_notional: 130 });
    await world.advance(30_500);
    await isBlocked(world, 'place_order', old, 'STALE_REQUEST', 'past the largest age');
  });
  it('BY-41 sends no later slice after valid_until_ms', async () => {
    const earlier = await world.books();
    const args = order({ valid_until_ms: world.nowMs() + 3_000, requested_notional: 900 });
    const { body } = await world.tool('place_order', args);
    assert.equal(body.decision.constraints.staging_plan.length, 4, JSON.stringify(body.decision.reasons));
    for (let step = 0; step < 4; step += 1) {
      await world.advance(2_001);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    const sent = newOrders(await world.books(), earlier);
    assert.equal(sent.length, 2, `${sent.length} slices were sent, two of them after the request had ended`);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
  });
  it('BY-41 does not send an order that waited behind something slow', async () => {
    await world.advance(61_000);
    const earlier = await world.books();
    // The leverage of a flat symbol is set before its order goes out: that answer takes longer than the send deadline.
    await world.fault({ kind: 'delay', ms: 1_200, match: { method: 'POST', path: '/fapi/v1/leverage' } });
    const { body } = await world.tool('place_order', order({ symbol: 'ETHUSDT', requested_leverage: 2 }));
    const first = newOrders(await world.books(), earlier);
    assert.equal(first.length, 0, 'an order left 1.2 s after it was decided');
    assert.notEqual(body.execution.state, 'filled');
  });
});

describe('ways around a gate: clocks that jump', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({ wall: true });
  });
  after(() => world.close());

  it('BY-22 goes back to reducing when the time of the exchange jumps, until everything is reconciled', async () => {
    const before = bootReasons(world).length;
    await world.control('advance', { ms: 5_000 });
    await world.refresh();
    await world.untilReady();
    const since = bootReasons(world).slice(before);
    assert.equal(since[0]?.state, 'reducing');
    assert.match(since[0]?.reason ?? '', /clock/);
    assert.equal(since.at(-1)?.state, 'active');
    await until('orders pass again', async () => isPermitted(await world.dryRun('place_order', order())));
  });
  for (const jumpMs of [3_600_000, -3_600_000]) {
    it(`BY-22 goes back to reducing when the clock of the host is set by ${jumpMs / 60_000} min`, async (t) => {
      const before = bootReasons(world).length;
      const domainMs = world.nowMs();
      const now = Date.now.bind(Date);
      t.mock.method(Date, 'now', () => now() + jumpMs);
      await world.refresh();
      assert.equal(bootReasons(world)[before]?.state, 'reducing');
      assert.ok(Math.abs(world.nowMs() - domainMs) < 10_000, 'the domain clock followed the host');
      await world.untilReady();
      t.mock.restoreAll();
      await world.refresh();
      await world.untilReady();
    });
  }
});
