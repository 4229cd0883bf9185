import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSignal, checkStateChange } from '../../daemon/contract/commands.ts';

test('a reason and the evidence of a signal have 2 kB at most, in bytes [TF-68 TF-71]', () => {
  const signal = { kind: 'anomaly', scope: {}, severity: 0, ttl_ms: 1 };
  for (const [evidence, isGood] of [
    ['a'.repeat(2_048), true],
    ['é'.repeat(1_024), true],
    ['a'.repeat(2_049), false],
    [`é${'a'.repeat(2_047)}`, false],
  ] as const) {
    assert.equal(checkSignal({ ...signal, evidence }).ok, isGood);
    assert.equal(checkStateChange({ state: 'halted', reason: evidence }).ok, isGood);
  }
  assert.equal(checkStateChange({ state: 'halted' }).ok, false, 'a reason is said');
});
