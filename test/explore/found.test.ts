import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FoundPlan } from '../../scripts/explore/plan.ts';
import { runPlan } from '../../scripts/explore/run-plan.ts';

/** Plans that the explorer found. Whoever mends one sets `mended`; from then on its promise must hold. */
const FOLDER = join(import.meta.dirname, 'found');
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

assert.ok(files.length > 0);
for (const file of files) {
  const { breaks, story, mended, plan } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as FoundPlan;
  test(`${file}: ${mended ? 'no longer' : 'still'}: ${story}`, async () => {
    const { breaches } = await runPlan(plan);
    const found = breaches.filter((breach) => breach.code === breaks);
    if (mended) assert.deepEqual(found, []);
    else assert.notDeepEqual(found, [], `it is mended: set "mended" in test/explore/found/${file}`);
  });
}
