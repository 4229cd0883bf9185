import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** What makes checkpoints, with room to spare: how a record is read back and folded, and how views are written. */
export const FOLD_ROOMS: readonly string[] = ['core', 'engine', 'ledger'];

/**
 * Lowercase hex sha256 of the code of these rooms.
 *
 * @param daemon the folder of the rooms: sources in a checkout, what was compiled of them in a package
 */
export function digestFold(daemon: URL, extension: string): string {
  const digest = createHash('sha256');
  for (const room of FOLD_ROOMS) {
    const folder = new URL(`${room}/`, daemon);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const sources = names.filter((name) => extname(name) === extension).sort();
    if (sources.length === 0) throw new Error(`${folder.pathname} holds no code that could be digested`);
    for (const name of sources) digest.update(`${room}/${name}\n`).update(readFileSync(new URL(name, folder)));
  }
  return digest.digest('hex');
}

/** Of the code that runs: only the same fold goes on from a checkpoint. */
export const FOLD_SHA256 = digestFold(new URL('../../', import.meta.url), extname(import.meta.url));
