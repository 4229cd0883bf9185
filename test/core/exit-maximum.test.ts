import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeExitLots } from '../../daemon/core/decide/exit.ts';
import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import { type Change, codesOf, decideWith } from './decision-fixture.ts';

/** An operator closes a position of 100 lots where the venue takes limit orders of 40 lots and market orders of 15. */
const CLOSE: Change = {
  request: { intent: 'close', side: 'sell', origin: 'operator', requested_notional: null, max_slippage_bps: null },
  context: {
    exposure: { long_lots: 100, long_units: 60_000_000 },
    market: { rules: { max_lots: 40, max_market_lots: 15 } },
  },
};
const lotsOf = (decision: ExecutionDecision): number => {
  assert.ok(decision.effective !== null && decision.effective.action === 'exit', 'an exit passes');
  return decision.effective.lots;
};

test("BY-36 an exit goes out as the venue's largest order, and says what it is to close in all", () => {
  for (const [what, change, most] of [
    ['a rung of the ladder', {}, 40],
    ['the end of the ladder', { context: { exit_rung: 4 } }, 15],
    ['no usable book', { context: { market: { quote_at_ms: null } } }, 15],
  ] as const) {
    const decision = decideWith(CLOSE, change);
    assert.equal(lotsOf(decision), most, what);
    assert.deepEqual(codesOf(decision), ['ABOVE_MAXIMUM'], what);
    assert.equal(wholeExitLots(decision, most), 100, what);
  }
});

test('BY-36 a part of the rest is cut to the rest, and one that the venue takes is not cut', () => {
  const last = decideWith(CLOSE, { context: { slice_lots: 30, phase: 'slice' } });
  assert.equal(lotsOf(last), 30);
  assert.equal(wholeExitLots(last, 30), 30);
});

test('BY-14 the whole is what there is to close, never what was asked for', () => {
  const decision = decideWith(CLOSE, { request: { requested_notional: 60 * 500 } });
  assert.equal(lotsOf(decision), 40);
  assert.equal(wholeExitLots(decision, 40), 100);
});
