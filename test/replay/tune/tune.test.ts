import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { buildSyntheticMarket } from '../../../daemon/evaluation/market/synthetic.ts';
import { loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { Evaluator, unboundVariant } from '../../../daemon/evaluation/tune/evaluator.ts';
import { addSeeds, measureFigures } from '../../../daemon/evaluation/tune/score.ts';
import { runTune, type TuneOptions } from '../../../daemon/evaluation/tune/tune.ts';
import { parsePolicy } from '../../../daemon/policy/parse.ts';
import { holdfast } from '../../cli/run.ts';
import { tempFolder } from '../../temp-folder.ts';
import { shrinkEverything } from './shrunk.ts';

const AGENT = 'narrative/within-budget';
const start = loadVariant('Holdfast');
const reference = loadVariant('NoSAE');
const market = buildSyntheticMarket({
  seed: 1,
  bars: 10 * 48,
  warmupBars: 260,
  barMs: 1_800_000,
  symbols: ['BTCUSDT', 'ETHUSDT'],
});
const folder = tempFolder({ after }, 'tune');
const optionsFor = (name: string, threads: number): TuneOptions => ({
  market,
  start,
  reference,
  limits: { alpha: 0.05, beta: 0.05 },
  trials: 3,
  batch: 2,
  patience: 9,
  seed: 5,
  seeds: 1,
  frozenSeeds: 2,
  agents: [AGENT],
  split: 0.5,
  threads,
  folder: join(folder, name),
});
const read = (name: string, file: string) => readFileSync(join(folder, name, file), 'utf8');

describe('holdfast tune', () => {
  it('writes the same files with any number of threads, interrupted or not; the daemon loads the policy', async () => {
    const shown: string[] = [];
    const onProgress = (done: number, total: number, note: string) => shown.push(`${done}/${total} ${note}`);
    const report = await runTune({ ...optionsFor('whole', 2), onProgress });
    assert.equal(shown[0], '0/4 ', 'progress is shown from the start');
    assert.equal(shown.at(-1), '4/4 out of sample: seed 2 of 2', 'progress is shown to the end');
    assert.equal(report.search.trials.length, 4, 'the start policy and 3 trials');
    const interrupted = { ...optionsFor('parts', 1), onProgress: (done: number) => assert.ok(done < 3, 'interrupted') };
    await assert.rejects(runTune(interrupted), /interrupted/, 'the run was to end in its second batch');
    const recorded = JSON.parse(read('parts', 'state.json')) as { trials: unknown[] };
    assert.equal(recorded.trials.length, 1, 'the batch that had ended is recorded');
    await runTune(optionsFor('parts', 1));
    for (const file of ['best.yaml', 'trace.json', 'report.md', 'state.json'])
      assert.equal(read('parts', file), read('whole', file), `${file} depends on threads or interruption`);
    const best = parsePolicy(read('whole', 'best.yaml'), 'best.yaml');
    assert.ok(best.ok, 'best.yaml is no valid policy');
    assert.equal(best.policy.hash, report.search.best.candidate.variant.hash, 'best.yaml is not what was run');
    const check = await holdfast(['policy', 'check', join(folder, 'whole', 'best.yaml')]);
    assert.equal(check.code, 0, check.out + check.err);
    const trace = JSON.parse(read('whole', 'trace.json')) as { trials: { feasible: boolean }[] };
    assert.equal(trace.trials.length, 4, 'the trace has every trial');
  });

  it('runs nothing again once it is done, and refuses other arguments', async () => {
    const before = read('whole', 'trace.json');
    await runTune(optionsFor('whole', 1));
    assert.equal(read('whole', 'trace.json'), before, 'a finished search came out otherwise');
    await assert.rejects(runTune({ ...optionsFor('whole', 1), seed: 6 }), /seed: 5, now 6/, 'another seed');
    await assert.rejects(
      runTune({ ...optionsFor('whole', 1), start: loadVariant('Full') }),
      /policy:/,
      'another policy',
    );
  });

  it('scores a policy that shrinks everything worse than the one it was made from', () => {
    const evaluator = new Evaluator({ market, agents: [AGENT], reference, unbound: unboundVariant(start) });
    const scoreOf = (variant: typeof start) => measureFigures(addSeeds(evaluator.measure(variant, [1])));
    const whole = scoreOf(start);
    for (const factor of [0.05, 0.3]) {
      const shrunk = scoreOf(shrinkEverything(start, factor));
      assert.ok(shrunk.utility_kept < whole.utility_kept, `x ${factor} keeps ${shrunk.utility_kept}`);
      assert.ok(shrunk.score > whole.score, `x ${factor} scores ${shrunk.score}, the start policy ${whole.score}`);
    }
    assert.deepEqual(scoreOf(start), whole, 'what was run before changes the figures');
  });

  it('says what is wrong with its arguments and data, and ends with 2', async () => {
    const out = join(folder, 'wrong');
    for (const [args, expected] of [
      [['tune'], /--out <dir>/],
      [['tune', '--out', out, '--alpha', '1.5'], /between 0 and 1/],
      [['tune', '--out', out, '--trials', '0'], /whole number above 0/],
      [['tune', '--out', out, '--data', join(folder, 'nothing')], /nothing/],
      [['tune', '--out', out, '--policy', join(folder, 'none.yaml')], /no file that can be read/],
      [['tune', '--out', out, '--policy', 'NoSAE'], /mode: shadow/],
      [['tune', '--out', out, '--split', '0.95'], /each needs 5/],
      [['tune', '--out', out, '--bars', '400'], /2\.0 days to tune on and 2\.2 out of sample/],
      [['tune', '--out', out, '--symbols', 'MOONUSDT'], /knows no symbol MOONUSDT/],
      [['tune', '--out', out, '--symbols', 'btc'], /symbols such as/],
    ] as const) {
      const { code, out: printed, err } = await holdfast(args);
      assert.deepEqual([code, printed], [2, ''], `${args.join(' ')}: ${err}`);
      assert.match(err, expected, args.join(' '));
    }
  });
});
