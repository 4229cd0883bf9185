import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AgentSection } from '../../daemon/core/policy.ts';
import { forAll } from '../for-all.ts';
import { schedules } from '../oracle/oracle-schedule.ts';
import { cases } from './decide-cases.ts';
import { type Case, codesOf, decideCase, NOW } from './decision-fixture.ts';
import { losses } from './draw-policy.ts';

const sections: fc.Arbitrary<AgentSection> = fc.oneof(
  schedules(NOW).map((schedule) => ({ schedule })),
  losses.map((loss) => ({ loss, heartbeat_ms: 60_000 })),
);
const withSection = (drawn: Case, section: AgentSection): Case => ({
  ...drawn,
  policy: { ...drawn.policy, agents: { ...drawn.policy.agents, alice: section } },
});
function withoutLimits({ schedule: _schedule, loss: _loss, ...own }: AgentSection): AgentSection {
  return own;
}
const lotsOf = (drawn: Case): number => {
  const { effective } = decideCase(drawn);
  return effective?.action === 'open' ? effective.lots : 0;
};

test('SAE-TRUST: limits of one agent permit no lot, leverage or price more than without them, and leave exits as they are [TM-20 PK-37 PK-156]', () => {
  const seen = { bound: 0, unbound: 0, exits: 0, others: 0 };
  forAll([cases, sections], { seed: 23, numRuns: 2500, includeErrorInReport: true }, (drawn, section) => {
    const own = withoutLimits(drawn.policy.agents.alice ?? {});
    const free = withSection(drawn, own);
    const held = withSection(drawn, { ...own, ...section });
    const [before, after] = [decideCase(free), decideCase(held)];
    if (before.effective?.action === 'exit' || before.effective?.action === 'cancel') {
      seen.exits += 1;
      const of = ({ decision, effective, reasons }: typeof after) => ({ decision, effective, reasons });
      assert.deepEqual(of(after), of(before));
      return;
    }
    const { quantity, requested_notional: asked, max_slippage_bps: slippage } = drawn.request;
    const order = after.effective;
    // A nearer price bound values a lot at less, so one more may fit into a notional, and never more than that.
    const isNearer = order !== null && (order.max_slippage_bps ?? 0) < (slippage ?? Number.POSITIVE_INFINITY);
    if (isNearer && drawn.context.slice_lots === null && quantity === null)
      assert.ok(order.notional <= (asked ?? 0) + 1e-9);
    else {
      assert.ok(before.decision !== 'BLOCK' || after.decision === 'BLOCK', codesOf(before).join());
      assert.ok(lotsOf(held) <= lotsOf(free));
    }
    if (before.decision !== 'BLOCK') seen[after.decision === 'BLOCK' ? 'bound' : 'unbound'] += 1;
    if (after.effective !== null && before.effective !== null) {
      assert.ok((after.effective.leverage ?? 0) <= (before.effective.leverage ?? 0));
      assert.ok((after.effective.max_slippage_bps ?? 0) <= (before.effective.max_slippage_bps ?? 0));
    }
    // Of another agent, nothing.
    const bob = { ...drawn, request: { ...drawn.request, agent: 'bob' } };
    assert.deepEqual(decideCase({ ...bob, policy: held.policy }), decideCase({ ...bob, policy: free.policy }));
    seen.others += 1;
  });
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 100, `only ${count} cases of ${what}`);
});
