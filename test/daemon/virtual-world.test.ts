import assert from 'node:assert/strict';
import { pbkdf2 } from 'node:crypto';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { until as asked } from '../until.ts';
import { DaemonWorld, until } from './harness.ts';
import { PACE_MS } from './pump.ts';

test('wall time flows while somebody waits for the world, in no real time, and domain time stands', async (t) => {
  const world = await DaemonWorld.of(t);
  const domainMs = world.nowMs();
  const startedMs = world.monotonicMs();
  const realMs = performance.now();
  await world.sleep(60_000);
  assert.equal(world.monotonicMs() - startedMs, 60_000);
  assert.ok(performance.now() - realMs < 60_000, 'faster than real time, at the least');
  assert.equal(world.nowMs(), domainMs);
  await world.advance(5_000);
  assert.equal(world.nowMs(), domainMs + 5_000);
});

test('on a wall clock domain time flows with wall time', async (t) => {
  const world = await DaemonWorld.of(t, { wall: true });
  const domainMs = world.nowMs();
  await world.sleep(3_000);
  assert.ok(Math.abs(world.nowMs() - domainMs - 3_000) < 50, `${world.nowMs() - domainMs} ms`);
});

test('calls at once share the time they take', async (t) => {
  const world = await DaemonWorld.of(t);
  await world.fault({ kind: 'delay', ms: 400, count: 2, match: { method: 'POST', path: '/fapi/v1/order' } });
  const startedMs = world.monotonicMs();
  const symbols = ['BTCUSDT', 'ETHUSDT'];
  const answers = await Promise.all(symbols.map((symbol) => world.place({ symbol })));
  for (const { body } of answers) assert.equal(body.execution.state, 'filled', JSON.stringify(body.execution));
  const tookMs = world.monotonicMs() - startedMs;
  assert.ok(tookMs >= 400 && tookMs < 600, `${tookMs} ms`);
});

test('until polls in virtual time and fails after it', async (t) => {
  const world = await DaemonWorld.of(t);
  const startedMs = world.monotonicMs();
  await until('a second has passed', () => world.monotonicMs() - startedMs >= 1_000);
  const realMs = performance.now();
  await assert.rejects(
    until('never', () => false, 30_000),
    /did not happen within 30000 ms: never/,
  );
  assert.ok(performance.now() - realMs < 30_000, 'faster than real time, at the least');
});

test('a start takes the same time when the files of a busy machine come late', async (t) => {
  const world = await DaemonWorld.of(t);
  const restartMs = async (): Promise<number> => {
    const startedMs = world.monotonicMs();
    await world.restart();
    return world.monotonicMs() - startedMs;
  };
  const quietMs = await restartMs();
  // The threads that open, read and close files are busy with something else all the time.
  let isOver = false;
  const derive = promisify(pbkdf2);
  const keepBusy = async (): Promise<void> => {
    while (!isOver) await derive('a', 'b', 20_000, 32, 'sha512');
  };
  const busy = Array.from({ length: 8 }, keepBusy);
  const busyMs = await restartMs();
  isOver = true;
  await Promise.all(busy);
  assert.equal(busyMs, quietMs);
});

test('the same calls are the same ledger', async () => {
  const run = async (): Promise<string> => {
    const world = await DaemonWorld.start();
    try {
      await world.mustPlace('filled');
      await world.advance(1_000);
      await world.restart();
      await world.tool('close_position', { symbol: 'BTCUSDT' });
      await world.sleep(1_000);
      const { ledger } = world.daemon;
      return ledger.readEvent(ledger.lastSeq())?.hash ?? '';
    } finally {
      await world.close();
    }
  };
  assert.equal(await run(), await run());
});

test('a daemon that stops answers what it can, and cuts the rest', async (t) => {
  const world = await DaemonWorld.of(t);
  await world.fault({ kind: 'stall-body', ms: 60_000, count: 100, match: { method: 'POST', path: '/fapi/v1/order' } });
  const asked = world.place().then(
    () => 'answered',
    () => 'cut',
  );
  await world.sleep(100);
  await world.daemon.close();
  assert.ok(['answered', 'cut'].includes(await asked));
  await world.control('clear-faults', {});
  await world.restart();
  assert.equal(world.daemon.gate.keeper.isReconciled, true);
});

test('a promise of the gate that nobody told the world of is kept all the same', async (t) => {
  const world = await DaemonWorld.of(t);
  await world.daemon.gate.core.run(world.daemon.gate.keeper.refreshAll());
  const startedMs = world.monotonicMs();
  const realMs = performance.now();
  await asked('time passes', () => world.monotonicMs() - startedMs >= 100);
  // A pause that had begun before is added whole.
  const passedMs = world.monotonicMs() - startedMs - PACE_MS;
  assert.ok(passedMs <= performance.now() - realMs, `${passedMs} ms: no faster than real time`);
});
