import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { joinRecord } from '../../daemon/gate/decisions.ts';
import type { DecisionEvent } from '../../daemon/gate/events.ts';

const text = fc.string({ unit: 'binary' });
const value = fc.jsonValue({ noUnicodeString: false });
const event = fc.record({
  agent: text,
  body_hash: fc.option(text),
  context: fc.dictionary(text, value),
  decision: fc.dictionary(text, value),
  market_seq: fc.maxSafeNat(),
  orders: fc.array(fc.dictionary(text, value)),
  parent_decision_id: fc.option(text),
  request: fc.dictionary(text, value),
  route: text,
  state_seq: fc.maxSafeNat(),
  texts: fc.dictionary(text, text),
});

test('a record that is joined from written parts is the canonical text of the whole [SAE-AUDIT]', () => {
  fc.assert(
    fc.property(event, (generated) => {
      const record = generated as unknown as DecisionEvent;
      const joined = joinRecord(record, canonicalJson(record.context), canonicalJson(record.decision));
      assert.equal(joined, canonicalJson(record));
    }),
    { seed: 7, numRuns: 500 },
  );
});
