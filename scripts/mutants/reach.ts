import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { readModuleSyntax } from '../boundaries/module-syntax.ts';
import { ROOT } from './draw.ts';

/** A test that loads a file: by how many imports, and whether it is of the file's room. */
export interface Reaching {
  readonly test: string;
  readonly inRoom: boolean;
}

/** What loads what: which tests could notice a mistake in a file at all. */
export class Reach {
  readonly #importers = new Map<string, string[]>();

  constructor() {
    const files = [...globSync('{daemon,scripts,test}/**/*.{ts,mjs}', { cwd: ROOT })];
    if (!files.some(isTest)) throw new Error('There are no tests.');
    for (const file of files)
      for (const { specifier, typeOnly } of readModuleSyntax(readFileSync(join(ROOT, file), 'utf8')).imports) {
        if (typeOnly || !specifier.startsWith('.')) continue;
        const target = posix.join(dirname(file), specifier);
        if (!existsSync(join(ROOT, target))) continue;
        const importers = this.#importers.get(target) ?? [];
        importers.push(file);
        this.#importers.set(target, importers);
      }
  }

  /** Tests that load `file`: those of its room first, then by the number of imports on the way, then the short ones. */
  listTests(file: string): readonly Reaching[] {
    const distances = new Map([[file, 0]]);
    for (const [reached, distance] of distances)
      for (const importer of this.#importers.get(reached) ?? [])
        if (!distances.has(importer)) distances.set(importer, distance + 1);
    const found = [...distances].flatMap(([test, distance]) =>
      isTest(test)
        ? [{ test, distance, shared: sharedFolders(file, test), bytes: statSync(join(ROOT, test)).size }]
        : [],
    );
    found.sort((a, b) => b.shared - a.shared || a.distance - b.distance || a.bytes - b.bytes);
    return found.map(({ shared, test }) => ({ test, inRoom: shared > 0 }));
  }
}

function isTest(file: string): boolean {
  return file.startsWith('test/') && file.endsWith('.test.ts');
}

/** Folders below `test` mirror those below `daemon`: so many of them are the same. */
function sharedFolders(file: string, test: string): number {
  const [ofFile, ofTest] = [file, test].map((path) => path.split('/').slice(1, -1)) as [string[], string[]];
  const differs = ofFile.findIndex((folder, index) => ofTest[index] !== folder);
  return differs === -1 ? ofFile.length : differs;
}
