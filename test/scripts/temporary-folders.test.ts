import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A file that names the shared folder, and where in it. */
const NAMES = /\btmpdir\(\)|['"`]\/(?:var\/)?tmp\b|\/dev\/shm/;

test('nothing has a name that can be guessed in the shared temporary folder: only new folders of random names', () => {
  const files = ['daemon', 'scripts', 'integrations']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    .filter((file) => /\.(?:ts|tsx|mjs|py)$/.test(file));
  const naming = files.filter((file) => NAMES.test(readFileSync(join(ROOT, file), 'utf8')));
  assert.ok(files.length > 500 && naming.length > 5, `${naming.length} of ${files.length} files name it`);
  const lines = naming.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .filter((line) => NAMES.test(line) && !/mkdtempSync\(join\(tmpdir\(\), /.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  // The folder of a test run has a random name, too, in memory where there is room.
  assert.deepEqual(lines, [
    "scripts/tests/scratch.ts: const IN_MEMORY = '/dev/shm';",
    'scripts/tests/scratch.ts: const parent = hasRoomInMemory(machine) ? IN_MEMORY : tmpdir();',
  ]);
});

test('only its user may enter a folder of a random name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mode-'));
  try {
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
