import { Piscina } from 'piscina';
import type { ReplayTask, TaskOutcome, WorkerSettings } from './worker.ts';

/** Compiled or not, a worker is the neighbour of this file with the same ending. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/**
 * Runs tasks in `threads` workers; each outcome is handed over as it comes, in no particular order. Rejects with the
 * first failure, after which nothing more is started.
 */
export async function runTasks(
  settings: WorkerSettings,
  tasks: readonly ReplayTask[],
  threads: number,
  onOutcome: (outcome: TaskOutcome) => void,
): Promise<void> {
  const pool = new Piscina({
    filename: new URL(`./worker${ENDING}`, import.meta.url).href,
    minThreads: Math.min(threads, tasks.length),
    maxThreads: threads,
    workerData: { settings },
  });
  try {
    await Promise.all(
      tasks.map(async (task) => {
        onOutcome((await pool.run(task)) as TaskOutcome);
      }),
    );
  } finally {
    await pool.destroy();
  }
}
