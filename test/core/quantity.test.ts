import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAsked, writtenLots } from '../../daemon/core/arithmetic/quantities.ts';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { explainDecision } from '../../daemon/core/decide/explain.ts';
import { shadowDecision } from '../../daemon/core/decide/shadow.ts';
import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import type { ExecutionRequest } from '../../daemon/core/request.ts';
import { inNotional } from '../../daemon/core/rules/approval.ts';
import { findAskedUsdt } from '../../daemon/core/rules/opening-rules.ts';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import { buildCase, type Case, type Change, codesOf, decideCase, decideWith } from './decision-fixture.ts';

const of = (quantity: number, request: Partial<ExecutionRequest> = {}): Change => ({
  request: { quantity, requested_notional: null, ...request },
});
/** A market order of 10 bps at a mark of 60,000 goes out at 60,060. */
const LOT_USDT = 60.06;

test('a quantity is the number of lots that are sent, whatever the price', () => {
  for (const price of [60_000, 59_999.9, 33_333.3, 700.7]) {
    const at: Change = { context: { market: { ask: price, bid: price, mark: price } } };
    for (const lots of [1, 3, 7, 10, 11, 17]) {
      const quantity = lots / 1000;
      const { decision, effective } = decideWith(of(quantity), at, {
        context: { market: { rules: { min_notional_usdt: 0 } } },
      });
      assert.equal(decision, 'ALLOW', `${quantity} at ${price}`);
      assert.equal(effective?.quantity, quantity.toFixed(3));
      assert.equal(effective?.requested_quantity, quantity.toFixed(3));
    }
  }
});

test('a quantity off the grid is floored to the lot, and is LIMIT from more than 1 % on [TF-64]', () => {
  for (const [quantity, sent, expected, asked] of [
    [0.0019, '0.001', 'LIMIT', '0.0019'],
    [0.00199999, '0.001', 'LIMIT', '0.00199999'],
    [0.01005, '0.010', 'ALLOW', '0.01005'],
    [0.0102, '0.010', 'LIMIT', '0.0102'],
    [0.0100000001, '0.010', 'ALLOW', '0.010'],
  ] as const) {
    const decision = decideWith(of(quantity));
    assert.equal(decision.effective?.quantity, sent, `${quantity}`);
    assert.equal(decision.effective?.requested_quantity, asked, `${quantity}`);
    assert.equal(decision.decision, expected, `${quantity}`);
    assert.deepEqual(codesOf(decision), expected === 'LIMIT' ? ['LOT_ROUNDING'] : []);
  }
});

test('no lot is won or lost: what a decimal lacks as a binary fraction is made up for, and no more', () => {
  forAll(
    [fc.integer({ min: 1, max: 10 ** 9 }), fc.constantFrom(1, 10, 1000, 10 ** 8), fc.constantFrom(1, 5)],
    { seed: 7, numRuns: 5000 },
    (lots, scale, mantissa) => {
      const written = Number(formatAsked((lots * mantissa) / scale, { lot_mantissa: mantissa, lot_scale: scale }));
      assert.equal(writtenLots(written, { lot_mantissa: mantissa, lot_scale: scale }), lots);
    },
  );
  const whole = { lot_mantissa: 1, lot_scale: 1 };
  assert.deepEqual(
    [writtenLots(0.9999999, whole), writtenLots(1, whole), writtenLots(0.1 + 0.2, { ...whole, lot_scale: 10 })],
    [0, 1, 3],
  );
});

test('less than a lot is refused for the least order, in USDT as ever', () => {
  const decision = decideWith(of(0.0009));
  assert.deepEqual(codesOf(decision), ['BELOW_MINIMUM']);
  assert.deepEqual([decision.reasons[0]?.observed, decision.reasons[0]?.limit], [54.054, LOT_USDT]);
});

const seen = {
  approved_usdt: 0,
  grant: null,
  opened_usdt: 0,
  order_price_ticks: null,
  pending_count: 0,
  pending_id: null,
};
const when = (match: object): Change => ({
  policy: { approvals: { when: [{ request: { requested_notional: match } }], window_ms: 600_000, expiry_ms: 60_000 } },
  context: { approval: seen },
});
/** Whatever reads the notional that is asked for, with a bound that ten lots of the base order just meet. */
const READERS: readonly (readonly [what: string, bound: (usdt: number) => Change, code: string])[] = [
  ['approvals.when[].request above', (usdt) => when({ above: usdt }), 'APPROVAL_REQUIRED'],
  ['approvals.when[].request in', (usdt) => when({ in: [Number((usdt + LOT_USDT).toFixed(2))] }), 'APPROVAL_REQUIRED'],
  [
    'approvals.when[].notional_above_usdt',
    (usdt) => ({
      policy: { approvals: { when: [{ notional_above_usdt: usdt }], window_ms: 600_000, expiry_ms: 60_000 } },
      context: { approval: seen },
    }),
    'APPROVAL_REQUIRED',
  ],
  [
    'budgets.order_notional_usdt',
    (usdt) => ({ policy: { budgets: { order_notional_usdt: usdt } } }),
    'BUDGET_NOTIONAL',
  ],
  [
    'budgets.symbol_notional_usdt',
    (usdt) => ({ policy: { budgets: { symbol_notional_usdt: usdt } } }),
    'BUDGET_SYMBOL',
  ],
  ['budgets.gross_notional_usdt', (usdt) => ({ policy: { budgets: { gross_notional_usdt: usdt } } }), 'BUDGET_GROSS'],
  [
    'budgets.turnover_usdt_per_day',
    (usdt) => ({ policy: { budgets: { turnover_usdt_per_day: usdt } } }),
    'BUDGET_TURNOVER',
  ],
  [
    'agents.*.budgets.order_notional_usdt',
    (usdt) => ({ policy: { agents: { alice: { budgets: { order_notional_usdt: usdt } } } } }),
    'BUDGET_AGENT',
  ],
];
for (const [what, bound, code] of READERS)
  test(`${what} holds for a quantity as for its notional [TF-64]`, () => {
    // One cent of slack: lots that just fit are no matter of the last binary digit.
    const change = bound(Number((10 * LOT_USDT + 0.01).toFixed(2)));
    const isIn = what.endsWith(' in');
    for (const lots of [10, 11]) {
      const inUsdt = decideWith(change, { request: { requested_notional: Number((lots * LOT_USDT).toFixed(2)) } });
      const inBase = decideWith(isIn ? when({ in: [Number((11 * LOT_USDT).toFixed(2))] }) : change, of(lots / 1000));
      const expected = lots === 11 ? [code] : [];
      assert.deepEqual(codesOf(inBase), expected, `${lots} lots`);
      if (!isIn) assert.deepEqual(codesOf(inUsdt), expected, `${lots} lots, in USDT`);
    }
  });

test('a quantity is judged as its notional at the price at which it is sized, in any case', () => {
  const seenVerdicts = { ALLOW: 0, LIMIT: 0, BLOCK: 0 };
  forAll([cases], { seed: 11, numRuns: 6000 }, (drawn) => {
    const { request, context, policy } = drawn;
    if (request.quantity === null || request.intent !== 'open' || request.reduce_only) return;
    const compiled = compilePolicy(policy, 'test', request.agent);
    const usdt = findAskedUsdt(request, context, compiled);
    const decision = decideCase(drawn);
    seenVerdicts[decision.decision] += 1;
    if (usdt === null) {
      assert.equal(decision.decision, 'BLOCK', 'without a price nothing opens');
      return;
    }
    // A hair more, for what a division takes off.
    const other = decideCase({ ...drawn, request: inNotional(request, usdt * (1 + 1e-12)) });
    assert.deepEqual(outcome(decision), outcome(other));
  });
  for (const [verdict, count] of Object.entries(seenVerdicts)) assert.ok(count > 50, `${count} ${verdict}`);
});
function outcome({ approval, constraints, decision, effective, reasons }: ExecutionDecision) {
  return {
    decision,
    lots: effective?.lots,
    plan: constraints.staging_plan,
    approval: approval?.lots,
    codes: reasons.map(({ code }) => code).filter((code) => code !== 'LOT_ROUNDING'),
  };
}

test('a sale far below the market is judged by the price at which it fills, not by its limit', () => {
  const change = when({ above: 500 });
  const sale = of(0.01, { side: 'sell', order_type: 'limit', limit_price: 1 });
  assert.deepEqual(codesOf(decideWith(change, sale)), ['APPROVAL_REQUIRED']);
});

/** Three lots long, all of them the agent's. */
const HELD: Change = {
  request: { intent: 'close', side: 'sell' },
  context: {
    agent: { share_lots: 3, long_units: 3 * 600_000 },
    exposure: { long_lots: 3, long_units: 3 * 600_000, position_lots: 3 },
  },
};
test('an exit by quantity closes so much with and without a price, and is never refused for missing data', () => {
  const blind: Change = {
    context: { market: { ask: null, bid: null, mark: null, mark_at_ms: null, quote_at_ms: null }, account: null },
  };
  for (const change of [{}, blind, { request: { intent: 'open', reduce_only: true } } as Change]) {
    const two = decideWith(HELD, of(0.002), change);
    assert.deepEqual([two.decision, two.effective?.action, two.effective?.quantity], ['ALLOW', 'exit', '0.002']);
    const more = decideWith(HELD, of(1), change);
    assert.deepEqual([more.decision, more.effective?.quantity], ['LIMIT', '0.003']);
    assert.equal(more.effective?.requested_quantity, '1.000');
  }
  const off = decideWith(HELD, of(0.0015));
  assert.deepEqual([off.decision, off.effective?.quantity, codesOf(off)], ['LIMIT', '0.001', ['LOT_ROUNDING']]);
});

function explained(...changes: Change[]) {
  const drawn = buildCase(...changes);
  const { request, context, policy } = drawn;
  return explainDecision(request, context, compilePolicy(policy, 'test', 'alice'), decideCase(drawn));
}
test('what was asked is told as it was sent, and beside it in USDT', () => {
  assert.deepEqual(explained(of(0.0019)).asked, { notional: 114.114, quantity: '0.0019' });
  assert.equal(
    explained(of(0.0019)).arithmetic.line,
    'asked for 0.0019 BTC -> 0.001 BTC (one lot is 0.001, the smallest order 0.001)',
  );
  assert.deepEqual(explained(of(1)).asked, { notional: 60_060, quantity: '1' });
  assert.deepEqual(explained(HELD, of(0.002)).asked, { notional: 120, quantity: '0.002' });
  const unknown: Change = { context: { market: { rules: null } } };
  assert.deepEqual(explained(of(0.002), unknown).asked, { notional: null, quantity: '0.002' });
});

test('in shadow mode, too, a quantity is what goes out', () => {
  const shadow = (quantity: number) => {
    const drawn: Case = buildCase(of(quantity), { policy: { mode: 'shadow', budgets: { order_notional_usdt: 100 } } });
    const { context, policy, request } = drawn;
    return shadowDecision(decideCase(drawn), request, context, compilePolicy(policy, 'test', 'alice'));
  };
  assert.deepEqual([shadow(0.01).decision, shadow(0.01).effective?.quantity], ['ALLOW', '0.010']);
  assert.deepEqual([shadow(0.0019).decision, shadow(0.0019).effective?.requested_quantity], ['LIMIT', '0.0019']);
});
