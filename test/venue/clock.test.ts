import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FetchOutcome } from '../../daemon/engine/records/venue.ts';
import { ClockNotSyncedError, DomainClock } from '../../daemon/venue/wire/clock.ts';
import { forAll } from '../for-all.ts';

const EPOCH = 1_795_000_000_000;
function ok(value: number): FetchOutcome<number> {
  return { kind: 'ok', value };
}
function startClock(scale = 1) {
  const sources = { monotonic: 5000, host: EPOCH + 77 };
  const clock = new DomainClock({ monotonicMs: () => sources.monotonic, hostMs: () => sources.host }, scale);
  const pass = (ms: number) => {
    sources.monotonic += ms;
    sources.host += ms;
  };
  return { clock, sources, pass };
}

test('there is no domain time before the first synchronisation', () => {
  const { clock } = startClock();
  assert.equal(clock.isSynced, false);
  assert.throws(() => clock.nowMs(), ClockNotSyncedError);
  const failed = clock.sync({ kind: 'failed', detail: 'down', cause: 'other', retryAfterMs: null }, 5);
  assert.deepEqual(failed, { kind: 'failed', detail: 'down' });
  assert.throws(() => clock.nowMs(), ClockNotSyncedError);
});

test('time is the middle of the round trip, extrapolated at the scale of the venue', () => {
  const { clock, pass } = startClock(60);
  clock.sync(ok(EPOCH), 10);
  assert.equal(clock.nowMs(), EPOCH + 300);
  pass(100);
  assert.equal(clock.nowMs(), EPOCH + 300 + 6000);
});

test('a host clock that is set does not move domain time, and is reported', () => {
  const { clock, sources, pass } = startClock();
  clock.sync(ok(EPOCH), 0);
  pass(1000);
  sources.host += 3_600_000;
  assert.equal(clock.nowMs(), EPOCH + 1000);
  assert.deepEqual(clock.sync(ok(EPOCH + 1000), 0), {
    kind: 'jumped',
    source: 'host',
    byMs: 3_600_000,
    hostMs: 3_600_000,
  });
  pass(1000);
  assert.equal(clock.sync(ok(EPOCH + 2000), 0).kind, 'synced');
});

test('a jump of the venue counts from just above one second beyond the uncertainty', () => {
  for (const [aheadMs, kind] of [
    [999, 'synced'],
    [1000, 'synced'],
    [1001, 'jumped'],
    [-1000, 'synced'],
    [-1001, 'jumped'],
  ] as const) {
    const { clock, pass } = startClock();
    clock.sync(ok(EPOCH), 0);
    pass(5000);
    assert.equal(clock.sync(ok(EPOCH + 5000 + aheadMs), 0).kind, kind, String(aheadMs));
  }
  const { clock } = startClock();
  clock.sync(ok(EPOCH), 0);
  assert.equal(clock.sync(ok(EPOCH), 2400).kind, 'synced', 'a slow answer is not a jump');
});

test('what a slow answer left open is put right, and is no jump; back the time goes by a jump only', () => {
  for (const [aheadMs, kind] of [
    [3000, 'synced'],
    [4000, 'synced'],
    [4001, 'jumped'],
    [-1000, 'synced'],
    [-1001, 'jumped'],
  ] as const) {
    const { clock, pass } = startClock();
    clock.sync(ok(EPOCH - 3000), 6000);
    pass(5000);
    assert.equal(clock.sync(ok(EPOCH + 5000 + aheadMs), 0).kind, kind, String(aheadMs));
    if (aheadMs > 0) assert.equal(clock.nowMs(), EPOCH + 5000 + aheadMs);
    pass(5000);
    assert.equal(clock.sync(ok(EPOCH + 10_000 + aheadMs + 1001), 0).kind, 'jumped', 'the time is known by now');
  }
});

test('time stands still rather than going back, but follows the venue after a jump back', () => {
  const { clock, pass } = startClock();
  clock.sync(ok(EPOCH), 0);
  pass(1000);
  assert.equal(clock.nowMs(), EPOCH + 1000);
  clock.sync(ok(EPOCH + 700), 0);
  assert.equal(clock.nowMs(), EPOCH + 1000);
  pass(400);
  assert.equal(clock.nowMs(), EPOCH + 1100);
  const jump = clock.sync(ok(EPOCH - 60_000), 0);
  assert.equal(jump.kind, 'jumped');
  assert.equal(clock.nowMs(), EPOCH - 60_000);
});

test('a blurred measurement does not replace a sharp one that it agrees with', () => {
  const { clock, pass } = startClock();
  clock.sync(ok(EPOCH), 2);
  pass(1000);
  clock.sync(ok(EPOCH + 600), 900);
  assert.equal(clock.nowMs(), EPOCH + 1001);
});

test('it may be off by half of the round trip that it goes by', () => {
  const { clock, pass } = startClock();
  assert.equal(clock.uncertaintyMs, 0);
  clock.sync(ok(EPOCH), 7_600);
  assert.equal(clock.uncertaintyMs, 3_800);
  pass(1_000);
  clock.sync(ok(EPOCH + 1_010), 20);
  assert.equal(clock.uncertaintyMs, 10);
  pass(1_000);
  clock.sync(ok(EPOCH + 1_800), 900);
  assert.equal(clock.uncertaintyMs, 10, 'a slower answer that fits says no more');
});

test('the skew is what the extrapolation was off by', () => {
  const { clock, pass } = startClock();
  clock.sync(ok(EPOCH), 0);
  pass(1000);
  assert.deepEqual(clock.sync(ok(EPOCH + 1250), 0), { kind: 'synced', skewMs: 250, uncertaintyMs: 0 });
  assert.equal(clock.nowMs(), EPOCH + 1250);
});

test('domain time never goes back without a reported jump, whatever the measurements', () => {
  const steps = fc.array(
    fc.record({
      passMs: fc.integer({ min: 0, max: 3000 }),
      errorMs: fc.integer({ min: -900, max: 900 }),
      rttMs: fc.nat(500),
    }),
    { maxLength: 40 },
  );
  forAll([steps], { seed: 11, numRuns: 200 }, (list) => {
    const { clock, sources, pass } = startClock();
    clock.sync(ok(EPOCH), 0);
    let last = clock.nowMs();
    for (const step of list) {
      pass(step.passMs);
      const truth = EPOCH + sources.monotonic - 5000;
      const sync = clock.sync(ok(truth + step.errorMs), step.rttMs);
      const now = clock.nowMs();
      if (sync.kind === 'synced') assert.ok(now >= last);
      last = now;
    }
  });
});
