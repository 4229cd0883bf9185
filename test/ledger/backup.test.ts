import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { backUpLedger } from '../../daemon/ledger/verify/backup.ts';
import { hasCode, makeFolder, note, openTempLedger } from './temp-ledger.ts';

const PROCESS = fileURLToPath(new URL('./backup-process.ts', import.meta.url));

test('a backup has its name only when it is whole: one that was ended on the way looks like none', async (t) => {
  const ledger = openTempLedger(t);
  const text = 'x'.repeat(8_000);
  for (let batch = 0; batch < 4; batch += 1)
    ledger.appendSync(Array.from({ length: 2_000 }, (_, n) => note(`${batch} ${n} ${text}`)));
  const folder = makeFolder(t);
  const target = join(folder, 'backup.db');
  const child = spawn(process.execPath, [PROCESS, ledger.path, target], { stdio: 'inherit' });
  const over = once(child, 'exit');
  const hasBegun = (): boolean => readdirSync(folder).some((file) => statSync(join(folder, file)).size > 0);
  while (child.exitCode === null && !hasBegun()) await delay(1);
  child.kill('SIGKILL');
  const [, signal] = await over;
  if (signal === 'SIGKILL') assert.ok(!existsSync(target), 'a part of a copy is no backup');

  // The next one is not kept from it by what was left.
  const reader = openLedgerReader(ledger.path);
  const other = join(folder, 'other.db');
  for (const file of [target, other].filter((path) => !existsSync(path))) {
    const head = backUpLedger(reader, file);
    assert.equal(head.seq, ledger.lastSeq());
    assert.equal(statSync(file).mode & 0o777, 0o600);
  }
  assert.deepEqual(readdirSync(folder).sort(), ['backup.db', 'other.db']);
  assert.throws(() => backUpLedger(reader, other), hasCode('LEDGER_ARGUMENT'));
  reader.close();
});
