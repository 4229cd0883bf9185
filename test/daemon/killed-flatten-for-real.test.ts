import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKilledFlattens } from '../../scripts/crash-loop/flatten.ts';

/** At every instant, in virtual time: `killed-flatten.test.ts`. */
const KILLS = 4;
const FLAT_WITHIN_MS = 15_000;

test('BY-32 a flatten whose process is killed at any instant is carried to its end by the next one, unasked', async (t) => {
  const killed = (await runKilledFlattens(KILLS, 29)).filter(({ was_recorded: wasRecorded }) => wasRecorded);
  const reported = JSON.stringify(killed);
  t.diagnostic(reported);
  assert.ok(killed.length >= KILLS / 3, reported);
  for (const { flat_ms: flatMs } of killed) assert.ok(flatMs !== null && flatMs <= FLAT_WITHIN_MS, reported);
});
