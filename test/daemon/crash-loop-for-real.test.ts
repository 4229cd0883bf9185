import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCrashLoop } from '../../scripts/crash-loop/run.ts';

test('BY-52 processes that are killed and started again are never refused by the venue, and the last one closes', async () => {
  const report = await runCrashLoop(8);
  const reported = JSON.stringify(report);
  assert.ok(report.starts >= 2, reported);
  assert.equal(report.refused, 0, reported);
  assert.notEqual(report.exit_ms, null, reported);
});
