import { parentPort, workerData } from 'node:worker_threads';
import type { Breach } from './breach.ts';
import type { ExitFigure } from './exit-figures.ts';
import { type GenerateOptions, generatePlan } from './generate.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './run-plan.ts';
import { shrink } from './shrink.ts';
import { findInterference } from './twin.ts';

export type Task =
  | {
      readonly kind: 'run';
      readonly seeds: readonly number[];
      readonly generate: GenerateOptions;
      readonly mayMeasure: boolean;
    }
  | { readonly kind: 'shrink'; readonly plan: Plan; readonly code: string }
  | { readonly kind: 'stop' };
export type Report =
  | { readonly kind: 'ran'; readonly worlds: readonly WorldReport[] }
  | { readonly kind: 'shrunk'; readonly plan: Plan; readonly code: string; readonly runs: number };
export interface WorldReport {
  readonly seed: number;
  readonly breaches: readonly Breach[];
  readonly calls: number;
  readonly virtualMs: number;
  readonly digest: string;
  /** Where they are measured. */
  readonly exits: readonly ExitFigure[];
}

/** Worlds of which one is played again without the others' calls: that takes several more. */
const TWINS_EVERY = 20;

/** What nobody caught in a world is a breach of it, not the end of the explorer. */
const uncaught: string[] = [];

async function runSeed(seed: number, { generate, mayMeasure }: Task & { kind: 'run' }): Promise<WorldReport> {
  uncaught.length = 0;
  try {
    const plan = generatePlan(seed, generate);
    const { breaches, calls, virtualMs, digest, exits } = await runPlan(plan);
    const interference = seed % TWINS_EVERY === 0 ? await findInterference(plan) : [];
    const escaped = uncaught.map((detail) => ({ code: 'internal/unhandled', detail }));
    const found = [...breaches, ...interference, ...escaped];
    return { seed, breaches: found, calls, virtualMs, digest, exits: mayMeasure ? exits() : [] };
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { seed, breaches: [{ code: 'world-failed', detail }], calls: 0, virtualMs: 0, digest: '', exits: [] };
  }
}

async function serve(task: Task): Promise<void> {
  if (task.kind === 'stop') {
    parentPort?.close();
    return;
  }
  if (task.kind === 'run') {
    const worlds: WorldReport[] = [];
    for (const seed of task.seeds) worlds.push(await runSeed(seed, task));
    parentPort?.postMessage({ kind: 'ran', worlds } satisfies Report);
    return;
  }
  const { plan, runs } = await shrink(task.plan, task.code);
  parentPort?.postMessage({ kind: 'shrunk', plan, code: task.code, runs } satisfies Report);
}

if (workerData === 'explore') {
  process.on('unhandledRejection', (error) => uncaught.push(String(error)));
  parentPort?.on('message', (task: Task) => void serve(task));
}
