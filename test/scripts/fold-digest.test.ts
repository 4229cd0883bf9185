import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkFold, listFoldSources } from '../../scripts/fold-digest.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

test('a change of the fold needs another version; one of its comments does not [LE-59]', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-fold-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['core', 'gate', 'ledger', 'time'])
    cpSync(join(ROOT, 'daemon', folder), join(root, 'daemon', folder), { recursive: true });
  assert.equal(checkFold(root).problem, null);
  const sources = listFoldSources(root);
  for (const file of [
    'daemon/core/record-text/read-record.ts',
    'daemon/gate/state/equity.ts',
    'daemon/gate/state/gate-state.ts',
    'daemon/gate/state/graph-text.ts',
    'daemon/gate/state/views.ts',
  ]) {
    assert.ok(sources.includes(file), file);
    const path = join(root, file);
    const before = readFileSync(path, 'utf8');
    appendFileSync(path, '\n// A comment.\n\n');
    assert.equal(checkFold(root).problem, null, file);
    appendFileSync(path, '\nconst more = 1;\n');
    assert.match(checkFold(root).problem ?? '', /fold-digest\.ts --write/, file);
    writeFileSync(path, before);
  }
  assert.ok(!sources.some((file) => file.includes('fold-version')));
});
