/**
 * `npm run mutants:reach -- [--plain N] [--each N] [--kept] [--out FILE] [--unreached FILE]`: plays worlds, by V8's own
 * count of blocks, and says how many of the places where `npm run mutants` plants mistakes any of them executes. More than
 * those, no blind draw can catch by worlds. `--plain` worlds of the usual kind, `--each` of every kind that is played on
 * request, and the plans that are kept. `--out` keeps a page: by folder, and the files with the most places that none
 * executes. `--unreached` lists those.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EXTRAS, type Extra } from '../explore/plans/mishaps.ts';
import { runPlan } from '../explore/run-plan.ts';
import { findInterference } from '../explore/twin.ts';
import type { Mutant } from './candidates.ts';
import { listAll, listSources, ROOT } from './draw.ts';
import { createJob, type Job, listKeptJobs } from './jobs.ts';

const FILES_REPORTED = 40;

/** Ranges of one file, outer ones first; the innermost says whether a place was executed. */
type Ranges = readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];

interface Row {
  readonly name: string;
  places: number;
  reached: number;
}

function listJobs(plain: number, each: number, kept: boolean): readonly Job[] {
  const jobs = kept ? [...listKeptJobs()] : [];
  for (let seed = 1; seed <= plain; seed += 1) jobs.push(createJob(seed, null));
  for (const extra of Object.keys(EXTRAS) as Extra[])
    for (let seed = 1; seed <= each; seed += 1) jobs.push(createJob(seed, extra));
  return jobs;
}

async function play(jobs: readonly Job[]): Promise<ReadonlyMap<string, Ranges>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  for (const { hasTwins, name, plan } of jobs)
    try {
      await runPlan(plan);
      if (hasTwins) await findInterference(plan);
    } catch (error) {
      process.stdout.write(`${name} did not end: ${String(error)}\n`);
    }
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  return new Map(
    result
      .filter(({ url }) => url.startsWith('file:'))
      .map(({ functions, url }) => [fileURLToPath(url), functions.flatMap(({ ranges }) => ranges)]),
  );
}

/** Whether the innermost range around it was counted. A file that nobody loaded has none. */
function isReached({ file, probe: { start, end } }: Mutant, executed: ReadonlyMap<string, Ranges>): boolean {
  let inner: Ranges[number] | null = null;
  for (const range of executed.get(file) ?? [])
    if (range.startOffset <= start && range.endOffset >= end && (inner === null || isWithin(range, inner)))
      inner = range;
  return inner !== null && inner.count > 0;
}

const isWithin = (range: Ranges[number], outer: Ranges[number]): boolean =>
  range.endOffset - range.startOffset <= outer.endOffset - outer.startOffset;

function countBy(all: readonly Mutant[], reached: ReadonlySet<Mutant>, nameOf: (file: string) => string) {
  const rows = new Map<string, Row>();
  for (const mutant of all) {
    const name = nameOf(mutant.file.slice(ROOT.length).replace('daemon/', ''));
    const row = rows.get(name) ?? { name, places: 0, reached: 0 };
    rows.set(name, row);
    row.places += 1;
    if (reached.has(mutant)) row.reached += 1;
  }
  return [...rows.values()].sort((a, b) => b.places - b.reached - (a.places - a.reached));
}

const tellRows = (what: string, rows: readonly Row[]): readonly string[] => [
  `| ${what} | places | executed | not |`,
  '|---|---|---|---|',
  ...rows.map(({ name, places, reached }) => `| ${name} | ${places} | ${reached} | ${places - reached} |`),
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      plain: { type: 'string', default: '60' },
      each: { type: 'string', default: '20' },
      kept: { type: 'boolean', default: false },
      out: { type: 'string' },
      unreached: { type: 'string' },
    },
  });
  const jobs = listJobs(Number(values.plain), Number(values.each), values.kept);
  if (jobs.length === 0) throw new Error('There are no worlds to play.');
  const executed = await play(jobs);
  const all = listAll(listSources());
  const reached = new Set(all.filter((mutant) => isReached(mutant, executed)));
  if (reached.size === 0) throw new Error('No place was executed.');
  const share = ((100 * reached.size) / all.length).toFixed(1);
  const kinds = `${values.plain} plain ones, ${values.each} of each kind on request${values.kept ? ', and the kept plans' : ''}`;
  const page = [
    '# Places that worlds execute',
    '',
    `${jobs.length} worlds (${kinds}) execute ${reached.size} of ${all.length} places, ${share} %.`,
    'No draw of planted mistakes can catch more of them by worlds.',
    '',
    ...tellRows(
      'folder',
      countBy(all, reached, (file) => file.split('/').slice(0, -1).join('/')),
    ),
    '',
    `The ${FILES_REPORTED} files with the most places that no world executes:`,
    '',
    ...tellRows('file', countBy(all, reached, (file) => file).slice(0, FILES_REPORTED)),
    '',
  ].join('\n');
  if (values.out !== undefined) writeFileSync(resolve(values.out), page);
  if (values.unreached !== undefined)
    writeFileSync(
      resolve(values.unreached),
      all
        .filter((mutant) => !reached.has(mutant))
        .map(({ file, line, what }) => `${file.slice(ROOT.length + 7)}:${line}\t${what}\n`)
        .join(''),
    );
  process.stdout.write(page);
}

await main();
