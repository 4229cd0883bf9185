import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MAX_FILES = 500;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Digest of a skill's folder, as `./holdfast skill pin` calculates it: sha256 over one line `<sha256>  <path>` for each
 * file, in the order of the bytes of the paths. Null: something in it cannot be read, or would not be covered.
 */
export function digestFolder(folder: string): string | null {
  try {
    const paths: Buffer[] = [];
    let bytes = 0;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name);
      // What a link leads to is no part of the folder, and may change without it.
      if (!entry.isFile() || /[\p{Cc}\\]/u.test(entry.name)) return null;
      bytes += statSync(path).size;
      if (paths.push(Buffer.from(path)) > MAX_FILES || bytes > MAX_BYTES) return null;
    }
    paths.sort(Buffer.compare);
    const total = createHash('sha256');
    for (const path of paths) {
      const shown = path.subarray(Buffer.byteLength(join(folder, '/'))).toString();
      total.update(`${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${shown}\n`);
    }
    return paths.length === 0 ? null : total.digest('hex');
  } catch {
    return null;
  }
}
