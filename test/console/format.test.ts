import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bare,
  clock,
  countdown,
  percent,
  price,
  shortClock,
  signedUsdt,
  tone,
  usdt,
} from '../../daemon/console/format.ts';

test('a figure that rounds to zero has neither a sign nor a colour', () => {
  for (const value of [0, -0, 0.004, -0.004]) {
    assert.equal(signedUsdt(value), '0.00', `${value}`);
    assert.equal(tone(value), '', `${value}`);
    assert.equal(usdt(value), '0.00', `${value}`);
    assert.equal(percent(value / 100), '0.00 %', `${value}`);
  }
  assert.equal(bare(-0, 'USDT'), '0');
  assert.equal(price(-0), '0');
});

test('a profit or loss has its sign and its colour', () => {
  assert.deepEqual([signedUsdt(1_234.5), tone(1_234.5)], ['+1,234.50', 'gain']);
  assert.deepEqual([signedUsdt(-0.005_1), tone(-0.005_1)], ['-0.01', 'loss']);
  assert.deepEqual([signedUsdt(null), tone(null)], ['–', '']);
});

test('a time is in UTC and says so, of another day with its date, of another year with that', () => {
  const now = Date.UTC(2026, 10, 30, 0, 10);
  const cases: readonly (readonly [number, string, string])[] = [
    [Date.UTC(2026, 10, 30, 0, 5, 7), '00:05:07 UTC', '00:05:07'],
    [Date.UTC(2026, 10, 29, 23, 59, 59), '29 Nov 23:59:59 UTC', '29 Nov 23:59'],
    [Date.UTC(2025, 10, 30, 0, 5), '30 Nov 2025 00:05:00 UTC', '30 Nov 2025 00:05'],
  ];
  for (const [atMs, long, short] of cases) assert.deepEqual([clock(atMs, now), shortClock(atMs, now)], [long, short]);
});

test('what is left is told in minutes and seconds, and never as less than it is', () => {
  assert.deepEqual([0, -5, 1, 59_001, 60_000, 247_000, 3_661_000].map(countdown), [
    '0:00',
    '0:00',
    '0:01',
    '1:00',
    '1:00',
    '4:07',
    '1:01:01',
  ]);
});
