import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON_CODES, type ReasonCode } from '../../daemon/core/reasons.ts';
import { type Change, codesOf, decideWith } from './decision-fixture.ts';
import { ADMISSION_ROWS } from './table-admission.ts';
import { APPROVAL_ROWS } from './table-approval.ts';
import { HOLDING_ROWS } from './table-holding.ts';
import { ORDER_ROWS, PRICE_ROWS } from './table-order.ts';
import { casesOf, type Row } from './table-row.ts';
import { TIGHTENING_ROWS } from './table-tightening.ts';

/** In the order in which the rules run: the reasons of a decision stand in it, too. */
const TABLE: readonly Row[] = [
  ...ADMISSION_ROWS,
  ...TIGHTENING_ROWS,
  ...PRICE_ROWS,
  ...HOLDING_ROWS,
  ...ORDER_ROWS,
  ...APPROVAL_ROWS,
];

/** Raised by no row: a code of rule 13, which says that the gate itself is wrong (see decide-properties.test.ts). */
const ONLY_BY_A_DEFECT: readonly ReasonCode[] = ['INTERNAL_RECHECK'];

const OUTCOMES = { pass: 'does not raise', tighten: 'limits with', deny: 'denies with' } as const;
const VERDICTS = { tighten: 'LIMIT', deny: 'BLOCK' } as const;

for (const row of TABLE) {
  for (const [value, expected] of casesOf(row)) {
    const outcome = OUTCOMES[expected];
    test(`rule ${row.rule} ${row.clause}: ${outcome} ${row.code} when ${row.what} is ${JSON.stringify(value)} [AP-1 AP-3 AP-74 EX-58]`, () => {
      const decision = decideWith(...(row.settings ?? []), row.setting ?? {}, row.change(value));
      const codes = codesOf(decision);
      if (expected === 'pass') {
        assert.ok(!codes.includes(row.code), `raised with ${JSON.stringify(codes)}`);
        return;
      }
      assert.ok(codes.includes(row.code), `only ${JSON.stringify(codes)}`);
      assert.equal(decision.decision, VERDICTS[expected]);
      const reason = decision.reasons.find(({ code }) => code === row.code);
      assert.ok(reason !== undefined && reason.message.length > 0 && reason.hint.length > 0);
      if (expected === 'deny') assert.equal(decision.effective, null);
      else assert.ok(decision.effective !== null);
    });
  }
}

test('every reason code has a row, or is one that only a defect raises', () => {
  const covered = new Set<string>(
    TABLE.filter((row) => casesOf(row).some(([, e]) => e !== 'pass')).map((row) => row.code),
  );
  assert.deepEqual(
    REASON_CODES.filter((code) => !covered.has(code) && !ONLY_BY_A_DEFECT.includes(code)),
    [],
  );
  assert.deepEqual(
    ONLY_BY_A_DEFECT.filter((code) => covered.has(code)),
    [],
  );
});

test('BELOW_MINIMUM observes what was asked, whether it was too small or the budgets leave too little of it', () => {
  const observed = (...changes: Change[]) => {
    const { decision, reasons } = decideWith(...changes);
    const reason = reasons.find(({ code }) => code === 'BELOW_MINIMUM');
    return [decision, reason?.observed, reason?.limit, reason?.unit];
  };
  // One lot is 60.06 USDT.
  assert.deepEqual(observed({ request: { requested_notional: 30 } }), ['BLOCK', 30, 60.06, 'USDT']);
  const least: Change = { context: { market: { rules: { min_notional_usdt: 100 } } } };
  assert.deepEqual(observed(least, { request: { requested_notional: 90 } }), ['BLOCK', 90, 120.12, 'USDT']);
  const left: Change = { context: { pacing: { turnover_usdt: 19_930 } } };
  assert.deepEqual(observed(least, left), ['BLOCK', 601, 120.12, 'USDT']);
});

test('turnover and fees have codes of their own, with their own figures in USDT', () => {
  const figures = (change: Change, code: ReasonCode) => {
    const reason = decideWith(change).reasons.find((each) => each.code === code);
    return reason === undefined ? null : [reason.observed, reason.limit, reason.unit];
  };
  const fees: Change = { context: { pacing: { fees_usdt: 9.5, pending_fees_usdt: 0.25 } } };
  const [observed, limit, unit] = figures(fees, 'BUDGET_FEES') ?? [];
  assert.ok(typeof observed === 'number' && Math.abs(observed - (9.75 + 601 * 0.0005)) < 1e-9);
  assert.deepEqual([limit, unit, figures(fees, 'BUDGET_TURNOVER')], [10, 'USDT', null]);
  const both: Change = { context: { pacing: { fees_usdt: 11, turnover_usdt: 21_000 } } };
  assert.deepEqual(figures(both, 'FEES'), [11, 10, 'USDT']);
  assert.deepEqual(figures(both, 'TURNOVER'), [21_000, 20_000, 'USDT']);
});

test('a row of numbers is a boundary triple: the limit itself and one step to either side', () => {
  const rows = TABLE.filter((row) => casesOf(row).every(([value]) => typeof value === 'number'));
  assert.ok(rows.length >= 30);
  for (const row of rows) {
    assert.ok(casesOf(row).length >= 3, `${row.code} has ${casesOf(row).length} cases`);
    assert.ok(new Set(casesOf(row).map(([, expected]) => expected)).size === 2 || row.isNever === true, row.code);
  }
});

test('SAE-AUDIT: reasons stand in the order of the rules when everything is wrong at once', () => {
  const everything: Change = {
    request: { timestamp_ms: 0, requested_leverage: 100, max_slippage_bps: 1000, symbol: 'DOGEUSDT' },
    context: {
      schema_violation: 'args',
      state: { state: 'halted', layer: 'operator' },
      duplicate_of: 'd1',
      account: { drawdown: 1, daily_loss: 1, margin_ratio: 1 },
      pacing: { account_sends: 1000, turnover_usdt: 1e9 },
      market: { sigma: 1 },
      agent: { p_risk: 1 },
      trust: { signals: ['injection', 'anomaly'] },
      exposure: { short_lots: 1 },
      holding: {
        exit_decision: 'd-abcdef-9',
        exit_until_ms: null,
        held_by: 'another',
        is_unowned: true,
        open_exits: 0,
        unproven_order: 'hfabc0009',
      },
    },
    policy: { market: { regimes: { extreme: { reduce_only: true } } }, trader_state: { enforce_block: true } },
  };
  const decision = decideWith(everything);
  const order: readonly string[] = TABLE.map((row) => row.code);
  const places = codesOf(decision).map((code) => order.indexOf(code));
  assert.ok(places.length > 12 && !places.includes(-1));
  assert.deepEqual(
    decision.verdicts.map((verdict) => verdict.rule),
    decision.verdicts.map((verdict) => verdict.rule).toSorted((a, b) => a - b),
  );
  for (const { code, observed, limit, unit } of decision.verdicts) {
    const figures = [observed, limit, unit].filter((figure) => figure !== undefined);
    assert.ok(figures.length === 0 || figures.length === 3, `${code} has some of observed, limit and unit`);
    assert.ok(figures.length === 0 || observed !== null || limit !== null, `${code} says twice that there is nothing`);
  }
  const rules = new Set(decision.verdicts.map((verdict) => verdict.rule));
  for (let rule = 1; rule <= 14; rule++) assert.ok(rules.has(rule), `rule ${rule} left no verdict`);
});
