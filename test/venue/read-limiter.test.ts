import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadLimiter, ReadQueueFullError } from '../../daemon/venue/read-limiter.ts';

function gate(): { task: () => Promise<void>; open: () => void } {
  let open = () => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { task: () => closed, open };
}
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('reads run first come, first served, never more at once than allowed', async () => {
  const limiter = new ReadLimiter({ maxInFlight: 2, maxQueued: 10, weightPerMinute: null }, () => 0);
  const started: number[] = [];
  const gates = [0, 1, 2, 3].map(() => gate());
  const runs = gates.map(({ task }, index) =>
    limiter.run(1, () => {
      started.push(index);
      return task();
    }),
  );
  await settle();
  assert.deepEqual(started, [0, 1]);
  gates[1]?.open();
  await settle();
  assert.deepEqual(started, [0, 1, 2]);
  for (const { open } of gates) open();
  await Promise.all(runs);
  assert.deepEqual(started, [0, 1, 2, 3]);
});

test('a read beyond the queue is refused, and a failed one frees its place', async () => {
  const limiter = new ReadLimiter({ maxInFlight: 1, maxQueued: 1, weightPerMinute: null }, () => 0);
  const held = gate();
  const first = limiter.run(1, held.task);
  const second = limiter.run(1, () => Promise.reject(new Error('down')));
  await assert.rejects(
    limiter.run(1, () => Promise.resolve()),
    ReadQueueFullError,
  );
  held.open();
  await first;
  await assert.rejects(second, /down/);
  assert.equal(await limiter.run(1, () => Promise.resolve(7)), 7);
});

test('weight is spent from a bucket that refills with wall time', async () => {
  let nowMs = 0;
  const limiter = new ReadLimiter({ maxInFlight: 100, maxQueued: 100, weightPerMinute: 240 }, () => nowMs);
  let done = 0;
  const run = (weight: number) =>
    limiter.run(weight, async () => {
      done += 1;
    });
  const first = run(40);
  const second = run(20);
  const third = run(20);
  await first;
  await second;
  await settle();
  assert.equal(done, 2, 'the bucket holds a quarter of a minute: 60');
  nowMs = 4999;
  limiter.run(0, () => Promise.resolve()).catch(() => assert.fail());
  await settle();
  assert.equal(done, 2);
  nowMs = 5000;
  limiter.run(0, () => Promise.resolve()).catch(() => assert.fail());
  await third;
  assert.equal(done, 3);
});

test('closing refuses what waits and what comes', async () => {
  const limiter = new ReadLimiter({ maxInFlight: 1, maxQueued: 5, weightPerMinute: null }, () => 0);
  const held = gate();
  const first = limiter.run(1, held.task);
  const second = limiter.run(1, held.task);
  limiter.close();
  await assert.rejects(second, ReadQueueFullError);
  await assert.rejects(limiter.run(1, held.task), ReadQueueFullError);
  held.open();
  await first;
});
