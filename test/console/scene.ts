import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { type DaemonWorld, order, until } from '../daemon/harness.ts';
import { openWorld } from './browser.ts';

/** Prices relative to the start: what the equity curve of the scene comes from. */
const PATH = [0, 0.002, 0.005, 0.003, 0.007, 0.011, 0.009, 0.013, 0.012, 0.016, 0.013, 0.008, 0.01, 0.006, 0.009];
const STEP_MS = 1_200_000;

/** A morning of trading with something in every part of the console. */
export async function playMorning(t: TestContext): Promise<DaemonWorld> {
  const world = await openWorld(t, { wall: false });
  const momentum = world.createAgent('momentum');
  const carry = world.createAgent('carry');
  await world.place({ requested_notional: 902, requested_leverage: 2, request_id: 'breakout-1' }, momentum);
  await world.place({ symbol: 'ETHUSDT', requested_notional: 400 }, carry);
  for (const [index, move] of PATH.entries()) {
    await world.control('set-mark', { symbol: 'BTCUSDT', price: String(Math.round(60_000 * (1 + move))) });
    await world.control('set-mark', { symbol: 'ETHUSDT', price: (3_000 * (1 + move * 1.4)).toFixed(2) });
    await world.advance(STEP_MS);
    if (index === 4) await world.place({ requested_notional: 5_000, request_id: 'all-in' }, momentum);
    if (index === 7) await world.place({ symbol: 'DOGEUSDT' }, carry);
    if (index === 9) await world.tool('close_position', { symbol: 'ETHUSDT', fraction: 0.5 }, carry);
  }
  await world.intercept('transfer_funds', { to: 'somebody' });
  await world.place({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_990, requested_notional: 300 }, carry);
  await world.call(
    'POST',
    '/v1/signals',
    { kind: 'narrative', scope: { agent: 'momentum' }, severity: 0.6, ttl_ms: 1_800_000 },
    world.token('monitor'),
  );
  world.daemon.gate.core.alert(
    'FOREIGN_ORDER',
    'an order that this daemon did not place is open in ETHUSDT',
    'ETHUSDT',
  );
  await world.operator('PUT', '/v1/trading-state', {
    state: 'reducing',
    reason: 'exchange maintenance at 10:00',
    symbol: 'BTCUSDT',
  });
  return world;
}

/** Saves a looser policy, and waits until it is pending. */
export async function offerLooserPolicy(world: DaemonWorld): Promise<void> {
  const text = await readFile(world.policyPath, 'utf8');
  writeFileSync(world.policyPath, text.replace(/order_notional_usdt: 1000\b/, 'order_notional_usdt: 1500'));
  await until('the looser policy is pending', async () => (await world.ready()).body.pending_policy !== null, 15_000);
}

/** An order whose request never arrived, and of which it is given up to prove that. Returns its id. */
export async function loseAnOrder(world: DaemonWorld): Promise<string> {
  await world.fault({ kind: 'drop-before', count: 1, match: { method: 'POST', path: '/fapi/v1/order' } });
  const asked = order({ order_type: 'limit', symbol: 'ETHUSDT', limit_price: 2_950, requested_notional: 240 });
  // Of the agent that holds the symbol.
  const { body } = await world.tool('place_order', asked, world.createAgent('carry'));
  const id = body.execution.orders[0]?.client_order_id ?? '';
  world.loseOrder(id);
  return id;
}
