import { Piscina } from 'piscina';
import type { TuneTask, TuneTaskOutcome, TuneWorkerSettings } from './worker.ts';

/** Compiled or not, a worker is the neighbour of this file with the same ending. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/** Workers that stay over all batches: each has prepared its segments once. None is started before the first task. */
export class TunePool {
  readonly #settings: TuneWorkerSettings;
  readonly #threads: number;
  #pool: Piscina | null = null;

  constructor(settings: TuneWorkerSettings, threads: number) {
    this.#settings = settings;
    this.#threads = threads;
  }

  /**
   * Outcomes in the order of the tasks, whatever worker came first; `onDone` after each. Rejects with the first
   * failure.
   */
  async run(tasks: readonly TuneTask[], onDone: () => void = () => {}): Promise<readonly TuneTaskOutcome[]> {
    const pool = this.#open();
    return Promise.all(
      tasks.map(async (task) => {
        const outcome = (await pool.run(task)) as TuneTaskOutcome;
        onDone();
        return outcome;
      }),
    );
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }

  #open(): Piscina {
    this.#pool ??= new Piscina({
      filename: new URL(`./worker${ENDING}`, import.meta.url).href,
      // As many at least as at most: a worker that waits between two batches keeps what it has prepared.
      minThreads: this.#threads,
      maxThreads: this.#threads,
      workerData: { settings: this.#settings },
    });
    return this.#pool;
  }
}
