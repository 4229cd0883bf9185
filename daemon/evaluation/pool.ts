import type { MarketData } from './facts/markets.ts';
import type { MutationRow } from './report/types.ts';
import type { ReplayTask, TaskOutcome, WorkerSettings } from './worker.ts';
import { WorkerPool } from './worker-pool.ts';

/** New objects of a run mostly die at once; more room for them only makes the process larger. */
const YOUNG_GENERATION_MB = 24;
/**
 * A worker holds 25 MB while it runs over 20,000 bars. Its limit is ten times that, not for what it needs but because
 * the engine lets garbage grow in proportion to the limit: without one, a worker keeps three times as much.
 */
const OLD_GENERATION_MB = 256;
const OLD_GENERATION_KB_PER_BAR = 4;

/**
 * Runs tasks in `threads` workers; outcomes are handed over in the order of the tasks and not kept. The mutation table,
 * which is returned, is played by a worker too: this thread keeps nothing but what it adds up. Rejects with the first
 * failure.
 */
export async function runTasks(
  settings: WorkerSettings,
  tasks: Iterable<ReplayTask>,
  threads: number,
  onOutcome: (outcome: TaskOutcome) => void,
): Promise<readonly MutationRow[]> {
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
    const mutations = pool.call<readonly MutationRow[]>('playMutations');
    const [rows] = await Promise.all([mutations, pool.runAll(tasks, onOutcome)]);
    return rows;
  } finally {
    await pool.close();
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
