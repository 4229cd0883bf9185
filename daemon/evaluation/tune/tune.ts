import { join } from 'node:path';
import type { MarketData } from '../facts/markets.ts';
import { TuneError, writeWhole } from '../facts/out-folder.ts';
import { MIN_CASES } from '../metrics/bootstrap-plan.ts';
import { forSymbols, type Variant } from '../setup/variants.ts';
import { WorkerPool } from '../worker-pool.ts';
import type { Candidate } from './candidate.ts';
import { findSplit, unboundVariant } from './evaluator.ts';
import { compareFrozen, type FrozenComparison } from './frozen.ts';
import { renderBestPolicy, renderTrace, renderTuneReport, type TuneReport } from './results.ts';
import { addSeeds, type Figures, type Limits, measureFigures } from './score.ts';
import { type SearchOutcome, searchPolicies, type Trial } from './search.ts';
import { buildSpace } from './space.ts';
import { TuneStateFile } from './state.ts';
import type { TuneTask, TuneTaskOutcome, TuneWorkerSettings } from './worker.ts';

/** Accounts of a trial: every strategy once, both profiles twice. */
export const TUNE_AGENTS = [
  'momentum/over-asking',
  'mean-reversion/within-budget',
  'martingale/over-asking',
  'narrative/within-budget',
] as const;
/** Seeds of the out-of-sample result: none of them was tuned on. */
export const FROZEN_SEEDS = 10;

export interface TuneOptions {
  readonly market: MarketData;
  /** Policy that is tuned, as its file says it. */
  readonly start: Variant;
  /** Pass-through variant that Shrink is made from. */
  readonly reference: Variant;
  readonly limits: Limits;
  readonly trials: number;
  readonly batch: number;
  readonly patience: number;
  readonly seed: number;
  /** Seeds of every trial: 1 to `seeds`. */
  readonly seeds: number;
  readonly frozenSeeds: number;
  readonly agents: readonly string[];
  /** Share of the window that is tuned on. */
  readonly split: number;
  readonly threads: number;
  /** Folder of state and results. */
  readonly folder: string;
  readonly onProgress?: (done: number, total: number, note: string) => void;
}

/**
 * Tunes a policy on the first part of the window, freezes it, and runs start policy and best once on the rest (SAE
 * section 8, "Tuning"). Writes best.yaml, trace.json and report.md; resumes from state.json where there is one. The
 * same options give the same files bit by bit, whatever the threads and however often it was interrupted.
 *
 * @throws TuneError for options, a market or a folder that cannot be used
 */
export async function runTune(options: TuneOptions): Promise<TuneReport> {
  const { market, start, limits } = options;
  checkOptions(options);
  const splitMs = findSplit(market, options.split);
  const state = TuneStateFile.open(options.folder, describeArguments(options, splitMs));
  const symbols = market.symbols.map((bars) => bars.instrument.symbol);
  const onMarket = (variant: Variant): Variant => forSymbols(variant, symbols);
  const settings: TuneWorkerSettings = {
    market,
    splitMs,
    agents: options.agents,
    reference: onMarket(options.reference),
    unbound: unboundVariant(onMarket(start)),
  };
  const { threads } = options;
  const pool = new WorkerPool<TuneTask, TuneTaskOutcome>({ worker: './tune/worker', settings, threads });
  try {
    const run: RunTasks = async (tasks, onDone) => {
      const outcomes: TuneTaskOutcome[] = [];
      const onSymbols = tasks.map(({ variants, ...task }) => ({ ...task, variants: variants.map(onMarket) }));
      await pool.runAll(onSymbols, (outcome) => {
        outcomes.push(outcome);
        onDone();
      });
      return outcomes;
    };
    options.onProgress?.(0, options.trials + 1, '');
    const search = await runSearch(options, state, run);
    const frozen = await runFrozen(options, state, search.best, run);
    const report: TuneReport = {
      arguments: describeArguments(options, splitMs),
      limits,
      splitMs,
      startMs: market.startMs,
      endMs: market.endMs,
      space: buildSpace(start.spec),
      start,
      search,
      frozen,
    };
    writeWhole(join(options.folder, 'best.yaml'), renderBestPolicy(report));
    writeWhole(join(options.folder, 'trace.json'), renderTrace(report));
    writeWhole(join(options.folder, 'report.md'), renderTuneReport(report));
    return report;
  } finally {
    await pool.close();
  }
}

function checkOptions({ start, trials, batch, patience, seeds, frozenSeeds, threads, limits }: TuneOptions): void {
  const counts = { trials, batch, patience, seeds, frozenSeeds, threads };
  for (const [name, value] of Object.entries(counts))
    if (!(Number.isSafeInteger(value) && value > 0)) throw new TuneError(`${name} must be a whole number above 0`);
  for (const [name, value] of Object.entries(limits))
    if (!(value >= 0 && value <= 1)) throw new TuneError(`${name} must lie between 0 and 1`);
  if (start.spec.mode !== 'enforce')
    throw new TuneError(`${start.name} has mode: ${start.spec.mode}, which enforces nothing: there is nothing to tune`);
}

/** Everything the outcome depends on, but the code. */
function describeArguments(options: TuneOptions, splitMs: number): Readonly<Record<string, unknown>> {
  return {
    policy: options.start.hash,
    reference: options.reference.hash,
    inputs: options.market.inputs,
    bar_ms: options.market.barMs,
    start: new Date(options.market.startMs).toISOString(),
    split: new Date(splitMs).toISOString(),
    end: new Date(options.market.endMs).toISOString(),
    agents: options.agents,
    trials: options.trials,
    batch: options.batch,
    patience: options.patience,
    seed: options.seed,
    seeds: options.seeds,
    frozen_seeds: options.frozenSeeds,
    alpha: options.limits.alpha,
    beta: options.limits.beta,
  };
}

/** On the symbols of the market. */
type RunTasks = (tasks: readonly TuneTask[], onDone: () => void) => Promise<readonly TuneTaskOutcome[]>;

async function runSearch(options: TuneOptions, state: TuneStateFile, run: RunTasks): Promise<SearchOutcome> {
  const { start, onProgress } = options;
  const seeds = Array.from({ length: options.seeds }, (_, i) => i + 1);
  const total = options.trials + 1;
  const recorded = state.trials;
  const evaluate = async (candidates: readonly Candidate[], firstIndex: number): Promise<readonly Figures[]> => {
    const known = recorded.slice(firstIndex, firstIndex + candidates.length);
    if (known.length === candidates.length) {
      for (const [i, { variant }] of candidates.entries())
        if (known[i]!.policy !== variant.hash)
          throw new TuneError(
            `trial ${firstIndex + i} of the state is not the one this version draws: give a new folder`,
          );
      return known.map(({ figures }) => figures);
    }
    const tasks = candidates.map(({ variant }): TuneTask => ({ segment: 'tuning', seeds, variants: [variant] }));
    let done = firstIndex;
    const outcomes = await run(tasks, () => onProgress?.(++done, total, ''));
    const figures = outcomes.map(([bySeed]) => measureFigures(addSeeds(bySeed!)));
    if (firstIndex === 0) checkSegment(figures[0]!);
    return figures;
  };
  const save = (trials: readonly Trial[]): void => {
    state.saveTrials(trials.map(({ candidate, figures }) => ({ policy: candidate.variant.hash, figures })));
    onProgress?.(trials.length, total, '');
  };
  const settings = { ...options, start, space: buildSpace(start.spec) };
  return searchPolicies(settings, evaluate, save);
}

/** A segment on which the start policy cannot be measured would rank candidates by chance. */
function checkSegment({ false_block, utility_kept }: Figures): void {
  const advice = 'give more data, more --seeds, or another policy';
  if (false_block === null)
    throw new TuneError(`on the tuning segment fewer than ${MIN_CASES} legitimate requests are in scope: ${advice}`);
  if (utility_kept <= 0)
    throw new TuneError(`on the tuning segment no legitimate request is executed under the start policy: ${advice}`);
}

async function runFrozen(
  options: TuneOptions,
  state: TuneStateFile,
  best: Trial,
  run: RunTasks,
): Promise<FrozenComparison> {
  const { start, limits, frozenSeeds } = options;
  const isSame = best.index === 0;
  let frozen = state.frozen;
  if (frozen === null) {
    const total = options.trials + 1;
    let done = 0;
    const show = (): void => options.onProgress?.(total, total, `out of sample: seed ${done} of ${frozenSeeds}`);
    show();
    const seeds = Array.from({ length: frozenSeeds }, (_, i) => options.seeds + 1 + i);
    const variants = isSame ? [start] : [start, best.candidate.variant];
    const tasks = seeds.map((seed): TuneTask => ({ segment: 'out_of_sample', seeds: [seed], variants }));
    const outcomes = await run(tasks, () => {
      done += 1;
      show();
    });
    frozen = {
      best: best.candidate.variant.hash,
      seeds,
      startBySeed: outcomes.map((byVariant) => byVariant[0]![0]!),
      bestBySeed: outcomes.map((byVariant) => byVariant.at(-1)![0]!),
    };
    state.saveFrozen(frozen);
  }
  if (frozen.best !== best.candidate.variant.hash)
    throw new TuneError('the state holds an out-of-sample result of another policy: give a new folder');
  return compareFrozen(frozen, limits, isSame);
}
