import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FoundPlan } from '../../scripts/explore/plan.ts';
import { runPlan } from '../../scripts/explore/run-plan.ts';
import { findInterference } from '../../scripts/explore/twin.ts';

/** Plans that the explorer found. Whoever mends one sets `mended`; from then on its promise must hold. */
const WAYS: Readonly<Record<string, string>> = {
  'parallel-limit-exits.json': 'BY-42',
  'slices-open-after-close.json': 'BY-43',
  'slices-open-after-the-stop.json': 'BY-43',
  'take-profits-without-pace.json': 'BY-44',
  'fraction-without-a-price.json': 'BY-49',
  'late-time-out-over-proof.json': 'BY-50',
  'exit-stuck-without-exchange-info.json': 'BY-51',
  'exit-right-after-a-start-without-exchange-info.json': 'BY-51',
  'halt-without-exchange-info.json': 'BY-51',
  'start-without-exchange-info.json': 'BY-51',
};
const FOLDER = join(import.meta.dirname, 'found');
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

assert.ok(files.length > 0);
for (const file of Object.keys(WAYS)) assert.ok(files.includes(file), `${file} is not there`);
for (const file of files) {
  const { breaks, story, mended, goesOut, plan } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as FoundPlan;
  test(`${[WAYS[file] ?? '', file].join(' ').trim()}: ${mended ? 'no longer' : 'still'}: ${story}`, async () => {
    const { breaches, wentOutAfterMs } =
      breaks === 'others/changed'
        ? { breaches: await findInterference(plan), wentOutAfterMs: () => null }
        : await runPlan(plan);
    const found = breaches.filter((breach) => breach.code === breaks);
    if (goesOut !== undefined) {
      const afterMs = wentOutAfterMs(goesOut.step);
      assert.ok(afterMs !== null && afterMs <= goesOut.withinMs, `it went out after ${afterMs} ms`);
    }
    if (mended) assert.deepEqual(found, []);
    else assert.notDeepEqual(found, [], `it is mended: set "mended" in test/explore/found/${file}`);
  });
}
