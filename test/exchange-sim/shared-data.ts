import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../shared/', import.meta.url));

/** Path of a file or folder of the shared reference data; null when it is not there. */
export function sharedPath(name: string): string | null {
  const path = ROOT + name;
  return existsSync(path) ? path : null;
}

/** Parsed JSON of the shared reference data; null when it is not there. */
export function readShared<T>(name: string): T | null {
  const path = sharedPath(name);
  return path === null ? null : (JSON.parse(readFileSync(path, 'utf8')) as T);
}

/** The `skip` option of a test that needs a file of the shared reference data. */
export function skipWithout(name: string): { skip: string | false } {
  return { skip: sharedPath(name) === null ? `the reference file ${name} is not there` : false };
}
