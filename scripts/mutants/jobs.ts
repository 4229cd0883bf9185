import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatePlan } from '../explore/generate.ts';
import type { FoundPlan, Plan } from '../explore/plan.ts';
import type { Extra } from '../explore/plans/mishaps.ts';

/** A world to be played. */
export interface Job {
  /** A seed, or the file of a plan that is kept. */
  readonly name: string;
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
    return { name: join('found', file), plan, hasTwins: breaks === 'others/changed', goesOut: goesOut ?? null };
  });
}

/** Every other world has nothing but what CI plays; the others have one kind of what is played on request. */
const EXTRAS: readonly (Extra | null)[] = [
  ...[null, 'rarities', null, 'account', null, 'tokens'],
  ...[null, 'steps', null, 'approvals', null, 'limits'],
  ...[null, 'hands', null, 'ledgers', null, 'disks'],
  ...[null, 'operators', null, 'twins', null, 'wires'],
  ...[null, 'alerts', null, 'live', null, 'shadow'],
] as const;

export function createJob(seed: number): Job {
  const extra = EXTRAS[seed % EXTRAS.length] ?? null;
  const plan = generatePlan(seed, { extras: extra === null ? [] : [extra] });
  const name = extra === null ? String(seed) : `${seed} --with ${extra}`;
  return { name, plan, hasTwins: seed % TWINS_EVERY === 0, goesOut: null };
}
