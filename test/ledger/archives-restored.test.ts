import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { sha256Hex } from '../../daemon/ledger/chain/hash-chain.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { archiveHome, type Home, makeHome, playWorld, SEGMENT, SEGMENTS } from './archived-home.ts';
import { ledgerOptions, makeFolder } from './temp-ledger.ts';

let database: Buffer;
before(async () => {
  database = await playWorld();
});

function verify(path: string): ReturnType<typeof verifyLedger> {
  const reader = openLedgerReader(path);
  try {
    return verifyLedger(reader);
  } finally {
    reader.close();
  }
}

/** An older copy is put back, as docs/operating.md says, and goes on with records of its own. */
function restoreOlder(home: Home): Home {
  const folder = dirname(home.path);
  mkdirSync(join(folder, 'old'));
  for (const file of readdirSync(folder).filter((name) => name.startsWith('ledger.db')))
    renameSync(join(folder, file), join(folder, 'old', file));
  writeFileSync(home.path, database, { mode: 0o600 });
  const ledger = openLedger(ledgerOptions(dirname(folder)));
  try {
    const lastMs = ledger.readEvent(ledger.lastSeq())?.at_ms ?? 0;
    const missing = SEGMENTS * SEGMENT + 50 - ledger.lastSeq();
    const records = Array.from({ length: missing }, (_, n) => ({
      kind: 'alert',
      at_ms: lastMs + n,
      payload: { code: 'AFTER_RESTORE', detail: String(n), symbol: null },
    }));
    ledger.appendSync(records);
    return { ...home, events: [...ledger.iterateEvents()] };
  } finally {
    ledger.close();
  }
}

test('archives of a ledger that was put back replace none of those that the newer one left [LE-79]', async (t) => {
  const home = makeHome(t, database);
  assert.equal(dirname(home.path), dirname(ledgerOptions(dirname(dirname(home.path))).path), 'the same place');
  const first = await archiveHome(home);
  const before = new Map(first.map(({ file, sha256 }) => [file, sha256]));
  const restored = restoreOlder(home);
  const second = await archiveHome(restored);
  const isOther = second.some(({ file, sha256 }) => before.has(file) && before.get(file) !== sha256);
  assert.ok(isOther, 'a segment of another content has the same name');
  assert.equal(verify(home.path).ok, true, 'the restored ledger verifies');

  const digests = readdirSync(home.archives).map((file) => sha256Hex(readFileSync(join(home.archives, file))));
  for (const { file, sha256 } of first) assert.ok(digests.includes(sha256), `${file} of the newer ledger is kept`);

  // Somebody finds that the newer one was sound after all, and puts it back: beside either's archives it is whole.
  const elsewhere = makeFolder(t);
  cpSync(home.archives, join(elsewhere, 'archives'), { recursive: true });
  copyFileSync(join(dirname(home.path), 'old', 'ledger.db'), join(elsewhere, 'ledger.db'));
  assert.deepEqual(verify(join(elsewhere, 'ledger.db')).ok, true, 'the newer ledger verifies');

  for (const file of readdirSync(join(elsewhere, 'archives')))
    if (!/\.zst$/.test(file)) rmSync(join(elsewhere, 'archives', file));
  assert.equal(verify(join(elsewhere, 'ledger.db')).ok, false, 'what was kept is what it reads');
});
