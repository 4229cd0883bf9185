import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { archiveLedger } from '../../daemon/boot/keep/archive-ledger.ts';
import { inLots } from '../engine/fold-fixture.ts';
import { DaemonWorld, order, until } from './harness.ts';

const SEGMENT = 10;
const SEND = { method: 'POST', path: '/fapi/v1/order' };

test('an exit goes on after a restart whose decision lies in an archive that is gone', async (t) => {
  const world = await DaemonWorld.of(t, {
    real: true,
    answerWithinMs: 300,
    policy: { 'temporal.duplicate_window_ms': 1, 'exits.step_ms': 60_000 },
  });
  await world.place({ requested_notional: 900 });
  await until('it is filled', async () => (await world.position('BTCUSDT')) > 0);
  const held = await world.position('BTCUSDT');
  await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
  const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' });
  await until('a part of it is closed', async () => (await world.position('BTCUSDT')) < held);
  const left = await world.position('BTCUSDT');
  assert.ok(left > 0, 'a part is left');
  for (let n = 0; n < 30; n += 1) await world.intercept('place_order', order());
  await world.daemon.close();

  const folder = join(world.home, 'paper');
  const segments = await archiveLedger({
    path: join(folder, 'ledger.db'),
    cutoffMs: () => Number.MAX_SAFE_INTEGER,
    headFile: null,
    segmentRecords: SEGMENT,
  });
  const { seq } = body.decision;
  assert.ok(segments.some(({ from_seq, to_seq }) => seq >= from_seq && seq <= to_seq));
  for (const name of readdirSync(join(folder, 'archives')))
    renameSync(join(folder, 'archives', name), join(world.home, name));

  // The market leaves the price of the order that filled in part.
  await world.setMark('BTCUSDT', 59_400);
  await world.startAgain();
  await until('the rest is closed', async () => (await world.position('BTCUSDT')) === 0, 20_000);
  const orders = [...world.daemon.gate.core.state.orders.all.values()].filter((one) => one.reduceOnly);
  const [cut, rest, ...more] = orders;
  assert.ok(cut !== undefined && rest !== undefined && more.length === 0);
  assert.equal(inLots(rest.quantityE8), Math.round(left * 1_000), 'what was left, once');
  for (const key of ['agent', 'origin', 'side', 'slippageBps', 'decisionId'] as const)
    assert.equal(rest[key], cut[key], `the same ${key}`);
  assert.equal(rest.timeInForce, 'IOC', 'a rung of the ladder, at the price of now');
  assert.ok((rest.priceE8 ?? 0) < (cut.priceE8 ?? 0));
  const reported = [...world.daemon.ledger.iterateLive()]
    .filter(({ kind }) => kind === 'alert')
    .map(({ payload }) => payload as { readonly code: string; readonly detail: string })
    .filter(({ code }) => code === 'EXIT_RECORD_UNREADABLE');
  assert.equal(reported.length, 1);
  assert.match(reported[0]?.detail ?? '', /archives\/.*\.jsonl\.zst .*is missing/);
});
