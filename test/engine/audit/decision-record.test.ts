import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DECISION_KINDS } from '../../../daemon/contract/bodies/decisions.ts';
import { canonicalJson, parseCanonicalJson } from '../../../daemon/core/canonical-json.ts';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import { CORE_VERSION } from '../../../daemon/core/core-version.ts';
import { readDecisionRecord } from '../../../daemon/core/record-text/read-record.ts';
import { writeContext } from '../../../daemon/core/record-text/rows.ts';
import { writeBody, writeRecord } from '../../../daemon/engine/audit/record-text.ts';
import { longPart, type PolicyLookup, retell } from '../../../daemon/engine/audit/retell.ts';
import type { DecisionBody, DecisionEvent, PlannedOrder } from '../../../daemon/engine/records/decisions.ts';
import { isPaced } from '../../../daemon/engine/state/apply-orders.ts';
import { cases } from '../../core/decide-cases.ts';
import { type Case, decideCase } from '../../core/decision-fixture.ts';
import { forAll } from '../../for-all.ts';

const text = fc.string({ unit: 'binary' });
const order: PlannedOrder = {
  client_order_id: 'hfabcdef1-0-0',
  delay_ms: 0,
  kind: 'regular',
  leverage: 1,
  quantity_e8: 2,
  order_type: 'limit',
  price_e8: 600_001,
  protective: false,
  reduce_only: false,
  side: 'buy',
  slice: 0,
  symbol: 'BTCUSDT',
  time_in_force: 'IOC',
  trigger_e8: null,
};
const shell = fc.record({
  agent: text,
  bodyHash: fc.option(text),
  kind: fc.constantFrom(...DECISION_KINDS),
  orders: fc.constantFrom<readonly PlannedOrder[]>([], [order], [order, { ...order, slice: 1, price_e8: null }]),
  parent: fc.option(text),
  requestId: fc.option(text),
  seq: fc.maxSafeNat(),
  symbol: fc.option(text),
  texts: fc.dictionary(text, text),
  tool: text,
});
type Shell = typeof shell extends fc.Arbitrary<infer T> ? T : never;

interface Recorded {
  readonly event: DecisionEvent;
  readonly body: DecisionBody;
}
/** As the gate builds it: what the body says of the request is the request's. */
function recordedOf(drawn: Case, around: Shell): Recorded {
  const { agent, seq, symbol } = around;
  const request = { ...drawn.request, agent, request_id: around.requestId, symbol };
  const body: DecisionBody = {
    ...decideCase(drawn),
    agent,
    at_ms: seq,
    binding: around.kind !== 'intercept' && around.kind !== 'dry_run',
    context_hash: 'c'.repeat(64),
    core_version: CORE_VERSION,
    decision_id: `d-abcdef-${seq.toString(36)}`,
    kind: around.kind,
    policy_hash: 'e'.repeat(64),
    request_id: around.requestId,
    seq,
    symbol,
    tool: request.tool,
  };
  const event: DecisionEvent = {
    agent,
    body_hash: around.bodyHash,
    context: drawn.context,
    decision: body,
    market_seq: seq,
    orders: around.orders,
    parent_decision_id: around.parent,
    request,
    route: around.tool,
    state_seq: seq,
    texts: around.texts,
  };
  return { event, body };
}
function readBack(text: string, seq: number): DecisionEvent {
  assert.ok(parseCanonicalJson(text) !== undefined, 'canonical');
  return readDecisionRecord(JSON.parse(text), seq, seq) as DecisionEvent;
}

test('what a record of a decision holds is read back as it was in hand [SAE-AUDIT]', () => {
  const actions = new Set<string>();
  forAll([cases, shell], { seed: 7, numRuns: 800 }, (drawn, around) => {
    const { event, body } = recordedOf(drawn, around);
    const read = readBack(writeRecord(event, body, writeContext(event.context), 'derived'), around.seq);
    const { budget, condition_reducing, constraints, context_hash, retry_after_ms, verdicts, ...kept } = body;
    actions.add(body.effective?.action ?? body.decision);
    const paced = body.effective?.action === 'amend' && isPaced(body);
    assert.equal(canonicalJson(read), canonicalJson({ ...event, decision: { ...kept, is_paced: paced } }));
    assert.equal(longPart(read.decision), null, 'what can be derived is left out');
  });
  assert.deepEqual([...actions].sort(), ['BLOCK', 'exit', 'open']);
});

test('a decision that nothing derives is recorded whole [SAE-AUDIT]', () => {
  forAll([cases, shell], { seed: 8, numRuns: 200 }, (drawn, around) => {
    const { event, body } = recordedOf(drawn, around);
    const read = readBack(writeRecord(event, body, writeContext(event.context), 'whole'), around.seq);
    assert.equal(canonicalJson(read), canonicalJson(event));
    const reported = retell(
      read,
      () => null,
      () => 'not asked for',
    );
    assert.equal(canonicalJson(reported), canonicalJson(body), 'and told without its policy');
  });
});

test('the answer is the canonical text of the body, and a later one, derived from the record, is the same', () => {
  forAll([cases, shell], { seed: 11, numRuns: 800 }, (drawn, around) => {
    const { event, body } = recordedOf(drawn, { ...around, requestId: drawn.request.request_id });
    // The decision is that of the request as it was drawn.
    const asked = { ...event, request: drawn.request };
    const answered = { ...body, agent: drawn.request.agent, symbol: drawn.request.symbol };
    assert.equal(writeBody(answered), canonicalJson(answered), 'text');
    const read = readBack(writeRecord(asked, answered, writeContext(event.context), 'derived'), around.seq);
    const sha256 = (text: string): string => (text === writeContext(event.context) ? body.context_hash : 'another');
    const policyOf: PolicyLookup = (hash, agent) =>
      hash === body.policy_hash ? compilePolicy(drawn.policy, 'test', agent) : null;
    assert.equal(canonicalJson(retell(read, policyOf, sha256)), canonicalJson(answered), 'told');
  });
});

test('under another version of the core what it would derive is null, and the rest is told [AN-36]', () => {
  forAll([cases, shell, fc.constantFrom(0, CORE_VERSION + 1)], { seed: 12, numRuns: 200 }, (drawn, around, version) => {
    const { event, body } = recordedOf(drawn, around);
    const older = { ...body, core_version: version };
    const read = readBack(writeRecord(event, older, writeContext(event.context), 'derived'), around.seq);
    const reported = retell(
      read,
      () => assert.fail('no policy is asked for'),
      () => assert.fail('nothing is hashed'),
    );
    const nothing = {
      budget: null,
      condition_reducing: null,
      constraints: null,
      context_hash: null,
      retry_after_ms: null,
      verdicts: null,
    };
    assert.equal(canonicalJson(reported), canonicalJson({ ...older, ...nothing }));
  });
});
