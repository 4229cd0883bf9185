import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AgentSection } from '../../daemon/core/policy.ts';
import { schedules } from '../oracle/oracle-schedule.ts';
import { cases } from './decide-cases.ts';
import { type Case, codesOf, decideCase, NOW } from './decision-fixture.ts';

const sections: fc.Arbitrary<AgentSection> = schedules(NOW).map((schedule) => ({ schedule }));
const withSection = (drawn: Case, section: AgentSection): Case => ({
  ...drawn,
  policy: { ...drawn.policy, agents: { ...drawn.policy.agents, alice: section } },
});
function withoutLimits({ schedule: _schedule, ...own }: AgentSection): AgentSection {
  return own;
}
const lotsOf = (drawn: Case): number => {
  const { effective } = decideCase(drawn);
  return effective?.action === 'open' ? effective.lots : 0;
};

test('SAE-TRUST: limits of one agent permit no lot, leverage or price more than without them, and leave exits as they are', () => {
  const seen = { bound: 0, unbound: 0, exits: 0, others: 0 };
  fc.assert(
    fc.property(cases, sections, (drawn, section) => {
      const own = withoutLimits(drawn.policy.agents.alice ?? {});
      const free = withSection(drawn, own);
      const held = withSection(drawn, { ...own, ...section });
      const [before, after] = [decideCase(free), decideCase(held)];
      if (before.effective?.action === 'exit' || before.effective?.action === 'cancel') {
        seen.exits += 1;
        assert.deepEqual(after, before);
        return;
      }
      assert.ok(before.decision !== 'BLOCK' || after.decision === 'BLOCK', codesOf(before).join());
      assert.ok(lotsOf(held) <= lotsOf(free));
      if (before.decision !== 'BLOCK') seen[after.decision === 'BLOCK' ? 'bound' : 'unbound'] += 1;
      if (after.effective !== null && before.effective !== null) {
        assert.ok((after.effective.leverage ?? 0) <= (before.effective.leverage ?? 0));
        assert.ok((after.effective.max_slippage_bps ?? 0) <= (before.effective.max_slippage_bps ?? 0));
      }
      // Of another agent, nothing.
      const bob = { ...drawn, request: { ...drawn.request, agent: 'bob' } };
      assert.deepEqual(decideCase({ ...bob, policy: held.policy }), decideCase({ ...bob, policy: free.policy }));
      seen.others += 1;
    }),
    { seed: 23, numRuns: 2500, includeErrorInReport: true },
  );
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 100, `only ${count} cases of ${what}`);
});
