import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OrderClass, OrderCounts, SHARES } from '../../../daemon/engine/plan/orders.ts';
import { forAll } from '../../for-all.ts';

const CLASSES = ['own', 'closing', 'other'] as const;

function createCounts(): { counts: OrderCounts; time: { now: number } } {
  const time = { now: 0 };
  return { counts: new OrderCounts(() => time.now), time };
}

test('BY-44 whoever asks and obeys stays within the limits of the venue, and no agent uses up the reserve', () => {
  const step = fc.record({
    orderClass: fc.constantFrom<OrderClass>(...CLASSES),
    orders: fc.integer({ min: 1, max: 400 }),
    passMs: fc.integer({ min: 0, max: 8_000 }),
  });
  forAll([fc.array(step, { minLength: 1, maxLength: 20 })], { seed: 44, numRuns: 100 }, (steps) => {
    const { counts, time } = createCounts();
    const sent: number[] = [];
    const within = (windowMs: number): number => sent.filter((at) => at > time.now - windowMs).length;
    for (const { orderClass, orders, passMs } of steps) {
      for (let i = 0; i < orders && counts.waitMs(orderClass) === 0; i += 1) {
        counts.note();
        sent.push(time.now);
        const share = SHARES[orderClass];
        assert.ok(within(10_000) <= 300 * share && within(60_000) <= 1_200 * share, orderClass);
      }
      const waitMs = counts.waitMs(orderClass);
      if (waitMs > 0) {
        time.now += waitMs - 1;
        assert.ok(counts.waitMs(orderClass) > 0, 'not a millisecond too early');
        time.now += 1;
        assert.equal(counts.waitMs(orderClass), 0, 'and no later');
      }
      time.now += passMs;
    }
  });
});

test('BY-44 two hundred agents leave at once, with the reserve untouched', () => {
  const { counts } = createCounts();
  for (let i = 0; i < 200; i += 1) {
    assert.equal(counts.waitMs('closing'), 0, `exit ${i}`);
    counts.note();
  }
  assert.ok(counts.waitMs('other') > 0, 'what would rest waits');
  for (let i = 0; i < 40; i += 1) counts.note();
  assert.ok(counts.waitMs('closing') > 0);
  assert.equal(counts.waitMs('own'), 0, 'an operator does not');
});

test('orders that somebody else sends for the account count as the venue counts them', () => {
  const { counts, time } = createCounts();
  counts.note();
  counts.adopt([
    { windowMs: 10_000, used: 299 },
    { windowMs: 60_000, used: 299 },
  ]);
  assert.equal(counts.waitMs('own'), 0);
  counts.note();
  assert.ok(counts.waitMs('own') > 0);
  counts.adopt([{ windowMs: 10_000, used: 3 }]);
  assert.ok(counts.waitMs('own') > 0, 'a smaller count of a newer window takes nothing back');
  time.now += 10_000;
  assert.equal(counts.waitMs('own'), 0);
});
