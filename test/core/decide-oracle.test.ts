import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideByTheDocuments } from '../oracle/decide-oracle.ts';
import { disagreements } from '../oracle/disagreements.ts';
import { cases } from './decide-cases.ts';
import { type Case, decideCase } from './decision-fixture.ts';

/** Cases on which the documents are silent: what the book alone values, and what nothing does. */
function isDecidable({ context, request }: Case): boolean {
  if (context.market.mark !== null) return true;
  if (request.intent !== 'close') return false;
  const isBookKnown = context.market.bid !== null && context.market.ask !== null;
  return request.requested_notional === null || (!isBookKnown && context.exposure.recorded_price !== null);
}

test('SAE-SAME-CODE: the gate decides as a second implementation from the documents does, on 6,000 cases near the limits [AP-12 TM-2 TM-7]', () => {
  const seen = { ALLOW: 0, LIMIT: 0, BLOCK: 0, exit: 0 };
  fc.assert(
    fc.property(cases, (drawn) => {
      fc.pre(isDecidable(drawn));
      const oracle = decideByTheDocuments(drawn.request, drawn.context, drawn.policy);
      const gate = decideCase(drawn);
      seen[oracle.decision] += 1;
      if (oracle.action === 'exit') seen.exit += 1;
      assert.deepEqual(disagreements(gate, oracle), []);
    }),
    { seed: 20260310, numRuns: 6000, includeErrorInReport: true },
  );
  // A generator that only ever produces refusals would compare nothing.
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 200, `only ${count} cases of ${what}`);
});
