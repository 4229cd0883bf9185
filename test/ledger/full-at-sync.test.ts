import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mayBeFull } from '../../daemon/ledger/disk/connection.ts';
import { hasRoom } from '../../daemon/ledger/disk/reserve.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { tempFolder } from '../temp-folder.ts';
import { ledgerOptions } from './temp-ledger.ts';

interface Reported {
  readonly failures: readonly string[];
  readonly isReserveReported: boolean;
  readonly seqs: readonly number[];
}
interface Traced extends Reported {
  readonly path: string;
  readonly syncs: number;
}

function makeFolder(t: TestContext): string {
  return tempFolder(t, 'sync');
}

/** Appends in a process whose syncs fail as `inject` says; null where processes cannot be traced. */
function appendTraced(t: TestContext, inject: string | null): Traced | null {
  const folder = makeFolder(t);
  const trace = join(folder, 'trace');
  const path = join(folder, 'home', 'ledger.db');
  const script = fileURLToPath(new URL('./syncing-process.ts', import.meta.url));
  const more = inject === null ? [] : ['-e', `inject=${inject}`];
  const traced = ['-f', '-o', trace, '-e', 'trace=fsync,fdatasync', ...more, process.execPath, script, path];
  const { status, stdout } = spawnSync('strace', traced, { encoding: 'utf8' });
  if (status !== 0 || !existsSync(trace)) return null;
  const syncs = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /f(?:data)?sync\(/.test(line)).length;
  return { ...(JSON.parse(stdout) as Reported), path, syncs };
}

test('a disk that is full only when it syncs gives the reserve up, and nothing is lost [LE-18]', (t) => {
  const plain = appendTraced(t, null);
  if (plain === null) {
    t.skip('processes cannot be traced here');
    return;
  }
  assert.deepEqual([plain.failures, plain.isReserveReported, plain.seqs.length], [[], false, 20]);
  for (const code of ['ENOSPC', 'EDQUOT']) {
    // In the middle of the appends: that of the commit, and that of the probe.
    const at = plain.syncs - 10;
    const full = appendTraced(t, `fsync,fdatasync:error=${code}:when=${at}..${at + 1}`);
    assert.ok(full !== null);
    assert.deepEqual([full.failures, full.isReserveReported], [[], true], code);
    assert.deepEqual(full.seqs, plain.seqs, code);
    assert.equal(existsSync(join(full.path, '..', 'reserve.bin')), false);
    assert.equal(existsSync(join(full.path, '..', 'room.probe')), false);
    const ledger = openLedger(ledgerOptions('', { path: full.path }));
    assert.equal(ledger.lastSeq(), full.seqs.at(-1));
    assert.equal(verifyLedger(ledger).ok, true);
    ledger.close();
  }
});

test('a sync that fails on a disk with room is a failure, and the reserve stays [LE-18]', (t) => {
  const plain = appendTraced(t, null);
  if (plain === null) {
    t.skip('processes cannot be traced here');
    return;
  }
  const broken = appendTraced(t, `fsync,fdatasync:error=EIO:when=${plain.syncs - 10}`);
  assert.ok(broken !== null);
  assert.deepEqual([broken.failures, broken.isReserveReported], [['LEDGER_FAILED'], false]);
  assert.ok(existsSync(join(broken.path, '..', 'reserve.bin')));
});

test('only a sync or a write that failed is worth a probe, which leaves nothing behind', (t) => {
  for (const [code, isAsked] of [
    ['SQLITE_IOERR_FSYNC', true],
    ['SQLITE_IOERR_WRITE', true],
    ['SQLITE_IOERR_READ', false],
    ['SQLITE_CORRUPT', false],
  ] as const)
    assert.equal(mayBeFull(Object.assign(new Error(), { code })), isAsked, code);
  const folder = makeFolder(t);
  assert.equal(hasRoom(folder), true);
  assert.equal(existsSync(join(folder, 'room.probe')), false);
});
