import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeArming } from '../../daemon/cli/local/doctor/freshness.ts';
import type { ArmingBody } from '../../daemon/contract/types/policy.ts';

const ARMING: ArmingBody = {
  account: 'main',
  digest: 'd',
  effective_at_ms: 0,
  expires_at_ms: 3_600_000,
  policy_hash: 'f'.repeat(64),
  problem: null,
  quorum: 1,
  set_by: 'ops',
  signed_by: [],
  version: '1',
};

test('doctor refutes that live trading is armed, with the reason, and proves it until when', () => {
  assert.deepEqual(judgeArming({ arming: { ...ARMING, problem: 'the arming has expired: arm again' } }), {
    outcome: 'refuted',
    detail: 'nothing opens: the arming has expired: arm again',
  });
  assert.deepEqual(judgeArming({ arming: ARMING }), {
    outcome: 'proven',
    detail: 'for the policy ffffffffffff, until 1970-01-01T01:00:00.000Z',
  });
  assert.equal(judgeArming({}).outcome, 'unknown');
});
