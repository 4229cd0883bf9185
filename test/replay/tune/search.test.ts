import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TuneError } from '../../../daemon/evaluation/facts/out-folder.ts';
import { loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import type { Candidate } from '../../../daemon/evaluation/tune/candidate.ts';
import { type Figures, measureFigures } from '../../../daemon/evaluation/tune/score.ts';
import { type SearchSettings, searchPolicies } from '../../../daemon/evaluation/tune/search.ts';
import { buildSpace } from '../../../daemon/evaluation/tune/space.ts';
import { TuneStateFile } from '../../../daemon/evaluation/tune/state.ts';
import { tempFolder } from '../../temp-folder.ts';
import { sumsWith } from './figures.ts';

const start = loadVariant('Holdfast');
const PATH = 'market.regimes.extreme.notional';
const settings: SearchSettings = {
  start,
  space: buildSpace(start.spec),
  limits: { alpha: 0.05, beta: 0.05 },
  trials: 20,
  batch: 5,
  patience: 10,
  seed: 3,
};
/** A made-up landscape: best where the factor of the extreme regime is 0.4, forbidden above 0.5. */
function landscape({ parameters }: Candidate): Figures {
  const away = Math.abs(parameters[PATH]! - 0.4);
  return measureFigures(sumsWith({ damage: away, 'successes ATK-FLOOD': parameters[PATH]! > 0.5 ? 20 : 0 }));
}
const evaluate = async (candidates: readonly Candidate[]) => candidates.map(landscape);

describe('the random search (SAE section 8, tuning)', () => {
  it('starts from the start policy, ends nearer to the optimum, and is the same from the same seed', async () => {
    const outcome = await searchPolicies(settings, evaluate);
    assert.equal(outcome.trials.length, 21, 'the start policy and 20 trials');
    assert.equal(outcome.trials[0]!.candidate.variant.hash, start.hash, 'trial 0 is the start policy as it is');
    assert.ok(outcome.best.figures.score < outcome.trials[0]!.figures.score, 'nothing better in 20 trials');
    assert.equal(outcome.best.violation, 0, 'an infeasible policy beside a feasible start policy');
    const hashes = outcome.trials.map((trial) => trial.candidate.variant.hash);
    assert.equal(new Set(hashes).size, hashes.length, 'a policy was tried twice');
    const again = await searchPolicies({ ...settings, trials: 10 }, evaluate);
    assert.deepEqual(again.trials, outcome.trials.slice(0, 11), 'another search from the same seed');
    const other = await searchPolicies({ ...settings, seed: 4, trials: 2 }, evaluate);
    assert.notEqual(other.trials[1]!.candidate.variant.hash, hashes[1], 'the seed changes nothing');
  });

  it('stops after so many batches without improvement', async () => {
    const flat = async (candidates: readonly Candidate[]) => candidates.map(() => measureFigures(sumsWith()));
    const outcome = await searchPolicies({ ...settings, batch: 2, patience: 3 }, flat);
    assert.deepEqual(
      [outcome.trials.length, outcome.batches, outcome.stopped, outcome.best.index],
      [7, 4, 'no improvement', 0],
      'the start policy, then three batches of two',
    );
  });

  it('prefers the smallest violation while nothing is feasible', async () => {
    const all = async (candidates: readonly Candidate[], first: number) =>
      candidates.map((_, i) => measureFigures(sumsWith({ refusedExits: first + i === 3 ? 1 : 2, damage: first + i })));
    const outcome = await searchPolicies({ ...settings, trials: 4, batch: 2 }, all);
    assert.equal(outcome.best.index, 3, 'not the one with the fewest refused exits');
  });
});

describe('the state of a search', () => {
  const folder = tempFolder({ after }, 'tune-state');
  const args = { seed: 1, alpha: 0.05, inputs: [{ name: 'a.csv', sha256: 'ab', rows: 3 }] };

  it('comes back with the same arguments and refuses others by name', () => {
    const own = join(folder, 'own');
    const state = TuneStateFile.open(own, args);
    const figures = measureFigures(sumsWith());
    state.saveTrials([{ policy: 'p', figures }]);
    assert.deepEqual(TuneStateFile.open(own, args).trials, [{ policy: 'p', figures }], 'figures to the bit');
    assert.throws(
      () => TuneStateFile.open(own, { ...args, alpha: 0.1, seed: 2 }),
      (error) =>
        error instanceof TuneError &&
        /another search:\n {2}seed: 1, now 2\n {2}alpha: 0.05, now 0.1\n/.test(error.message),
      'it does not say what differs',
    );
  });

  it('never shortens what is recorded', () => {
    const state = TuneStateFile.open(join(folder, 'long'), args);
    const trial = { policy: 'p', figures: measureFigures(sumsWith()) };
    state.saveTrials([trial, trial]);
    state.saveTrials([trial]);
    assert.equal(TuneStateFile.open(join(folder, 'long'), args).trials.length, 2, 'a replay of the first batch cut it');
  });

  it('refuses a broken state, and results of an unknown search', () => {
    const broken = join(folder, 'broken');
    TuneStateFile.open(broken, args);
    for (const text of ['{"version":1', '[]', 'null', '{"version":2,"trials":[]}']) {
      writeFileSync(join(broken, 'state.json'), text);
      assert.throws(() => TuneStateFile.open(broken, args), TuneError, `${text} was taken`);
      assert.equal(readFileSync(join(broken, 'state.json'), 'utf8'), text, 'it was written over');
    }
    const foreign = join(folder, 'foreign');
    TuneStateFile.open(foreign, args);
    writeFileSync(join(foreign, 'best.yaml'), 'mine');
    assert.throws(() => TuneStateFile.open(foreign, args), /has best.yaml but no state.json/, 'it would be lost');
  });
});
