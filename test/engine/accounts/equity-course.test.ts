import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EquityHistory } from '../../../daemon/engine/accounts/equity.ts';
import { EquityCourse } from '../../../daemon/engine/accounts/equity-course.ts';
import { thin } from '../../../daemon/reads/reports/equity-history.ts';

const T0 = 1_740_960_000_000;
const MINUTE = 60_000;
const values = (course: EquityCourse): readonly (readonly [number, number])[] =>
  course.since(0).map(({ atMs, equity }) => [atMs - T0, equity]);

describe('the course of equity since the first reading', () => {
  it('shows a loss of one reading, however long ago it was and however many readings there are [AN-101]', () => {
    const course = new EquityCourse();
    const readings = 400 * 24 * 60;
    for (let i = 0; i < readings; i += 1)
      course.add({ atMs: T0 + i * MINUTE, equity: i === 777 ? 9_832 : 10_000 + (i % 7) });
    const seen = course.since(0);
    assert.ok(seen.length > 2_000 && seen.length <= 8_192, `${seen.length}`);
    assert.deepEqual(
      seen.filter(({ equity }) => equity < 10_000),
      [{ atMs: T0 + 777 * MINUTE, equity: 9_832 }],
    );
    assert.ok(
      seen.every(({ atMs }, i) => i === 0 || atMs > (seen[i - 1]?.atMs ?? 0)),
      'oldest first',
    );
    const few = thin(seen, 720);
    assert.ok(few.length <= 720 && few.length > 600, `${few.length}`);
    assert.ok(few.some(({ equity }) => equity === 9_832));
    assert.deepEqual([few[0], few.at(-1)], [seen[0], seen.at(-1)]);
  });

  it('takes an answer that was asked for before a rebase, and comes after it, as of then', () => {
    const history = new EquityHistory();
    history.add(T0, 100);
    history.rebase(T0 + 3 * MINUTE, 110);
    history.add(T0 + MINUTE, 90);
    history.add(T0 + 3 * MINUTE + 1, 105);
    assert.deepEqual(values(history.course), [
      [0, 100],
      [3 * MINUTE, 90],
    ]);
    assert.equal(history.drawdown(T0 + 4 * MINUTE, 99, 60 * MINUTE), 1 - 99 / 110, 'the maximum is that of the rebase');
  });

  it('shows no peak that a deposit made', () => {
    const history = new EquityHistory();
    history.add(T0, 10_000);
    history.add(T0 + 5 * MINUTE, 15_000);
    history.addTransfer(5_000, T0 + 4 * MINUTE, T0 + 5 * MINUTE + 1);
    assert.deepEqual(values(history.course), [
      [0, 10_000],
      [5 * MINUTE, 10_000],
    ]);
  });
});
