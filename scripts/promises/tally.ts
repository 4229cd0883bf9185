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
  /** Worlds that were played again without it, and those of them in which something else was decided or sent. */
  readonly played: number;
  readonly differed: number;
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
    }
  }

  noteMeasured({ changed, drawn, failure, seed, telling }: Report): void {
    if (failure !== null) this.#failures.push(`world ${seed}: ${failure}`);
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
        const again = world.items.filter((index) => {
          const isPlain = round > 0 && (this.#telling.get(index) ?? 0) > 0;
          return this.#isOpen(index, isPlain ? Math.min(this.#plays, PLAIN_PLAYS) : this.#plays);
        });
        for (const index of again) count(this.#played, index);
        if (again.length > 0) return { seed: world.seed, again };
      }
    return null;
  }

  notePlayed({ changed, failure, seed }: Report): void {
    if (failure !== null) this.#failures.push(`world ${seed}, again: ${failure}`);
    for (const index of changed) count(this.#differed, index);
  }

  #isOpen(index: number, most: number): boolean {
    if ((this.#decided.get(index) ?? 0) > 0) return false;
    return (this.#differed.get(index) ?? 0) < ENOUGH && (this.#played.get(index) ?? 0) < most;
  }

  #rows(): readonly Row[] {
    return this.#items.map(({ kind, name }, index) => {
      const drawn = this.#drawn.get(index) ?? 0;
      const telling = this.#telling.get(index) ?? 0;
      const decided = this.#decided.get(index) ?? 0;
      const played = this.#played.get(index) ?? 0;
      const differed = this.#differed.get(index) ?? 0;
      const expected = played === 0 ? 0 : Math.round(((telling > 0 ? telling : drawn) * differed) / played);
      const changed = decided > 0 ? decided : Math.max(differed, expected);
      return { kind, name, drawn, telling, decided, played, differed, changed };
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
      const how = row.decided > 0 ? 'decided again' : `${row.differed} of ${row.played} played again`;
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

function count(counts: Map<number, number>, index: number): void {
  counts.set(index, (counts.get(index) ?? 0) + 1);
}
