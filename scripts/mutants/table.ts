import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Mutant } from './candidates.ts';
import { draw, drawAgain, nameOf, ROOT } from './draw.ts';
import type { Verdict } from './judge.ts';
import type { NetVerdict } from './net.ts';
import type { Numbered } from './probes.ts';

export interface Row {
  readonly number: number;
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly occurrence: number;
  /** Why it makes no difference that anybody could see, or why it is not judged. */
  readonly equivalent?: string;
  /** Of worlds and kept plans. */
  readonly worlds?: Verdict;
  /** Of tests of its room, where no world noticed it, and of all others, where none of those did. */
  readonly room?: NetVerdict;
  readonly others?: NetVerdict;
}
export interface Bounds {
  /** Of CPU for each mistake. */
  readonly minutes: number;
  readonly testMinutes: number;
  /** Generated worlds that are played without a mistake, at most. */
  readonly worlds: number;
}
interface Origin {
  /** The commit that was judged. */
  readonly commit: string;
  /** The commit by whose hash they were drawn, or the number that somebody chose. */
  readonly seed: string;
}
interface Counts {
  readonly mistakes: number;
  readonly equivalent: number;
  readonly caughtByWorlds: number;
  readonly caughtByNet: number;
  /** Got through worlds and all tests. */
  readonly missed: number;
  /** Got through what was asked until the run was ended. */
  readonly open: number;
}
interface Kept extends Origin {
  readonly bounds: Bounds;
  /** Drawn from so many, in so many files. */
  readonly of: number;
  readonly files: number;
  readonly counts: Counts;
  readonly rows: readonly Row[];
}

/** Mistakes that are none, each with its reason. */
function readEquivalents(): ReadonlyMap<string, string> {
  const text = readFileSync(new URL('./equivalent.json', import.meta.url), 'utf8');
  const { mutants } = JSON.parse(text) as {
    mutants: { file: string; what: string; occurrence: number; reason: string }[];
  };
  return new Map(mutants.map((mutant) => [nameOf(mutant), mutant.reason]));
}

/** The hash of a commit, or a number -> what random numbers begin with. */
export function numberOf(seed: string): number {
  if (/^[0-9a-f]{40}$/.test(seed)) return Number.parseInt(seed.slice(0, 8), 16) >>> 1;
  if (/^\d{1,9}$/.test(seed)) return Number(seed);
  throw new Error(`${seed} is neither a number nor the hash of a commit`);
}

/** The mistakes of a draw with all that was found out about them, kept in a file after each step. */
export class Table {
  readonly #origin: Origin;
  readonly #bounds: Bounds;
  readonly #of: number;
  readonly #files: number;
  readonly #mutants: readonly (Mutant | null)[];
  readonly #out: string | null;
  readonly rows: Row[];

  /** `again`: a table whose mistakes are judged again; `out`: where one of the same commit may be that goes on. */
  constructor(
    origin: Origin,
    count: number,
    bounds: Bounds,
    { again, out }: { again: string | null; out: string | null },
  ) {
    this.#out = out;
    this.#bounds = bounds;
    const kept = out !== null && existsSync(out) ? readKept(out) : null;
    if (kept !== null && kept.commit !== origin.commit) throw new Error(`${out} is a table of commit ${kept.commit}`);
    const earlier = kept ?? (again === null ? null : readKept(again));
    this.#origin = { commit: origin.commit, seed: earlier?.seed ?? origin.seed };
    const drawn =
      earlier === null ? draw(numberOf(origin.seed), count) : { ...earlier, mutants: drawAgain(earlier.rows) };
    this.#of = drawn.of;
    this.#files = drawn.files;
    this.#mutants = drawn.mutants;
    this.rows = drawn.mutants.map((mutant, index) => {
      const found = mutant ?? earlier?.rows[index];
      if (found === undefined) throw new Error('A table has as many rows as mistakes.');
      const { file, line, occurrence, what } = found;
      const { others, room, worlds } = kept?.rows[index] ?? {};
      const path = file.startsWith(ROOT) ? file.slice(ROOT.length) : file;
      return {
        number: index + 1,
        file: path,
        line,
        what,
        occurrence,
        ...(worlds && { worlds }),
        ...(room && { room }),
        ...(others && { others }),
      };
    });
    this.#markEquivalents();
  }

  get seed(): number {
    return numberOf(this.#origin.seed);
  }

  /** Those that no world has been asked about; of these, where `only` names any, only they. */
  forWorlds(only: readonly number[] | null): Numbered[] {
    return this.#numbered(({ number, worlds }) => worlds === undefined && (only === null || only.includes(number)));
  }

  /** Those that have got through all before, and about which these tests were not asked. */
  forTests(where: 'room' | 'others'): Numbered[] {
    return this.#numbered(({ others, room, worlds }) => {
      if (worlds?.caughtBy !== null || others !== undefined) return false;
      return where === 'room' ? room === undefined : room?.caughtBy === null;
    });
  }

  note(number: number, found: Pick<Row, 'worlds' | 'room' | 'others'>): Row {
    const row: Row = { ...(this.rows[number - 1] as Row), ...found };
    this.rows[number - 1] = row;
    this.save();
    return row;
  }

  counts(): Counts {
    const judged = this.rows.filter(({ equivalent }) => equivalent === undefined);
    const caughtByWorlds = judged.filter(({ worlds }) => worlds !== undefined && worlds.caughtBy !== null).length;
    const caughtByNet = judged.filter(isCaught).length;
    const [mistakes, equivalent] = [this.rows.length, this.rows.length - judged.length];
    const missed = judged.filter((row) => !isCaught(row) && row.others !== undefined).length;
    const open = judged.length - caughtByNet - missed;
    return { mistakes, equivalent, caughtByWorlds, caughtByNet, missed, open };
  }

  /** As JSON, and beside it as a page to be read. */
  save(): void {
    if (this.#out === null) return;
    const head = { ...this.#origin, bounds: this.#bounds, of: this.#of, files: this.#files, counts: this.counts() };
    const kept: Kept = { ...head, rows: this.rows };
    writeFileSync(`${this.#out}.new`, `${JSON.stringify(kept, null, 2)}\n`);
    renameSync(`${this.#out}.new`, this.#out);
    writeFileSync(this.#out.replace(/\.json$/, '.md'), describeTable(kept));
  }

  #numbered(isAsked: (row: Row) => boolean): Numbered[] {
    return this.rows.flatMap((row) => {
      const mutant = this.#mutants[row.number - 1] ?? null;
      return row.equivalent === undefined && mutant !== null && isAsked(row) ? [{ number: row.number, mutant }] : [];
    });
  }

  #markEquivalents(): void {
    const equivalents = readEquivalents();
    for (const [index, row] of this.rows.entries()) {
      const reason = this.#mutants[index] === null ? 'its code is gone' : equivalents.get(nameOf(row));
      if (reason !== undefined) this.rows[index] = { ...row, equivalent: reason };
    }
  }
}

function isCaught({ others, room, worlds }: Row): boolean {
  return [worlds, room, others].some((found) => found !== undefined && found.caughtBy !== null);
}

function readKept(path: string): Kept {
  return JSON.parse(readFileSync(path, 'utf8')) as Kept;
}

/** The page beside the JSON. */
export function describeTable({ bounds, commit, counts, files, of, rows, seed }: Kept): string {
  const judged = counts.mistakes - counts.equivalent;
  return `# Planted mistakes

${counts.mistakes} of ${of} mistakes in ${files} files, drawn by ${seed},
judged on ${commit}.
Each had ${bounds.minutes * 60} s of CPU in worlds, then ${bounds.testMinutes} min in tests. Worlds and kept plans caught ${counts.caughtByWorlds} of ${judged}, the whole
net ${counts.caughtByNet}; ${counts.missed} got through, ${counts.open} are not judged to the end, ${counts.equivalent} make no difference.

| | mistake | worlds | net |
|---|---|---|---|
${rows.map(describeRow).join('\n')}
`;
}

function describeRow({ equivalent, file, line, number, others, room, what, worlds }: Row): string {
  const mistake = `${file.replace(/^daemon\//, '')}:${line} \`${what.replaceAll('|', '\\|').replaceAll('`', "'")}\``;
  const byWorlds =
    worlds === undefined
      ? ''
      : worlds.caughtBy === null
        ? `no: ${worlds.played} worlds, ${worlds.differed} changed`
        : `${worlds.caughtBy} (${worlds.caughtIn})`;
  const byTests =
    room?.caughtBy ??
    others?.caughtBy ??
    (others === undefined ? (room === undefined ? '' : 'not in its room') : `**no**: ${others.ran} more files`);
  return `| ${number} | ${mistake} | ${byWorlds} | ${equivalent === undefined ? byTests : `none: ${equivalent}`} |`;
}
