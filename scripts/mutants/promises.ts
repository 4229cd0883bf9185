/**
 * `npm run mutants:promises -- [--seed N] [--worlds N] [--only CODE] [--out FILE]`: plants a mistake for each promise
 * of the explorer, as somebody tired would make it (`mistakes.json`), and counts the worlds until that promise is
 * broken. Where none of them does it, the plans that are kept of it are played as well. A promise that no mistake
 * breaks any more says nothing. Two run at a time; what `--out` has already of these mistakes is kept.
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
const HOW =
  'Each mistake was chosen by hand with its promise in view, and planted alone. "after" is the first world of the seed in which the promise was broken; null: none of so many worlds, and "plan" is the kept plan that is broken then. This shows that a promise can still be broken after all that was taken out of it, not how much it notices.';

/** Where it is planted, in the words of `HOLDFAST_MUTANT`. @throws Error when the source has it no more, or not once */
export function placesOf(mistake: Mistake): readonly object[] {
  return [mistake, ...(mistake.and === undefined ? [] : [mistake.and])].map(placeOf);
}

function placeOf({ file, find, replace }: Place): object {
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

/** Runs worlds with the mistake until its promise is broken. */
async function play(mistake: Mistake, seed: string, worlds: string): Promise<Result> {
  const { promise, with: kinds } = mistake;
  const options = ['--seed', seed, '--worlds', worlds, '--workers', '1', '--no-shrink', '--json', '--until', promise];
  const text = await run(mistake, ['explore', 'main.ts'], [...options, ...kinds.flatMap((kind) => ['--with', kind])]);
  const { found, worlds: played } = JSON.parse(text) as Summary;
  const own = found.filter(({ code }) => code.startsWith(mistake.promise)).map(({ after }) => after);
  const after = own.length === 0 ? null : Math.min(...own);
  const plan = after === null ? (await run(mistake, ['mutants', 'kept.ts'], [promise])) || null : null;
  const also = found.filter(
    (each) => !each.code.startsWith(mistake.promise) && (after === null || each.after <= after),
  );
  return { ...mistake, worlds: after ?? played, after, plan, also: also.map(({ code }) => code) };
}

function isOf(mistake: Mistake, known: Result): boolean {
  const told = ({ and, find, promise, replace, with: kinds }: Mistake): string =>
    JSON.stringify([promise, find, replace, kinds, and]);
  return told(known) === told(mistake);
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
  const waiting = all.filter((mistake) => !results.has(mistake) && mistake.promise.startsWith(values.only));
  const save = (): void => {
    if (out === null) return;
    const done = all.flatMap((mistake) => results.get(mistake) ?? []);
    writeFileSync(out, `${JSON.stringify({ how: HOW, seed: Number(values.seed), results: done }, null, 2)}\n`);
  };
  const work = async (): Promise<void> => {
    for (let mistake = waiting.shift(); mistake !== undefined; mistake = waiting.shift()) {
      const result = await play(mistake, values.seed, values.worlds);
      results.set(mistake, result);
      const { after, plan, worlds } = result;
      const when = after === null ? `NOT in ${worlds} worlds, ${plan === null ? 'no plan' : plan}` : `after ${after}`;
      process.stdout.write(`${mistake.promise} ${when}: ${mistake.mistake} (${result.also.join(', ')})\n`);
      save();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

// Also where a runner imports it, which names it as the script.
if (process.argv[1] === import.meta.filename) await main();
