import { Worker } from 'node:worker_threads';
import type { Report, Task } from './worker.ts';

/** Worlds after which another thread follows: what ccxt and V8 keep of thousands of worlds adds up. */
const WORLDS_A_THREAD = 3_000;

/** Threads that each play one world after the other. */
export class Threads {
  readonly #count: number;
  #idle: Worker[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** Until there is no task. */
  async run(next: () => Task | null, note: (report: Report) => void): Promise<void> {
    await Promise.all(
      Array.from({ length: this.#count }, async () => {
        let worker = this.#idle.pop() ?? this.#start();
        let worlds = 0;
        for (let task = next(); task !== null; task = next()) {
          if (worlds >= WORLDS_A_THREAD) {
            void worker.terminate();
            worker = this.#start();
            worlds = 0;
          }
          note(await ask(worker, task));
          worlds += 1 + (task.again?.length ?? 0);
        }
        this.#idle.push(worker);
      }),
    );
  }

  end(): void {
    for (const worker of this.#idle) void worker.terminate();
    this.#idle = [];
  }

  #start(): Worker {
    return new Worker(new URL('./worker.ts', import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 64 } });
  }
}

function ask(worker: Worker, task: Task): Promise<Report> {
  return new Promise((resolve, reject) => {
    worker.once('message', (report: Report) => {
      worker.off('error', reject);
      resolve(report);
    });
    worker.once('error', reject);
    worker.postMessage(task);
  });
}
