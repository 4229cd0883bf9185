import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import type { TuneReport } from '../../../evaluation/tune/results.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { openProgress } from '../../render/progress.ts';
import { addVerb, type Io, MAX_THREADS, parseCount, parseInteger, parseSymbols, printJson, upTo } from '../../verb.ts';
import { requireEvaluationPackages } from './evaluation-packages.ts';

interface TuneVerbOptions {
  readonly data?: string;
  readonly marketSeed: number;
  readonly bars: number;
  readonly symbols?: readonly string[];
  readonly out: string;
  readonly policy?: string;
  readonly trials: number;
  readonly batch: number;
  readonly patience: number;
  readonly seed: number;
  readonly seeds: number;
  readonly threads: number;
  readonly alpha: number;
  readonly beta: number;
  readonly split: number;
  readonly json?: boolean;
}
/** Length of the synthetic market, when there is no data. */
const SYNTHETIC_BARS = 5760;
const MAX_SEEDS = 100;
const MAX_TRIALS = 10_000;

export function addTune(program: Command, io: Io): void {
  addVerb(program, {
    usage: 'tune',
    summary: 'Search for a better policy on the first part of a market, and try it once on the rest',
    examples: ['tune --out tuned', 'tune --data market-data --out tuned --trials 200 --seeds 3 --json'],
  })
    .option('--data <dir>', 'folder with bars and funding (docs/data.md); without it a synthetic market')
    .option('--market-seed <n>', 'seed of the synthetic market', parseSeed, 1)
    .option('--bars <n>', 'judged 15-minute bars of the synthetic market', parseCount, SYNTHETIC_BARS)
    .option('--symbols <list>', 'symbols to use, separated by commas (all of the folder)', parseSymbols)
    .requiredOption(
      '--out <dir>',
      'folder for best.yaml, trace.json and report.md; a rerun resumes from its state.json',
    )
    .option('--policy <file>', 'policy to start from, or the name of a variant (policies/evaluation/holdfast.yaml)')
    .option('--trials <n>', `policies to try, up to ${MAX_TRIALS}`, upTo(MAX_TRIALS), 100)
    .option('--batch <n>', 'policies tried at once; the next batch searches around the best of them', upTo(1000), 8)
    .option('--patience <n>', 'stop after this many batches without a better policy', parseCount, 5)
    .option('--seed <n>', 'seed of the search', parseSeed, 1)
    .option('--seeds <n>', `seeds of every trial, up to ${MAX_SEEDS}`, upTo(MAX_SEEDS), 2)
    .option(
      '--threads <n>',
      'worker threads; the result does not depend on it',
      upTo(MAX_THREADS),
      Math.min(MAX_THREADS, availableParallelism()),
    )
    .option('--alpha <share>', 'largest AttackSuccess of a feasible policy', parseShare, 0.05)
    .option('--beta <share>', 'largest FalseBlock of a feasible policy', parseShare, 0.05)
    .option('--split <share>', 'share of the window used for tuning', parseShare, 0.6)
    .addHelpText('after', '\nThe exit code is 5 when no policy met the limits on the tuning segment.')
    .action((options: TuneVerbOptions) => tune(io, options));
}

function parseSeed(text: string): number {
  const seed = parseInteger(text);
  if (seed <= 0x7fffffff) return seed;
  throw new InvalidArgumentError('Expected a whole number up to 2147483647.');
}

function parseShare(text: string): number {
  if (/^(?:0(?:\.\d{1,15})?|1(?:\.0{1,15})?)$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a share between 0 and 1.');
}

async function tune(io: Io, options: TuneVerbOptions): Promise<void> {
  requireEvaluationPackages('tune');
  const [{ runTune, TUNE_AGENTS, FROZEN_SEEDS }, { sentencesOf }, { openMarket }, { loadVariant }] = await Promise.all([
    import('../../../evaluation/tune/tune.ts'),
    import('../../../evaluation/tune/results.ts'),
    import('../../../evaluation/setup/open-market.ts'),
    import('../../../evaluation/setup/variants.ts'),
  ]);
  const progress = await openProgress(io, 'policies');
  try {
    const { data = null, symbols = null, marketSeed: seed, bars, json } = options;
    const { notes, ...market } = openMarket({ data, symbols, synthetic: { seed, bars } });
    if (json !== true) for (const note of notes) io.err(`note: ${note}\n`);
    const start = loadVariant(options.policy ?? 'Holdfast');
    const report = await runTune({
      market,
      start,
      reference: loadVariant('NoSAE'),
      limits: { alpha: options.alpha, beta: options.beta },
      trials: options.trials,
      batch: options.batch,
      patience: options.patience,
      seed: options.seed,
      seeds: options.seeds,
      frozenSeeds: FROZEN_SEEDS,
      agents: TUNE_AGENTS,
      split: options.split,
      threads: options.threads,
      folder: options.out,
      onProgress: progress.show,
    });
    progress.end();
    if (json === true) printJson(io, summarize(options.out, report));
    else io.out(`${sentencesOf(report).join('\n')}\n${options.out}: best.yaml, trace.json, report.md\n`);
    io.exit(report.search.best.violation === 0 ? EXIT.OK : EXIT.VERIFICATION);
  } catch (error) {
    const isInput = error instanceof Error && ['TuneError', 'VariantError', 'MarketDataError'].includes(error.name);
    throw isInput ? new CliError(EXIT.USAGE, error.message) : error;
  } finally {
    progress.end();
  }
}

function summarize(folder: string, { search, frozen }: TuneReport): object {
  const { best, trials, batches, stopped } = search;
  return {
    folder,
    trials: trials.length - 1,
    batches,
    stopped,
    best: {
      index: best.index,
      policy: best.candidate.variant.hash,
      parameters: best.candidate.parameters,
      feasible: best.violation === 0,
      tuning: best.figures,
      out_of_sample: frozen.best.intervals,
    },
    start: {
      policy: trials[0]!.candidate.variant.hash,
      tuning: trials[0]!.figures,
      out_of_sample: frozen.start.intervals,
    },
    score_difference: frozen.scoreDifference,
    verdict: frozen.verdict,
  };
}
