import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ArithmeticRow } from '../../daemon/core/arithmetic/rows.ts';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import {
  type Explanation,
  explainDecision,
  explainWithoutPolicy,
  writeArithmetic,
} from '../../daemon/core/decide/explain.ts';
import { smallestOrderUsdt } from '../../daemon/core/rules/price.ts';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import { buildCase, type Case, type Change } from './decision-fixture.ts';

const RUNS = { seed: 11, numRuns: 4000 };

function explain({ request, context, policy }: Case) {
  const compiled = compilePolicy(policy, 'test', request.agent);
  const decision = decide(request, context, compiled);
  return { decision, ...explainDecision(request, context, compiled, decision) };
}
const explainWith = (...changes: Change[]) => explain(buildCase(...changes));
/** Of several budgets under one code the one that leaves least. */
function minOf({ arithmetic }: Explanation, code: string): ArithmeticRow {
  const rows = arithmetic.rows.filter((row) => row.code === code);
  const [least] = rows.toSorted((a, b) => (a.lots ?? a.left) - (b.lots ?? b.left));
  assert.ok(least !== undefined, `no row of ${code}`);
  return least;
}
const near = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));

/** Rule 6 names what rule 12 counts by. */
const SPENT: { readonly [code: string]: string } = { TURNOVER: 'BUDGET_TURNOVER', FEES: 'BUDGET_FEES' };
/** Codes of rules that refuse where nothing is left. */
const COUNTED = ['RATE', 'ACCOUNT_POSITIONS', 'TURNOVER', 'FEES'];

test('one code binds every decision that is not ALLOW, and it is one of its reasons [AN-32 AN-33]', () => {
  const seen = new Map<string, number>();
  let counted = 0;
  forAll([cases], RUNS, (drawn) => {
    const found = explain(drawn);
    const { decision, bound_by: boundBy } = found;
    if (decision.decision === 'ALLOW') assert.equal(boundBy, null);
    else
      assert.ok(
        decision.reasons.some(({ code }) => code === boundBy),
        `${boundBy} of ${decision.reasons.map(({ code }) => code)}`,
      );
    const bare = explainWithoutPolicy(drawn.request, drawn.context, decision).bound_by;
    assert.equal(bare === null, boundBy === null);
    if (boundBy !== null) seen.set(boundBy, (seen.get(boundBy) ?? 0) + 1);
    const { line, rows } = found.arithmetic;
    const reason = decision.reasons.find(({ code }) => code === boundBy);
    // The venue's rate is no budget of ours, and its reason has no figures.
    const isListed = rows.some(({ code }) => (SPENT[boundBy ?? ''] ?? boundBy) === code);
    const hasRow = rows.some(({ code }) => code === boundBy) && reason?.limit !== null;
    if (hasRow) assert.match(line ?? '', /^[a-z'].*\d/, boundBy ?? '');
    if (!COUNTED.includes(boundBy ?? '') || !isListed) return;
    counted += 1;
    if (line === null) assert.equal(reason?.limit, null, `${boundBy}: by what the venue takes`);
    else assert.match(line, /^(?:(?!; left ).)+(?:; left 0(?: ->.*)?)?$/, `${boundBy}: nothing is left of it`);
  });
  assert.ok(seen.size >= 20, [...seen.keys()].join(' '));
  assert.ok(counted > 20, `${counted} were refused by what is counted`);
});

test('the arithmetic is told as canonical JSON, whatever was told before it', () => {
  let lines = 0;
  forAll([cases], { ...RUNS, numRuns: 400 }, (drawn) => {
    const { arithmetic } = explain(drawn);
    if (arithmetic.line !== null) lines += 1;
    assert.equal(writeArithmetic(arithmetic), canonicalJson(arithmetic));
    // One figure at a time is another, and the rest stays.
    for (const [at, row] of arithmetic.rows.entries()) {
      for (const changed of differing(row)) {
        writeArithmetic(arithmetic);
        const rows = arithmetic.rows.with(at, changed);
        assert.equal(writeArithmetic({ line: null, rows }), canonicalJson({ line: null, rows }));
      }
    }
  });
  assert.ok(lines > 50, `${lines} lines`);
});

/** The row with another value in each of its members in turn. */
function* differing(row: ArithmeticRow): Generator<ArithmeticRow> {
  const { factors, ...figures } = row;
  const other = (value: unknown) => (typeof value === 'string' ? `${value}"` : Number(value ?? 0) + 0.5);
  for (const [key, value] of Object.entries(figures)) {
    if (key === 'code' || key === 'unit') continue;
    yield { ...row, [key]: other(value) };
  }
  for (const [key, value] of Object.entries(factors)) yield { ...row, factors: { ...factors, [key]: other(value) } };
  yield { ...row, code: row.code === 'RATE' ? 'AGENT_LOSS' : 'RATE' };
  yield { ...row, unit: row.unit === 'x' ? 'bps' : 'x' };
}

test('a figure that is none is told as null: the decision stands, and its answer must come', () => {
  const row = explainWith().arithmetic.rows[0] ?? assert.fail();
  const rows = [{ ...row, lots: Number.NaN, price: Number.POSITIVE_INFINITY }];
  assert.deepEqual(JSON.parse(writeArithmetic({ line: null, rows })).rows[0], { ...row, lots: null, price: null });
});

test('the rows of an order that goes out leave exactly the lots that were sent, and the least one is what binds it', () => {
  let limited = 0;
  forAll([cases], RUNS, (drawn) => {
    const { decision, arithmetic, bound_by: boundBy } = explain(drawn);
    const { effective } = decision;
    if (effective?.action !== 'open') return;
    const { lot_mantissa, lot_scale } = drawn.context.market.rules ?? assert.fail();
    const requested = Math.floor((Number(effective.requested_quantity) * lot_scale) / lot_mantissa + 1e-6);
    const least = Math.min(requested, ...arithmetic.rows.flatMap(({ lots }) => (lots === null ? [] : [lots])));
    assert.equal(effective.lots, least);
    if (effective.lots === requested) return;
    limited += 1;
    assert.equal(minOf({ arithmetic, asked: null, bound_by: boundBy }, boundBy ?? '').lots, least);
  });
  assert.ok(limited > 100, `${limited} were cut in size`);
});

test('a row adds up: cap from base and factors, left from cap, used and reserved, and a rule 12 verdict of its code [AN-28 AN-29 AN-30]', () => {
  const product = ['BUDGET_NOTIONAL', 'BUDGET_SYMBOL', 'BUDGET_GROSS'];
  forAll([cases], RUNS, (drawn) => {
    const { decision, arithmetic } = explain(drawn);
    for (const row of arithmetic.rows) {
      const { base, cap, code, factors, left, lots, price, reserved, unit, used } = row;
      const { account, loss, market, trader, trust } = factors;
      if (product.includes(code)) assert.ok(near(cap, base * account * market * trader * trust * loss), code);
      assert.ok(near(left, Math.max(0, cap - used - reserved)), `${code}: ${JSON.stringify(row)}`);
      assert.ok(lots === null || (Number.isInteger(lots) && lots >= 0 && price !== null), code);
      if (lots === null || code === 'BUDGET_MARGIN' || unit !== 'USDT' || row.label.includes('fee')) continue;
      const { lot_mantissa, lot_scale } = drawn.context.market.rules ?? assert.fail();
      const lotUsdt = ((price ?? 0) * lot_mantissa) / lot_scale;
      assert.ok(lots * lotUsdt <= left * (1 + 1e-9) + 1e-6, `${code}: ${lots} lots in ${left}`);
      assert.ok((lots + 1) * lotUsdt > left * (1 - 1e-9) - 1e-6, `${code}: no more than ${lots} lots in ${left}`);
    }
    for (const { code, outcome, rule } of decision.verdicts)
      if (rule === 12 && outcome === 'tighten' && code.startsWith('BUDGET_'))
        assert.ok(
          arithmetic.rows.some((row) => row.code === code),
          `no row of ${code}`,
        );
  });
});

test('an order that the order cap cuts is told in one line', () => {
  const found = explainWith(
    { request: { requested_notional: 9_000 } },
    { context: { market: { held_regime: 'volatile' } } },
  );
  assert.equal(found.decision.decision, 'LIMIT');
  const row = minOf(found, found.bound_by ?? '');
  assert.match(
    found.arithmetic.line ?? '',
    /^[a-z ]+ [\d,]+ x [\d.]+ \(volatile\) = [\d,.]+ -> \d+\.\d{3} BTC at [\d,.]+ \(one lot is 60\.\d\d\)$/,
  );
  assert.ok(row.lots !== null && row.lots > 0);
});

test('used and reserved stand in the line where there is something of them', () => {
  // Ten lots held at 60,000 and five more on order, of a symbol cap of 3,000.
  const exposure = { long_lots: 10, long_units: 9_000_000 };
  const found = explainWith(
    { request: { requested_notional: 3_000 } },
    { context: { exposure, agent: { share_lots: 10, long_units: 9_000_000 } } },
    { policy: { budgets: { symbol_notional_usdt: 3_000, order_notional_usdt: 3_000 } } },
  );
  const row = minOf(found, 'BUDGET_SYMBOL');
  assert.deepEqual([row.used, row.reserved, row.left], [600, 300, 2_100]);
  assert.equal(found.bound_by, 'BUDGET_SYMBOL');
  assert.equal(
    found.arithmetic.line,
    'symbol cap 3,000; used 600; reserved 300; left 2,100 -> 0.034 BTC at 60,060 (one lot is 60.06)',
  );
});

test('a size below the minimum is told with what the venue takes; what a budget leaves of it, with that budget', () => {
  const small = explainWith({ request: { requested_notional: 30 } });
  assert.deepEqual(
    [small.bound_by, small.arithmetic.line],
    ['BELOW_MINIMUM', 'asked for 30; the smallest order is 60.06: 0.001 BTC at 60,060'],
  );
  const left = explainWith({ context: { pacing: { turnover_usdt: 19_980 } } });
  assert.equal(left.bound_by, 'BUDGET_TURNOVER');
  assert.equal(
    left.arithmetic.line,
    'turnover cap of the day 20,000; used 19,980; left 20 -> 0.000 BTC at 60,060 (one lot is 60.06)',
  );
});

test('exits, cancels and what no budget refuses have no line [AN-33 AN-34]', () => {
  const held: Change = { context: { exposure: { long_lots: 10, long_units: 6_000_000 }, agent: { share_lots: 10 } } };
  const clipped = explainWith({ request: { intent: 'close', side: 'sell', requested_notional: 5_000 } }, held);
  assert.deepEqual(clipped.arithmetic, { line: null, rows: [] });
  assert.equal(clipped.bound_by, 'EXIT_CLIPPED');
  const against = explainWith({ request: { side: 'sell' } }, held);
  assert.deepEqual([against.bound_by, against.arithmetic.line], ['AGAINST_POSITION', null]);
  const early = explainWith({ context: { duplicate_of: 'd1' } });
  assert.deepEqual([early.bound_by, early.arithmetic.line], ['DUPLICATE_INTENT', null]);
  assert.ok(early.arithmetic.rows.length > 8, 'the budgets are there all the same');
});

test('an order of smallest_order_usdt is not too small, on either side and within any slippage bound; a lot less may be [AN-110]', () => {
  let seen = 0;
  let tooSmall = 0;
  forAll(
    [cases, fc.constantFrom('buy', 'sell'), fc.double({ min: 0, max: 1, noNaN: true })],
    { seed: 5, numRuns: 2000 },
    (drawn, side, part) => {
      const { context, policy } = drawn;
      // What is approved may be less than what is asked for now.
      if (context.approval?.grant != null) return;
      const capBps = policy.budgets.slippage_bps;
      const least = smallestOrderUsdt(context.market, capBps, policy.market.collar_bps);
      if (least === null || least > 1e8) return;
      const ask = (notional: number) =>
        explain({
          ...drawn,
          context: { ...context, phase: 'parent', slice_lots: null },
          request: {
            ...drawn.request,
            intent: 'open',
            limit_price: null,
            max_slippage_bps: part * capBps,
            order_type: 'market',
            quantity: null,
            requested_notional: notional,
            side,
          },
        });
      const isTooSmall = ({ bound_by: boundBy }: Explanation) => boundBy === 'BELOW_MINIMUM';
      seen += 1;
      assert.ok(!isTooSmall(ask(least)), `${least}`);
      if (isTooSmall(ask(least / 2))) tooSmall += 1;
    },
  );
  assert.ok(seen > 500 && tooSmall > 20, `${seen} seen, of half of which ${tooSmall} are too small`);
});
