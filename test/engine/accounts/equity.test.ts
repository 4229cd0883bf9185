import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EquityHistory } from '../../../daemon/engine/accounts/equity.ts';
import { forAll } from '../../for-all.ts';
import { PlainEquityHistory } from './plain-equity.ts';

const T0 = 1_740_960_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Steps between seconds and days, sometimes backwards: an answer from before a rebase, a clock that was set. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
  { weight: 4, arbitrary: fc.integer({ min: 60_000, max: 3 * HOUR }) },
  { weight: 1, arbitrary: fc.integer({ min: 3 * HOUR, max: 3 * DAY }) },
  { weight: 2, arbitrary: fc.integer({ min: -2 * HOUR, max: -1 }) },
  { weight: 2, arbitrary: fc.constantFrom(HOUR, DAY, 2 * DAY, 0) },
);
const event = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'add', 'add', 'add', 'transfer', 'rebase'),
  stepMs: step,
  amount: fc.oneof(fc.integer({ min: -200, max: 20_000 }), fc.double({ min: 0, max: 20_000, noNaN: true })),
  backMs: fc.oneof(fc.integer({ min: 0, max: 50 * HOUR }), fc.integer({ min: 0, max: 60_000 })),
  clockErrorMs: fc.constantFrom(0, 0, 300, 4_000, 2 * HOUR),
  shownMs: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 60_000 })),
  windowMs: fc.oneof(fc.integer({ min: 1, max: 3 * DAY }), fc.constantFrom(HOUR, DAY, 30 * DAY)),
});

describe('SAE-DD: equity history in O(log n)', () => {
  it('answers as the plain definition does, whatever order samples, transfers and rebases come in [AN-99 AN-100 PK-107 PK-108 PK-109]', () => {
    forAll([fc.array(event, { minLength: 1, maxLength: 120 })], { seed: 11, numRuns: 400 }, (events) => {
      const history = new EquityHistory();
      const plain = new PlainEquityHistory();
      let now = T0 + 7 * HOUR;
      for (const { kind, stepMs, amount, backMs, clockErrorMs, shownMs, windowMs } of events) {
        now += stepMs;
        for (const each of [history, plain]) {
          if (kind === 'add') each.add(now, amount, { clockErrorMs, shownAtMs: now + shownMs });
          else if (kind === 'rebase') each.rebase(now, amount, now - shownMs);
          else each.addTransfer(amount - 9_000, now - backMs, now);
        }
        for (const askMs of [now, now, now + backMs, now + backMs + 1, now - 1]) {
          // One window again and again, as a policy asks, and any other in between.
          for (const spanMs of [DAY, windowMs])
            assert.equal(
              history.drawdown(askMs, amount, spanMs),
              plain.drawdown(askMs, amount, spanMs),
              `drawdown after ${kind} at ${now}, asked at ${askMs} over ${spanMs}`,
            );
          assert.equal(
            history.dailyLoss(askMs, amount),
            plain.dailyLoss(askMs, amount),
            `daily loss after ${kind} at ${now}, asked at ${askMs}`,
          );
          // What others asked meanwhile changes nothing, and one reference serves any balance of that instant.
          const reference = history.dailyReference(askMs);
          history.dailyLoss(now + windowMs, amount);
          for (const balance of [amount, amount / 2, 2 * amount])
            assert.equal(history.dailyLoss(askMs, balance, reference), plain.dailyLoss(askMs, balance));
        }
      }
    });
  });

  it('counts a peak until its whole minute has left the window: one millisecond before, at, and after [PK-107]', () => {
    const history = new EquityHistory();
    const minute = 60_000;
    const opened = Math.floor(T0 / minute) * minute;
    history.add(opened + 20_000, 12_000);
    history.add(opened + 2 * HOUR, 10_000);
    const lost = 1 - 10_000 / 12_000;
    for (const [ageMs, expected] of [
      [DAY + minute - 1, lost],
      [DAY + minute, 0],
      [DAY + minute + 1, 0],
    ] as const)
      assert.equal(history.drawdown(opened + ageMs, 10_000, DAY), expected, `minute ${ageMs} ms old`);
  });

  it('never lets a peak count for less than the window, however often it is seen again', () => {
    const history = new EquityHistory();
    // The same equity 40 minutes apart, then a loss: the later sight of it is what the window must hold.
    history.add(T0, 12_000);
    history.add(T0 + 40 * 60_000, 12_000);
    history.add(T0 + 2 * HOUR, 10_000);
    const lost = 1 - 10_000 / 12_000;
    assert.equal(
      history.drawdown(T0 + 39 * 60_000 + DAY, 10_000, DAY),
      lost,
      'the first sight is gone, the second is not',
    );
  });

  it('takes the reference of the day from the last sample not after midnight: before, at, after [PK-109]', () => {
    for (const [atMs, expected] of [
      [T0 + DAY - 1, 0.5],
      [T0 + DAY, 0.5],
      [T0 + DAY + 1, 0],
    ] as const) {
      const history = new EquityHistory();
      history.add(T0 + DAY - HOUR / 2, 5_000);
      history.add(atMs, 10_000);
      assert.equal(history.dailyLoss(T0 + DAY + HOUR, 5_000), expected, `sample at midnight ${atMs - T0 - DAY} ms`);
    }
  });

  it('takes the larger of both sides where nobody looked for more than an hour: at, after', () => {
    for (const [afterMs, expected] of [
      [T0 + DAY + HOUR / 2, 0],
      [T0 + DAY + HOUR / 2 + 1, 0.5],
    ] as const) {
      const history = new EquityHistory();
      history.add(T0 + DAY - HOUR / 2, 5_000);
      history.add(afterMs, 10_000);
      history.add(afterMs + 1, 5_000);
      assert.equal(history.dailyLoss(T0 + DAY + 2 * HOUR, 5_000), expected, `${afterMs - T0 - DAY} ms after midnight`);
      history.add(afterMs + 2, 20_000);
      assert.equal(history.dailyLoss(T0 + DAY + 2 * HOUR, 10_000), 0, 'what came later is a gain of the day');
    }
  });

  it('keeps every minute of a year and no more than it may be asked for', () => {
    const history = new EquityHistory();
    const minutes = 640_000;
    // Falling for ever: every minute exceeds all that follow it.
    for (let minute = 0; minute < minutes; minute += 1) history.add(T0 + minute * 60_000, 1_000_000 - minute);
    for (const days of [1, 30, 365]) {
      const lost = 1 - (1_000_000 - minutes) / (1_000_000 - minutes + days * 1440);
      const found = history.drawdown(T0 + minutes * 60_000, 1_000_000 - minutes, days * DAY);
      assert.equal(found, lost, `over ${days} days`);
    }
  });
});
