import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareFrozen } from '../../../daemon/evaluation/tune/frozen.ts';
import { addSeeds, isBetter, measureFigures, measureViolation } from '../../../daemon/evaluation/tune/score.ts';
import { forAll } from '../../for-all.ts';
import { sumsWith } from './figures.ts';

const LIMITS = { alpha: 0.05, beta: 0.05 };

describe('score of a policy (SAE section 8, tuning)', () => {
  it('rises with damage, lost utility, DG loss and with risk at equal exposure', () => {
    const { score } = measureFigures(sumsWith());
    for (const [what, changes] of Object.entries({
      damage: { damage: 0.02 },
      'lost utility': { executedUsdt: 500 },
      'DG loss': { lossOutOfScopeUsdt: 5 },
      'drawdown, light': { lightMdd: 0.09 },
      'drawdown, heavy': { heavyMdd: 0.09 },
      'tail, light': { lightCvar99: -0.005 },
      'tail, heavy': { heavyCvar99: -0.005 },
    })) {
      assert.ok(measureFigures(sumsWith(changes)).score > score, `${what} costs nothing`);
    }
  });

  it('gets worse when everything is shrunk, as long as attackers take less than utility / 10', () => {
    const share = fc.double({ min: 0.01, max: 0.95, noNaN: true });
    forAll(
      [share, share, fc.double({ min: 0, max: 0.9, noNaN: true })],
      { seed: 1, numRuns: 200 },
      (size, utility, part) => {
        const full = { damage: (utility / 10) * part, executedUsdt: 1000 * utility };
        const whole = sumsWith(full);
        const shrunk = sumsWith({
          damage: full.damage * size,
          executedUsdt: full.executedUsdt * size,
          lightMdd: whole.lightMdd * size,
          lightShrinkMdd: whole.lightShrinkMdd * size,
          heavyMdd: whole.heavyMdd * size,
          heavyShrinkMdd: whole.heavyShrinkMdd * size,
          lightCvar99: whole.lightCvar99 * size,
          lightShrinkCvar99: whole.lightShrinkCvar99 * size,
          heavyCvar99: whole.heavyCvar99 * size,
          heavyShrinkCvar99: whole.heavyShrinkCvar99 * size,
        });
        assert.ok(measureFigures(shrunk).score > measureFigures(whole).score, 'shrinking paid');
      },
    );
  });

  it('counts an account that holds nothing as no safer than NoSAE, and as useless', () => {
    const idle = measureFigures(sumsWith(Object.fromEntries(Object.keys(sumsWith()).map((name) => [name, 0]))));
    assert.deepEqual(
      [idle.mdd_to_shrink, idle.cvar99_to_shrink, idle.utility_kept, idle.false_block, idle.score],
      [1, 1, 0, null, 3],
      'an idle account is scored by what it gave up',
    );
  });

  it('does not reward attackers that lose, nor more notional than R alone allows', () => {
    const still = measureFigures(sumsWith({ damage: 0, executedUsdt: 1000 })).score;
    assert.equal(measureFigures(sumsWith({ damage: -0.5, executedUsdt: 1000 })).score, still, 'negative damage');
    assert.equal(measureFigures(sumsWith({ damage: 0, executedUsdt: 5000 })).score, still, 'utility above 1');
  });

  it('is feasible up to alpha and beta and not beyond, with no refused exit and no liquidation', () => {
    const violationOf = (changes: Parameters<typeof sumsWith>[0]) =>
      measureViolation(measureFigures(sumsWith(changes)), LIMITS);
    assert.equal(violationOf({ 'successes ATK-FLOOD': 1 }), 0, 'one of 20 is alpha');
    assert.ok(violationOf({ 'successes ATK-FLOOD': 2 }) > 0, 'two of 20 are more');
    assert.ok(violationOf({ 'successes ATK-STATE': 2 }) > 0, 'the worst family counts, not their mean');
    assert.equal(violationOf({ blocked: 5 }), 0, 'FalseBlock at beta');
    assert.ok(violationOf({ blocked: 6 }) > 0, 'FalseBlock above beta');
    assert.ok(violationOf({ inScope: 29 }) > 0, 'a FalseBlock from fewer than 30 requests is none');
    assert.ok(violationOf({ refusedExits: 1 }) > 0, 'a refused exit');
    assert.ok(violationOf({ liquidations: 1 }) > 0, 'a liquidation');
  });

  it('ranks feasible policies by score, before infeasible ones by violation', () => {
    const good = { violation: 0, score: 2 };
    assert.ok(isBetter(good, { violation: 0.01, score: 1 }), 'a better score does not buy a violation');
    assert.ok(isBetter({ violation: 0.01, score: 3 }, { violation: 0.02, score: 1 }), 'the smaller violation');
    assert.ok(isBetter({ violation: 0, score: 1 }, good), 'the lower score');
    assert.ok(!isBetter(good, good), 'a tie is no improvement');
  });
});

describe('the frozen comparison', () => {
  const seeds = [3, 4, 5, 6, 7, 8];
  const rows = (damage: number, jitter: number) =>
    seeds.map((_, i) => sumsWith({ damage: damage + jitter * (i % 2 === 0 ? 1 : -1) }));

  it('says better only when the paired difference over resampled seeds lies below 0', () => {
    const compare = (start: ReturnType<typeof rows>, best: ReturnType<typeof rows>) =>
      compareFrozen({ seeds, startBySeed: start, bestBySeed: best }, LIMITS, false).verdict;
    assert.equal(compare(rows(0.03, 0.01), rows(0.02, 0.01)), 'better', 'one seed like the other, all better');
    assert.equal(compare(rows(0.02, 0), rows(0.019, 0.015)), 'not_beyond_chance', 'better in half of the seeds');
    assert.equal(compare(rows(0.02, 0), rows(0.02, 0)), 'not_better', 'the same');
    assert.equal(compare(rows(0.02, 0), rows(0.03, 0)), 'not_better', 'worse');
    const leaking = rows(0, 0).map((sums) => ({ ...sums, 'successes ATK-FLOOD': 20 }));
    assert.equal(compare(rows(0.02, 0), leaking), 'infeasible', 'no score makes up for leaks');
  });

  it('has intervals around the figures of all seeds together', () => {
    const { start, scoreDifference } = compareFrozen(
      { seeds, startBySeed: rows(0.03, 0.01), bestBySeed: rows(0.02, 0.01) },
      LIMITS,
      false,
    );
    assert.deepEqual(start.figures, measureFigures(addSeeds(rows(0.03, 0.01))), 'the point is that of all seeds');
    const { attack_damage: damage } = start.intervals;
    assert.ok(damage !== null && damage.lo < damage.mean && damage.mean < damage.hi, 'seeds differ: no empty interval');
    const { attack_success: success, false_block: blocked } = start.intervals;
    assert.ok(success !== null && success.lo === 0 && success.hi > 0.02 && success.hi < 0.04, 'none of 120 episodes');
    assert.ok(blocked !== null && blocked.lo === 0 && blocked.hi > 0 && blocked.hi < 0.01, 'none of 600 requests');
    assert.ok(scoreDifference !== null && scoreDifference.hi < -0.09, 'pairing takes the seeds out of the difference');
  });
});
