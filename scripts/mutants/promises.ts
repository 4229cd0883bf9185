/**
 * `npm run mutants:promises -- [--seed N] [--worlds N] [--only CODE] [--out FILE]`: plants a mistake for each promise
 * of the explorer, as somebody tired would make it (`mistakes.json`), and counts the worlds until that promise is
 * broken. Where none of them does it, the plans that are kept of it are played as well. A promise that no mistake
 * breaks any more says nothing. All are tried in few worlds first. Two run at a time; what `--out` has already of these
 * mistakes is kept, and gone on with where it has fewer worlds.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './draw.ts';

interface Place {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
export interface Mistake extends Place {
  /** The code of its breach begins so. */
  readonly promise: string;
  readonly mistake: string;
  /** Sentences that it makes untrue, by their ids (docs/promises.md). */
  readonly breaks?: readonly string[];
  /** Kinds of worlds. */
  readonly with: readonly string[];
  /** Where two guards hold a promise, each alone: the other one's place, in another file. */
  readonly and?: Place;
}
interface Result extends Mistake {
  readonly worlds: number;
  /** World that broke the promise, from 1; null: none of them did. */
  readonly after: number | null;
  /** Where no world did it: the kept plan that breaks it; null: none does. */
  readonly plan: string | null;
  /** Other promises that were broken by then. */
  readonly also: readonly string[];
}
interface Summary {
  readonly worlds: number;
  readonly found: readonly { readonly code: string; readonly after: number }[];
}

const AT_A_TIME = 2;
/** Worlds of each mistake before the next round: most promises break soon. */
const ROUNDS = [12, 60];
const HOW =
  'Each mistake was chosen by hand with its promise in view, and planted alone. "after" is the first world of the seed in which the promise was broken; null: none of so many worlds, and "plan" is the kept plan that is broken then. This shows that a promise can still be broken after all that was taken out of it, not how much it notices.';

/** Characters of a file, from `start` to before `end`, that `text` takes the place of. */
interface Planted {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Where it is planted, in the words of `HOLDFAST_MUTANT`. @throws Error when the source has it no more, or not once */
export function placesOf(mistake: Mistake): readonly Planted[] {
  return [mistake, ...(mistake.and === undefined ? [] : [mistake.and])].map(placeOf);
}

function placeOf({ file, find, replace }: Place): Planted {
  const path = join(ROOT, file);
  const source = readFileSync(path, 'utf8');
  const start = source.indexOf(find);
  if (start === -1 || source.includes(find, start + 1)) throw new Error(`${file} has not once: ${find}`);
  return { file: path, start, end: start + find.length, text: replace };
}

export function readMistakes(): readonly Mistake[] {
  return JSON.parse(readFileSync(join(ROOT, 'scripts', 'mutants', 'mistakes.json'), 'utf8')) as readonly Mistake[];
}

/** Runs a script with the mistake in it; what it prints. */
async function run(mistake: Mistake, script: readonly string[], args: readonly string[]): Promise<string> {
  const env = { ...process.env, HOLDFAST_MUTANT: JSON.stringify(placesOf(mistake)) };
  const command = ['--import', join(ROOT, 'scripts', 'mutants', 'plant.ts'), join(ROOT, 'scripts', ...script), ...args];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((end) => child.on('close', end));
  return Buffer.concat(chunks).toString('utf8');
}

/** Runs worlds with the mistake until its promise is broken. `known`: what was played before. `isLast`: no more are to come. */
async function play(
  mistake: Mistake,
  known: Result | null,
  seed: number,
  worlds: number,
  isLast: boolean,
): Promise<Result> {
  const { promise, with: kinds } = mistake;
  const before = known?.worlds ?? 0;
  const from = ['--seed', String(seed + before), '--worlds', String(worlds - before)];
  const options = [...from, '--workers', '1', '--no-shrink', '--json', '--until', promise];
  const text = await run(mistake, ['explore', 'main.ts'], [...options, ...kinds.flatMap((kind) => ['--with', kind])]);
  const { found, worlds: played } = JSON.parse(text) as Summary;
  const own = found.filter(({ code }) => code.startsWith(mistake.promise)).map((each) => before + each.after);
  const after = own.length === 0 ? null : Math.min(...own);
  const plan = after === null && isLast ? (await run(mistake, ['mutants', 'kept.ts'], [promise])) || null : null;
  const also = found.filter(
    (each) => !each.code.startsWith(mistake.promise) && (after === null || before + each.after <= after),
  );
  const codes = new Set([...(known?.also ?? []), ...also.map(({ code }) => code)]);
  return { ...mistake, worlds: after ?? before + played, after, plan, also: [...codes] };
}

function isOf(mistake: Mistake, known: Result): boolean {
  const reported = ({ and, find, promise, replace, with: kinds }: Mistake): string =>
    JSON.stringify([promise, find, replace, kinds, and]);
  return reported(known) === reported(mistake);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      worlds: { type: 'string', default: '1000' },
      only: { type: 'string', default: '' },
      out: { type: 'string' },
    },
  });
  const out = values.out === undefined ? null : resolve(values.out);
  const known =
    out === null || !existsSync(out) ? [] : (JSON.parse(readFileSync(out, 'utf8')) as { results: Result[] }).results;
  const all = readMistakes();
  const results = new Map<Mistake, Result>();
  for (const mistake of all) {
    const found = known.find((result) => isOf(mistake, result));
    if (found !== undefined) results.set(mistake, found);
  }
  const save = (): void => {
    if (out === null) return;
    const done = all.flatMap((mistake) => results.get(mistake) ?? []);
    writeFileSync(out, `${JSON.stringify({ how: HOW, seed: Number(values.seed), results: done }, null, 2)}\n`);
  };
  const most = Number(values.worlds);
  const isWaiting = (mistake: Mistake, worlds: number): boolean => {
    const { after = null, worlds: played = 0 } = results.get(mistake) ?? {};
    return mistake.promise.startsWith(values.only) && after === null && played < worlds;
  };
  const work = async (waiting: Mistake[], worlds: number): Promise<void> => {
    for (let mistake = waiting.shift(); mistake !== undefined; mistake = waiting.shift()) {
      const result = await play(mistake, results.get(mistake) ?? null, Number(values.seed), worlds, worlds === most);
      results.set(mistake, result);
      save();
      if (result.after === null && worlds < most) continue;
      const { after, plan } = result;
      const when = after === null ? `NOT in ${result.worlds} worlds, ${plan ?? 'no plan'}` : `after ${after}`;
      process.stdout.write(`${mistake.promise} ${when}: ${mistake.mistake} (${result.also.join(', ')})\n`);
    }
  };
  for (const worlds of [...ROUNDS.filter((round) => round < most), most]) {
    const waiting = all.filter((mistake) => isWaiting(mistake, worlds));
    await Promise.all(Array.from({ length: AT_A_TIME }, () => work(waiting, worlds)));
  }
}

// Also where a runner imports it, which names it as the script.
if (process.argv[1] === import.meta.filename) await main();
