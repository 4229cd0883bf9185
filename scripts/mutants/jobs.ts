import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatePlan } from '../explore/generate.ts';
import type { FoundPlan, Plan } from '../explore/plan.ts';
import { EXTRAS, type Extra } from '../explore/plans/mishaps.ts';

/** A world to be played. */
export interface Job {
  /** A seed, or the file of a plan that is kept. */
  readonly name: string;
  /** What is played on request in it; `plain`: nothing, `kept`: its plan is. */
  readonly kind: Extra | 'plain' | 'kept';
  readonly plan: Plan;
  /** Whether it is played again without the calls of others. */
  readonly hasTwins: boolean;
  readonly goesOut: FoundPlan['goesOut'] | null;
}

/** As in the explorer, one world in twenty. */
const TWINS_EVERY = 20;
const FOUND = new URL('../../test/explore/found/', import.meta.url);

/** Plans that were found and shrunk: the smallest worlds there are. */
export function listKeptJobs(): readonly Job[] {
  const files = readdirSync(FOUND).filter((file) => file.endsWith('.json'));
  return files.sort().map((file) => {
    const { breaks, goesOut, plan } = JSON.parse(readFileSync(new URL(file, FOUND), 'utf8')) as FoundPlan;
    return {
      name: join('found', file),
      kind: 'kept',
      plan,
      hasTwins: breaks === 'others/changed',
      goesOut: goesOut ?? null,
    };
  });
}

/** By turns: what CI plays, and each kind of what is played on request. */
const KINDS: readonly (Extra | null)[] = [null, ...(Object.keys(EXTRAS) as Extra[])];

export function createJob(seed: number, extra: Extra | null = KINDS[seed % KINDS.length] ?? null): Job {
  const plan = generatePlan(seed, { extras: extra === null ? [] : [extra] });
  const name = extra === null ? String(seed) : `${seed} --with ${extra}`;
  return { name, kind: extra ?? 'plain', plan, hasTwins: seed % TWINS_EVERY === 0, goesOut: null };
}
