import { workerData } from 'piscina';
import { readScope } from '../judge/scope.ts';
import { type BootstrapPlan, type RunSummary, summarizeRun } from './metrics/summary.ts';
import { type RunSample, Sampler } from './samples.ts';
import type { Scenario } from './scenarios.ts';
import type { MarketData, RunResult } from './types.ts';
import type { Variant } from './variants.ts';
import { Workbench } from './workbench.ts';

/** What every task of a worker shares. */
export interface WorkerSettings {
  readonly market: MarketData;
  readonly variants: readonly Variant[];
  readonly scenarios: readonly Scenario[];
  readonly bootstrap: BootstrapPlan;
  /** Variant whose run without attacks counts the legitimate requests. */
  readonly reference: Variant;
  /** Task of which curves are kept for the report. */
  readonly sampled: ReplayTask;
}
/** One agent's account under one seed: all variants and scenarios. */
export interface ReplayTask {
  readonly seed: number;
  readonly agent: string;
}
export interface TaskOutcome {
  readonly task: ReplayTask;
  readonly summaries: readonly RunSummary[];
  readonly samples: readonly RunSample[];
  readonly disagreements: readonly string[];
  readonly decisions: number;
}

const PLAIN: Scenario = { attack: 'none', sides: 'random', capsScale: 1 };

/** Runs tasks one after another; everything of constant size is returned, no series but the sampled ones. */
export function createTaskRunner(settings: WorkerSettings): (task: ReplayTask) => TaskOutcome {
  const bench = new Workbench(settings.market, readScope());
  return (task) => {
    const isSampled = task.seed === settings.sampled.seed && task.agent === settings.sampled.agent;
    const request = { seed: task.seed, agent: task.agent, legitRequests: 0 };
    const reference = bench.run({ ...request, variant: settings.reference, scenario: PLAIN });
    const referenceResult = reference.run();
    const legitRequests = reference.tally.legitRequests;
    const summaries: RunSummary[] = [];
    const samples: RunSample[] = [];
    const disagreements: string[] = [];
    let decisions = 0;
    const passThrough = new Map<Scenario, RunResult>();
    for (const variant of settings.variants) {
      for (const scenario of settings.scenarios) {
        const isReference = variant.hash === settings.reference.hash && isPlain(scenario);
        let result: RunResult;
        if (isReference && !isSampled)
          result = { ...referenceResult, key: { ...referenceResult.key, variant: variant.name } };
        else {
          const sampler = isSampled ? new Sampler(variant.name, scenario) : null;
          const hooks = sampler === null ? {} : { onBarClose: sampler.onBarClose };
          result = bench.run({ ...request, variant, scenario, legitRequests }, hooks).run();
          if (sampler !== null) samples.push(sampler.finish());
        }
        decisions += result.decisions;
        if (variant.name === 'Holdfast')
          for (const text of result.disagreements.slice(0, 3)) disagreements.push(`${describe(result)}: ${text}`);
        // The pass-through variant comes first: its own returns are what Shrink scales.
        if (variant.hash === settings.reference.hash) passThrough.set(scenario, result);
        summaries.push(summarizeRun(result, settings.bootstrap, passThrough.get(scenario) ?? null));
      }
    }
    return { task, summaries, samples, disagreements, decisions };
  };
}

function isPlain(scenario: Scenario): boolean {
  return scenario.attack === 'none' && scenario.capsScale === 1;
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
