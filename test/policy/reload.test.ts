import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { hashPolicy, type LoadedPolicy } from '../../daemon/policy/parse.ts';
import { decideReload } from '../../daemon/policy/reload.ts';
import { changed, DEFAULT_POLICY } from './documents.ts';

function loaded(spec: IntendedPolicySpec): LoadedPolicy {
  return { spec, hash: hashPolicy(spec), text: JSON.stringify(spec) };
}
const inForce = loaded(DEFAULT_POLICY);
const NOW = 1_000_000;

describe('decideReload', () => {
  it('puts the same and a tighter policy in force at once', () => {
    for (const spec of [DEFAULT_POLICY, changed({ name: 'renamed' }), changed({ 'budgets.leverage': 1 })]) {
      assert.deepEqual(decideReload(loaded(spec), inForce, 'paper', NOW), { action: 'in_force' });
    }
  });

  it('holds a looser policy with its reasons until an operator comes [AN-128]', () => {
    const candidate = loaded(changed({ 'budgets.leverage': 4, 'budgets.slippage_bps': 1 }));
    assert.deepEqual(decideReload(candidate, inForce, 'paper', NOW), {
      action: 'pending',
      looser: [{ path: 'budgets.leverage', from: 3, to: 4, why: 'larger allows more' }],
    });
  });

  it('adds on a live venue the delay of the policy in force, not that of the candidate [AN-127 AN-141 PK-72 TM-52]', () => {
    const live = { 'scope.venues': ['binance-live'], loosen_delay_ms: 700_000 };
    const decision = decideReload(
      loaded(changed({ ...live, loosen_delay_ms: 1 })),
      loaded(changed(live)),
      'binance-live',
      NOW,
    );
    assert.equal(decision.action, 'pending');
    assert.equal(decision.action === 'pending' ? decision.not_before_ms : null, NOW + 700_000);
  });

  it('refuses a policy that lacks the venue, and shadow where money is [PK-3]', () => {
    const without = decideReload(loaded(changed({ 'scope.venues': ['paper'] })), inForce, 'binance-demo', NOW);
    assert.equal(without.action, 'refused');
    const shadow = decideReload(loaded(changed({ mode: 'shadow' })), inForce, 'binance-demo', NOW);
    assert.equal(shadow.action, 'refused');
    assert.equal(decideReload(loaded(changed({ mode: 'shadow' })), inForce, 'paper', NOW).action, 'pending');
  });
});
