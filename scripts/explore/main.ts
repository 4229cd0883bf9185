/**
 * `npm run explore -- --minutes 3 --seed 1 [--worlds N] [--workers N] [--json] [--no-shrink]` runs generated worlds in
 * worker threads and says which promises they broke, with a shrunk sequence for each. `--replay SEED|FILE [--trace]`
 * runs one world again. Exits with 1 when a promise was broken.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Breach } from './breach.ts';
import { generatePlan } from './generate.ts';
import { readHistory } from './history.ts';
import type { FoundPlan, Plan } from './plan.ts';
import { judge } from './promises.ts';
import { playPlan } from './run-plan.ts';
import { tellBreach, tellPlan, tellWorld } from './tell.ts';
import type { Report, Task, WorldReport } from './worker.ts';
import { World } from './world.ts';

/** Seeds that a worker takes at once. */
const SEEDS_A_TASK = 10;
/** Seeds that are told of a breach. */
const MAX_SEEDS = 40;

interface Found {
  readonly code: string;
  /** Worlds of this seed until it shows. */
  after: number;
  seed: number;
  breach: Breach;
  count: number;
  /** The first worlds that have it. */
  readonly seeds: number[];
  shrunk: Plan | null;
}

interface Summary {
  readonly seed: number;
  readonly worlds: number;
  readonly calls: number;
  readonly virtualMs: number;
  readonly wallMs: number;
  readonly found: readonly Found[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      worlds: { type: 'string' },
      seed: { type: 'string' },
      workers: { type: 'string' },
      replay: { type: 'string' },
      trace: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
    },
  });
  if (values.replay !== undefined) {
    await replay(values.replay, values.trace);
    return;
  }
  const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : Number(values.seed);
  const workers = values.workers === undefined ? Math.max(1, availableParallelism()) : Number(values.workers);
  const untilMs = values.worlds === undefined ? Number(values.minutes) * 60_000 : Number.POSITIVE_INFINITY;
  const worlds = values.worlds === undefined ? Number.POSITIVE_INFINITY : Number(values.worlds);
  if (!values.json) process.stdout.write(`seed ${seed}, ${workers} workers\n`);
  const summary = await explore({ seed, workers, untilMs, worlds, mayShrink: !values['no-shrink'] });
  process.stdout.write(values.json ? `${JSON.stringify(summary, null, 2)}\n` : tellSummary(summary));
  process.exitCode = summary.found.length === 0 ? 0 : 1;
}

async function replay(which: string, mayTrace: boolean): Promise<void> {
  const plan = /^\d+$/.test(which) ? generatePlan(Number(which)) : readPlan(which);
  const world = new World(plan.seed, plan.setup);
  await playPlan(world, plan);
  const breaches = judge(readHistory(world, plan));
  const lines = [
    ...tellPlan(plan),
    '',
    ...(mayTrace ? [...tellWorld(world), ''] : []),
    ...breaches.map(tellBreach),
    `${breaches.length} breaches, digest ${world.digest()}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  world.close();
  process.exitCode = breaches.length === 0 ? 0 : 1;
}

/** A file holds a plan, or one that was found. */
function readPlan(file: string): Plan {
  const read = JSON.parse(readFileSync(file, 'utf8')) as Plan | FoundPlan;
  return 'plan' in read ? read.plan : read;
}

interface ExploreOptions {
  readonly seed: number;
  readonly workers: number;
  readonly untilMs: number;
  readonly worlds: number;
  readonly mayShrink: boolean;
}

/** Runs worlds on every worker until the time or the number is over; a new breach is shrunk by whoever found it. */
function explore({ seed, workers, untilMs, worlds, mayShrink }: ExploreOptions): Promise<Summary> {
  const startedMs = performance.now();
  const found = new Map<string, Found>();
  const shrinking: { readonly plan: Plan; readonly code: string }[] = [];
  let next = 0;
  let done = 0;
  let calls = 0;
  let virtualMs = 0;
  const note = ({ seed: worldSeed, breaches, ...world }: WorldReport): void => {
    done += 1;
    calls += world.calls;
    virtualMs += world.virtualMs;
    for (const code of new Set(breaches.map((breach) => breach.code))) {
      const breach = breaches.find((candidate) => candidate.code === code) as Breach;
      const first = { after: worldSeed - seed + 1, seed: worldSeed, breach };
      const known = found.get(code);
      if (known === undefined) {
        found.set(code, { code, ...first, count: 1, seeds: [worldSeed], shrunk: null });
        if (mayShrink) shrinking.push({ plan: generatePlan(worldSeed), code });
      } else {
        known.count += 1;
        if (known.seeds.length < MAX_SEEDS) known.seeds.push(worldSeed);
        // Workers finish in any order: what counts is the first of the seeds.
        if (first.after < known.after) Object.assign(known, first);
      }
    }
  };
  const takeTask = (): Task => {
    const toShrink = shrinking.shift();
    if (toShrink !== undefined) return { kind: 'shrink', ...toShrink };
    if (next >= worlds || performance.now() - startedMs > untilMs) return { kind: 'stop' };
    const count = Math.min(SEEDS_A_TASK, worlds - next);
    const seeds = Array.from({ length: count }, (_, index) => seed + next + index);
    next += count;
    return { kind: 'run', seeds };
  };
  const runWorker = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: 'explore' });
      worker.on('message', (report: Report) => {
        if (report.kind === 'ran') for (const world of report.worlds) note(world);
        else {
          const entry = found.get(report.code);
          if (entry !== undefined) entry.shrunk = report.plan;
        }
        worker.postMessage(takeTask());
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
      worker.postMessage(takeTask());
    });
  return Promise.all(Array.from({ length: workers }, runWorker)).then(() => ({
    seed,
    worlds: done,
    calls,
    virtualMs,
    wallMs: Math.round(performance.now() - startedMs),
    found: [...found.values()],
  }));
}

function tellSummary({ seed, worlds, calls, virtualMs, wallMs, found }: Summary): string {
  const lines: string[] = [];
  for (const { code, after, seed: worldSeed, breach, count, shrunk } of found) {
    lines.push('', `${code}: in ${count} worlds, first after ${after} (seed ${worldSeed})`);
    lines.push(`  ${breach.detail}`);
    if (shrunk === null) continue;
    lines.push(...tellPlan(shrunk).map((line) => `  - ${line}`), `  plan ${JSON.stringify(shrunk)}`);
  }
  const rate = Math.round((worlds * 60_000) / Math.max(1, wallMs));
  const perWorld = (sum: number): string => (sum / Math.max(1, worlds)).toFixed(1);
  lines.push(
    '',
    `seed ${seed}: ${worlds} worlds in ${Math.round(wallMs / 1000)} s (${rate} a minute; ${perWorld(calls)} calls and ${perWorld(virtualMs / 1000)} virtual seconds each), ${found.length} promises broken`,
  );
  return `${lines.join('\n')}\n`;
}

await main();
