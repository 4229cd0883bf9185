import { readScope } from '../judge/scope.ts';
import { measureReliability } from './calibration/reliability.ts';
import { calibrationSettings } from './calibration/settings.ts';
import type { TraderSample } from './calibration/trader-samples.ts';
import { type Aggregate, Aggregator } from './metrics/aggregator.ts';
import { type BootstrapPlan, createBootstrapPlan } from './metrics/bootstrap-plan.ts';
import { runTasks } from './pool.ts';
import type { CalibrationInput } from './report/types.ts';
import type { RunSample } from './samples.ts';
import { type AttackChoice, buildScenarios, listAgents, PLAIN, type Scenario, SHARED_AGENT } from './scenarios.ts';
import type { MarketData } from './types.ts';
import type { Variant } from './variants.ts';
import type { ReplayTask, RunGroup } from './worker.ts';

/** Replicates of the bootstrap over days and seeds. */
const REPLICATES = 200;
const BOOTSTRAP_SEED = 20_251_010;
/** Seeds whose agents calibrate the trader state and its thresholds. */
const CALIBRATION_SEEDS = 3;
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
  readonly samples: readonly RunSample[];
  /** Fills of the Holdfast variant that the judge found out of scope: each is a defect of one of the two. */
  readonly disagreements: readonly string[];
  readonly decisions: number;
  readonly runs: number;
  readonly bootstrap: BootstrapPlan;
}

/** Every agent under every seed through all variants and scenarios. The same input gives the same outcome, bit by bit. */
export async function runReplay(options: ReplayOptions): Promise<ReplayOutcome> {
  const { market, seeds, variants, reference } = options;
  const bootstrap = createBootstrapPlan({
    seed: BOOTSTRAP_SEED,
    replicates: REPLICATES,
    startMs: market.startMs,
    endMs: market.endMs,
  });
  const groups = buildGroups(options);
  const tasks = buildTasks(options, groups.length > 1);
  const aggregators = groups.map(
    (group, index) =>
      new Aggregator({
        plan: bootstrap,
        seeds: Array.from({ length: index === 0 ? seeds : Math.min(seeds, CALIBRATION_SEEDS) }, (_, i) => i + 1),
        variants: group.variants.map((variant) => variant.name),
        grossCapUsdt: readScope().budgets.gross_notional_usdt,
      }),
  );
  const kept = new Map<
    number,
    { samples: readonly RunSample[]; trader: readonly TraderSample[]; notes: readonly string[] }
  >();
  let done = 0;
  let decisions = 0;
  let runs = 0;
  await runTasks({ market, groups, bootstrap, reference }, tasks, options.threads, (outcome) => {
    const index = tasks.findIndex((task) => sameTask(task, outcome.task));
    for (const summary of outcome.summaries) aggregators[outcome.task.group]!.add(summary);
    kept.set(index, { samples: outcome.samples, trader: outcome.traderSamples, notes: outcome.disagreements });
    decisions += outcome.decisions;
    runs += outcome.summaries.length;
    done += 1;
    options.onProgress?.(done, tasks.length);
  });
  // In the order of tasks, whatever worker came first.
  const ordered = tasks.map((_, index) => kept.get(index)!);
  return {
    aggregate: aggregators[0]!.finish(),
    calibration: calibrate(
      options,
      aggregators[1] ?? null,
      ordered.flatMap((entry) => entry.trader),
    ),
    samples: ordered.flatMap((entry) => entry.samples),
    disagreements: ordered.flatMap((entry) => entry.notes),
    decisions,
    runs,
    bootstrap,
  };

  function buildGroups({ attack }: ReplayOptions): readonly RunGroup[] {
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
}

function buildTasks({ seeds, agents }: ReplayOptions, isCalibrated: boolean): readonly ReplayTask[] {
  const tasks: ReplayTask[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    for (const agent of agents) {
      const calibrates = isCalibrated && seed <= CALIBRATION_SEEDS && agent !== SHARED_AGENT;
      tasks.push({ seed, agent, group: 0, isSampled: tasks.length === 0, isCalibrated: calibrates });
      if (calibrates) tasks.push({ seed, agent, group: 1, isSampled: false, isCalibrated: false });
    }
  }
  return tasks;
}

function sameTask(a: ReplayTask, b: ReplayTask): boolean {
  return a.seed === b.seed && a.agent === b.agent && a.group === b.group;
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
