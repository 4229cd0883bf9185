import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeLooser } from '../../../daemon/engine/operator/policy-control.ts';

test('a looser key is told with both values, cut where they are long', () => {
  const why = 'larger allows more';
  const line = describeLooser({ path: 'budgets.leverage', from: 3, to: 4, why });
  assert.equal(line, 'budgets.leverage: 3 -> 4 (larger allows more)');
  assert.equal(
    describeLooser({ path: 'agents.a', from: undefined, to: { budgets: { leverage: 2 } }, why }),
    'agents.a: absent -> {"budgets":{"leverage":2}} (larger allows more)',
  );
  const long = describeLooser({ path: 'scope', from: [], to: 'x'.repeat(5000), why });
  assert.ok(long.length < 200 && long.includes('…'), long);
});
