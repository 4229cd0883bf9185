import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_ROWS } from '../../daemon/venue/outcome.ts';
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
