import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { digestFold, FOLD_ROOMS, FOLD_SHA256 } from '../../daemon/boot/keep/fold-digest.ts';
import { readModuleSyntax } from '../../scripts/boundaries/module-syntax.ts';
import { tempFolder } from '../temp-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The sources that these load, types excepted. */
function listLoaded(entries: readonly string[]): readonly string[] {
  const found = new Set(entries);
  // A set is iterated with what is added meanwhile.
  for (const file of found)
    for (const { specifier, typeOnly } of readModuleSyntax(readFileSync(join(ROOT, file), 'utf8')).imports)
      if (!typeOnly && specifier.startsWith('.')) found.add(posix.join(posix.dirname(file), specifier));
  return [...found];
}

test('a change of the code that folds, reads or writes views gives another digest [LE-59]', (t) => {
  const root = tempFolder(t, 'fold');
  for (const room of FOLD_ROOMS) cpSync(join(ROOT, 'daemon', room), join(root, room), { recursive: true });
  const daemon = pathToFileURL(`${root}/`);
  let before = digestFold(daemon, '.ts');
  assert.equal(before, FOLD_SHA256);
  for (const file of ['core/record-text/read-record.ts', 'engine/accounts/equity.ts', 'ledger/chain/hash-chain.ts']) {
    appendFileSync(join(root, file), '\nconst more = 1;\n');
    const after = digestFold(daemon, '.ts');
    assert.notEqual(after, before, file);
    before = after;
  }
  assert.throws(() => digestFold(daemon, '.js'), /holds no code/);
});

test('whatever a fold loads lies in the rooms of which the digest is made [LE-59]', () => {
  const loaded = listLoaded([
    'daemon/engine/state/gate-state.ts',
    'daemon/engine/kept/state-text.ts',
    'daemon/ledger/chain/hash-chain.ts',
  ]);
  assert.ok(loaded.includes('daemon/engine/accounts/equity.ts') && loaded.length > 50);
  const rooms = new Set(loaded.map((file) => file.split('/').slice(0, 2).join('/')));
  assert.deepEqual([...rooms].sort(), FOLD_ROOMS.map((room) => `daemon/${room}`).sort());
});
