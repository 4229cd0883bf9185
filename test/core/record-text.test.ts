import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CanonicalJsonError, canonicalJson, parseCanonicalJson } from '../../daemon/core/canonical-json.ts';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import type { EffectiveAction } from '../../daemon/core/decision.ts';
import { ROW_FORMS, type RowForm, readRow } from '../../daemon/core/record-text/columns.ts';
import { writeBudget, writeConstraints } from '../../daemon/core/record-text/members.ts';
import { writeContext, writeEffectiveRow, writeRequest } from '../../daemon/core/record-text/rows.ts';
import {
  writeEffectiveOrNull,
  writeReasonRows,
  writeReasons,
  writeVerdicts,
} from '../../daemon/engine/audit/record-text.ts';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import { baseContext, baseOrder, baseRequest, type Case, decideCase, decideWith } from './decision-fixture.ts';

const RUNS = { seed: 23, numRuns: 1500, includeErrorInReport: true };

/** Every text of a context that does not come from us: quotes, control characters, lone surrogates. */
const foreign = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\u0000', '\ud800', 'é', ''));
const foreignOrNull = fc.option(foreign);
const amounts = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 0.1 + 0.2),
);
const withForeignTexts: fc.Arbitrary<Case> = fc
  .record({ drawn: cases, text: foreign, maybe: foreignOrNull, amount: amounts, isModify: fc.boolean() })
  .map(({ drawn, text, maybe, amount, isModify }) => {
    const { context, request } = drawn;
    const changed: ExecutionContext = {
      ...context,
      account_name: text,
      clock_skew_ms: amount,
      duplicate_of: maybe,
      ...(isModify ? {} : { duplicate_until_ms: amount }),
      exposure: {
        ...context.exposure,
        opposed_by_long: maybe,
        ...(maybe === null ? {} : { exits_beyond_long: amount }),
        ...(isModify ? { exits_beyond_short: amount } : {}),
        other_marks: [[text, amount]],
      },
      leaving_order_ids: maybe === null ? [] : [maybe, text],
      order: isModify ? { ...baseOrder, agent: maybe, client_order_id: text, symbol: text } : null,
      own_order_id: maybe,
      schema_violation: maybe,
      state: { ...context.state, reason: maybe },
      trust: { ...context.trust, claimed_skill_sha256: maybe, token_skill_sha256: text },
      venue: text,
    };
    const asked = {
      ...request,
      account: text,
      after_decision_id: maybe,
      agent: text,
      client_order_id: text,
      request_id: maybe,
      strategy_id: maybe,
      skill_sha256: text,
      symbol: maybe,
    };
    return { ...drawn, context: changed, request: asked };
  });

/** What a row is read back as. */
function named(form: RowForm, text: string): string {
  assert.ok(parseCanonicalJson(text) !== undefined, `${text} is canonical`);
  return canonicalJson(readRow(form, JSON.parse(text)));
}
const contextText = (context: ExecutionContext): string => named(ROW_FORMS.context, writeContext(context));

test('SAE-AUDIT: a context and a request are written as rows from which they are read back whole', () => {
  forAll([fc.oneof(cases, withForeignTexts)], RUNS, ({ context, request }) => {
    assert.equal(contextText(context), canonicalJson(context), 'context');
    assert.equal(named(ROW_FORMS.request, writeRequest(request)), canonicalJson(request), 'request');
  });
});

test('SAE-AUDIT: every part of a decision is written as the canonical text of what it is', () => {
  const outcomes = new Set<string>();
  const decisions = new Set<string>();
  forAll([fc.oneof(cases, withForeignTexts)], RUNS, (drawn) => {
    const decision = decideCase(drawn);
    decisions.add(decision.decision);
    for (const verdict of decision.verdicts) outcomes.add(verdict.outcome);
    assert.equal(writeVerdicts(decision.verdicts), canonicalJson(decision.verdicts), 'verdicts');
    assert.equal(writeReasons(decision.reasons), canonicalJson(decision.reasons), 'reasons');
    assert.equal(writeEffectiveOrNull(decision.effective), canonicalJson(decision.effective), 'effective');
    if (decision.effective !== null) {
      const row = named(ROW_FORMS.effective, writeEffectiveRow(decision.effective));
      assert.equal(row, canonicalJson(decision.effective), 'effective as a row');
    }
    const rows = JSON.parse(writeReasonRows(decision.reasons)) as readonly unknown[];
    const figures = decision.reasons.map(({ hint: _hint, message: _message, ...reason }) => reason);
    assert.equal(
      canonicalJson(rows.map((row) => readRow(ROW_FORMS.reason, row))),
      canonicalJson(figures),
      'reasons as rows',
    );
    assert.equal(writeConstraints(decision.constraints), canonicalJson(decision.constraints), 'constraints');
    assert.equal(writeBudget(decision.budget), canonicalJson(decision.budget), 'budget');
  });
  assert.deepEqual([...decisions].sort(), ['ALLOW', 'BLOCK', 'LIMIT'], 'the cases draw every decision');
  assert.deepEqual([...outcomes].sort(), ['deny', 'pass', 'skipped', 'tighten'], 'and every outcome of a rule');
});

test('SAE-AUDIT: what has no canonical form is refused, and not written as something else', () => {
  const { account } = baseContext;
  assert.ok(account !== null, 'the fixture has an account');
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const context = { ...baseContext, account: { ...account, equity_usdt: bad } };
    assert.throws(() => writeContext(context), CanonicalJsonError, `${bad} in a context`);
    assert.throws(() => writeRequest({ ...baseRequest, limit_price: bad }), CanonicalJsonError, `${bad} in a request`);
    const verdict = { code: 'RATE', limit: 1, observed: bad, outcome: 'pass', rule: 6, unit: null } as const;
    assert.throws(() => writeVerdicts([verdict]), CanonicalJsonError, `${bad} in a verdict`);
  }
});

/** `from` with one member as it is in `to`, for every member that differs; views inside are taken member by member. */
function* singleChanges<T extends object>(from: T, to: T, at = ''): Generator<readonly [path: string, changed: T]> {
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]) as Set<keyof T & string>;
  for (const key of keys) {
    const [before, after] = [from[key], to[key]];
    const path = `${at}${key}`;
    if (before === undefined || after === undefined) {
      // A member that may be absent: with it, or without.
      const { [key]: _, ...rest } = from;
      yield [path, (after === undefined ? rest : { ...from, [key]: after }) as T];
      continue;
    }
    if (canonicalJson(before) === canonicalJson(after)) continue;
    if (isView(before) && isView(after)) {
      for (const [inner, part] of singleChanges(before, after, `${path}.`)) yield [inner, { ...from, [key]: part }];
    } else yield [path, { ...from, [key]: after }];
  }
}
function isView(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

test('SAE-AUDIT: a part of which one member alone has changed is written anew', () => {
  const paths = new Set<string>();
  const compare = <T extends object>(name: string, write: (part: T) => string, from: T, to: T): void => {
    for (const [path, changed] of singleChanges(from, to)) {
      write(from);
      assert.equal(write(changed), canonicalJson(changed), `${name}.${path}`);
      paths.add(`${name}.${path}`);
    }
  };
  let action: EffectiveAction | null = null;
  forAll(
    [fc.oneof(cases, withForeignTexts), fc.oneof(cases, withForeignTexts)],
    { ...RUNS, numRuns: 600 },
    (first, second) => {
      compare('context', contextText, first.context, withRareMembers(second.context));
      const [one, other] = [decideCase(first), decideCase(second)];
      compare('budget', writeBudget, one.budget, other.budget);
      compare('constraints', writeConstraints, one.constraints, other.constraints);
      const next = one.effective ?? other.effective;
      if (action !== null && next !== null)
        compare<EffectiveAction>('effective', writeEffectiveOrNull, action, { ...next, order_type: 'market' });
      action = next ?? action;
    },
  );
  const decision = decideWith();
  const { account, agent, exposure, pacing, state, trust } = baseContext;
  const { budget, constraints, effective } = decision;
  const parts = { account, agent, exposure, pacing, state, trust, constraints, effective, budget: budget.budget };
  for (const [name, part] of Object.entries(parts))
    for (const key of Object.keys(part ?? {}))
      assert.ok(
        [...paths].some((path) => path.endsWith(`${name}.${key}`)),
        `${name}.${key} alone has changed`,
      );
});
/** What the cases leave as it is. */
function withRareMembers(context: ExecutionContext): ExecutionContext {
  return {
    ...context,
    exposure: { ...context.exposure, opposed_by_short: 'other', recorded_price: 60_001 },
    pacing: { ...context.pacing, account_sends_free_at_ms: 5, agent_sends_free_at_ms: 6 },
    state: { ...context.state, layer: 'breaker', scope: 'symbol' },
  };
}

test('SAE-AUDIT: a list of verdicts that could not be written leaves nothing behind for the next one', () => {
  const pass = { code: 'RATE', limit: 5, observed: 1, outcome: 'pass', rule: 6, unit: 'orders' } as const;
  const bad = { ...pass, observed: Number.NaN };
  const next = { ...pass, observed: 2 };
  writeVerdicts([pass, pass]);
  assert.throws(() => writeVerdicts([next, bad]), CanonicalJsonError);
  assert.equal(writeVerdicts([next, pass]), canonicalJson([next, pass]));
});
