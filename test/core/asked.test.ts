import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { writeAsked } from '../../daemon/core/decide/asked.ts';
import { explainDecision } from '../../daemon/core/decide/explain.ts';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import { baseOrder, buildCase, type Case, type Change, decideCase } from './decision-fixture.ts';

function askedAndSent(drawn: Case) {
  const decision = decideCase(drawn);
  const { context, policy, request } = drawn;
  const { asked } = explainDecision(request, context, compilePolicy(policy, 'test', request.agent), decision);
  return { asked, decision, sent: decision.effective };
}
const of = (...changes: Change[]) => askedAndSent(buildCase(...changes));

test('a market order tells the notional that was asked for, and the quantity that it would be at the price of the order', () => {
  const { asked, sent } = of({ request: { requested_notional: 115 } });
  assert.deepEqual(asked, { notional: 115, quantity: '0.00191475' });
  assert.deepEqual([sent?.notional, sent?.quantity], [60.06, '0.001']);
});

test('a limit order tells both at its limit, also where it is refused', () => {
  const limit: Change = { request: { order_type: 'limit', limit_price: 50_000, requested_notional: 1000 } };
  assert.deepEqual(of(limit).asked, { notional: 1000, quantity: '0.02' });
  const refused = of(limit, { context: { state: { state: 'halted' } } });
  assert.equal(refused.sent, null);
  assert.deepEqual(refused.asked, { notional: 1000, quantity: '0.02' });
});

test('a part of a position is told as quantity and at the mark, an amend at its limit, a cancel not at all', () => {
  const held: Change = {
    context: {
      agent: { share_lots: 3, long_units: 3 * 600_000 },
      exposure: { long_lots: 3, long_units: 3 * 600_000, position_lots: 3 },
    },
  };
  const close: Partial<Case['request']> = {
    tool: 'close_position',
    intent: 'close',
    side: null,
    requested_notional: null,
  };
  assert.deepEqual(of(held, { request: { ...close, fraction: 0.5 } }).asked, { notional: 90, quantity: '0.0015' });
  assert.deepEqual(of(held, { request: { ...close, fraction: 1 } }).asked, { notional: 180, quantity: '0.003' });
  const order: Change = {
    request: { intent: 'modify', tool: 'modify_order', client_order_id: baseOrder.client_order_id, side: null },
    context: { order: baseOrder },
  };
  const larger = of(order, { request: { requested_notional: null, limit_price: 50_000 } });
  assert.deepEqual(larger.asked, { notional: 500, quantity: '0.01' });
  const cancel: Change = { request: { intent: 'cancel', tool: 'cancel_order', requested_notional: null } };
  assert.equal(of(order, cancel).asked, null);
});

test('what goes out is asked for in the same units, and ALLOW is within 1 % in both [AN-21 AN-31]', () => {
  let allowed = 0;
  forAll([cases], { seed: 5, numRuns: 3000 }, (drawn) => {
    const { asked, decision, sent } = askedAndSent(drawn);
    assert.equal(writeAsked(asked), canonicalJson(asked));
    if (sent === null || sent.action === 'cancel') return;
    assert.ok(asked !== null && asked.quantity !== null);
    if (decision.decision !== 'ALLOW') return;
    allowed += 1;
    assert.ok(Number(sent.quantity) >= Number(asked.quantity) * 0.99 - 1e-8, JSON.stringify([asked, sent]));
    if (asked.notional !== null)
      assert.ok(sent.notional >= asked.notional * 0.99 - 1e-6, JSON.stringify([asked, sent]));
  });
  assert.ok(allowed > 100, `${allowed}`);
});
