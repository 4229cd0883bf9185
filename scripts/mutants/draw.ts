import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { listMutants, type Mutant } from './candidates.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** All that decides, sends, closes, reads back and folds: an order's way from the call to the exchange's answer. */
const SOURCES = [
  'daemon/core/**/*.ts',
  'daemon/engine/**/*.ts',
  'daemon/reads/**/*.ts',
  'daemon/driver/**/*.ts',
  'daemon/venue/**/*.ts',
];
const MIN_MISTAKES = 5_000;

export interface Drawn {
  readonly mutants: readonly Mutant[];
  /** Of so many that can be planted, in so many files. */
  readonly of: number;
  readonly files: number;
}

export function listSources(): readonly string[] {
  return SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((file) => !file.endsWith('.d.ts'))
    .sort();
}

export function listAll(files: readonly string[]): readonly Mutant[] {
  return files.flatMap((file) => listMutants(join(ROOT, file), readFileSync(join(ROOT, file), 'utf8')));
}

/** Nobody chooses them: the seed does. */
export function draw(seed: number, count: number): Drawn {
  const files = listSources();
  const all = listAll(files);
  if (all.length < MIN_MISTAKES)
    throw new Error(`Only ${all.length} mistakes can be planted in ${files.length} files.`);
  const random = xoroshiro128plus(seed);
  const drawn = new Set<Mutant>();
  while (drawn.size < count) drawn.add(all[uniformInt(random, 0, all.length - 1)] as Mutant);
  return { mutants: [...drawn], of: all.length, files: files.length };
}

/** The mistakes of an earlier draw in the source of today; null for one whose code is no longer there. */
export function drawAgain(
  earlier: readonly Pick<Mutant, 'file' | 'what' | 'occurrence'>[],
): readonly (Mutant | null)[] {
  const known = new Map(listAll(listSources()).map((mutant) => [nameOf(mutant), mutant]));
  return earlier.map((mutant) => known.get(nameOf(mutant)) ?? null);
}

export function nameOf({ file, what, occurrence }: Pick<Mutant, 'file' | 'what' | 'occurrence'>): string {
  return `${file.startsWith(ROOT) ? file.slice(ROOT.length) : file} ${occurrence} ${what}`;
}
