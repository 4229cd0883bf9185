import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DaemonWorld, until } from './harness.ts';

const told = (world: DaemonWorld): readonly string[] =>
  [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].map(({ payload }) => (payload as { code: string }).code);

test('a start that finds the key of heads gone raises HEAD_KEY, once [LE-15]', async (t) => {
  const world = await DaemonWorld.of(t, { real: true });
  rmSync(join(world.home, 'paper', 'head.key'));
  await world.restart();
  await until('it is told', async () => told(world).includes('HEAD_KEY'), 10_000);
  await world.restart();
  assert.equal(told(world).filter((code) => code === 'HEAD_KEY').length, 1, 'the next start has that key');
});

test('a start that cannot write the head file raises HEAD_FILE', async (t) => {
  const world = await DaemonWorld.of(t, { real: true, env: { HOLDFAST_HEAD_FILE: '/nowhere/not-mounted/head' } });
  await until('it is told', async () => told(world).includes('HEAD_FILE'), 10_000);
});
