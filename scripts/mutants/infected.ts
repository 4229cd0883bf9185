/**
 * `npm run mutants:infected -- [--worlds N] [--seed N] [--with KIND …] [--kept] [--of FILE] [--out FILE]`: plays worlds with
 * probes, and says at how many of the places where `npm run mutants` plants mistakes one would have made a difference
 * in any of them. Worlds are of kinds by turns, or `--worlds` of each kind that is named; `--kept` plays the plans that are kept as
 * well. `--of` looks at the places of an earlier list alone. `--out` lists those that no world infects.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXTRAS, type Extra } from '../explore/plans/mishaps.ts';
import type { Mutant } from './candidates.ts';
import { listAll, listSources, ROOT } from './draw.ts';
import { createJob, type Job, listKeptJobs } from './jobs.ts';
import { Thread } from './thread.ts';

const tell = ({ file, line, what }: Mutant): string => `${file.slice(ROOT.length)}:${line} ${what}`;
/** Of a line of a list: what stands above a place may have changed since. */
const withoutLine = (told: string): string => told.replace(/:\d+ /, ' ');

function* jobsOf(kinds: readonly string[], seed: number, worlds: number): Generator<Job> {
  for (let each = seed; each < seed + worlds; each += 1) {
    if (kinds.length === 0) yield createJob(each);
    for (const kind of kinds) {
      if (!Object.hasOwn(EXTRAS, kind)) throw new Error(`There is no kind ${kind}.`);
      yield createJob(each, kind as Extra);
    }
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      worlds: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      with: { type: 'string', multiple: true, default: [] },
      kept: { type: 'boolean', default: false },
      of: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const all = listAll(listSources());
  const wanted =
    values.of === undefined ? null : new Set(readFileSync(resolve(values.of), 'utf8').split('\n').map(withoutLine));
  const asked = all.flatMap((mutant, number) =>
    wanted?.has(withoutLine(tell(mutant))) === false ? [] : [{ number, mutant }],
  );
  if (asked.length === 0) throw new Error('There are no places to look at.');
  const left = new Map(asked.map(({ mutant, number }) => [number, mutant]));
  const thread = new Thread(null, asked);
  let played = 0;
  const generated = jobsOf(values.with, Number(values.seed), Number(values.worlds));
  for (const job of [...(values.kept ? listKeptJobs() : []), ...generated]) {
    const { codes, infected } = await thread.play(job);
    played += 1;
    for (const number of infected) left.delete(number);
    const broken = codes.length === 0 ? '' : ` (${codes.join(', ')})`;
    process.stdout.write(`${job.name}: ${asked.length - left.size} of ${asked.length} infected${broken}\n`);
  }
  thread.end();
  if (values.out !== undefined)
    writeFileSync(resolve(values.out), [...left.values()].map((each) => `${tell(each)}\n`).join(''));
  process.stdout.write(`${played} worlds infect ${asked.length - left.size} of ${asked.length} places\n`);
}

await main();
