import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSince, sinceInstant } from '../../../daemon/contract/schema/since.ts';

test('since is so many days, hours or minutes before the last record', () => {
  for (const [text, ms] of [
    ['7d', 604_800_000],
    ['24h', 86_400_000],
    ['30m', 1_800_000],
  ] as const) {
    const since = parseSince(text);
    assert.deepEqual(since, { kind: 'ago', ms }, text);
    assert.equal(since === null ? 0 : sinceInstant(since, 1_000_000_000_000), 1_000_000_000_000 - ms, text);
  }
});

test('since is a date in UTC, or an instant with its zone', () => {
  for (const [text, ms] of [
    ['2025-10-10', Date.UTC(2025, 9, 10)],
    ['2025-10-10T21:15Z', Date.UTC(2025, 9, 10, 21, 15)],
    ['2025-10-10T21:15:30.5+02:00', Date.UTC(2025, 9, 10, 19, 15, 30, 500)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
  ] as const) {
    const since = parseSince(text);
    assert.deepEqual(since, { kind: 'at', ms }, text);
    assert.equal(since === null ? 0 : sinceInstant(since, 1), ms, 'whatever the last record is');
  }
});

test('since is refused where it could be meant otherwise', () => {
  const wrong = [
    '',
    '7',
    'd',
    '0d',
    '-7d',
    '7 d',
    '7D',
    '1w',
    '1.5h',
    '2025-13-01',
    '2025-02-30',
    '2025-10-10T21:15',
    '10/10/2025',
    'yesterday',
    '2025-10-10T25:00Z',
    '1e9d',
  ];
  for (const text of wrong) assert.equal(parseSince(text), null, `"${text}" is refused`);
});
