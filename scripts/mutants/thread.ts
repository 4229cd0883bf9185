import { Worker } from 'node:worker_threads';
import type { Mutant } from './candidates.ts';
import type { Job } from './jobs.ts';
import type { Played } from './player.ts';
import type { Numbered } from './probes.ts';

/** A world takes a fifth of a second; one that takes so long never ends. */
const NEVER_ENDS_MS = 90_000;
/** Worlds after which another thread follows: what ccxt and V8 keep of thousands of worlds adds up. */
const WORLDS_A_THREAD = 3_000;

/** A thread with a mistake, or with probes, in its gate. One that ends or hangs is followed by another. */
export class Thread {
  readonly #planted: { readonly mutant: Mutant | null; readonly probes: readonly Numbered[] };
  #worker: Worker | null = null;
  #worlds = 0;

  constructor(mutant: Mutant | null, probes: readonly Numbered[] = []) {
    this.#planted = { mutant, probes };
  }

  play(job: Job): Promise<Played> {
    if (this.#worlds >= WORLDS_A_THREAD) this.end();
    const worker = this.#worker ?? this.#start();
    this.#worlds += 1;
    const startedMs = performance.now();
    return new Promise((resolve) => {
      const lost = (code: string): void => {
        this.end();
        done({ codes: [code], digest: '', infected: [], ms: performance.now() - startedMs });
      };
      const onError = (): void => lost('thread-lost');
      const timer = setTimeout(() => lost('never-ends'), NEVER_ENDS_MS);
      const done = (played: Played): void => {
        clearTimeout(timer);
        worker.off('message', done).off('exit', onError);
        resolve(played);
      };
      worker.on('message', done).on('exit', onError);
      worker.postMessage(job);
    });
  }

  end(): void {
    const worker = this.#worker;
    this.#worker = null;
    this.#worlds = 0;
    void worker?.terminate();
  }

  #start(): Worker {
    const { mutant, probes } = this.#planted;
    this.#worker = new Worker(new URL('./player.ts', import.meta.url), {
      execArgv: ['--import', new URL('./plant.ts', import.meta.url).href],
      env: { ...process.env, HOLDFAST_MUTANT: JSON.stringify(mutant), HOLDFAST_PROBES: JSON.stringify(probes) },
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
    // It is known by the thread's end.
    this.#worker.on('error', () => undefined);
    return this.#worker;
  }
}
