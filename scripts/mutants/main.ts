/**
 * `npm run mutants -- --seed 1 --count 40 --minutes 10 [--out FILE] [--only N,N]`: draws mistakes from the statements of
 * what sends, closes, resolves and folds, plants each into the explorer, and counts those that a broken promise shows.
 * Nobody chooses them: the seed does. Prints a table; with `--out` writes it as JSON, too.
 */
import { spawn } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { listMutants, type Mutant } from './candidates.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Sender, slices, exits, resolver, rule 15, feeds and fold. */
const SOURCES = [
  'daemon/gate/orders/sender.ts',
  'daemon/gate/orders/slices.ts',
  'daemon/gate/exits/*.ts',
  'daemon/gate/orders/resolver.ts',
  'daemon/gate/watch/standing.ts',
  'daemon/gate/plan/standing.ts',
  'daemon/gate/plan/exit*.ts',
  'daemon/gate/plan/rests.ts',
  'daemon/gate/plan/shares.ts',
  'daemon/gate/plan/undone.ts',
  'daemon/gate/feeds/*-feed.ts',
  'daemon/gate/feeds/feed-schedule.ts',
  'daemon/gate/state/*.ts',
];

interface Outcome {
  readonly number: number;
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly caughtBy: string | null;
  /** Worlds until it showed, and seconds. */
  readonly worlds: number;
  readonly seconds: number;
}

function draw(seed: number, count: number): readonly Mutant[] {
  const files = [...new Set(SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })))].sort();
  const all = files.flatMap((file) => listMutants(join(ROOT, file), readFileSync(join(ROOT, file), 'utf8')));
  if (all.length < 500) throw new Error(`Only ${all.length} mistakes can be planted in ${files.length} files.`);
  const random = xoroshiro128plus(seed);
  const drawn = new Set<Mutant>();
  while (drawn.size < count) drawn.add(all[uniformInt(random, 0, all.length - 1)] as Mutant);
  process.stdout.write(`seed ${seed}: ${count} of ${all.length} mistakes in ${files.length} files\n`);
  return [...drawn];
}

interface Explored {
  readonly worlds: number;
  readonly found: readonly { readonly code: string; readonly after: number }[];
}

function explore(mutant: Mutant | null, seed: number, minutes: number): Promise<Explored | string> {
  const args = ['--import', join(ROOT, 'scripts', 'mutants', 'plant.ts'), join(ROOT, 'scripts', 'explore', 'main.ts')];
  const options = ['--seed', String(seed), '--minutes', String(minutes), '--workers', '1', '--first', '--json'];
  const child = spawn(process.execPath, [...args, ...options], {
    cwd: ROOT,
    env: { ...process.env, HOLDFAST_MUTANT: JSON.stringify(mutant) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  // A mistake may keep a world from ever ending.
  const timer = setTimeout(() => child.kill('SIGKILL'), (minutes + 1) * 60_000);
  return new Promise((done) => {
    child.on('close', () => {
      clearTimeout(timer);
      try {
        done(JSON.parse(out) as Explored);
      } catch {
        done(err.trim().split('\n').at(-1) ?? 'it ended by itself');
      }
    });
  });
}

async function judge(mutant: Mutant, number: number, seed: number, minutes: number): Promise<Outcome> {
  const startedMs = performance.now();
  const explored = await explore(mutant, seed, minutes);
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const place = { number, file: mutant.file.slice(ROOT.length), line: mutant.line, what: mutant.what, seconds };
  if (typeof explored === 'string') return { ...place, caughtBy: `no world ends: ${explored.slice(0, 80)}`, worlds: 0 };
  const first = explored.found.toSorted((a, b) => a.after - b.after)[0];
  return { ...place, caughtBy: first?.code ?? null, worlds: first?.after ?? explored.worlds };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '40' },
      minutes: { type: 'string', default: '10' },
      parallel: { type: 'string', default: '2' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const [seed, minutes] = [Number(values.seed), Number(values.minutes)];
  const numbered = draw(seed, Number(values.count)).map((mutant, index) => ({ mutant, number: index + 1 }));
  const only = values.only?.split(',').map(Number);
  const waiting = numbered.filter(({ number }) => only === undefined || only.includes(number));
  // Without a mistake nothing may show, or what shows with one says nothing.
  const clean = await explore(null, seed, Math.min(minutes, 1));
  if (typeof clean === 'string' || clean.found.length > 0 || clean.worlds === 0)
    throw new Error(`The explorer is not clean without a mistake: ${JSON.stringify(clean).slice(0, 400)}`);
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await judge(next.mutant, next.number, seed, minutes);
      outcomes.push(outcome);
      process.stdout.write(`${tell(outcome)}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, work));
  outcomes.sort((a, b) => a.number - b.number);
  const caught = outcomes.filter(({ caughtBy }) => caughtBy !== null).length;
  process.stdout.write(`${caught} of ${outcomes.length} caught within ${minutes} minutes each\n`);
  if (values.out !== undefined) {
    const text = JSON.stringify({ seed, minutes, caught, mutants: outcomes }, null, 2);
    writeFileSync(resolve(values.out), `${text}\n`);
  }
}

function tell({ number, file, line, what, caughtBy, worlds, seconds }: Outcome): string {
  const verdict = caughtBy === null ? `NOT CAUGHT in ${worlds} worlds` : `${caughtBy} after ${worlds} worlds`;
  return `${String(number).padStart(2)}  ${file}:${line}  ${what}\n    ${verdict} (${seconds} s)`;
}

await main();
