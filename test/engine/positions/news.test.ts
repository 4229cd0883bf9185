import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longE8 } from '../../../daemon/engine/positions/positions.ts';
import { inLots, LOT_E8, orderEvent } from '../fold-fixture.ts';
import { ProofWorld } from '../proof-fixture.ts';

test('the next reading after a doubt is recorded, though it shows what is known', async (t) => {
  const world = new ProofWorld();
  t.after(() => world.stop());
  const { core } = world;
  let lots = 10;
  let changedMs = core.nowMs();
  world.script.account = () => {
    const nowMs = core.nowMs();
    const position = {
      symbol: 'BTCUSDT',
      quantityE8: lots * LOT_E8,
      entryPrice: 60_000,
      markPrice: 60_000,
      unrealisedPnlUsdt: 0,
      liquidationPrice: null,
      leverage: null,
      isolatedMarginUsdt: null,
      maintenanceMarginUsdt: 0,
      updatedAtMs: changedMs,
    };
    const sums = { walletUsdt: 1_000, marginBalanceUsdt: 1_000, availableUsdt: 1_000 };
    const margin = { maintenanceMarginUsdt: 0, initialMarginUsdt: 0, leverage: {}, isolated: {}, unreadable: [] };
    return { requestedAtMs: nowMs, observedAtMs: nowMs, ...sums, ...margin, positions: [position] };
  };
  const poll = async (): Promise<void> => {
    await world.time.advance(2_000);
    await core.run(world.feed.pollAccount());
  };
  const order = { client_order_id: 'o', reduce_only: false, side: 'buy', lots: 5, time_in_force: 'GTC' } as const;
  world.decide({ id: 'd-o', orders: [order] });
  core.append('order', orderEvent('o', core.nowMs(), { status: 'working', executed_lots: 0 }).payload);
  await poll();
  // A person buys two beside the opening; the reading of both is believed before the opening is told.
  [lots, changedMs] = [17, core.nowMs() + 1_000];
  await poll();
  await poll();
  const position = core.state.position('BTCUSDT');
  assert.equal(inLots(position.quantityE8), 17);
  const filled = orderEvent('o', core.nowMs(), { status: 'filled', executed_lots: 5, venue_at_ms: changedMs });
  core.append('order', filled.payload);
  assert.equal(inLots(longE8(position)), 22);
  await poll();
  await poll();
  assert.equal(inLots(longE8(position)), 17);
});
