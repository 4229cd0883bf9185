/**
 * `npm run explore -- --minutes 3 --seed 1 [--worlds N] [--workers N] [--json] [--no-shrink] [--first] [--until CODE]
 * [--out DIR] [--with hands|disks|ledgers|approvals|rarities|limits|tokens|account|steps|twins|wires|alerts|live|shadow] [--figures exits]`
 * runs generated worlds in worker threads and says which promises they broke, with a shrunk sequence for each; a line
 * a minute says how far it is. `--out` keeps the plans and a summary in a folder, also of a run that is cut short.
 * `--with` plays what promises do not hold under yet: an owner who trades past the daemon; a ledger that cannot be
 * written; other daemons on the account and ledgers that were put back. `--first` ends with the first broken promise,
 * `--until CODE` with the first whose code begins so. `--figures exits` adds a last line of JSON: how long exits took,
 * with how many requests. `--replay SEED|FILE [--trace]` runs one world again. Exits with 1 when a promise was broken.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Findings } from './findings.ts';
import { type GenerateOptions, generatePlan } from './generate.ts';
import { readHistory } from './history.ts';
import type { FoundPlan, Plan } from './plan.ts';
import { EXTRAS, type Extra } from './plans/mishaps.ts';
import { Pool } from './pool.ts';
import { judge } from './promises.ts';
import { playPlan } from './run-plan.ts';
import { tellBreach, tellPlan, tellWorld } from './tell.ts';
import { World } from './world.ts';

const PROGRESS_MS = 60_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      worlds: { type: 'string' },
      seed: { type: 'string' },
      workers: { type: 'string' },
      replay: { type: 'string' },
      out: { type: 'string' },
      trace: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
      first: { type: 'boolean', default: false },
      until: { type: 'string' },
      with: { type: 'string', multiple: true, default: [] },
      figures: { type: 'string' },
    },
  });
  const generate = { extras: values.with.map(readExtra) };
  if (values.replay !== undefined) {
    await replay(values.replay, values.trace, generate);
    return;
  }
  const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : readNumber('seed', values.seed);
  const workers =
    values.workers === undefined ? Math.max(1, availableParallelism()) : readNumber('workers', values.workers);
  const worlds = values.worlds === undefined ? Number.POSITIVE_INFINITY : readNumber('worlds', values.worlds);
  const untilMs =
    values.worlds === undefined ? readNumber('minutes', values.minutes) * 60_000 : Number.POSITIVE_INFINITY;
  if (!values.json) process.stdout.write(`seed ${seed}, ${workers} workers\n`);
  const mayMeasure = readFigures(values.figures);
  const findings = new Findings({ seed, out: values.out ?? null, generate, mayMeasure });
  const progress = setInterval(() => {
    findings.save();
    if (!values.json) process.stdout.write(`${findings.tellProgress()}\n`);
  }, PROGRESS_MS);
  await new Pool({
    workers,
    worlds,
    untilMs,
    findings,
    mayShrink: !values['no-shrink'],
    until: values.until ?? (values.first ? '' : null),
  }).run();
  clearInterval(progress);
  findings.save();
  process.stdout.write(values.json ? `${JSON.stringify(findings.summary(), null, 2)}\n` : findings.tell());
  process.exitCode = findings.isClean ? 0 : 1;
}

function readNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new Error(`--${name} must be a number above 0, not ${text}`);
  return number;
}

function readFigures(name: string | undefined): boolean {
  if (name === undefined || name === 'exits') return name === 'exits';
  throw new Error(`--figures must be exits, not ${name}`);
}

function readExtra(name: string): Extra {
  if (Object.hasOwn(EXTRAS, name)) return name as Extra;
  throw new Error(`--with must be one of ${Object.keys(EXTRAS).join(', ')}, not ${name}`);
}

async function replay(which: string, mayTrace: boolean, generate: GenerateOptions): Promise<void> {
  const plan = /^\d+$/.test(which) ? generatePlan(Number(which), generate) : readPlan(which);
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

await main();
