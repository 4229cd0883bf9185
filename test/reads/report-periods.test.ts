import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanOf } from '../../daemon/reads/reports/periods.ts';

/** A Thursday. */
const NOW = Date.UTC(2026, 10, 26, 13, 30);
const day = (name: string) => spanOf({ kind: 'day', name }, NOW);
const week = (name: string) => spanOf({ kind: 'week', name }, NOW);

test('days and ISO weeks are named as calendars name them [AN-207 AN-236 AN-237]', () => {
  assert.deepEqual(day('today'), { name: '2026-11-26', fromMs: Date.UTC(2026, 10, 26), toMs: Date.UTC(2026, 10, 27) });
  assert.equal(day('yesterday')?.name, '2026-11-25');
  assert.equal(day('2024-02-29')?.fromMs, Date.UTC(2024, 1, 29));
  assert.deepEqual(week('this'), { name: '2026-W48', fromMs: Date.UTC(2026, 10, 23), toMs: Date.UTC(2026, 10, 30) });
  assert.equal(week('last')?.name, '2026-W47');
  // Weeks of the year before and after.
  assert.equal(week('2026-W01')?.fromMs, Date.UTC(2025, 11, 29));
  assert.equal(week('2026-W53')?.fromMs, Date.UTC(2026, 11, 28));
  assert.equal(week('2027-W01')?.fromMs, Date.UTC(2027, 0, 4));
});

test('days and weeks that do not exist are none', () => {
  for (const name of ['2026-02-29', '2026-04-31', '2026-13-01', '2026-00-10', '2026-11-00'])
    assert.equal(day(name), null, name);
  for (const name of ['2026-W00', '2026-W54', '2025-W53']) assert.equal(week(name), null, name);
});
