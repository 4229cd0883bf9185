import type { Item } from './items.ts';
import type { Report, Task } from './worker.ts';

/** Worlds in which something has changed a decision or an order, after which none is played again without it. */
const ENOUGH = 1;
/** Worlds that are played again without a key that says there what it says in most, where it says something else in some. */
const PLAIN_PLAYS = 12;
const RAREST = 20;

export interface Row {
  readonly kind: Item['kind'];
  readonly name: string;
  /** Worlds that have it. */
  readonly drawn: number;
  /** Those of them in which it says something else than in most: of a key; all, of what is no key. */
  readonly telling: number;
  /** Worlds in which `decide` gives something else with the key at its other value; 0 for all that is no key. */
  readonly decided: number;
  /** Of those that were telling, worlds that were played again without it, and in which something else was decided or sent. */
  readonly played: number;
  readonly differed: number;
  /** The same of worlds in which it says what it says in most. */
  readonly plainPlayed: number;
  readonly plainDiffered: number;
  /** Worlds in which it changed something: counted, or what the played ones let expect. */
  readonly changed: number;
}

interface Known {
  readonly rows: readonly Row[];
  readonly failures: readonly string[];
}

/** Counts what workers report, and says which worlds are worth another look. */
export class Tally {
  readonly #items: readonly Item[];
  readonly #plays: number;
  readonly #drawn = new Map<number, number>();
  readonly #telling = new Map<number, number>();
  readonly #decided = new Map<number, number>();
  readonly #played = new Map<number, number>();
  readonly #differed = new Map<number, number>();
  readonly #plainPlayed = new Map<number, number>();
  readonly #plainDiffered = new Map<number, number>();
  /** By seed. */
  readonly #tellingIn = new Map<number, ReadonlySet<number>>();
  readonly #failures: string[];
  /** First those worlds in which an item is telling, then those that have it at all. */
  readonly #waiting: { readonly seed: number; readonly items: readonly number[] }[][] = [[], []];

  /** `known`: of other worlds, which count along. */
  constructor(items: readonly Item[], plays: number, known: Known = { rows: [], failures: [] }) {
    this.#items = items;
    this.#plays = plays;
    this.#failures = [...known.failures];
    for (const [index, { kind, name }] of items.entries()) {
      const row = known.rows.find((each) => each.kind === kind && each.name === name);
      if (row === undefined) continue;
      this.#drawn.set(index, row.drawn);
      this.#telling.set(index, row.telling);
      this.#decided.set(index, row.decided);
      this.#played.set(index, row.played);
      this.#differed.set(index, row.differed);
      this.#plainPlayed.set(index, row.plainPlayed);
      this.#plainDiffered.set(index, row.plainDiffered);
    }
  }

  noteMeasured({ changed, drawn, failure, seed, telling }: Report): void {
    if (failure !== null) this.#failures.push(`world ${seed}: ${failure}`);
    this.#tellingIn.set(seed, new Set(telling));
    const others = drawn.filter((index) => !telling.includes(index));
    for (const [round, items] of [telling, others].entries()) this.#waiting[round]?.push({ seed, items });
    for (const index of drawn) count(this.#drawn, index);
    for (const index of telling) count(this.#telling, index);
    for (const index of changed) count(this.#decided, index);
  }

  /** The next world in which something is drawn that has changed nothing yet. */
  nextToPlay(): Task | null {
    for (const [round, worlds] of this.#waiting.entries())
      for (let world = worlds.shift(); world !== undefined; world = worlds.shift()) {
        const again = world.items.filter((index) => (round === 0 ? this.#isOpen(index) : this.#isOpenPlainly(index)));
        for (const index of again) count(round === 0 ? this.#played : this.#plainPlayed, index);
        if (again.length > 0) return { seed: world.seed, again };
      }
    return null;
  }

  notePlayed({ changed, failure, seed }: Report): void {
    if (failure !== null) this.#failures.push(`world ${seed}, again: ${failure}`);
    const telling = this.#tellingIn.get(seed);
    for (const index of changed) count(telling?.has(index) === true ? this.#differed : this.#plainDiffered, index);
  }

  /** However many worlds have been played in which it says what most say: of earlier parts there are many. */
  #isOpen(index: number): boolean {
    return !this.#hasChanged(index) && countOf(this.#played, index) < this.#plays;
  }

  #isOpenPlainly(index: number): boolean {
    const most = countOf(this.#telling, index) > 0 ? Math.min(this.#plays, PLAIN_PLAYS) : this.#plays;
    return !this.#hasChanged(index) && countOf(this.#played, index) + countOf(this.#plainPlayed, index) < most;
  }

  #hasChanged(index: number): boolean {
    if (countOf(this.#decided, index) > 0) return true;
    return countOf(this.#differed, index) + countOf(this.#plainDiffered, index) >= ENOUGH;
  }

  #rows(): readonly Row[] {
    return this.#items.map(({ kind, name }, index) => {
      const [drawn, telling] = [countOf(this.#drawn, index), countOf(this.#telling, index)];
      const decided = countOf(this.#decided, index);
      const [played, differed] = [countOf(this.#played, index), countOf(this.#differed, index)];
      const plainPlayed = countOf(this.#plainPlayed, index);
      const plainDiffered = countOf(this.#plainDiffered, index);
      const expected = telling > 0 ? expectIn(telling, played, differed) : expectIn(drawn, plainPlayed, plainDiffered);
      const changed = Math.max(decided, differed + plainDiffered, expected);
      return { kind, name, drawn, telling, decided, played, differed, plainPlayed, plainDiffered, changed };
    });
  }

  result(): {
    readonly never: readonly string[];
    readonly rarest: readonly string[];
    readonly failures: readonly string[];
    readonly rows: readonly Row[];
  } {
    const rows = this.#rows();
    const some = rows.filter(({ changed }) => changed > 0).sort((one, other) => one.changed - other.changed);
    return {
      never: rows.filter(({ changed }) => changed === 0).map(({ name }) => name),
      rarest: some.slice(0, RAREST).map(({ name }) => name),
      failures: this.#failures,
      rows,
    };
  }

  tell(): string {
    const { failures, never, rarest, rows } = this.result();
    const byName = new Map(rows.map((row) => [row.name, row]));
    const line = (name: string): string => {
      const row = byName.get(name);
      if (row === undefined) return name;
      const played = `${row.differed + row.plainDiffered} of ${row.played + row.plainPlayed} played again`;
      const how = row.decided > 0 ? 'decided again' : played;
      return `${row.kind.padEnd(7)} ${name.padEnd(52)} drawn ${String(row.drawn).padStart(5)}, ${String(row.telling).padStart(5)} otherwise  changed ${String(row.changed).padStart(5)}  (${how})`;
    };
    const lines = [
      `${rows.length} fields, keys, answers and faults; ${never.length} never changed a decision or an order:`,
      ...never.map(line),
      `the rarest ${rarest.length} of the others:`,
      ...rarest.map(line),
      ...failures,
    ];
    return `${lines.join('\n')}\n`;
  }
}

/** In how many worlds, if it is as in those that were played. */
function expectIn(worlds: number, played: number, differed: number): number {
  return played === 0 ? 0 : Math.round((worlds * differed) / played);
}

function countOf(counts: ReadonlyMap<number, number>, index: number): number {
  return counts.get(index) ?? 0;
}

function count(counts: Map<number, number>, index: number): void {
  counts.set(index, (counts.get(index) ?? 0) + 1);
}
