import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REASON_CODES, REASONS } from '../../daemon/core/reasons.ts';

test('docs/reasons.md lists every code [TF-27]', () => {
  const page = readFileSync(new URL('../../docs/reasons.md', import.meta.url), 'utf8');
  assert.deepEqual(
    REASON_CODES.filter((code) => !page.includes(`\`${code}\``)),
    [],
  );
});

test('reasons stand in a BLOCK and in a LIMIT: none says that something went out or was cut', () => {
  for (const [code, { message, hint }] of Object.entries(REASONS))
    assert.doesNotMatch(`${message} ${hint}`, /\bwas (cut|reduced)\b|\bthe order goes out\b|part goes out/i, code);
});

test('SAE-T: the hint of STATE_HALTED promises no exit, which agents do not have then', () => {
  assert.doesNotMatch(REASONS.STATE_HALTED.hint, /exits?[^.]*\bpass\b/i, REASONS.STATE_HALTED.hint);
});
