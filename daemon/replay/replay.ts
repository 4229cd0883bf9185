import { createBootstrapPlan, type RunSummary } from './metrics/summary.ts';
import { runTasks } from './pool.ts';
import type { RunSample } from './samples.ts';
import { type AttackChoice, buildScenarios, listAgents, type Scenario } from './scenarios.ts';
import type { MarketData } from './types.ts';
import type { Variant } from './variants.ts';
import type { ReplayTask, TaskOutcome, WorkerSettings } from './worker.ts';

/** Replicates of the bootstrap over days and seeds. */
export const BOOTSTRAP_REPLICATES = 200;
const BOOTSTRAP_SEED = 20_251_010;

export interface ReplayOptions {
  readonly market: MarketData;
  readonly seeds: number;
  readonly attack: AttackChoice;
  readonly variants: readonly Variant[];
  /** Pass-through variant that everything is compared with. */
  readonly reference: Variant;
  readonly agents?: readonly string[];
  readonly threads: number;
  readonly onProgress?: (done: number, total: number) => void;
}
export interface ReplayOutcome {
  readonly scenarios: readonly Scenario[];
  readonly agents: readonly string[];
  /** In the order of tasks, whatever worker came first. */
  readonly summaries: readonly RunSummary[];
  readonly samples: readonly RunSample[];
  /** Fills of the Holdfast variant that the judge found out of scope: each is a defect of one of the two. */
  readonly disagreements: readonly string[];
  readonly decisions: number;
  readonly runs: number;
}

/** Every agent under every seed through all variants and scenarios. The same input gives the same outcome, bit by bit. */
export async function runReplay(options: ReplayOptions): Promise<ReplayOutcome> {
  const scenarios = buildScenarios(options.attack);
  const agents = options.agents ?? listAgents();
  const tasks: ReplayTask[] = [];
  for (let seed = 1; seed <= options.seeds; seed++) for (const agent of agents) tasks.push({ seed, agent });
  const settings: WorkerSettings = {
    market: options.market,
    variants: options.variants,
    scenarios,
    bootstrap: createBootstrapPlan({
      seed: BOOTSTRAP_SEED,
      replicates: BOOTSTRAP_REPLICATES,
      startMs: options.market.startMs,
      endMs: options.market.endMs,
    }),
    reference: options.reference,
    sampled: tasks[0]!,
  };
  const outcomes = new Map<string, TaskOutcome>();
  await runTasks(settings, tasks, options.threads, (outcome) => {
    outcomes.set(keyOf(outcome.task), outcome);
    options.onProgress?.(outcomes.size, tasks.length);
  });
  const ordered = tasks.map((task) => outcomes.get(keyOf(task))!);
  return {
    scenarios,
    agents,
    summaries: ordered.flatMap((outcome) => outcome.summaries),
    samples: ordered.flatMap((outcome) => outcome.samples),
    disagreements: ordered.flatMap((outcome) => outcome.disagreements),
    decisions: ordered.reduce((sum, outcome) => sum + outcome.decisions, 0),
    runs: tasks.length * scenarios.length * options.variants.length,
  };
}

function keyOf(task: ReplayTask): string {
  return `${task.seed}/${task.agent}`;
}
