import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Breach } from './breach.ts';
import { type SeededExit, summarizeExits } from './exit-summary.ts';
import { type GenerateOptions, generatePlan } from './generate.ts';
import { writeKeptPlan } from './kept-plan.ts';
import type { FoundPlan, Plan } from './plan.ts';
import { tellPlan } from './tell.ts';
import type { WorldReport } from './worker.ts';

/** Seeds that are told of a breach. */
const MAX_SEEDS = 40;

interface Found {
  readonly code: string;
  /** Worlds of this seed until it shows. */
  after: number;
  seed: number;
  breach: Breach;
  count: number;
  /** The first worlds that have it. */
  readonly seeds: number[];
  shrunk: Plan | null;
}

export interface Summary {
  readonly seed: number;
  readonly worlds: number;
  readonly calls: number;
  readonly virtualMs: number;
  readonly wallMs: number;
  /** Of all threads. */
  readonly cpuMs: number;
  readonly found: readonly Found[];
  /** Where they are measured. */
  readonly exits?: ReturnType<typeof summarizeExits>;
}

export interface FindingsOptions {
  readonly seed: number;
  /** A folder for the summary and for plans; null: nothing is written. */
  readonly out: string | null;
  readonly generate: GenerateOptions;
  /** Whether exits are measured, too. */
  readonly mayMeasure: boolean;
}

/** What the worlds of a run have shown so far. */
export class Findings {
  readonly options: FindingsOptions;
  readonly #found = new Map<string, Found>();
  readonly #exits: SeededExit[] = [];
  readonly #startedMs = performance.now();
  #worlds = 0;
  #calls = 0;
  #virtualMs = 0;

  constructor(options: FindingsOptions) {
    this.options = options;
    if (options.out !== null) mkdirSync(options.out, { recursive: true });
  }

  get isClean(): boolean {
    return this.#found.size === 0;
  }
  /** Whether a promise whose code begins so was broken. */
  hasFound(code: string): boolean {
    return [...this.#found.keys()].some((found) => found.startsWith(code));
  }
  get wallMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }

  /** Codes that no world had before. */
  note({ seed, breaches, calls, exits, virtualMs }: WorldReport): readonly string[] {
    this.#exits.push(...exits.map((exit) => ({ ...exit, seed })));
    this.#worlds += 1;
    this.#calls += calls;
    this.#virtualMs += virtualMs;
    const fresh: string[] = [];
    for (const code of new Set(breaches.map((breach) => breach.code))) {
      const breach = breaches.find((candidate) => candidate.code === code) as Breach;
      const first = { after: seed - this.options.seed + 1, seed, breach };
      const known = this.#found.get(code);
      if (known === undefined) {
        const entry = { code, ...first, count: 1, seeds: [seed], shrunk: null };
        this.#found.set(code, entry);
        this.#keepPlan(entry);
        fresh.push(code);
        continue;
      }
      known.count += 1;
      if (known.seeds.length < MAX_SEEDS) known.seeds.push(seed);
      // Workers finish in any order: what counts is the first of the seeds.
      if (first.after < known.after) Object.assign(known, first);
    }
    return fresh;
  }

  noteShrunk(code: string, plan: Plan): void {
    const entry = this.#found.get(code);
    if (entry === undefined) return;
    entry.shrunk = plan;
    this.#keepPlan(entry);
  }

  /** As it may be kept under `test/explore/found`. */
  #keepPlan({ code, seed, breach, shrunk }: Found): void {
    const plan = shrunk ?? generatePlan(seed, this.options.generate);
    const found: FoundPlan = { breaks: code, story: breach.detail, mended: false, plan };
    this.#write(`${code.replaceAll('/', '-')}.json`, writeKeptPlan(found));
  }

  #write(name: string, text: string): void {
    const { out } = this.options;
    if (out === null) return;
    // Whoever reads it meanwhile, or after the run was cut short, finds a whole file.
    const file = join(out, name);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  summary(): Summary {
    const { user, system } = process.cpuUsage();
    return {
      seed: this.options.seed,
      worlds: this.#worlds,
      calls: this.#calls,
      virtualMs: this.#virtualMs,
      wallMs: this.wallMs,
      cpuMs: Math.round((user + system) / 1000),
      found: [...this.#found.values()],
      ...(this.options.mayMeasure ? { exits: summarizeExits(this.#exits) } : {}),
    };
  }

  save(): void {
    this.#write('summary.json', `${JSON.stringify(this.summary(), null, 2)}\n`);
  }

  tellProgress(): string {
    const broken = [...this.#found.values()].map(({ code, count }) => `${code} ${count}`).join(', ');
    return `${Math.round(this.wallMs / 60_000)} min: ${this.#worlds} worlds${broken === '' ? '' : `; ${broken}`}`;
  }

  tell(): string {
    const { seed, worlds, calls, virtualMs, wallMs, cpuMs, exits, found } = this.summary();
    const lines: string[] = [];
    for (const { code, after, seed: worldSeed, breach, count, shrunk } of found) {
      lines.push('', `${code}: in ${count} worlds, first after ${after} (seed ${worldSeed})`);
      lines.push(`  ${breach.detail}`);
      if (shrunk === null) continue;
      lines.push(...tellPlan(shrunk).map((line) => `  - ${line}`), `  plan ${JSON.stringify(shrunk)}`);
    }
    const rate = Math.round((worlds * 60_000) / Math.max(1, wallMs));
    const each = (sum: number, digits: number): string => (sum / Math.max(1, worlds)).toFixed(digits);
    lines.push(
      '',
      `seed ${seed}: ${worlds} worlds in ${Math.round(wallMs / 1000)} s (${rate} a minute; each ${each(calls, 1)} calls, ${each(virtualMs / 1000, 0)} virtual seconds and ${each(cpuMs, 0)} ms of CPU), ${found.length} promises broken`,
    );
    if (exits !== undefined) lines.push(JSON.stringify({ seed, worlds, exits }));
    return `${lines.join('\n')}\n`;
  }
}
