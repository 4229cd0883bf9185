import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import { DaemonWorld } from './harness.ts';

it('an opening that waits for its turn when the daemon stops was never sent, and the next start knows it', async (t) => {
  const world = await DaemonWorld.of(t, { sim: { balance: 100_000 } });
  await world.refresh();
  const limit = (requested_notional: number, limit_price: number) =>
    world.place({ symbol: 'BTCUSDT', requested_notional, order_type: 'limit', limit_price, side: 'buy' });
  // What another daemon could have opened cannot be read: the next opening of the symbol waits.
  const venue = world.daemon.gate.core.ports.venue as { -readonly [Key in keyof VenuePort]: VenuePort[Key] };
  venue.fetchPlacedOrders = async () => ({ kind: 'failed', detail: 'away', cause: 'away', retryAfterMs: null });
  assert.equal((await limit(300, 58_000)).body.execution.state, 'working');
  const waiting = limit(400, 57_000);
  await world.sleep(150);
  await world.restart();
  const answered = await waiting;
  assert.ok(['canceled', 'failed'].includes(answered.body.execution.state), answered.body.execution.state);
  const { state } = world.daemon.gate.core;
  const [one] = state.orders.byDecision.get(answered.body.decision.decision_id) ?? [];
  assert.equal(one?.status, 'canceled');
  assert.equal(state.layers.has('breaker|symbol|BTCUSDT'), false);
  await world.refresh();
  assert.notEqual((await limit(500, 56_000)).body.decision.decision, 'BLOCK');
});
