import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blankComments } from '../scripts/boundaries/module-syntax.ts';

const TESTS = fileURLToPath(new URL('.', import.meta.url));
const ID = /\b(?:(?:SAE|ATK)-[A-Z0-9]+(?:-[A-Z0-9]+)*|BY-\d\d)\b/g;

/** `later`: has no test yet. BY-33 is tested but for `doctor`. */
interface Manifest {
  readonly clauses: Readonly<Record<string, 'tested' | 'later'>>;
  readonly bypasses: Readonly<Record<string, 'tested' | 'later'>>;
}
const manifest = JSON.parse(readFileSync(join(TESTS, 'spec-manifest.json'), 'utf8')) as Manifest;
const known = { ...manifest.clauses, ...manifest.bypasses };

/** Ids in the names of tests (what comments say does not count), and one file that has each. */
function readNamedIds(): ReadonlyMap<string, string> {
  const entries = readdirSync(TESTS, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'));
  const found = new Map<string, string>();
  for (const entry of files) {
    const path = join(entry.parentPath, entry.name);
    if (path === fileURLToPath(import.meta.url)) continue;
    for (const [id] of blankComments(readFileSync(path, 'utf8')).matchAll(ID)) found.set(id, relative(TESTS, path));
  }
  return found;
}
const named = readNamedIds();

function missingIn(ids: Manifest['clauses']): string[] {
  return Object.entries(ids).flatMap(([id, state]) => (state === 'tested' && !named.has(id) ? [id] : []));
}

test('every clause of the specification is named by a test', () => {
  assert.ok(Object.keys(manifest.clauses).length > 20, 'the manifest is empty');
  assert.deepEqual(missingIn(manifest.clauses), []);
});

test('every way around a gate is named by a test', () => {
  assert.ok(Object.keys(manifest.bypasses).length > 40, 'the manifest is empty');
  assert.deepEqual(missingIn(manifest.bypasses), []);
});

test('no test names a clause that does not exist', () => {
  const unknown = [...named].filter(([id]) => !Object.hasOwn(known, id)).map(([id, file]) => `${id} in ${file}`);
  assert.deepEqual(unknown, []);
});

test('what is marked as coming later has no test yet', () => {
  const tested = [...named].filter(([id]) => known[id] === 'later').map(([id, file]) => `${id} in ${file}`);
  assert.deepEqual(tested, [], 'mark these as tested in spec-manifest.json');
});
