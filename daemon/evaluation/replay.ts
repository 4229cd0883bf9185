import type { MarketData } from './facts/markets.ts';
import { readScope } from './judge/scope.ts';
import { type Aggregate, Aggregator } from './metrics/aggregator.ts';
import { type BootstrapPlan, createBootstrapPlan } from './metrics/bootstrap-plan.ts';
import type { CurveSample } from './report/types.ts';
import { type AttackChoice, buildScenarios, CHURN_AGENT, SHARED_AGENT } from './setup/scenarios.ts';
import type { Variant } from './setup/variants.ts';
import type { ReplayTask, TaskOutcome, WorkerSettings } from './worker.ts';
import { WorkerPool } from './worker-pool.ts';

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
  await runTasks(
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
    curves,
    disagreements,
    decisions,
    runs,
    bootstrap,
  };
}

/** New objects of a run mostly die at once; more room for them only makes the process larger. */
const YOUNG_GENERATION_MB = 24;
/**
 * A worker holds 25 MB while it runs over 20,000 bars. Its limit is ten times that, not for what it needs but because
 * the engine lets garbage grow in proportion to the limit: without one, a worker keeps three times as much.
 */
const OLD_GENERATION_MB = 256;
const OLD_GENERATION_KB_PER_BAR = 4;

/**
 * Runs tasks in `threads` workers; outcomes are handed over in the order of the tasks and not kept. Rejects with the
 * first failure.
 */
async function runTasks(
  settings: WorkerSettings,
  tasks: Iterable<ReplayTask>,
  threads: number,
  onOutcome: (outcome: TaskOutcome) => void,
): Promise<void> {
  const pool = new WorkerPool<ReplayTask, TaskOutcome>({
    worker: './worker',
    settings: { ...settings, market: shareColumns(settings.market) },
    threads,
    limits: {
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      maxOldGenerationSizeMb: limitOldGeneration(settings.market),
    },
  });
  try {
    await pool.runAll(tasks, onOutcome);
  } finally {
    await pool.close();
  }
}

/** The same market on memory that all workers read and none has a copy of; nothing writes to it. */
function shareColumns(market: MarketData): MarketData {
  const symbols = market.symbols.map((bars) => ({
    ...bars,
    openMs: share(bars.openMs),
    open: share(bars.open),
    high: share(bars.high),
    low: share(bars.low),
    close: share(bars.close),
    volume: share(bars.volume),
  }));
  return { ...market, symbols };
}
function share(column: Float64Array): Float64Array {
  const shared = new Float64Array(new SharedArrayBuffer(column.byteLength));
  shared.set(column);
  return shared;
}

function limitOldGeneration({ symbols }: MarketData): number {
  const bars = symbols.reduce((sum, { openMs }) => sum + openMs.length, 0);
  return Math.ceil(OLD_GENERATION_MB + (bars * OLD_GENERATION_KB_PER_BAR) / 1024);
}

/**
 * One task for each account and seed. The longest come first (four agents in one account, then the churner's), so that
 * what is left at the end is short and no worker waits for another. The same sequence whenever it is walked.
 */
export function* listTasks(agents: readonly string[], seeds: number): Generator<ReplayTask> {
  // A stable sort: accounts of one length keep their order.
  for (const agent of agents.toSorted((a, b) => lengthOf(b) - lengthOf(a)))
    for (let seed = 1; seed <= seeds; seed++) yield { seed, agent, isDrawn: seed === 1 && agent === agents[0] };
}

function lengthOf(agent: string): number {
  if (agent === SHARED_AGENT) return 2;
  return agent === CHURN_AGENT ? 1 : 0;
}
