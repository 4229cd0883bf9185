import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import { ReadLimiter } from '../../daemon/venue/wire/read-limiter.ts';
import { WeightWindow } from '../../daemon/venue/wire/weight-window.ts';

const MINUTE_MS = 60_000;

/** A window, and an exchange that counts as Binance does, on clocks that may differ. */
function open(startMs: number | null = 10_000) {
  const clock = { ms: startMs };
  const window = new WeightWindow(() => clock.ms);
  /** Asks, and takes the answer at once: the exchange has counted so much by then. */
  const ask = (weight: number, used: number): void => window.begin(weight)(String(used));
  return { clock, window, ask };
}

test('what is left is what the last answer left, less what is on its way', () => {
  const { window, ask } = open();
  assert.equal(window.left, 2_400, 'nothing was told yet');
  ask(1, 1_001);
  assert.equal(window.left, 1_399, 'whoever used the rest');
  const end = window.begin(80);
  assert.equal(window.left, 1_319);
  end('1100');
  assert.equal(window.left, 1_300);
});

test('answers that overtake each other leave no more than the highest of them', () => {
  const { window } = open();
  const [first, second] = [window.begin(5), window.begin(5)];
  second('510');
  first('505');
  assert.equal(window.left, 1_890);
});

test('a request without an answer has counted', () => {
  const { window, ask } = open();
  ask(1, 100);
  window.begin(40)(undefined);
  assert.equal(window.left, 2_260);
});

test('the next minute begins anew; answers around its turn do not carry the last one over', () => {
  const { clock, window, ask } = open(59_000);
  ask(1, 2_300);
  const late = window.begin(5);
  clock.ms = MINUTE_MS + 20;
  assert.equal(window.left, 2_395, 'of what is on its way it is not known in which minute it counts');
  late('2305');
  assert.equal(window.left, 2_400);
  ask(5, 2_310);
  assert.equal(window.left, 2_400, 'our clock is ahead: the exchange counted it in the last minute');
  ask(5, 10);
  assert.equal(window.left, 2_390);
});

test('a count that falls shows that the higher one was of another minute', () => {
  const { window, ask } = open(MINUTE_MS + 600);
  ask(5, 2_300);
  ask(1, 12);
  assert.equal(window.left, 2_388);
});

test('the first answer counts, though the clock is known by it only', () => {
  const { clock, window, ask } = open(null);
  ask(1, 2_350);
  clock.ms = 30_000;
  assert.equal(window.left, 50);
  const fresh = open(null);
  fresh.ask(1, 2_350);
  fresh.clock.ms = MINUTE_MS + 100;
  assert.equal(fresh.window.left, 2_400, 'a minute that has just begun is not used up');
});

test('reads wait for the next minute where the venue has counted too much; look-ups do not; a start may use more', async () => {
  let nowMs = 10_000;
  const timers: { readonly atMs: number; readonly act: () => void }[] = [];
  const time = {
    ...SYSTEM_TIME,
    monotonicMs: () => nowMs,
    after: (ms: number, act: () => void) => {
      timers.push({ atMs: nowMs + ms, act });
      return { cancel: () => undefined };
    },
  };
  const window = new WeightWindow(() => nowMs);
  const limiter = new ReadLimiter({ maxInFlight: 9, maxQueued: 9, weightPerMinute: 1_800 }, time, window);
  window.begin(1)('2250');
  const done: string[] = [];
  const read = (name: string, weight: number) =>
    limiter.run(weight, async (tell) => {
      done.push(name);
      tell(String(2_250 + weight));
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const waiting = read('a price', 3);
  await settle();
  assert.equal(done.length, 0);
  assert.equal(limiter.weightLeft, -50);
  await limiter.runNow(1, async () => {
    done.push('a look-up');
  });
  assert.deepEqual(done, ['a look-up']);
  limiter.isStarting = true;
  await read('the account', 15);
  assert.deepEqual(done, ['a look-up', 'a price', 'the account'], 'in their order');
  await waiting;
  limiter.isStarting = false;
  const next = read('a price of the next minute', 3);
  await settle();
  assert.equal(done.length, 3);
  nowMs = MINUTE_MS + 500;
  for (const { atMs, act } of timers) if (atMs <= nowMs) act();
  await next;
  assert.equal(done.length, 4);
});

test('without a limit of the venue nothing waits for its count', async () => {
  const window = new WeightWindow(() => 10_000);
  window.begin(1)('9999');
  const limits = { maxInFlight: 9, maxQueued: 9 };
  const none = new ReadLimiter({ ...limits, weightPerMinute: null }, SYSTEM_TIME, window);
  assert.equal(await none.run(500, async () => 1), 1);
  const lifted = new ReadLimiter({ ...limits, weightPerMinute: 60, isLifted: () => true }, SYSTEM_TIME, window);
  assert.equal(await lifted.run(500, async () => 2), 2);
  assert.deepEqual([none.weightLeft, lifted.weightLeft], [null, null]);
});

test('the limit of a simulated exchange is kept to where it enforces one, or where it was asked for', async () => {
  for (const [enforceLimits, readWeightPerMinute, isKept] of [
    [true, undefined, true],
    ['orders', undefined, false],
    [false, undefined, false],
    [false, 1_800, true],
    [true, null, false],
  ] as const) {
    const sim = await startExchangeSim({ enforceLimits, seed: 7 });
    const clock = new DomainClock(SYSTEM_TIME);
    const access = { venue: 'paper', baseUrl: sim.url, apiKey: 'paper', secret: 'paper-secret' } as const;
    const limit = readWeightPerMinute === undefined ? {} : { readWeightPerMinute };
    const venue = await createVenue({ access, clock, time: SYSTEM_TIME, ...limit });
    assert.equal(await venue.fetchTimeScale(), 1);
    await venue.fetchServerTime();
    assert.equal(venue.readWeightLeft?.() !== null, isKept, `${enforceLimits}, ${readWeightPerMinute}`);
    await venue.close();
    await sim.close();
  }
});
