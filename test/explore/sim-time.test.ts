import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimTime } from '../../scripts/explore/sim-time.ts';

const still = (): SimTime => new SimTime({ hostMs: 1_000_000, latenessMs: () => 0 });

test('timers fire in the order of their instants, equal ones in the order in which they were set', async () => {
  const time = still();
  const port = time.open();
  const fired: string[] = [];
  port.after(20, () => fired.push(`b ${port.monotonicMs()}`));
  port.after(10, () => fired.push(`a ${port.monotonicMs()}`));
  port.after(20, () => fired.push('c'));
  port.after(30, () => fired.push('not yet'));
  await time.advance(20);
  assert.deepEqual(fired, ['a 10', 'b 20', 'c']);
  assert.equal(port.hostMs(), 1_000_020);
});

test('what promises hold ready runs before the next turn, and turns before time goes on', async () => {
  const time = still();
  const port = time.open();
  const order: string[] = [];
  port.after(1, () => order.push('timer'));
  port.nextTurn(() => {
    order.push('turn');
    port.nextTurn(() => order.push('turn after'));
    void Promise.resolve()
      .then(() => undefined)
      .then(() => order.push('promise'));
  });
  await time.advance(1);
  assert.deepEqual(order, ['turn', 'promise', 'turn after', 'timer']);
});

test('a delay ends early when its signal aborts, and never once its consumer has ended', async () => {
  const time = still();
  const port = time.open();
  const stop = new AbortController();
  const ended: number[] = [];
  void port.delay(1_000, stop.signal).then(() => ended.push(port.monotonicMs()));
  void port.delay(500).then(() => ended.push(port.monotonicMs()));
  await time.advance(100);
  stop.abort();
  await time.advance(100);
  assert.deepEqual(ended, [100]);
  port.end();
  await time.advance(1_000);
  assert.deepEqual(ended, [100]);
  assert.equal(await time.drive(port.delay(1), 50), false);
});

test('a late loop runs what fell due meanwhile, in order, at the instant at which it came to it', async () => {
  let lateMs = 7;
  const time = new SimTime({ hostMs: 0, latenessMs: () => lateMs });
  const port = time.open();
  const fired: string[] = [];
  port.after(10, () => {
    lateMs = 0;
    fired.push(`a ${port.monotonicMs()}`);
  });
  port.after(15, () => fired.push(`b ${port.monotonicMs()}`));
  port.after(18, () => fired.push(`c ${port.monotonicMs()}`));
  await time.advance(30);
  assert.deepEqual(fired, ['a 17', 'b 17', 'c 18']);
});

test('every goes on until it is canceled', async () => {
  const time = still();
  const port = time.open();
  let count = 0;
  const timer = port.every(10, () => {
    count += 1;
    if (count === 3) timer.cancel();
  });
  await time.advance(100);
  assert.equal(count, 3);
});
