import { workerData } from 'piscina';
import type { MarketData } from './facts/markets.ts';
import type { RunResult } from './facts/runs.ts';
import { readScope } from './judge/scope.ts';
import { type BootstrapPlan, type RunSummary, summarizeRun } from './metrics/summary.ts';
import { buildCurveSample } from './report/curve-samples.ts';
import type { CurveSample } from './report/types.ts';
import type { ReplayRun } from './run/run.ts';
import { barsOf, findDrawnScenario, isRunIn, PLAIN, type Scenario } from './setup/scenarios.ts';
import type { Variant } from './setup/variants.ts';
import { Workbench } from './setup/workbench.ts';

/** What every task of a worker shares. */
export interface WorkerSettings {
  readonly market: MarketData;
  /** A task runs through all variants, in all scenarios. */
  readonly variants: readonly Variant[];
  readonly scenarios: readonly Scenario[];
  readonly bootstrap: BootstrapPlan;
  /**
   * Pass-through variant: its run without attacks counts the legitimate requests; its returns are what Shrink scales.
   */
  readonly reference: Variant;
}
/** One agent's account under one seed. */
export interface ReplayTask {
  readonly seed: number;
  readonly agent: string;
  /** The report draws the curves of its runs. */
  readonly isDrawn: boolean;
}
export interface TaskOutcome {
  readonly summaries: readonly RunSummary[];
  readonly curves: readonly CurveSample[];
  readonly disagreements: readonly string[];
  readonly decisions: number;
}

/** Disagreements between gate and judge that one task reports at most. */
const MAX_DISAGREEMENTS = 3;

/** Runs tasks one after another; everything of constant size is returned, no series but the drawn curves. */
export function createTaskRunner(settings: WorkerSettings): (task: ReplayTask) => TaskOutcome {
  const bench = new Workbench(settings.market, readScope());
  return (task) => new TaskRun(settings, bench, task).run();
}

class TaskRun {
  readonly #settings: WorkerSettings;
  readonly #bench: Workbench;
  readonly #task: ReplayTask;
  readonly #passThrough = new Map<Scenario, RunResult>();
  readonly #disagreements: string[] = [];

  constructor(settings: WorkerSettings, bench: Workbench, task: ReplayTask) {
    this.#settings = settings;
    this.#bench = bench;
    this.#task = task;
  }

  run(): TaskOutcome {
    const { reference, variants, scenarios, bootstrap } = this.#settings;
    const { agent, isDrawn } = this.#task;
    const drawn = isDrawn ? findDrawnScenario(scenarios) : null;
    const plain = this.#open(reference, PLAIN, 0);
    const plainResult = plain.run();
    const legitRequests = plain.tally.legitRequests;
    const summaries: RunSummary[] = [];
    const curves: CurveSample[] = [];
    let decisions = 0;
    for (const variant of variants) {
      const calm = new Map<string, RunResult>();
      for (const scenario of scenarios) {
        if (!isRunIn(agent, scenario)) continue;
        const isReference = variant.hash === reference.hash;
        const result = isReference && isPlain(scenario) ? plainResult : this.#runOne(variant, scenario, legitRequests);
        if (isReference) this.#passThrough.set(scenario, result);
        decisions += result.decisions;
        const caps = `${scenario.capsScale} ${scenario.isUnreserved === true}`;
        const noSae = this.#passThrough.get(scenario) ?? null;
        summaries.push(summarizeRun(result, bootstrap, noSae, calm.get(caps) ?? null));
        if (scenario === drawn) curves.push(buildCurveSample(result, this.#bench.market.barMs));
        // The run without attacks is the first of its caps.
        if (scenario.attack === 'none') calm.set(caps, result);
      }
    }
    return { summaries, curves, disagreements: this.#disagreements, decisions };
  }

  #open(variant: Variant, scenario: Scenario, legitRequests: number): ReplayRun {
    const { seed, agent } = this.#task;
    const { barMs } = this.#bench.market;
    return this.#bench.run({ seed, agent, variant, scenario, legitRequests }, { bars: barsOf(scenario, barMs) });
  }

  #runOne(variant: Variant, scenario: Scenario, legitRequests: number): RunResult {
    const result = this.#open(variant, scenario, legitRequests).run();
    if (variant.name === 'Holdfast')
      for (const text of result.disagreements) {
        if (this.#disagreements.length >= MAX_DISAGREEMENTS) break;
        this.#disagreements.push(`${describe(result)}: ${text}`);
      }
    return result;
  }
}

function isPlain(scenario: Scenario): boolean {
  return scenario.attack === 'none' && scenario.capsScale === 1 && scenario.isUnreserved !== true;
}
function describe(result: RunResult): string {
  const { agent, seed, attack, sides, capsScale } = result.key;
  return `${agent} seed ${seed} ${attack}/${sides} caps x ${capsScale}`;
}

let runner: ((task: ReplayTask) => TaskOutcome) | null = null;
/** Entry of the worker pool; the pool hands its settings over as worker data. */
export default function runTask(task: ReplayTask): TaskOutcome {
  runner ??= createTaskRunner((workerData as { readonly settings: WorkerSettings }).settings);
  return runner(task);
}
