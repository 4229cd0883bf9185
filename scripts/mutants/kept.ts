/**
 * `node --import …/plant.ts kept.ts CODE`: of the kept plans that broke a promise whose code begins so, prints the
 * first that breaks it again, or nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Breach } from '../explore/breach.ts';
import type { FoundPlan } from '../explore/plan.ts';
import { runPlan } from '../explore/run-plan.ts';
import { findInterference } from '../explore/twin.ts';
import { ROOT } from './draw.ts';

const FOLDER = join(ROOT, 'test', 'explore', 'found');

async function breachesOf({ breaks, plan }: FoundPlan): Promise<readonly Breach[]> {
  try {
    return breaks === 'others/changed' ? await findInterference(plan) : (await runPlan(plan)).breaches;
  } catch {
    return [];
  }
}

async function main(code: string): Promise<void> {
  for (const name of readdirSync(FOLDER)) {
    const found = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as FoundPlan;
    // Those that broke it once.
    if (!found.breaks.startsWith(code)) continue;
    const breaches = await breachesOf(found);
    if (!breaches.some((breach) => breach.code.startsWith(code))) continue;
    process.stdout.write(name.replace('.json', ''));
    return;
  }
}

await main(process.argv[2] ?? '');
