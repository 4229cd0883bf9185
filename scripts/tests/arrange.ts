/**
 * Which test files share a process. Loading a daemon costs more than most tests of it, and code that has run before
 * runs faster: files of the folders below run one after the other in one process, each in a suite of its own.
 * All others have a process of their own: those that measure their process, end it, or start browsers, and those
 * that wait for real time, beside which another process has work for the second core.
 */
import { sep } from 'node:path';

/**
 * Folders below `test` whose files share processes, and how many of those. The dearest come first, so that no long
 * one is left for the end. A folder below one of them belongs to it.
 */
export const SHARED: readonly { readonly folders: readonly string[]; readonly processes: number }[] = [
  { folders: ['console'], processes: 2 },
  { folders: ['explore', 'fuzz', 'differential'], processes: 2 },
  { folders: ['engine/world'], processes: 2 },
  { folders: ['daemon', 'doctor', 'doors', 'passkeys', 'integrations'], processes: 2 },
  { folders: ['replay', 'judge', 'recorded', 'attack'], processes: 1 },
  { folders: ['ledger', 'receipts'], processes: 1 },
  { folders: ['cli', 'alerts'], processes: 1 },
  { folders: ['bypasses'], processes: 1 },
  { folders: ['core', 'contract', 'policy', 'config', 'docs', 'engine', 'reads'], processes: 2 },
  { folders: ['http', 'venue', 'exchange-sim'], processes: 1 },
];

/** Files of those folders that have a process of their own all the same. */
export const ALONE: readonly string[] = [
  'daemon/on-this-node',
  'daemon/signals',
  // Measure what their process keeps, and which modules it enters.
  'fuzz/routes',
  'daemon/order-path',
  // Compares a client of ccxt with one from before `prepared-ccxt.ts`, which others load.
  'explore/prepared-ccxt',
];

/**
 * So have these, with SIGKILL and real seconds. They start processes of their own and wait for them, longer than all
 * others: at the end of a run a core would be idle beside them. Not at its beginning either: daemons that are killed
 * leave no compiled code behind, so another process has to have done so before.
 */
export const EARLY: readonly string[] = [
  'campaign/kills',
  'scripts/tarball',
  'daemon/first-run',
  'daemon/crash-loop-for-real',
  'daemon/killed-flatten-for-real',
];

/** Paths from the root, `/` between folders -> what runs in each process. */
export function arrange(files: readonly string[]): string[][] {
  const shares = SHARED.map(({ folders, processes }) => ({ folders, processes, files: [] as string[] }));
  const early: string[][] = [];
  const alone: string[][] = [];
  for (const file of files) {
    const path = file
      .split(sep)
      .join('/')
      .replace(/^test\//, '');
    const share = shares.find(({ folders }) => folders.some((folder) => path.startsWith(`${folder}/`)));
    if (EARLY.some((each) => path === `${each}.test.ts`)) early.push([file]);
    else if (share === undefined || ALONE.some((each) => path === `${each}.test.ts`)) alone.push([file]);
    else share.files.push(file);
  }
  const [beginning = [], ...others] = shares.map(({ files: shared, processes }) => deal(shared, processes));
  return [...beginning, ...early, ...others.flat(), ...alone];
}

/** Neighbours go to different processes, so that each gets something of every folder. */
function deal(files: readonly string[], processes: number): string[][] {
  const hands: string[][] = Array.from({ length: Math.min(processes, files.length) }, () => []);
  for (const [index, file] of files.entries()) hands[index % hands.length]?.push(file);
  return hands;
}
