import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EXACT_MS, RollingSum, TokenWindow } from '../../../daemon/engine/kept/collections.ts';
import { forAll } from '../../for-all.ts';

const T0 = 1_740_960_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const step = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 2 * MINUTE }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 5 * HOUR }) },
  { weight: 1, arbitrary: fc.constantFrom(MINUTE, HOUR, DAY, 3 * DAY) },
  { weight: 1, arbitrary: fc.integer({ min: -HOUR, max: 0 }) },
);

/** The sum as it is defined: every bucket of the span, oldest first. */
function plainSum(added: readonly (readonly [number, number])[], nowMs: number): number {
  const buckets: { index: number; value: number }[] = [];
  for (const [atMs, value] of added) {
    const index = Math.floor(atMs / MINUTE);
    const known = buckets.find((bucket) => bucket.index === index);
    if (known !== undefined) known.value += value;
    else buckets.push({ index, value });
  }
  buckets.sort((a, b) => a.index - b.index);
  const first = Math.floor((nowMs - DAY) / MINUTE);
  return Math.max(
    0,
    buckets.filter((bucket) => bucket.index >= first).reduce((total, bucket) => total + bucket.value, 0),
  );
}
/** Tokens as they are defined: counted back from the newest to the first that is not inside the window. */
function plainCount(added: readonly (readonly [number, number])[], nowMs: number, windowMs: number): unknown {
  let tokens = 0;
  let freeAtMs: number | null = null;
  for (const [atMs, count] of added.toReversed()) {
    if (atMs <= nowMs - windowMs) break;
    tokens += count;
    freeAtMs = atMs + windowMs;
  }
  return { tokens, freeAtMs };
}

describe('SAE-M4: windows over time, bounded and bit for bit a function of what was added', () => {
  it('gives the plain sum to the last bit, and the same sum after a restart, whenever it was asked before', () => {
    const values = fc.double({ min: -50, max: 2_000, noNaN: true });
    const events = fc.array(fc.record({ stepMs: step, value: values, isAsked: fc.boolean() }), { maxLength: 150 });
    forAll([events], { seed: 5, numRuns: 400 }, (drawn) => {
      const live = new RollingSum(DAY, MINUTE);
      const added: [number, number][] = [];
      let now = T0;
      let newest = T0;
      for (const { stepMs, value, isAsked } of drawn) {
        now += stepMs;
        newest = Math.max(newest, now);
        live.add(now, value);
        added.push([now, value]);
        if (isAsked) assert.equal(live.sum(newest), plainSum(added, newest), `asked at ${newest}`);
      }
      const restarted = new RollingSum(DAY, MINUTE);
      for (const [atMs, value] of added) restarted.add(atMs, value);
      for (const laterMs of [0, MINUTE, 5 * HOUR, DAY - 1, DAY, DAY + MINUTE, 2 * DAY, 0]) {
        assert.equal(live.sum(newest + laterMs), plainSum(added, newest + laterMs), `${laterMs} ms later`);
        assert.equal(restarted.sum(newest + laterMs), live.sum(newest + laterMs), `restarted, ${laterMs} ms later`);
      }
    });
  });

  it('counts what its bucket holds until all of it has left the span: before, at, after', () => {
    const sum = new RollingSum(DAY, MINUTE);
    sum.add(T0 + 1, 7);
    for (const [ageMs, expected] of [
      [DAY + MINUTE - 1, 7],
      [DAY + MINUTE, 0],
      [DAY + MINUTE + 1, 0],
    ] as const)
      assert.equal(sum.sum(T0 + ageMs), expected, `asked ${ageMs} ms after its minute began`);
  });

  it('counts tokens as a scan from the newest back does', () => {
    const forwards = step.map((ms) => Math.max(0, ms));
    const events = fc.array(fc.record({ stepMs: forwards, tokens: fc.integer({ min: 1, max: 6 }) }), {
      maxLength: 200,
    });
    const windows = fc.array(fc.integer({ min: 1, max: EXACT_MS - 3 * HOUR }), { minLength: 1, maxLength: 5 });
    forAll([events, windows], { seed: 6, numRuns: 300 }, (drawn, windowsMs) => {
      const window = new TokenWindow();
      const added: [number, number][] = [];
      let now = T0;
      for (const { stepMs, tokens } of drawn) {
        now += stepMs;
        window.add(now, tokens);
        added.push([now, tokens]);
        for (const windowMs of [MINUTE, ...windowsMs])
          assert.deepEqual(
            window.count(now, windowMs),
            plainCount(added, now, windowMs),
            `at ${now} over ${windowMs} ms`,
          );
      }
    });
  });

  it('counts in (now - window, now]: before, at, after [PK-174]', () => {
    const window = new TokenWindow();
    window.add(T0, 3);
    for (const [ageMs, tokens] of [
      [MINUTE - 1, 3],
      [MINUTE, 0],
      [MINUTE + 1, 0],
    ] as const)
      assert.equal(window.count(T0 + ageMs, MINUTE).tokens, tokens, `${ageMs} ms old`);
  });

  it('counts a window beyond two days up to an hour too far, and never too few', () => {
    const events = fc.array(
      fc.record({ stepMs: fc.integer({ min: 0, max: 9 * HOUR }), tokens: fc.integer({ min: 1, max: 6 }) }),
      { minLength: 1, maxLength: 200 },
    );
    forAll([events, fc.integer({ min: EXACT_MS, max: 60 * DAY })], { seed: 8, numRuns: 300 }, (drawn, windowMs) => {
      const window = new TokenWindow();
      const added: [number, number][] = [];
      let now = T0;
      for (const { stepMs, tokens } of drawn) {
        now += stepMs;
        window.add(now, tokens);
        added.push([now, tokens]);
      }
      const { tokens } = window.count(now, windowMs);
      const least = plainCount(added, now, windowMs) as { tokens: number };
      const most = plainCount(added, now, windowMs + HOUR) as { tokens: number };
      assert.ok(tokens >= least.tokens && tokens <= most.tokens, `${least.tokens} <= ${tokens} <= ${most.tokens}`);
    });
  });

  it('keeps a year by the hour, however many tokens were taken', () => {
    const window = new TokenWindow();
    for (let hour = 0; hour < 2 * 366 * 24; hour += 1)
      for (let i = 0; i < 3; i += 1) window.add(T0 + hour * HOUR + i * MINUTE, 1);
    const now = T0 + 2 * 366 * DAY;
    const { tokens } = window.count(now, YEAR);
    assert.ok(tokens >= 365 * 24 * 3 && tokens <= 366 * 24 * 3, `a year's tokens: ${tokens}`);
    assert.equal(window.count(now, HOUR).tokens, 3 - 1, 'the first of the last hour is an hour old');
  });
});
