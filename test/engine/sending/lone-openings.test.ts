import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, ended } from '../../../daemon/driver/driver.ts';
import type { VenuePort } from '../../../daemon/driver/ports.ts';
import { type Flow, Pending, resultOf } from '../../../daemon/engine/flow/step.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import { LoneOpenings, type Turn } from '../../../daemon/engine/sending/lone-openings.ts';
import { ManualTime, settle } from '../manual-time.ts';

const SEND_WITHIN_MS = 500;
const MINUTE_MS = 60_000;

interface Opening {
  symbol: string;
  status: string;
  venueOrderId: string | null;
}
const filled = (symbol = 'BTCUSDT'): Opening => ({ symbol, status: 'filled', venueOrderId: '1' });

/** Readings are answered by hand. */
function open() {
  const time = new ManualTime();
  const now = (): number => time.monotonicMs();
  const planClock = { scale: 1, nowMs: now, wallMs: now };
  const reads: ((isRead: boolean) => void)[] = [];
  const driver = new Driver({
    venue: {} as VenuePort,
    time,
    onDisk: () => Promise.resolve(),
    isStopping: () => false,
    onUnheard: (error) => assert.fail(String(error)),
  });
  const readBeside = (): Flow<boolean> => {
    const read = new Pending<boolean>();
    reads.push((isRead) => read.close({ kind: 'done', result: isRead }));
    return resultOf(read);
  };
  const lone = new LoneOpenings({ planClock, begin: <R>(flow: Flow<R>) => driver.begin(flow) }, readBeside);
  /** `turn`: undefined while it waits. */
  const take = async (order: Opening) => {
    const asked: { turn: Turn | null | undefined } = { turn: undefined };
    void ended(driver.begin(lone.take(order as unknown as OrderState, SEND_WITHIN_MS))).then((turn) => {
      asked.turn = turn;
    });
    await settle();
    return asked;
  };
  const read1 = async (isRead: boolean): Promise<void> => {
    reads.shift()?.(isRead);
    await settle();
  };
  return { answer: read1, lone, reads, take, time };
}

test('the first opening of a symbol goes alone: the next one leaves once the account was read after it', async () => {
  const { answer, lone, reads, take } = open();
  const first = await take(filled());
  const second = await take(filled());
  assert.deepEqual([reads.length, second.turn], [0, undefined]);
  assert.ok(lone.waitMs('BTCUSDT') > 0, 'a slice is not decided yet');
  first.turn?.end('accepted');
  await settle();
  assert.deepEqual([reads.length, second.turn], [1, undefined]);
  await answer(true);
  assert.ok(second.turn);
  assert.ok((await take(filled())).turn, 'nor does the third one wait');
  assert.equal(lone.waitMs('BTCUSDT'), 0);
});

test('symbols do not wait for each other', async () => {
  const { take } = open();
  assert.ok((await take(filled())).turn);
  assert.ok((await take(filled('ETHUSDT'))).turn);
});

test('after a minute without an opening the next one goes alone again; openings in between put that off', async () => {
  const { answer, reads, take, time } = open();
  (await take(filled())).turn?.end('accepted');
  await settle();
  await answer(true);
  for (let opened = 0; opened < 2; opened += 1) {
    await time.advance(MINUTE_MS - 1);
    (await take(filled())).turn?.end('accepted');
    assert.equal(reads.length, 0);
  }
  await time.advance(MINUTE_MS - 1);
  // One that the venue refused nobody can see there.
  (await take(filled())).turn?.end('rejected');
  await time.advance(1);
  (await take(filled())).turn?.end('accepted');
  await settle();
  assert.equal(reads.length, 1);
});

test('whoever waits for longer than an order may be old is not sent', async () => {
  const { take, time } = open();
  await take(filled());
  const second = await take(filled());
  await time.advance(SEND_WITHIN_MS);
  assert.equal(second.turn, null);
});

test('a lone opening that was not sent lets the next one go alone', async () => {
  const { reads, take } = open();
  const first = await take(filled());
  const second = await take(filled());
  const third = await take(filled());
  first.turn?.end('rejected');
  await settle();
  assert.ok(second.turn);
  assert.equal(third.turn, undefined);
  assert.equal(reads.length, 0);
});

test('a reading that fails is made again, ever more seldom, and nothing opens meanwhile', async () => {
  const { answer, reads, take, time } = open();
  (await take(filled())).turn?.end('accepted');
  await settle();
  for (const pauseMs of [500, 1_000, 1_000]) {
    await answer(false);
    await time.advance(pauseMs - 1);
    assert.equal(reads.length, 0);
    await time.advance(1);
    assert.equal(reads.length, 1);
  }
  const second = await take(filled());
  assert.equal(second.turn, undefined);
  await answer(true);
  assert.ok(second.turn);
});

test('what may still be on its way is waited for: a reading before it arrives proves nothing', async () => {
  const { answer, reads, take, time } = open();
  const order: Opening = { symbol: 'BTCUSDT', status: 'unknown', venueOrderId: null };
  (await take(order)).turn?.end('unknown');
  await time.advance(10_000);
  assert.equal(reads.length, 0);
  Object.assign(order, filled());
  await time.advance(250);
  assert.equal(reads.length, 1);
  await answer(true);
  assert.ok((await take(filled())).turn);
  assert.ok((await take(filled())).turn);
});

test('one that is proven never to have arrived is followed by another lone one', async () => {
  const { reads, take, time } = open();
  const order: Opening = { symbol: 'BTCUSDT', status: 'unknown', venueOrderId: null };
  (await take(order)).turn?.end('unknown');
  order.status = 'canceled';
  await time.advance(250);
  assert.ok((await take(filled())).turn);
  assert.equal((await take(filled())).turn, undefined);
  assert.equal(reads.length, 0);
});
