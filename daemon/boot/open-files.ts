import { readFileSync } from 'node:fs';

/** Files and sockets that all caps on connections together may take, with what else is open. */
const FILES_NEEDED = 4_864;

/** What this process may open at once, where that is less than it may need; null: enough, or not known here. */
export function findFileShortage(): { readonly limit: number; readonly needed: number } | null {
  try {
    // Node raises its own limit to the hard one at its start, so the first figure is what holds.
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
    return limit < FILES_NEEDED ? { limit, needed: FILES_NEEDED } : null;
  } catch {
    return null;
  }
}
