import { workerData } from 'piscina';
import type { MarketData } from './facts/markets.ts';
import type { RunResult } from './facts/runs.ts';
import { readScope } from './judge/scope.ts';
import { buildTraderSamples, type TraderSample, watchTrader } from './metrics/calibration/trader-samples.ts';
import { type BootstrapPlan, type RunSummary, summarizeRun } from './metrics/summary.ts';
import type { MutationRow } from './report/types.ts';
import { runMutations } from './setup/mutations/mutations.ts';
import { findDrawnScenario, type RunSample, Sampler } from './setup/samples.ts';
import { barsOf, isRunIn, PLAIN, type Scenario, SHARED_AGENT } from './setup/scenarios.ts';
import type { Variant } from './setup/variants.ts';
import { type RunHooks, Workbench } from './setup/workbench.ts';

/** Variants and scenarios that a task runs through. */
export interface RunGroup {
  readonly variants: readonly Variant[];
  readonly scenarios: readonly Scenario[];
}
/** What every task of a worker shares. */
export interface WorkerSettings {
  readonly market: MarketData;
  readonly groups: readonly RunGroup[];
  readonly bootstrap: BootstrapPlan;
  /**
   * Pass-through variant: its run without attacks counts the legitimate requests; its returns are what Shrink scales.
   */
  readonly reference: Variant;
}
/** One agent's account under one seed: all variants and scenarios of a group. */
export interface ReplayTask {
  readonly seed: number;
  readonly agent: string;
  readonly group: number;
  /** Keeps the curves that the report draws. */
  readonly isSampled: boolean;
  /** Keeps forecasts of the trader state and what came of them. */
  readonly isCalibrated: boolean;
}
export interface TaskOutcome {
  readonly task: ReplayTask;
  readonly summaries: readonly RunSummary[];
  readonly samples: readonly RunSample[];
  readonly traderSamples: readonly TraderSample[];
  readonly disagreements: readonly string[];
  readonly decisions: number;
}

/** Disagreements between gate and judge that one task reports at most. */
const MAX_DISAGREEMENTS = 3;

/** Runs tasks one after another; everything of constant size is returned, no series but the sampled ones. */
export function createTaskRunner(settings: WorkerSettings): (task: ReplayTask) => TaskOutcome {
  const bench = new Workbench(settings.market, readScope());
  return (task) => new TaskRun(settings, bench, task).run();
}

class TaskRun {
  readonly #settings: WorkerSettings;
  readonly #bench: Workbench;
  readonly #task: ReplayTask;
  readonly #passThrough = new Map<Scenario, RunResult>();
  readonly #samples: RunSample[] = [];
  readonly #disagreements: string[] = [];
  readonly #drawn: Scenario | null;

  constructor(settings: WorkerSettings, bench: Workbench, task: ReplayTask) {
    this.#settings = settings;
    this.#bench = bench;
    this.#task = task;
    this.#drawn = task.isSampled ? findDrawnScenario(settings.groups[task.group]!.scenarios) : null;
  }

  run(): TaskOutcome {
    const { reference, groups, bootstrap } = this.#settings;
    const { seed, agent, isCalibrated } = this.#task;
    const watched = isCalibrated && agent !== SHARED_AGENT ? this.#watch() : null;
    const plain = this.#bench.run(
      { seed, agent, legitRequests: 0, variant: reference, scenario: PLAIN },
      watched?.hooks,
    );
    const plainResult = plain.run();
    const legitRequests = plain.tally.legitRequests;
    const summaries: RunSummary[] = [];
    let decisions = 0;
    const { variants, scenarios } = groups[this.#task.group]!;
    for (const variant of variants) {
      const calm = new Map<string, RunResult>();
      for (const scenario of scenarios) {
        if (!isRunIn(agent, scenario)) continue;
        const isReference = variant.hash === reference.hash;
        const isDone = isReference && isPlain(scenario) && scenario !== this.#drawn;
        const result = isDone ? plainResult : this.#runOne(variant, scenario, legitRequests);
        if (isReference) this.#passThrough.set(scenario, result);
        decisions += result.decisions;
        const caps = `${scenario.capsScale} ${scenario.isUnreserved === true}`;
        const noSae = this.#passThrough.get(scenario) ?? null;
        summaries.push(summarizeRun(result, bootstrap, noSae, calm.get(caps) ?? null));
        // The run without attacks is the first of its caps.
        if (scenario.attack === 'none') calm.set(caps, result);
      }
    }
    const traderSamples =
      watched === null
        ? []
        : buildTraderSamples(`${agent}/${seed}`, watched.fills(), reference.spec.trader_state).samples;
    return {
      task: this.#task,
      summaries,
      samples: this.#samples,
      traderSamples,
      disagreements: this.#disagreements,
      decisions,
    };
  }

  #watch(): { readonly hooks: RunHooks; readonly fills: () => Parameters<typeof buildTraderSamples>[1] } {
    const { series, symbols } = this.#bench.market;
    const lotSizeOf = (symbol: string): number => {
      const { lotMantissa, lotScale } = series[symbols.indexOf(symbol)]!.bars.instrument;
      return lotMantissa / lotScale;
    };
    let watch: ReturnType<typeof watchTrader> | null = null;
    return {
      hooks: {
        wrapJudge: (judge) => {
          watch = watchTrader(judge, lotSizeOf);
          return watch.judge;
        },
      },
      fills: () => watch?.fills ?? [],
    };
  }

  #runOne(variant: Variant, scenario: Scenario, legitRequests: number): RunResult {
    const { seed, agent } = this.#task;
    const sampler = scenario === this.#drawn ? new Sampler(variant.name, scenario) : null;
    const { barMs } = this.#bench.market;
    const result = this.#bench
      .run(
        { seed, agent, variant, scenario, legitRequests },
        {
          ...(sampler === null ? {} : { onBarClose: sampler.onBarClose }),
          bars: barsOf(scenario, barMs),
        },
      )
      .run();
    if (sampler !== null) this.#samples.push(sampler.finish());
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
/** Second entry: the mutation table, which needs no settings. */
export function playMutations(): readonly MutationRow[] {
  return runMutations();
}
/** Entry of the worker pool; the pool hands its settings over as worker data. */
export default function runTask(task: ReplayTask): TaskOutcome {
  runner ??= createTaskRunner((workerData as { readonly settings: WorkerSettings }).settings);
  return runner(task);
}
