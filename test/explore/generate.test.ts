import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_ROWS } from '../../daemon/venue/wire/outcome.ts';
import { generatePlan } from '../../scripts/explore/generate.ts';

/** Of so many worlds one has an exchange that refuses. */
const EVERY = 5;
/** A world may begin with a daemon that dies, before anything else. */
const BEGINNING = 10;

test('each refusal that the venue module knows meets an opening at the start of some world', () => {
  const codes = CODE_ROWS.flatMap((row) => row.codes);
  const met = new Set(
    codes.flatMap((_, turn) =>
      generatePlan(EVERY * (turn + 1))
        .steps.slice(0, BEGINNING)
        .flatMap(({ do: action }, index, steps) =>
          action.kind === 'fault' && steps[index + 1]?.do.kind === 'open' ? [action.fault.code] : [],
        ),
    ),
  );
  assert.deepEqual(
    codes.filter((code) => !met.has(code)),
    [],
  );
});

test('of any hundred worlds some have each part of the policy that seldom binds, and of the kind with approvals its rarest rule', () => {
  for (const from of [1, 777, 12_345]) {
    const policies = Array.from({ length: 100 }, (_, index) => JSON.stringify(generatePlan(from + index).setup.policy));
    for (const rare of [/"market\.freshness\.funding_ms":200/, /"trust\.signals\.anomaly":\{[^}]*"reduce_only":true/])
      assert.ok(policies.filter((policy) => rare.test(policy)).length > 1, `${rare} from ${from} on`);
    const asked = Array.from({ length: 18 }, (_, index) => generatePlan(from + 2 * index, { extras: ['approvals'] }));
    assert.ok(
      asked.some(({ setup }) => JSON.stringify(setup.policy).includes('untraded_ms')),
      `from ${from} on`,
    );
  }
});
