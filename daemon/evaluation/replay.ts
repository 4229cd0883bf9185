import type { MarketData } from './facts/markets.ts';
import { readScope } from './judge/scope.ts';
import { type Aggregate, Aggregator } from './metrics/aggregator.ts';
import { type BootstrapPlan, createBootstrapPlan } from './metrics/bootstrap-plan.ts';
import { runTasks } from './pool.ts';
import type { CurveSample, MutationRow } from './report/types.ts';
import { type AttackChoice, buildScenarios } from './setup/scenarios.ts';
import type { Variant } from './setup/variants.ts';
import { listTasks } from './tasks.ts';

/** Replicates of the bootstrap over days and seeds. */
const REPLICATES = 200;
const BOOTSTRAP_SEED = 20_251_010;
/** Disagreements that are kept. */
const MAX_NOTES = 20;

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
  readonly mutations: readonly MutationRow[];
  readonly curves: readonly CurveSample[];
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
  const { agents, market, reference, seeds, variants } = options;
  const bootstrap = createBootstrapPlan({
    seed: BOOTSTRAP_SEED,
    replicates: REPLICATES,
    startMs: market.startMs,
    endMs: market.endMs,
  });
  const aggregator = new Aggregator({
    plan: bootstrap,
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
    variants: variants.map((variant) => variant.name),
    grossCapUsdt: readScope().budgets.gross_notional_usdt,
  });
  const curves: CurveSample[] = [];
  const disagreements: string[] = [];
  const total = seeds * agents.length;
  let done = 0;
  let decisions = 0;
  let runs = 0;
  const mutations = await runTasks(
    { market, variants, scenarios: buildScenarios(options.attack), bootstrap, reference },
    listTasks(agents, seeds),
    options.threads,
    (outcome) => {
      for (const summary of outcome.summaries) aggregator.add(summary);
      // Of one task: what is kept does not grow with the number of seeds.
      curves.push(...outcome.curves);
      disagreements.push(...outcome.disagreements.slice(0, MAX_NOTES - disagreements.length));
      decisions += outcome.decisions;
      runs += outcome.summaries.length;
      done += 1;
      options.onProgress?.(done, total);
    },
  );
  return {
    aggregate: aggregator.finish(),
    mutations,
    curves,
    disagreements,
    decisions,
    runs,
    bootstrap,
  };
}
