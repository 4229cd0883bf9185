import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../daemon/core/decide/decide.ts';
import { runPolicyCases } from '../../daemon/policy/cases/cases.ts';
import { DEFAULT_POLICY, loadSpec, readText } from './documents.ts';

const DOC = readText('docs/policy.md');

describe('docs/policy.md', () => {
  it('shows a case that holds', () => {
    const example = /```yaml\n(cases:\n[\s\S]*?)```/.exec(DOC)?.[1];
    assert.ok(example !== undefined);
    const found = runPolicyCases(readText('policies/default.yaml'), example, decide);
    assert.ok(found.ok, JSON.stringify(found));
    assert.deepEqual(found.results[0]?.differences, []);
  });
});

it('of the policies that come with the gate, strict.yaml closes what is above a tightened cap, and default.yaml does not [TM-24]', () => {
  assert.equal(loadSpec('policies/strict.yaml').standing.on_breach, 'reduce');
  assert.equal(DEFAULT_POLICY.standing.on_breach, 'cancel_opening');
});
