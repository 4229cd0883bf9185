import { posix } from 'node:path';

/** Files of one folder of daemon/; what has more is two rooms. */
const MAX_FILES = 12;
const MAX_LINES = 400;
/** Files of the longest chain of imports from `daemon/main.ts`, that one included. */
export const MAX_CHAIN = 24;
/** The same from where the parts of the engine are composed, of its own files alone. */
export const MAX_ENGINE_CHAIN = 15;
const ENGINE = 'daemon/engine/';

export interface SizedFile {
  readonly path: string;
  readonly lines: number;
}

/** Folders and files of daemon/ that have grown too large, and a chain of imports that has grown too long. */
export function findSizeProblems(
  files: readonly SizedFile[],
  imports: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const problems: string[] = [];
  for (const { lines, path } of files)
    if (lines > MAX_LINES) problems.push(`${path}:1: has ${lines} lines, and may have ${MAX_LINES}`);
  for (const [room, count] of countRooms(files)) {
    if (count > MAX_FILES) problems.push(`${room}:0: has ${count} files, and may have ${MAX_FILES}: divide it`);
  }
  const own = [...imports].filter(([file]) => file.startsWith(ENGINE));
  const inEngine = new Map(own.map(([file, targets]) => [file, targets.filter((target) => target.startsWith(ENGINE))]));
  for (const [from, most, graph] of [
    ['daemon/main.ts', MAX_CHAIN, imports],
    [`${ENGINE}live/parts.ts`, MAX_ENGINE_CHAIN, inEngine],
  ] as const) {
    const chain = findLongestChain(from, graph);
    if (chain.length > most)
      problems.push(`${from}:1: imports ${chain.length} files deep, and may ${most}: ${chain.join(' ')}`);
  }
  return problems;
}

export function countRooms(files: readonly SizedFile[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  return counts;
}

/** Without circles, which are refused elsewhere. */
function findLongestChain(from: string, imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const known = new Map<string, readonly string[]>();
  const chainOf = (file: string): readonly string[] => {
    const found = known.get(file);
    if (found !== undefined) return found;
    known.set(file, [file]);
    let longest: readonly string[] = [];
    for (const target of imports.get(file) ?? []) {
      const chain = chainOf(target);
      if (chain.length > longest.length) longest = chain;
    }
    const chain = [file, ...longest];
    known.set(file, chain);
    return chain;
  };
  return chainOf(from);
}
