import { Piscina } from 'piscina';

/** Compiled or not, a worker is a file with the ending of this one. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
/** Tasks handed out for each worker before the oldest is done: one runs, and a long one holds up no worker. */
const TASKS_PER_WORKER = 4;

export interface WorkerPoolOptions {
  /** Worker beside this file, without its ending: `./worker`. */
  readonly worker: string;
  /** What all its tasks share: `workerData.settings`. */
  readonly settings: unknown;
  readonly threads: number;
  readonly limits?: { readonly maxYoungGenerationSizeMb: number; readonly maxOldGenerationSizeMb: number };
}

/** Workers that stay over all tasks: each has prepared what it needs once. None is started before the first task. */
export class WorkerPool<Task, Outcome> {
  readonly #options: WorkerPoolOptions;
  #pool: Piscina | null = null;
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Hands over the outcomes in the order of the tasks, whatever worker is first, so that sums of them are the same on any
   * number of workers. Tasks are drawn as workers become free, and few outcomes wait for an earlier one. Rejects with the
   * first failure; no further task starts after it.
   */
  async runAll(tasks: Iterable<Task>, onOutcome: (outcome: Outcome) => void): Promise<void> {
    const most = this.#options.threads * TASKS_PER_WORKER;
    const running: Promise<Outcome>[] = [];
    for (const task of tasks) {
      if (running.length >= most) onOutcome(await (running.shift() as Promise<Outcome>));
      const outcome = this.#open().run(task) as Promise<Outcome>;
      // The first failure in order is the one that is reported.
      outcome.catch(() => undefined);
      running.push(outcome);
    }
    for (const outcome of running) onOutcome(await outcome);
  }

  /** Ends the workers, whatever they do; an answer that is on its way by then is nobody's. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool?.destroy();
  }

  #open(): Piscina {
    const { limits, settings, threads, worker } = this.#options;
    if (this.#pool !== null) return this.#pool;
    const pool = new Piscina({
      filename: new URL(`${worker}${ENDING}`, import.meta.url).href,
      // As many at least as at most: a worker that waits between two batches keeps what it has prepared.
      minThreads: threads,
      maxThreads: threads,
      workerData: { settings },
      ...(limits === undefined ? {} : { resourceLimits: limits }),
    });
    // Piscina calls an answer an error when it arrives in the turn in which the pool was closed.
    pool.on('error', (error: Error) => {
      if (!this.#closed) throw error;
    });
    this.#pool = pool;
    return pool;
  }
}
