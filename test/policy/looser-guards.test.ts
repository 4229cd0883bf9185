import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAtMost } from '../../daemon/core/looser/is-at-most.ts';
import type { ApprovalsSection, IntendedPolicySpec, SkillEntry } from '../../daemon/core/policy.ts';
import { changed, type Json } from './documents.ts';

const looser = (to: Json, from: Json): readonly string[] =>
  isAtMost(changed(to), changed(from)).map(({ path }) => path);

describe('what guards a policy is loosened like what it permits', () => {
  const TWO: ApprovalsSection = { when: [], window_ms: 3_600_000, expiry_ms: 300_000, quorum: 2 };
  const { quorum: _none, ...ONE } = TWO;

  it('fewer people who must accept the next policy and arm, also where no order asks for any [AP-50 AP-55]', () => {
    assert.deepEqual(looser({ approvals: ONE }, { approvals: TWO }), ['approvals.quorum']);
    assert.deepEqual(looser({ approvals: { ...TWO, quorum: 1, when: [{}] } }, { approvals: TWO }), [
      'approvals.quorum',
    ]);
    assert.deepEqual(looser({ approvals: undefined }, { approvals: TWO }), ['approvals.quorum']);
    assert.deepEqual(looser({ approvals: TWO }, { approvals: ONE }), []);
    assert.deepEqual(looser({ approvals: undefined }, { approvals: ONE }), [], 'nobody was asked');
  });

  const known: SkillEntry = { name: 'desk', sha256: 'a'.repeat(64), provenance: 0.9, capability_risk: 0.1 };
  const unknown = (spec: IntendedPolicySpec) => spec.trust.unknown_skill;
  const withSkills = (...skills: SkillEntry[]): Json => ({ 'trust.skills': skills });

  it('a digest that counts as another content of a known skill no longer', () => {
    const swapped: SkillEntry = { ...known, ...unknown(changed({})), sha256: 'b'.repeat(64) };
    assert.deepEqual(looser(withSkills(known, swapped), withSkills(known)), ['trust.skills'], 'trusted no more for it');
    const elsewhere = { ...swapped, name: 'other' };
    assert.deepEqual(looser(withSkills(known, elsewhere), withSkills(known)), [], 'it still is, under that name');
    assert.deepEqual(looser(withSkills({ ...known, name: 'shop' }), withSkills(known)), ['trust.skills'], 'renamed');
    assert.deepEqual(looser(withSkills(), withSkills(known)), [], 'it is trusted no more');
    assert.deepEqual(looser(withSkills(known), withSkills(known, swapped)), [], 'one content less is known');
  });
});
