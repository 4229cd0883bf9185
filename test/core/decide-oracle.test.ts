import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forAll } from '../for-all.ts';
import { decideByTheDocuments } from '../oracle/decide-oracle.ts';
import { disagreements } from '../oracle/disagreements.ts';
import { cases } from './decide-cases.ts';
import { buildCase, type Case, type Change, decideCase } from './decision-fixture.ts';

/** Cases on which the documents are silent: what the book alone values, and what nothing does. */
function isDecidable({ context, request }: Case): boolean {
  if (context.market.mark !== null) return true;
  if (request.intent !== 'close') return false;
  const isBookKnown = context.market.bid !== null && context.market.ask !== null;
  return request.requested_notional === null || (!isBookKnown && context.exposure.recorded_price !== null);
}

test('SAE-SAME-CODE: the gate decides as a second implementation from the documents does, on 6,000 cases near the limits [AP-12 TM-2 TM-7]', () => {
  const seen = { ALLOW: 0, LIMIT: 0, BLOCK: 0, exit: 0 };
  forAll([cases], { seed: 20260310, numRuns: 6000, includeErrorInReport: true }, (drawn) => {
    fc.pre(isDecidable(drawn));
    const oracle = decideByTheDocuments(drawn.request, drawn.context, drawn.policy);
    const gate = decideCase(drawn);
    seen[oracle.decision] += 1;
    if (oracle.action === 'exit') seen.exit += 1;
    assert.deepEqual(disagreements(gate, oracle), []);
  });
  // A generator that only ever produces refusals would compare nothing.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 200, `only ${count} cases of ${what}`);
});

test('an exit by notional at a price off the tick is made of lots by the next tick: it is worth no more than was asked as it is sent', () => {
  const held = (lots: number): Change => ({
    context: {
      agent: { share_lots: lots },
      exposure: { long_lots: Math.max(0, lots), short_lots: Math.max(0, -lots), position_lots: lots },
      market: { rules: { tick_mantissa: 3, tick_scale: 10, min_price_ticks: 1, max_price_ticks: 10_000_000 } },
    },
  });
  const close: Change = { request: { intent: 'close', order_type: 'limit', requested_notional: 2280.0038 } };
  const [sale, buy, atMarket] = [
    buildCase(held(100), close, { request: { side: 'sell', limit_price: 60_000.1 } }),
    buildCase(held(-100), close, { request: { side: 'buy', limit_price: 60_000.1 } }),
    buildCase(held(100), close, {
      request: { side: 'sell', order_type: 'market' },
      context: { market: { mark: 60_000.1 } },
    }),
  ];
  for (const drawn of [sale, buy, atMarket]) {
    const gate = decideCase(drawn);
    assert.deepEqual(disagreements(gate, decideByTheDocuments(drawn.request, drawn.context, drawn.policy)), []);
    assert.equal(gate.effective?.lots, 37);
    assert.ok(37 * Number(gate.effective.limit_price) <= 2_280_003.8);
  }
  assert.equal(decideCase(sale).effective?.limit_price, '60000.3', '38 lots would be worth 2280.0114 there');
});
