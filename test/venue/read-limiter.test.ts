import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { ReadLimiter, ReadQueueFullError } from '../../daemon/venue/wire/read-limiter.ts';

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
  const limiter = new ReadLimiter(
    { maxInFlight: 2, maxQueued: 10, weightPerMinute: null },
    { ...SYSTEM_TIME, monotonicMs: () => 0 },
  );
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
  const limiter = new ReadLimiter(
    { maxInFlight: 1, maxQueued: 1, weightPerMinute: null },
    { ...SYSTEM_TIME, monotonicMs: () => 0 },
  );
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
  const limiter = new ReadLimiter(
    { maxInFlight: 100, maxQueued: 100, weightPerMinute: 240 },
    { ...SYSTEM_TIME, monotonicMs: () => nowMs },
  );
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

test('what can wait stands behind the others, and leaves them half of the bucket and of the places', async () => {
  let nowMs = 0;
  const limiter = new ReadLimiter(
    { maxInFlight: 4, maxQueued: 10, weightPerMinute: 240 },
    { ...SYSTEM_TIME, monotonicMs: () => nowMs },
  );
  const started: string[] = [];
  const start = (name: string) => async (): Promise<void> => {
    started.push(name);
  };
  await limiter.run(10, start('a price'));
  const later = limiter.runLater(30, start('a list of all'));
  await settle();
  assert.deepEqual(started, ['a price'], 'of 50 it would leave less than half of the bucket');
  await limiter.run(10, start('an account'));
  assert.deepEqual(started, ['a price', 'an account'], 'which came after it');
  nowMs = 5_000;
  await limiter.run(0, start('another price'));
  await later;
  assert.equal(started.length, 4, 'the bucket is full again');
});

test('a request that waits for nothing counts: what can wait makes room for it', async () => {
  let nowMs = 0;
  const limiter = new ReadLimiter(
    { maxInFlight: 4, maxQueued: 10, weightPerMinute: 240 },
    { ...SYSTEM_TIME, monotonicMs: () => nowMs },
  );
  await limiter.runNow(20, () => Promise.resolve());
  let isDone = false;
  const later = limiter.runLater(20, async () => {
    isDone = true;
  });
  await settle();
  assert.equal(isDone, false, 'of 40 it would leave 20, less than half of the bucket');
  nowMs = 2_500;
  await limiter.run(0, () => Promise.resolve());
  await later;
  assert.equal(isDone, true);
});

test('closing refuses what waits and what comes', async () => {
  const limiter = new ReadLimiter(
    { maxInFlight: 1, maxQueued: 5, weightPerMinute: null },
    { ...SYSTEM_TIME, monotonicMs: () => 0 },
  );
  const held = gate();
  const first = limiter.run(1, held.task);
  const second = limiter.run(1, held.task);
  limiter.close();
  await assert.rejects(second, ReadQueueFullError);
  await assert.rejects(limiter.run(1, held.task), ReadQueueFullError);
  held.open();
  await first;
});
