import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EquityHistory } from '../../daemon/evaluation/judge/account-watch.ts';
import { ExecutedDay, SendLog } from '../../daemon/evaluation/judge/limits.ts';
import { TrailingQuantile } from '../../daemon/evaluation/judge/regime-detector.ts';
import { forAll } from '../for-all.ts';

const DAY_MS = 86_400_000;

test('SAE-VOL: the trailing quantile is the nearest rank of the values of its bars, holes included', () => {
  const steps = fc.array(fc.record({ skip: fc.integer({ min: 1, max: 6 }), value: fc.integer({ min: 0, max: 9 }) }), {
    maxLength: 80,
  });
  forAll(
    [steps, fc.integer({ min: 1, max: 12 }), fc.constantFrom(0.02, 0.5, 0.75)],
    { numRuns: 300, seed: 1 },
    (moves, span, share) => {
      const quantile = new TrailingQuantile(span);
      const all: { readonly bar: number; readonly value: number }[] = [];
      let bar = 0;
      for (const { skip, value } of moves) {
        bar += skip;
        quantile.forgetBefore(bar);
        const sorted = all
          .filter((entry) => entry.bar >= bar - span)
          .map((entry) => entry.value)
          .sort((a, b) => a - b);
        assert.equal(quantile.size, sorted.length, 'values of the span');
        const expected = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
        assert.equal(quantile.at(share), expected, `at ${share} of ${sorted}`);
        quantile.push(bar, value);
        all.push({ bar, value });
      }
    },
  );
});

test('SAE-VOL: the rank is ceil(0.75 n)', () => {
  const quantile = new TrailingQuantile(100);
  const expected = [1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9];
  for (const [i, rank] of expected.entries()) {
    quantile.push(i, i + 1);
    assert.equal(quantile.at(0.75), rank, `of ${i + 1} values`);
  }
});

test('SAE-DD: drawdown and daily loss equal their plain definitions on any account', () => {
  const steps = fc.array(
    fc.record({
      afterMs: fc.constantFrom(0, 1, 3_600_000, 11 * 3_600_000, 12 * 3_600_000, DAY_MS, 3 * DAY_MS),
      equity: fc.integer({ min: 50, max: 150 }),
      isAsked: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  const windowMs = 5 * DAY_MS;
  forAll([steps], { numRuns: 400, seed: 2 }, (moves) => {
    const history = new EquityHistory(windowMs, 100);
    const reported: { readonly atMs: number; readonly equity: number }[] = [
      { atMs: Number.NEGATIVE_INFINITY, equity: 100 },
    ];
    const heldAt = (atMs: number): number => reported.filter((sample) => sample.atMs <= atMs).at(-1)!.equity;
    let atMs = 40 * DAY_MS;
    for (const { afterMs, equity, isAsked } of moves) {
      atMs += afterMs;
      if (!isAsked) {
        history.push(atMs, equity);
        reported.push({ atMs, equity });
      }
      // The start was last seen when the first value was told; the last value always counts.
      const inWindow = reported.filter((sample, i) => {
        const seenMs = i === 0 ? (reported[1]?.atMs ?? atMs) : sample.atMs;
        return seenMs > atMs - windowMs || i === reported.length - 1;
      });
      const highest = Math.max(...inWindow.map((sample) => sample.equity));
      const now = reported.at(-1)!.equity;
      assert.equal(history.drawdown(atMs), Math.max(0, 1 - now / highest), `drawdown at ${atMs}`);
      const reference = Math.max(heldAt(Math.floor(atMs / DAY_MS) * DAY_MS), heldAt(atMs - DAY_MS));
      assert.equal(history.dailyLoss(atMs), 1 - now / reference, `daily loss at ${atMs}`);
    }
  });
});

test('SAE-R: turnover and fees are sums over (t - 24 h, t]', () => {
  const steps = fc.array(
    fc.record({ afterMs: fc.constantFrom(0, 1, 3_600_000, DAY_MS - 1, DAY_MS), usdt: fc.nat(99) }),
  );
  forAll([steps], { numRuns: 200, seed: 3 }, (moves) => {
    const day = new ExecutedDay();
    const all: { readonly atMs: number; readonly usdt: number }[] = [];
    let atMs = 0;
    for (const { afterMs, usdt } of moves) {
      atMs += afterMs;
      day.push(atMs, usdt, 2 * usdt);
      all.push({ atMs, usdt });
      const sum = all.filter((entry) => entry.atMs > atMs - DAY_MS).reduce((total, entry) => total + entry.usdt, 0);
      assert.equal(day.turnoverUsdt(atMs), sum, 'turnover');
      assert.equal(day.feesUsdt(atMs), 2 * sum, 'fees');
    }
  });
});

test('SAE-R: sends are counted by the instant of their decision in (t - window, t]', () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(40), lagMs: fc.constantFrom(0, 0, 5, 20) }), { maxLength: 60 });
  forAll([steps, fc.nat(20)], { numRuns: 200, seed: 4 }, (moves, backMs) => {
    const log = new SendLog(50, 20);
    const decided: number[] = [];
    let atMs = 0;
    for (const { afterMs, lagMs } of moves) {
      atMs += afterMs;
      log.push(atMs, atMs - lagMs);
      decided.push(atMs - lagMs);
      const at = atMs - backMs;
      const expected = decided.filter((instant) => instant > at - 50 && instant <= at).length;
      assert.equal(log.count(at), expected, `at ${at}`);
    }
  });
});
