/**
 * `npm run mutants -- --seed 1 --count 40 --minutes 10 [--worlds N] [--parallel N] [--out FILE] [--only N,N]`: draws
 * mistakes from the statements of what sends, closes, resolves and folds, plants each into the explorer, and counts
 * those that a broken promise shows. Worlds are played without a mistake first: what breaks there all the same says
 * nothing, and a mistake is played only in worlds in which it would make a difference. Minutes are of CPU. `--out`
 * keeps a table as JSON, after each of them; run again, it goes on where it was, with the mistakes that the table
 * names.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Baseline } from './baseline.ts';
import type { Mutant } from './candidates.ts';
import { draw, drawAgain, nameOf, ROOT } from './draw.ts';
import { judge, type Verdict } from './judge.ts';
import type { Numbered } from './probes.ts';

type Status = 'waiting' | 'caught' | 'survived' | 'equivalent' | 'gone';

interface Row {
  readonly number: number;
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly occurrence: number;
  readonly status: Status;
  /** Why it makes no difference that anybody could see, or why its code is no longer there. */
  readonly reason?: string;
  readonly verdict?: Verdict;
  /** How long it had, at most. */
  readonly minutes?: number;
}

interface Table {
  readonly seed: number;
  readonly minutes: number;
  /** Drawn from so many, in so many files. */
  readonly of: number;
  readonly files: number;
  readonly caught: number;
  readonly equivalent: number;
  readonly survived: number;
  readonly rows: readonly Row[];
}

interface Equivalent {
  readonly file: string;
  readonly what: string;
  readonly occurrence: number;
  readonly reason: string;
}

/** Mistakes that are none, each with its reason. */
const EQUIVALENT = new Map(
  (
    JSON.parse(readFileSync(new URL('./equivalent.json', import.meta.url), 'utf8')) as { mutants: Equivalent[] }
  ).mutants.map((mutant) => [nameOf(mutant), mutant.reason]),
);

class Run {
  readonly #out: string | null;
  readonly #seed: number;
  readonly #minutes: number;
  readonly #of: number;
  readonly #files: number;
  readonly #mutants: readonly (Mutant | null)[];
  readonly rows: Row[];

  constructor(out: string | null, seed: number, count: number, minutes: number) {
    this.#out = out;
    this.#seed = seed;
    this.#minutes = minutes;
    const kept = out !== null && existsSync(out) ? (JSON.parse(readFileSync(out, 'utf8')) as Table) : null;
    if (kept !== null && kept.seed !== seed) throw new Error(`${out} is a table of seed ${kept.seed}`);
    const drawn = kept === null ? draw(seed, count) : { ...kept, mutants: drawAgain(kept.rows) };
    this.#of = drawn.of;
    this.#files = drawn.files;
    this.#mutants = drawn.mutants;
    this.rows = drawn.mutants.map((mutant, index) => rowOf(mutant, index + 1, kept?.rows[index]));
  }

  /** Those that are still to be judged: all that `only` names, else what was never judged for so long. */
  list(only: readonly number[] | undefined): readonly Numbered[] {
    return this.rows.flatMap(({ number, status, minutes = 0 }) => {
      const mutant = this.#mutants[number - 1] ?? null;
      const isOpen = status === 'waiting' || (status === 'survived' && minutes < this.#minutes);
      const isAsked = only === undefined ? isOpen : only.includes(number);
      return isAsked && mutant !== null ? [{ number, mutant }] : [];
    });
  }

  note(number: number, verdict: Verdict): Row {
    const status = verdict.caughtBy === null ? 'survived' : 'caught';
    const row: Row = { ...(this.rows[number - 1] as Row), status, verdict, minutes: this.#minutes };
    this.rows[number - 1] = row;
    this.save();
    return row;
  }

  count(status: Status): number {
    return this.rows.filter((row) => row.status === status).length;
  }

  save(): void {
    if (this.#out === null) return;
    const [caught, equivalent, survived] = [this.count('caught'), this.count('equivalent'), this.count('survived')];
    const head = { seed: this.#seed, minutes: this.#minutes, of: this.#of, files: this.#files };
    const table: Table = { ...head, caught, equivalent, survived, rows: this.rows };
    writeFileSync(`${this.#out}.new`, `${JSON.stringify(table, null, 2)}\n`);
    renameSync(`${this.#out}.new`, this.#out);
  }
}

function rowOf(mutant: Mutant | null, number: number, kept: Row | undefined): Row {
  if (mutant === null) return rowOfGone(kept as Row);
  const { line, occurrence, what } = mutant;
  const file = mutant.file.slice(ROOT.length);
  const reason = EQUIVALENT.get(nameOf(mutant));
  if (reason !== undefined) return { number, file, line, what, occurrence, status: 'equivalent', reason };
  // What was judged as equivalent, or as gone, is judged again where that is no longer so.
  if (kept === undefined || !/^(caught|survived)$/.test(kept.status))
    return { number, file, line, what, occurrence, status: 'waiting' };
  return { ...kept, file, line };
}

/** Its code is there no more: what was found out about it before stands. */
function rowOfGone(kept: Row): Row {
  const { number, file, line, what, occurrence } = kept;
  const reason = EQUIVALENT.get(nameOf(kept));
  if (reason !== undefined) return { number, file, line, what, occurrence, status: 'equivalent', reason };
  return { ...kept, status: kept.status === 'caught' ? 'caught' : 'gone' };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '40' },
      minutes: { type: 'string', default: '10' },
      worlds: { type: 'string', default: '2000' },
      parallel: { type: 'string', default: '2' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const [seed, minutes] = [Number(values.seed), Number(values.minutes)];
  const run = new Run(values.out === undefined ? null : resolve(values.out), seed, Number(values.count), minutes);
  const waiting = [...run.list(values.only?.split(',').map(Number))];
  process.stdout.write(`seed ${seed}: ${waiting.length} of ${run.rows.length} mistakes to be judged\n`);
  const baseline = new Baseline(waiting, seed, Number(values.worlds));
  const work = async (): Promise<void> => {
    for (let next = await take(waiting, baseline); next !== undefined; next = await take(waiting, baseline))
      process.stdout.write(`${tell(run.note(next.number, await judge(next, baseline, minutes)))}\n`);
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, work));
  baseline.end();
  run.save();
  const broken = baseline.worlds.filter(({ played }) => played.codes.length > 0);
  process.stdout.write(
    `without a mistake: ${baseline.worlds.length} worlds in ${Math.round(baseline.ms / 1_000)} s, a promise broken in ${broken.length}\n` +
      `${run.count('caught')} of ${run.rows.length} caught within ${minutes} minutes each, ${run.count('equivalent')} equivalent\n`,
  );
}

/** One that makes a difference somewhere first; those that never do at the end. */
async function take(waiting: Numbered[], baseline: Baseline): Promise<Numbered | undefined> {
  for (;;) {
    const index = waiting.findIndex(({ number }) => baseline.reaches(number));
    if (index !== -1) return waiting.splice(index, 1)[0];
    if (waiting.length === 0 || !(await baseline.grow())) return waiting.shift();
  }
}

function tell({ number, file, line, what, verdict }: Row): string {
  if (verdict === undefined) return '';
  const { caughtBy, caughtIn, differed, played, quiet, seconds } = verdict;
  const end =
    caughtBy === null
      ? `NOT CAUGHT in ${played} worlds, ${differed} of them changed (${quiet.join(', ')})`
      : `${caughtBy} in ${caughtIn}, the ${played}. world`;
  return `${String(number).padStart(2)}  ${file}:${line}  ${what}\n    ${end} (${seconds} s)`;
}

await main();
