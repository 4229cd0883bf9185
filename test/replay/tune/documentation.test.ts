import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { WEIGHTS } from '../../../daemon/evaluation/tune/score.ts';
import { buildSpace } from '../../../daemon/evaluation/tune/space.ts';

const page = readFileSync(new URL('../../../docs/tuning.md', import.meta.url), 'utf8');

it('docs/tuning.md lists exactly the keys that are searched, with their ranges', () => {
  const rows = buildSpace(loadVariant('Holdfast').spec).map(
    ({ path, low, high, scale }) => `| \`${path}\` | ${low} | ${high} | ${scale} |`,
  );
  const listed = page.split('\n').filter((line) => /^\| `[a-z_]+\./.test(line));
  assert.deepEqual(listed, rows, 'the table and buildSpace() differ');
});

it('docs/tuning.md states the weights of the score', () => {
  const { mdd_to_shrink, cvar99_to_shrink, attack_damage, utility_lost, dg_loss } = WEIGHTS;
  const formula = `J = ${mdd_to_shrink} x MDD / Shrink + ${cvar99_to_shrink} x CVaR.99 per gross / NoSAE + ${attack_damage} x damage + ${utility_lost} x (1 - utility kept) + ${dg_loss} x DG loss`;
  assert.ok(page.includes(formula), `the page has no line "${formula}"`);
});
