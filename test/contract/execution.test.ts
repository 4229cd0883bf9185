import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExecutionContextSchema } from '../../daemon/contract/context.ts';
import { ExecutionDecisionSchema, ExecutionRequestSchema } from '../../daemon/contract/decision.ts';
import { buildContractCheck } from '../../daemon/contract/schema/check.ts';
import { cases } from '../core/decide-cases.ts';
import { baseContext, basePolicy, baseRequest, decideCase } from '../core/decision-fixture.ts';
import { forAll } from '../for-all.ts';

const checkExecutionContext = buildContractCheck(ExecutionContextSchema);
const checkExecutionDecision = buildContractCheck(ExecutionDecisionSchema);
const checkExecutionRequest = buildContractCheck(ExecutionRequestSchema);

test('SAE-REQ SAE-CTX SAE-DEC: whatever decide takes and gives is in the contract', () => {
  const seen = new Set<string>();
  forAll([cases], { numRuns: 500, seed: 17 }, (drawn) => {
    const decision = decideCase(drawn);
    seen.add(decision.decision);
    // Names that only policies judge are drawn odd on purpose; the contract bounds how they may be written.
    const request = { ...drawn.request, account: 'main', venue: 'paper' };
    assert.deepEqual(checkExecutionRequest(request), { ok: true, value: request });
    assert.deepEqual(checkExecutionContext(drawn.context), { ok: true, value: drawn.context });
    assert.deepEqual(checkExecutionDecision(decision), { ok: true, value: decision });
  });
  assert.deepEqual([...seen].sort(), ['ALLOW', 'BLOCK', 'LIMIT']);
});

test('a missing, an unknown and a wrongly typed member are refused at every level', () => {
  const decision = decideCase({ request: baseRequest, context: baseContext, policy: basePolicy });
  const documents = [
    [checkExecutionRequest, baseRequest],
    [checkExecutionContext, baseContext],
    [checkExecutionDecision, decision],
  ] as const;
  for (const [check, document] of documents) {
    assert.equal(check(document).ok, true);
    for (const key of Object.keys(document)) {
      const { [key as keyof typeof document]: _left, ...rest } = document;
      assert.equal(check(rest).ok, false, `without ${key}`);
      assert.equal(check({ ...document, [key]: Symbol('odd') }).ok, false, `odd ${key}`);
    }
    assert.equal(check({ ...document, surprise: 1 }).ok, false);
  }
  assert.equal(checkExecutionContext({ ...baseContext, now_ms: Number.NaN }).ok, false);
  assert.equal(
    checkExecutionContext({ ...baseContext, exposure: { ...baseContext.exposure, long_lots: 0.5 } }).ok,
    false,
  );
});
