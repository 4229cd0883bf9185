import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TradingArgs } from '../../../daemon/contract/types/trading-calls.ts';
import { canonicalJson } from '../../../daemon/core/canonical-json.ts';
import { economicText } from '../../../daemon/engine/calls/intake.ts';
import { forAll } from '../../for-all.ts';

const NOT_ECONOMIC = ['timestamp_ms', 'valid_until_ms', 'rationale', 'meta', 'request_id'];
const ECONOMIC = [
  'symbol',
  'side',
  'requested_notional',
  'order_type',
  'limit_price',
  'reduce_only',
  'account',
  'venue',
];
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const call = fc
  .tuple(fc.constantFrom('place_order', 'cancel_all'), fc.uniqueArray(fc.constantFrom(...ECONOMIC, ...NOT_ECONOMIC)))
  .chain(([tool, keys]) =>
    fc
      .tuple(...keys.map(() => value))
      .map((values) => ({ tool, args: Object.fromEntries(keys.map((key, i) => [key, values[i]])) })),
  );

test('SAE-AUDIT: the body hash is over the canonical text of the economic fields, in whatever order they came', () => {
  forAll([call], { seed: 5, numRuns: 2000 }, (drawn) => {
    const economic: Record<string, unknown> = { tool: drawn.tool };
    for (const [key, member] of Object.entries(drawn.args)) if (!NOT_ECONOMIC.includes(key)) economic[key] = member;
    assert.equal(economicText(drawn as unknown as TradingArgs), canonicalJson(economic), 'canonical text');
  });
});
