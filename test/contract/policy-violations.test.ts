import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Type from 'typebox';
import { checkPolicyShape } from '../../daemon/contract/policy/policy-shape.ts';
import { buildChecker, describeErrors, formatViolation } from '../../daemon/contract/schema/ajv.ts';
import { closestKey } from '../../daemon/contract/schema/closest-key.ts';
import { MAX_VIOLATIONS } from '../../daemon/contract/schema/violations.ts';
import { changed } from '../policy/documents.ts';

function lines(changes: { readonly [path: string]: unknown }): string[] {
  const found = checkPolicyShape(changed(changes));
  return found.ok ? [] : found.violations.map(formatViolation);
}

describe('describeErrors', () => {
  it('says nothing about valid data', () => {
    assert.deepEqual(describeErrors(null), []);
    assert.deepEqual(describeErrors(undefined), []);
  });

  it('lists every violation with path, value and what is allowed', () => {
    assert.deepEqual(
      lines({ 'budgets.leverage': 0, mode: 'off', 'exits.step_ms': undefined, 'market.collar_bps': null }),
      [
        'mode: is not an allowed value (found "off"; allowed: "enforce", "shadow")',
        'budgets.leverage: must be at least 1 (found 0; allowed: a whole number, 1 to 125)',
        'market.collar_bps: is empty (null) (found null; allowed: a number, 0.1 to 5000)',
        'exits.step_ms: is missing (allowed: a whole number, 1 to 60000)',
      ],
    );
  });

  it('names an unknown key and the key that was meant', () => {
    assert.deepEqual(lines({ 'protection.stop_bp': 1 }), [
      'protection.stop_bp: unknown key "stop_bp"; did you mean "stop_bps"? (found 1; allowed: required, stop_bps)',
    ]);
    assert.deepEqual(lines({ 'protection.zebra': 1 }), [
      'protection.zebra: unknown key "zebra" (found 1; allowed: required, stop_bps)',
    ]);
  });

  it('says that a number is written as text', () => {
    assert.deepEqual(lines({ 'budgets.slippage_bps': '1e9' }), [
      'budgets.slippage_bps: is text, not a number (found "1e9"; allowed: a number, 0.1 to 5000)',
    ]);
  });

  it('says one thing about a union: the branch that was meant, else all that is allowed', () => {
    const path = 'trust.signals.narrative.multiplier';
    assert.deepEqual(lines({ [path]: 2 }), [`${path}: must be at most 1 (found 2; allowed: a number, 0.0001 to 1)`]);
    assert.match(lines({ [path]: '0/2' }).join(), /is not written as it must be \(found "0\/2"/);
    assert.deepEqual(lines({ [path]: { leverage: 1, notional: 1, order_rate: 1 } }).length, 1);
    assert.match(
      lines({ [path]: { leverage: 1, notional: 1, order_rate: 1 } }).join(),
      /multiplier\.slippage: is missing/,
    );
    assert.match(lines({ [path]: [] }).join(), /multiplier: is a list \(|multiplier: is not an allowed value/);
    assert.equal(lines({ [path]: true }).length, 1);
  });

  it('points into lists and quotes names that are not plain words', () => {
    const found = lines({ 'account.drawdown.tiers': [{ at: 2, multiplier: 0.5 }], agents: { 'a b': {} } });
    assert.match(found.join('\n'), /^account\.drawdown\.tiers\[0\]\.at: must be at most 1/m);
    assert.match(found.join('\n'), /^agents\["a b"\]: is not a name that may stand here/m);
  });

  it('names __proto__ as an unknown key instead of losing it', () => {
    const check = buildChecker(Type.Object({ a: Type.Integer() }, { additionalProperties: false }));
    const found = check(JSON.parse('{"a": 1, "__proto__": {"b": 2}}'));
    assert.equal(found.ok, false);
    assert.match(found.ok ? '' : found.violations.map(formatViolation).join(), /unknown key "__proto__"/);
  });

  it('cuts long values short and bounds the number of lines', () => {
    const check = buildChecker(Type.Object({}, { additionalProperties: false }));
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, 'x'.repeat(500)]));
    const found = check(many);
    assert.ok(!found.ok);
    assert.equal(found.violations.length, MAX_VIOLATIONS + 1);
    assert.equal(found.violations.at(-1)?.message, `and ${1000 - MAX_VIOLATIONS} more`);
    assert.ok(found.violations.every((each) => JSON.stringify(each).length < 300));
  });

  it('neither coerces, nor fills in, nor removes', () => {
    const check = buildChecker<{ a: number }>(
      Type.Object({ a: Type.Number({ default: 5 }) }, { additionalProperties: false }),
    );
    for (const bad of [{}, { a: '5' }, { a: null }, { a: [5] }, { a: 1, b: 2 }, { a: Number.NaN }]) {
      const before = JSON.stringify(bad);
      assert.equal(check(bad).ok, false, before);
      assert.equal(JSON.stringify(bad), before);
    }
  });
});

describe('closestKey', () => {
  it('finds a key within two edits, one for short keys', () => {
    assert.equal(closestKey('max_slipage_bps', ['max_slippage_bps', 'symbol']), 'max_slippage_bps');
    assert.equal(closestKey('symbl', ['symbol']), 'symbol');
    assert.equal(closestKey('Leverage', ['leverage']), 'leverage');
    assert.equal(closestKey('levreage', ['leverage']), 'leverage');
    assert.equal(closestKey('side', ['size', 'name']), 'size');
    assert.equal(closestKey('abcd', ['wxyz']), null);
    assert.equal(closestKey('x'.repeat(10_000), ['x']), null);
  });
});
