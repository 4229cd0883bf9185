/**
 * `npm run mutants -- [--seed HASH|N] [--count 44] [--minutes 0.75] [--worlds 800] [--test-minutes 5] [--parallel 2]
 * [--out FILE] [--again FILE] [--only N,N]`: draws mistakes from the statements of core, gate and venue, plants one at a
 * time, and counts those that are noticed: by the explorer's kept plans and worlds alone, then by tests. The seed is the
 * hash of the commit, whose tree has to be clean, so that nobody chooses. Worlds and tests are run without a mistake
 * first: what fails there all the same says nothing, and a mistake is planted only where it would make a difference.
 * Minutes are of CPU, for each mistake. `--out` keeps a table after each of them (JSON, and a page beside it), and goes
 * on with it on the same commit. `--again FILE` judges the mistakes of a table on the commit of today.
 */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Baseline } from './baseline.ts';
import { ROOT } from './draw.ts';
import { judge } from './judge.ts';
import { Net } from './net.ts';
import type { Numbered } from './probes.ts';
import { type Row, Table } from './table.ts';

/** What is judged. @throws Error where it is not what the commit says */
function readCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'daemon', 'scripts', 'test');
  if (changed !== '') throw new Error(`The tree is not that of its commit:\n${changed}`);
  return git('rev-parse', 'HEAD');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      count: { type: 'string', default: '44' },
      minutes: { type: 'string', default: '0.75' },
      worlds: { type: 'string', default: '800' },
      'test-minutes': { type: 'string', default: '5' },
      parallel: { type: 'string', default: '2' },
      only: { type: 'string' },
      out: { type: 'string' },
      again: { type: 'string' },
    },
  });
  const commit = readCommit();
  const seed = values.seed ?? commit;
  const bounds = {
    minutes: Number(values.minutes),
    testMinutes: Number(values['test-minutes']),
    worlds: Number(values.worlds),
  };
  const pathOf = (path: string | undefined) => (path === undefined ? null : resolve(path));
  const paths = { out: pathOf(values.out), again: pathOf(values.again) };
  const table = new Table({ commit, seed }, Number(values.count), bounds, paths);
  const only = values.only?.split(',').map(Number) ?? null;
  const parallel = Number(values.parallel);
  await askWorlds(table, table.forWorlds(only), bounds, parallel);
  await askTests(table, bounds.testMinutes, parallel);
  table.save();
  const { caughtByNet, caughtByWorlds, equivalent, mistakes } = table.counts();
  process.stdout.write(
    `${mistakes} mistakes, ${equivalent} of them none: worlds caught ${caughtByWorlds}, the whole net ${caughtByNet}\n`,
  );
}

async function askWorlds(
  table: Table,
  waiting: Numbered[],
  bounds: { minutes: number; worlds: number },
  parallel: number,
) {
  const baseline = new Baseline(waiting, table.seed, bounds.worlds);
  await inParallel(parallel, async () => {
    const next = await take(waiting, baseline);
    if (next === undefined) return false;
    tell(table.note(next.number, { worlds: await judge(next, baseline, bounds.minutes) }));
    return true;
  });
  baseline.end();
  const broken = baseline.worlds.filter(({ played }) => played.codes.length > 0);
  process.stdout.write(
    `without a mistake: ${baseline.worlds.length} worlds in ${Math.round(baseline.ms / 1_000)} s, a promise broken in ${broken.length}\n`,
  );
}

/** All are asked of their rooms first: who survives that asks every other test. */
async function askTests(table: Table, minutes: number, parallel: number): Promise<void> {
  const net = new Net(table.forTests('room'));
  for (const where of ['room', 'others'] as const) {
    const waiting = table.forTests(where);
    await inParallel(parallel, async () => {
      const next = waiting.shift();
      if (next === undefined) return false;
      tell(table.note(next.number, { [where]: await net.judge(next, minutes, where) }));
      return true;
    });
  }
  net.end();
}

async function inParallel(count: number, work: () => Promise<boolean>): Promise<void> {
  const untilDone = async (): Promise<void> => {
    for (let isMore = true; isMore; ) isMore = await work();
  };
  await Promise.all(Array.from({ length: count }, untilDone));
}

/** One that makes a difference somewhere first; those that never do at the end. */
async function take(waiting: Numbered[], baseline: Baseline): Promise<Numbered | undefined> {
  for (;;) {
    const index = waiting.findIndex(({ number }) => baseline.reaches(number));
    if (index !== -1) return waiting.splice(index, 1)[0];
    if (waiting.length === 0 || !(await baseline.grow())) return waiting.shift();
  }
}

function tell({ file, line, number, others, room, what, worlds }: Row): void {
  const tests = others ?? room;
  const end =
    tests !== undefined
      ? `${tests.caughtBy ?? 'NOT CAUGHT'}, with it in ${tests.ran} of ${tests.reaching} test files (${tests.seconds} s)`
      : worlds === undefined || worlds.caughtBy === null
        ? `not in ${worlds?.played} worlds, ${worlds?.differed} of them changed (${worlds?.seconds} s)`
        : `${worlds.caughtBy} in ${worlds.caughtIn}, the ${worlds.played}. world (${worlds.seconds} s)`;
  process.stdout.write(`${String(number).padStart(2)}  ${file}:${line}  ${what}\n    ${end}\n`);
}

await main();
