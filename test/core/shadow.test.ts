import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import { shadowDecision } from '../../daemon/core/decide/shadow.ts';
import { buildCase, type Change } from './decision-fixture.ts';

const HELD = {
  held_by: 'another',
  is_unowned: false,
  unproven_order: null,
  exit_decision: null,
  exit_until_ms: null,
  open_exits: 0,
};

function executedOf(...changes: readonly Change[]) {
  const { context, policy, request } = buildCase({ policy: { mode: 'shadow' } }, ...changes);
  const compiled = compilePolicy(policy, 'h', request.agent);
  return shadowDecision(decide(request, context, compiled), request, context, compiled);
}

test('shadow executes what a budget refuses, and nothing in a symbol that is another agent’s [AN-26 PK-40]', () => {
  const tooMuch = { request: { requested_notional: 50_000 } };
  assert.equal(executedOf(tooMuch).effective?.action, 'open', 'beyond every cap');
  const reserved = executedOf(tooMuch, { policy: { agents: { bob: { reserve: ['BTCUSDT'] } } } });
  assert.deepEqual([reserved.decision, reserved.effective], ['BLOCK', null]);
  // It calls itself an exit, and would open.
  const reducing = { request: { reduce_only: true }, context: { holding: HELD } };
  assert.equal(executedOf(reducing).effective, null, 'whatever it calls itself');
});
