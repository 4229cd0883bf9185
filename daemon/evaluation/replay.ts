import type { MarketData } from './facts/markets.ts';
import { readScope } from './judge/scope.ts';
import { type Aggregate, Aggregator } from './metrics/aggregator.ts';
import { type BootstrapPlan, createBootstrapPlan } from './metrics/bootstrap-plan.ts';
import { measureReliability } from './metrics/calibration/reliability.ts';
import { calibrationSettings } from './metrics/calibration/settings.ts';
import type { TraderSample } from './metrics/calibration/trader-samples.ts';
import { runTasks } from './pool.ts';
import type { CalibrationInput, MutationRow } from './report/types.ts';
import type { RunSample } from './setup/samples.ts';
import { type AttackChoice, buildScenarios, listAgents, PLAIN, type Scenario } from './setup/scenarios.ts';
import type { Variant } from './setup/variants.ts';
import { CALIBRATION_SEEDS, countTasks, listTasks, type TaskPlan } from './tasks.ts';
import type { RunGroup } from './worker.ts';

/** Replicates of the bootstrap over days and seeds. */
const REPLICATES = 200;
const BOOTSTRAP_SEED = 20_251_010;
/** Disagreements that are kept. */
const MAX_NOTES = 20;
/** Variant whose thresholds of the trader state are swept. */
const SWEPT = 'Holdfast';

export interface ReplayOptions {
  readonly market: MarketData;
  readonly seeds: number;
  readonly attack: AttackChoice;
  readonly variants: readonly Variant[];
  /** Pass-through variant that everything is compared with; one of `variants`. */
  readonly reference: Variant;
  readonly agents: readonly string[];
  readonly threads: number;
  readonly onProgress?: (done: number, total: number) => void;
}
export interface ReplayOutcome {
  readonly aggregate: Aggregate;
  readonly calibration: CalibrationInput | null;
  readonly mutations: readonly MutationRow[];
  readonly samples: readonly RunSample[];
  /**
   * Fills of the Holdfast variant that the judge found out of scope, the first 20: each is a defect of one of the two.
   */
  readonly disagreements: readonly string[];
  readonly decisions: number;
  readonly runs: number;
  readonly bootstrap: BootstrapPlan;
}

/**
 * Every agent under every seed through all variants and scenarios. The same input gives the same outcome, bit by bit.
 */
export async function runReplay(options: ReplayOptions): Promise<ReplayOutcome> {
  const { market, seeds, reference } = options;
  const bootstrap = createBootstrapPlan({
    seed: BOOTSTRAP_SEED,
    replicates: REPLICATES,
    startMs: market.startMs,
    endMs: market.endMs,
  });
  const groups = buildGroups(options);
  const plan: TaskPlan = { seeds, agents: options.agents, isCalibrated: groups.length > 1 };
  const aggregators = groups.map(
    (group, index) =>
      new Aggregator({
        plan: bootstrap,
        seeds: Array.from({ length: index === 0 ? seeds : Math.min(seeds, CALIBRATION_SEEDS) }, (_, i) => i + 1),
        variants: group.variants.map((variant) => variant.name),
        grossCapUsdt: readScope().budgets.gross_notional_usdt,
      }),
  );
  const samples: RunSample[] = [];
  const trader: TraderSample[] = [];
  const disagreements: string[] = [];
  const total = countTasks(plan);
  let done = 0;
  let decisions = 0;
  let runs = 0;
  const mutations = await runTasks(
    { market, groups, bootstrap, reference },
    listTasks(plan),
    options.threads,
    (outcome) => {
      const { task, summaries } = outcome;
      for (const summary of summaries) aggregators[task.group]!.add(summary);
      // Of one task and of the first seeds: what is kept does not grow with the number of seeds.
      samples.push(...outcome.samples);
      trader.push(...outcome.traderSamples);
      disagreements.push(...outcome.disagreements.slice(0, MAX_NOTES - disagreements.length));
      decisions += outcome.decisions;
      runs += summaries.length;
      done += 1;
      options.onProgress?.(done, total);
    },
  );
  return {
    aggregate: aggregators[0]!.finish(),
    calibration: calibrate(options, aggregators[1] ?? null, trader),
    mutations,
    samples,
    disagreements,
    decisions,
    runs,
    bootstrap,
  };
}

function buildGroups({ attack, variants }: ReplayOptions): readonly RunGroup[] {
  const main: RunGroup = { variants, scenarios: buildScenarios(attack) };
  const swept = variants.find((variant) => variant.name === SWEPT);
  if (attack !== 'all' || swept === undefined) return [main];
  const scenarios: readonly Scenario[] = [
    PLAIN,
    { attack: 'light', sides: 'random', capsScale: 1 },
    { attack: 'heavy', sides: 'clairvoyant', capsScale: 1 },
  ];
  return [main, { variants: calibrationSettings(swept.spec), scenarios }];
}

function calibrate(
  { variants }: ReplayOptions,
  sweep: Aggregator | null,
  samples: readonly TraderSample[],
): CalibrationInput | null {
  const swept = variants.find((variant) => variant.name === SWEPT);
  if (sweep === null || swept === undefined) return null;
  const { variants: measured } = sweep.finish();
  return {
    reliability: measureReliability(samples),
    sweep: calibrationSettings(swept.spec).map(({ name, limit_at, block_at, enforce_block }) => {
      const report = measured[name];
      return {
        name,
        limit_at,
        block_at,
        enforce_block,
        false_block: report?.false_block ?? null,
        attack_damage: report?.attack_damage ?? null,
      };
    }),
  };
}

/** Names of all accounts, in the order in which they are run. */
export function defaultAgents(): readonly string[] {
  return listAgents();
}
