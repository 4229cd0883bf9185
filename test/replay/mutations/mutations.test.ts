import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkPolicyShape } from '../../../daemon/contract/policy/policy-shape.ts';
import { JUDGE_RULES } from '../../../daemon/evaluation/judge/rules.ts';
import { checkSemantics } from '../../../daemon/policy/checks/semantics.ts';
import { type Mutation, playScene, SCENES } from './mutations.ts';
import { policyOf, Stage } from './run-scene.ts';
import type { Scene } from './scene.ts';

const stage = new Stage();
const played: readonly Mutation[] = SCENES.map((scene) => playScene(scene, stage));

describe('SAE section 9: rules switched off one by one', () => {
  for (const { scene, row, rulesWith, rulesWithout } of played) {
    it(`${scene.rule} is seen (${scene.clauses.join(', ')})`, () => {
      assert.deepEqual(rulesWith, [], 'under the unmutated policy nothing out of scope is executed');
      assert.equal(row.out_of_scope_with, 0, 'and nothing is counted');
      assert.deepEqual(
        rulesWithout,
        [...scene.seenAs].sort(),
        'without it the judge names what it should, nothing else',
      );
      if (scene.seenAs.length > 0)
        assert.ok(row.out_of_scope_without > 0, 'without it the judge counts what is out of scope');
      if (scene.harm !== undefined)
        assert.ok(row.harm_without! > row.harm_with!, `${scene.harm.name} rises from ${row.harm_with}`);
      assert.ok(row.is_seen, scene.story);
    });
  }

  it('leaves no rule of the judge out', () => {
    const counted = new Set(played.flatMap(({ rulesWithout }) => rulesWithout));
    assert.deepEqual(
      JUDGE_RULES.filter((rule) => !counted.has(rule)),
      [],
      'every rule is named by some scene in which it is counted',
    );
  });

  it('names every row once', () => {
    const names = SCENES.map((scene) => scene.rule);
    assert.equal(new Set(names).size, names.length, 'two rows of one name could not be told apart');
  });

  it('switches off by policies that a daemon would load', () => {
    for (const scene of SCENES) {
      for (const off of [{}, scene.off]) {
        const spec = policyOf(scene, off);
        const shape = checkPolicyShape(spec);
        const violations = shape.ok ? checkSemantics(spec, [], null).violations : shape.violations;
        assert.deepEqual(violations, [], scene.rule);
      }
    }
  });

  it('gives the same table twice, in the order of the scenes', () => {
    const again = new Stage();
    assert.deepEqual(
      SCENES.map((scene) => playScene(scene, again).row),
      played.map(({ row }) => row),
      'a table made anew is the same',
    );
  });
});

describe('a mutation table that can fail', () => {
  const scene = SCENES.find(({ rule }) => rule === 'cap_order')!;

  it('does not see a rule that was not switched off', () => {
    const blind = playScene({ ...scene, off: {} }, stage);
    assert.equal(blind.row.is_seen, false, 'nothing has changed, so nothing may be seen');
  });

  it('does not see a rule where another one binds as well', () => {
    const covered: Scene = { ...scene, premise: { policy: { 'budgets.symbol_notional_usdt': 1000 } } };
    assert.equal(playScene(covered, stage).row.is_seen, false, 'the symbol cap still holds the order back');
  });

  it('does not pass a gate that lets out of scope through before anything is switched off', () => {
    const leaking: Scene = { ...scene, premise: { policy: scene.off }, off: { 'budgets.order_rate.max': 1000 } };
    const { row } = playScene(leaking, stage);
    assert.ok(row.out_of_scope_with > 0, 'the judge counts what the premise lets through');
    assert.equal(row.is_seen, false, 'a row with a disagreement is not seen');
  });

  it('refuses to switch off what is not there', () => {
    const misspelt: Scene = { ...scene, off: { 'budgets.order_notional': 1 } };
    assert.throws(() => playScene(misspelt, stage), /budgets\.order_notional is not part of the document/, 'a typo');
  });
});
