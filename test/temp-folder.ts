import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Takes what is to be undone at the end: a test context, or a step of a property. */
export interface Cleanups {
  after(cleanup: () => unknown): void;
}

/**
 * A new folder that is removed at the end, behind all that the test has opened in it: hooks run in the order in which they
 * were given, and a daemon that is still to be closed writes into its home. So this one first goes behind the others.
 */
export function tempFolder(t: Cleanups, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `holdfast-${name}-`));
  t.after(() => t.after(() => rmSync(folder, { recursive: true, force: true })));
  return folder;
}
