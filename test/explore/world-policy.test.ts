import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { checkVenue } from '../../daemon/policy/reload.ts';
import { generatePlan } from '../../scripts/explore/generate.ts';
import type { PolicyEdit } from '../../scripts/explore/plan.ts';
import { buildPolicy } from '../../scripts/explore/world-policy.ts';

const EDITS: readonly PolicyEdit[] = ['original', 'tighter_caps', 'looser_caps', 'tighter_slippage', 'slower_exits'];

test('the policies of worlds are ones that an operator could put in force', () => {
  for (let seed = 1; seed <= 80; seed += 1) {
    const { setup } = generatePlan(seed, { extras: seed % 2 === 0 ? ['approvals'] : ['rarities'] });
    for (const edit of EDITS) {
      const policy = buildPolicy(setup, edit);
      const read = parsePolicy(policy.text, 'world.json');
      assert.ok(read.ok, read.ok ? '' : JSON.stringify(read.violations));
      assert.equal(read.policy.hash, policy.hash);
    }
  }
});

test('a daemon starts under the policy of each world', () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const policy = buildPolicy(generatePlan(seed).setup, 'original');
    assert.deepEqual(checkVenue(policy, 'paper'), [], `seed ${seed}`);
  }
});
