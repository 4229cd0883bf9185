import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKilledFlattens } from '../../scripts/crash-loop/flatten.ts';

/** At every instant, in virtual time: `killed-flatten.test.ts`. */
const KILLS = 3;
const FLAT_WITHIN_MS = 15_000;

test('BY-32 a flatten whose process is killed at any instant is carried to its end by the next one, unasked', async (t) => {
  const killed = await runKilledFlattens(KILLS, 29);
  const reported = JSON.stringify(killed);
  t.diagnostic(reported);
  assert.equal(killed.length, KILLS);
  for (const { was_flat: wasFlat, flat_ms: flatMs } of killed) {
    assert.equal(wasFlat, false, reported);
    assert.ok(flatMs !== null && flatMs <= FLAT_WITHIN_MS, reported);
  }
});
