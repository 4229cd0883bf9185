import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkPolicyShape } from '../../../daemon/contract/policy/policy-shape.ts';
import { calibrationSettings, THRESHOLDS } from '../../../daemon/evaluation/metrics/calibration/settings.ts';
import { loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { checkSemantics } from '../../../daemon/policy/checks/semantics.ts';
import { hashPolicy } from '../../../daemon/policy/parse.ts';

describe('the sweep over thresholds of the trader state', () => {
  const { spec } = loadVariant('Holdfast');
  const settings = calibrationSettings(spec);

  it('has the shipped thresholds, those of SAE section 6, and off', () => {
    const has = (limit: number, block: number, enforced: boolean) =>
      THRESHOLDS.some((each) => each.limit_at === limit && each.block_at === block && each.enforce_block === enforced);
    assert.ok(has(0.5, 0.7, false), 'shipped: tightens only');
    assert.ok(has(0.5, 0.7, true), 'the paper: tightens and refuses');
    assert.ok(has(1, 1, false), 'off');
    const shipped = settings.find((each) => each.limit_at === 0.5 && !each.enforce_block);
    assert.equal(shipped?.hash, hashPolicy(spec), 'the shipped setting is the policy itself');
  });

  it('changes the thresholds and nothing else, into valid policies with names and hashes of their own', () => {
    for (const { name, spec: changed, limit_at, block_at, enforce_block, hash } of settings) {
      assert.deepEqual({ ...changed, trader_state: null }, { ...spec, trader_state: null }, name);
      assert.deepEqual(changed.trader_state, { ...spec.trader_state, limit_at, block_at, enforce_block }, name);
      assert.equal(hash, hashPolicy(changed), name);
      assert.ok(checkPolicyShape(changed).ok, name);
      assert.deepEqual(checkSemantics(changed, [], null).violations, [], name);
    }
    assert.equal(new Set(settings.map(({ name }) => name)).size, THRESHOLDS.length, 'names');
    assert.equal(new Set(settings.map(({ hash }) => hash)).size, THRESHOLDS.length, 'hashes');
  });

  it("takes out an agent's own thresholds, and leaves the rest of its section", () => {
    const own = { ...spec, agents: { bob: { trader_state: { limit_at: 0.2 }, budgets: { leverage: 2 } } } };
    for (const { spec: changed } of calibrationSettings(own))
      assert.deepEqual(changed.agents, { bob: { budgets: { leverage: 2 } } }, 'the sweep holds for every agent');
  });
});
