import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration } from '../../daemon/cli/tables.ts';

test('durations are told in words, never shorter than they are', () => {
  for (const [ms, text] of [
    [0, '0 s'],
    [1500, '1.5 s'],
    [1401, '1.5 s'],
    [41_188, '41.2 s'],
    [59_990, '60 s'],
    [60_000, '1 min'],
    [120_000, '2 min'],
    [3_600_001, '1 h 1 s'],
    [7_500_000, '2 h 5 min'],
  ] as const)
    assert.equal(formatDuration(ms), text);
});
