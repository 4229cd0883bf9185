import { Worker } from 'node:worker_threads';
import type { Findings } from './findings.ts';
import { generatePlan } from './generate.ts';
import type { Plan } from './plan.ts';
import type { Report, Task } from './worker.ts';

/** Seeds that a worker takes at once. */
const SEEDS_A_TASK = 10;
/** Worlds after which a thread is followed by another: what ccxt and V8 keep of thousands of worlds adds up. */
const WORLDS_A_THREAD = 3_000;
/** A task that takes longer hangs: a shrinking is hundreds of worlds. */
const HANGS_AFTER_MS = 600_000;
/** Young garbage is most of it: with the default of 16 MB a tenth of the time goes into collecting it. */
const YOUNG_MB = 64;

export interface PoolOptions {
  readonly workers: number;
  readonly worlds: number;
  readonly untilMs: number;
  readonly findings: Findings;
  readonly mayShrink: boolean;
  /** Ends with the first broken promise whose code begins so; null: with none. */
  readonly until: string | null;
}

/**
 * Runs worlds on every worker until the time or the number is over; a new breach is shrunk by whoever is free. A thread
 * that ends or hangs is a breach of the worlds that it ran, and another goes on.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #shrinking: { readonly plan: Plan; readonly code: string }[] = [];
  #next = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { workers } = this.#options;
    await Promise.all(
      Array.from({ length: workers }, async () => {
        while (await this.#runThread());
      }),
    );
  }

  #takeTask(): Task {
    const { findings, until, untilMs, worlds } = this.#options;
    const toShrink = this.#shrinking.shift();
    if (toShrink !== undefined) return { kind: 'shrink', ...toShrink };
    if ((until !== null && findings.hasFound(until)) || this.#next >= worlds || findings.wallMs > untilMs)
      return { kind: 'stop' };
    const count = Math.min(SEEDS_A_TASK, worlds - this.#next);
    const seeds = Array.from({ length: count }, (_, index) => findings.options.seed + this.#next + index);
    this.#next += count;
    const { generate, mayMeasure } = findings.options;
    return { kind: 'run', seeds, generate, mayMeasure };
  }

  /** False when there is nothing left to do. */
  #runThread(): Promise<boolean> {
    return new Promise((resolve) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        workerData: 'explore',
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      });
      let task: Task = { kind: 'stop' };
      let worlds = 0;
      let watchdog: NodeJS.Timeout | undefined;
      let isOver = false;
      const end = (goesOn: boolean, failure: string | null): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(watchdog);
        if (failure !== null) this.#noteLost(task, failure);
        void worker.terminate().then(() => resolve(goesOn));
      };
      const give = (): void => {
        if (worlds >= WORLDS_A_THREAD) {
          end(true, null);
          return;
        }
        task = this.#takeTask();
        if (task.kind === 'stop') {
          end(false, null);
          return;
        }
        clearTimeout(watchdog);
        watchdog = setTimeout(() => end(true, `no answer for ${HANGS_AFTER_MS} ms`), HANGS_AFTER_MS);
        worker.postMessage(task);
      };
      worker.on('message', (report: Report) => {
        if (isOver) return;
        worlds += this.#noteReport(report);
        give();
      });
      worker.on('error', (error) => end(true, String(error)));
      worker.on('exit', (code) => end(true, `the thread ended with ${code}`));
      give();
    });
  }

  #noteReport(report: Report): number {
    const { findings, mayShrink } = this.#options;
    if (report.kind === 'shrunk') {
      findings.noteShrunk(report.code, report.plan);
      return report.runs;
    }
    for (const world of report.worlds)
      for (const code of findings.note(world))
        if (mayShrink) this.#shrinking.push({ plan: generatePlan(world.seed, findings.options.generate), code });
    return report.worlds.length;
  }

  /** Which of the worlds it was nobody knows: each can be run again by itself. */
  #noteLost(task: Task, failure: string): void {
    if (task.kind !== 'run') return;
    const [seed] = task.seeds;
    if (seed === undefined) return;
    const detail = `one of the worlds ${task.seeds.join(', ')}: ${failure}`;
    this.#options.findings.note({
      seed,
      breaches: [{ code: 'thread-lost', detail }],
      calls: 0,
      virtualMs: 0,
      digest: '',
      exits: [],
    });
  }
}
