import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package, searched upwards from this file, so that source and build both find it. */
export function findPackageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageFolder(folder)) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('The folder of the holdfast package was not found.');
    folder = parent;
  }
  return folder;
}

function isPackageFolder(folder: string): boolean {
  const file = join(folder, 'package.json');
  return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === 'holdfast';
}

export interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
}

/** Its package.json. */
export function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(findPackageFolder(), 'package.json'), 'utf8')) as Manifest;
}
