import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../core/canonical-json.ts';
import { openOutFolder, TuneError, writeWhole } from '../facts/out-folder.ts';
import type { Figures, SeedFigures } from './score.ts';

/** What a search is: two with equal arguments are one and the same. Threads and the folder are no part of it. */
export type TuneArguments = Readonly<Record<string, unknown>>;
export interface RecordedTrial {
  /** Hash of the candidate, which the search draws again and must find. */
  readonly policy: string;
  readonly figures: Figures;
}
/** Start policy and best, by seed: run once, and never again. */
export interface RecordedFrozen {
  readonly best: string;
  readonly seeds: readonly number[];
  readonly startBySeed: readonly SeedFigures[];
  readonly bestBySeed: readonly SeedFigures[];
}
interface TuneState {
  readonly version: 1;
  readonly arguments: TuneArguments;
  readonly trials: readonly RecordedTrial[];
  readonly out_of_sample: RecordedFrozen | null;
}

export const STATE_FILE = 'state.json';
export const RESULT_FILES = ['best.yaml', 'trace.json', 'report.md'] as const;

/** The file in the output folder from which a search that was interrupted goes on. Written after every batch. */
export class TuneStateFile {
  readonly #path: string;
  #state: TuneState;

  private constructor(path: string, state: TuneState) {
    this.#path = path;
    this.#state = state;
  }

  /**
   * Opens the state of a search, or begins one.
   *
   * @throws TuneError when the folder cannot be written, holds another search, results without a state, or a state that cannot be read
   */
  static open(folder: string, args: TuneArguments): TuneStateFile {
    const path = join(folder, STATE_FILE);
    openOutFolder(folder, TuneError);
    if (existsSync(path)) return new TuneStateFile(path, readState(path, args));
    const left = RESULT_FILES.filter((name) => existsSync(join(folder, name)));
    if (left.length > 0)
      throw new TuneError(`${folder} has ${left.join(', ')} but no ${STATE_FILE}: give a new folder`);
    return new TuneStateFile(path, { version: 1, arguments: args, trials: [], out_of_sample: null });
  }

  get trials(): readonly RecordedTrial[] {
    return this.#state.trials;
  }

  get frozen(): RecordedFrozen | null {
    return this.#state.out_of_sample;
  }

  saveTrials(trials: readonly RecordedTrial[]): void {
    if (trials.length > this.#state.trials.length) this.#save({ ...this.#state, trials });
  }

  saveFrozen(frozen: RecordedFrozen): void {
    this.#save({ ...this.#state, out_of_sample: frozen });
  }

  #save(state: TuneState): void {
    this.#state = state;
    writeWhole(this.#path, `${JSON.stringify(state)}\n`);
  }
}

function readState(path: string, args: TuneArguments): TuneState {
  let state: TuneState;
  try {
    state = JSON.parse(readFileSync(path, 'utf8')) as TuneState;
  } catch (cause) {
    throw new TuneError(`${path} cannot be read; give a new folder`, { cause });
  }
  if (typeof state !== 'object' || state === null || state.version !== 1 || !Array.isArray(state.trials)) {
    throw new TuneError(`${path} is not the state of a search; give a new folder`);
  }
  const names = [...new Set([...Object.keys(args), ...Object.keys(state.arguments)])];
  const different = names.filter((name) => textOf(args[name]) !== textOf(state.arguments[name]));
  if (different.length === 0) return state;
  const lines = different.map((name) => `  ${name}: ${textOf(state.arguments[name])}, now ${textOf(args[name])}`);
  const advice = 'Give the same arguments to continue it, or a new folder.';
  throw new TuneError([`${path} is another search:`, ...lines, advice].join('\n'));
}

function textOf(value: unknown): string {
  return value === undefined ? 'none' : canonicalJson(value);
}
