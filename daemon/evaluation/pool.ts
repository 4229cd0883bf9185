import { Piscina } from 'piscina';
import type { MarketData } from './facts/markets.ts';
import type { MutationRow } from './report/types.ts';
import type { ReplayTask, TaskOutcome, WorkerSettings } from './worker.ts';

/** Compiled or not, a worker is the neighbour of this file with the same ending. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/**
 * Tasks handed to the pool for each worker: one runs, one waits, so that no worker idles until it is given the next.
 */
const TASKS_PER_WORKER = 2;
/** New objects of a run mostly die at once; more room for them only makes the process larger. */
const YOUNG_GENERATION_MB = 24;
/**
 * A worker holds 25 MB while it runs over 20,000 bars. Its limit is ten times that, not for what it needs but because
 * the engine lets garbage grow in proportion to the limit: without one, a worker keeps three times as much.
 */
const OLD_GENERATION_MB = 256;
const OLD_GENERATION_KB_PER_BAR = 4;

/**
 * Runs tasks in `threads` workers, started in the order given; each outcome is handed over as it comes, in no
 * particular order, and not kept. Tasks are drawn from `tasks` as workers become free: no queue of them is built. The
 * mutation table, which is returned, is played by a worker too: this thread keeps nothing but what it adds up. Rejects
 * with the first failure, after which nothing more is started.
 */
export async function runTasks(
  settings: WorkerSettings,
  tasks: Iterable<ReplayTask>,
  threads: number,
  onOutcome: (outcome: TaskOutcome) => void,
): Promise<readonly MutationRow[]> {
  const pool = new Piscina({
    filename: new URL(`./worker${ENDING}`, import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
    workerData: { settings: { ...settings, market: shareColumns(settings.market) } },
    resourceLimits: {
      maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      maxOldGenerationSizeMb: limitOldGeneration(settings.market),
    },
  });
  const left = tasks[Symbol.iterator]();
  let hasFailed = false;
  const runLane = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true && !hasFailed; next = left.next()) {
      try {
        onOutcome((await pool.run(next.value)) as TaskOutcome);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  try {
    const mutations = pool.run(undefined, { name: 'playMutations' }) as Promise<readonly MutationRow[]>;
    const lanes = Array.from({ length: threads * TASKS_PER_WORKER }, runLane);
    const [rows] = await Promise.all([mutations, ...lanes]);
    return rows;
  } finally {
    await pool.destroy();
  }
}

/** The same market on memory that all workers read and none has a copy of; nothing writes to it. */
export function shareColumns(market: MarketData): MarketData {
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
