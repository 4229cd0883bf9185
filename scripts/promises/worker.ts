import { parentPort } from 'node:worker_threads';
import { generatePlan } from '../explore/generate.ts';
import type { Plan } from '../explore/plan.ts';
import { EXTRAS, type Extra } from '../explore/plans/mishaps.ts';
import { isChangedBy, outlineOf } from './altered.ts';
import { listItems } from './items.ts';
import { type Measured, measurePlan } from './measure.ts';

/** `again`: indexes of items, without each of which the world is played again. */
export interface Task {
  readonly seed: number;
  readonly again: readonly number[] | null;
}
export interface Report extends Measured {
  readonly seed: number;
  /** Why the world could not be played; null: it could. */
  readonly failure: string | null;
}

const items = listItems();
const KINDS = Object.keys(EXTRAS) as readonly Extra[];

/** Every other world is of a kind that is played on request, one after the other. */
export function planOf(seed: number): Plan {
  const kind = KINDS[Math.floor(seed / 2) % KINDS.length];
  return generatePlan(seed, { extras: seed % 2 === 0 || kind === undefined ? [] : [kind] });
}

async function serve({ again, seed }: Task): Promise<Measured> {
  const plan = planOf(seed);
  if (again === null) return measurePlan(plan, items);
  const original = await outlineOf(plan);
  const changed: number[] = [];
  for (const index of again) {
    const item = items[index];
    if (item !== undefined && (await isChangedBy(plan, item, original))) changed.push(index);
  }
  return { drawn: again, telling: again, changed };
}

process.on('unhandledRejection', () => undefined);
parentPort?.on('message', (task: Task) => {
  const { seed } = task;
  serve(task).then(
    (measured) => parentPort?.postMessage({ ...measured, seed, failure: null } satisfies Report),
    (error: unknown) =>
      parentPort?.postMessage({ seed, drawn: [], telling: [], changed: [], failure: String(error) } satisfies Report),
  );
});
