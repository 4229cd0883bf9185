import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { writeContext } from '../../daemon/core/record-text/context.ts';
import { DECISION_KINDS, type DecisionBody } from '../../daemon/gate/api/decisions.ts';
import type { DecisionEvent, PlannedOrder } from '../../daemon/gate/events.ts';
import { writeAnswer, writeRecord } from '../../daemon/gate/journal/record-text.ts';
import { cases } from '../core/decide-cases.ts';
import { type Case, decideCase } from '../core/decision-fixture.ts';

const text = fc.string({ unit: 'binary' });
const order: PlannedOrder = {
  client_order_id: 'hfabcdef1-0-0',
  delay_ms: 0,
  kind: 'regular',
  leverage: 1,
  lots: 2,
  order_type: 'limit',
  price_ticks: 600_001,
  protective: false,
  reduce_only: false,
  side: 'buy',
  slice: 0,
  symbol: 'BTCUSDT',
  time_in_force: 'IOC',
  trigger_ticks: null,
};
const shell = fc.record({
  agent: text,
  bodyHash: fc.option(text),
  kind: fc.constantFrom(...DECISION_KINDS),
  orders: fc.constantFrom<readonly PlannedOrder[]>([], [order], [order, { ...order, slice: 1, price_ticks: null }]),
  parent: fc.option(text),
  requestId: fc.option(text),
  seq: fc.maxSafeNat(),
  symbol: fc.option(text),
  texts: fc.dictionary(text, text),
  tool: text,
});
type Shell = typeof shell extends fc.Arbitrary<infer T> ? T : never;

function eventOf(drawn: Case, around: Shell): DecisionEvent {
  const { seq, agent } = around;
  const body: DecisionBody = {
    ...decideCase(drawn),
    agent,
    at_ms: seq,
    binding: around.kind === 'tool',
    context_hash: 'c'.repeat(64),
    decision_id: `d-abcdef-${seq.toString(36)}`,
    kind: around.kind,
    policy_hash: 'e'.repeat(64),
    request_id: around.requestId,
    seq,
    symbol: around.symbol,
    tool: around.tool,
  };
  return {
    agent,
    body_hash: around.bodyHash,
    context: drawn.context,
    decision: body,
    market_seq: seq,
    orders: around.orders,
    parent_decision_id: around.parent,
    request: drawn.request,
    route: around.tool,
    state_seq: seq,
    texts: around.texts,
  };
}

test('the record of a decision is the canonical text of its event, and what is answered the text of its body [SAE-AUDIT]', () => {
  fc.assert(
    fc.property(cases, shell, (drawn, around) => {
      const event = eventOf(drawn, around);
      const { text, bodyText } = writeRecord(event, writeContext(event.context));
      assert.equal(bodyText, canonicalJson(event.decision), 'body');
      assert.equal(text, canonicalJson(event), 'record');
    }),
    { seed: 7, numRuns: 800 },
  );
});

test('the answer to an intercepted call is the recorded decision to the byte, in whatever characters it is written', () => {
  const forms = new Set<string>();
  fc.assert(
    fc.property(cases, shell, fc.constantFrom('agent', 'é', '\u2028', '😀'), (drawn, around, strategy) => {
      const request = { ...drawn.request, strategy_id: strategy };
      const words = {
        agent: 'agent',
        bodyHash: null,
        parent: null,
        requestId: null,
        symbol: 'BTCUSDT',
        texts: {},
        tool: 'x',
      };
      const event = eventOf({ ...drawn, request }, { ...around, ...words });
      const record = writeRecord(event, writeContext(event.context));
      const expected = Buffer.from(`{"decision":${canonicalJson(event.decision)}}`);
      const answer = writeAnswer(record, Buffer.from(record.text));
      assert.deepEqual(Buffer.from(answer), expected);
      assert.deepEqual(Buffer.from(writeAnswer(record, null)), expected, 'by a ledger that gives no bytes');
      forms.add(typeof answer);
    }),
    { seed: 11, numRuns: 200 },
  );
  assert.deepEqual([...forms].sort(), ['object', 'string'], 'both ways were taken');
});
