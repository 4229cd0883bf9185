import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { advanceHead, checkHead, followHead, readHeadFile, writeHead } from '../../daemon/ledger/proofs/head-file.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { backUpLedger } from '../../daemon/ledger/verify/backup.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { ManualTime } from '../engine/manual-time.ts';
import { hasCode, ledgerOptions, makeFolder, note, openTempLedger } from './temp-ledger.ts';

const OLD = { isNew: false, mayReplace: true } as const;
const nothing = (): void => undefined;

test('BY-46: an older copy of a ledger does not contain the head that was noted, though nothing was traded since [LE-15 TM-48 LE-91]', (t) => {
  const folder = makeFolder(t);
  const head = join(folder, 'head');
  const options = ledgerOptions(folder);
  const ledger = openLedger(options);
  const reader = openLedgerReader(options.path);
  backUpLedger(reader, join(folder, 'copy.db'));
  reader.close();
  ledger.appendSync([note('an operator halted')]);
  writeHead(head, ledger);
  checkHead(head, ledger, OLD);
  ledger.close();
  const copy = openLedgerReader(join(folder, 'copy.db'));
  t.after(() => copy.close());
  assert.throws(
    () => checkHead(head, copy, OLD),
    (error: Error) => {
      assert.ok(hasCode('LEDGER_HEAD')(error));
      assert.match(error.message, /ends at record 1 and does not contain record 2 .*\.\/holdfast recover/);
      return true;
    },
  );
  const before = readFileSync(head, 'utf8');
  assert.equal(advanceHead(head, copy), false, 'nothing but a recovery notes an older head');
  assert.equal(readFileSync(head, 'utf8'), before);
});

test('a copy that went on by itself is another history, however long it is', (t) => {
  const folder = makeFolder(t);
  const head = join(folder, 'head');
  const options = ledgerOptions(folder);
  const ledger = openLedger(options);
  const reader = openLedgerReader(options.path);
  mkdirSync(join(folder, 'other'), { mode: 0o700 });
  backUpLedger(reader, join(folder, 'other', 'ledger.db'));
  reader.close();
  ledger.appendSync([note('here')]);
  writeHead(head, ledger);
  ledger.close();
  const other = openLedger({ ...options, path: join(folder, 'other', 'ledger.db') });
  t.after(() => other.close());
  other.appendSync([note('there'), note('there'), note('there')]);
  assert.throws(() => checkHead(head, other, OLD), /does not contain record 2/);
});

test('a head file that is absent is written, one of another ledger refuses all but a new one on paper', (t) => {
  const folder = makeFolder(t);
  const head = join(folder, 'head');
  const ledger = openTempLedger(t);
  checkHead(head, ledger, OLD);
  writeHead(head, ledger);
  const other = openTempLedger(t);
  assert.throws(() => checkHead(head, other, OLD), /of another ledger.*recover --take-over/);
  assert.throws(() => checkHead(head, other, { isNew: true, mayReplace: false }), /of another ledger/);
  checkHead(head, other, { isNew: true, mayReplace: true });
});

test('a head file that says nothing refuses, and its message says what to do', (t) => {
  const folder = makeFolder(t);
  const ledger = openTempLedger(t);
  for (const text of ['', '{', '{"seq":1}', 'null']) {
    const head = join(folder, 'head');
    writeFileSync(head, text);
    assert.throws(() => checkHead(head, ledger, OLD), /cannot be read.*remove that file.*recover/, text);
  }
  assert.throws(() => readHeadFile(folder), hasCode('LEDGER_HEAD'), 'a folder');
});

test('the head follows commits, at most once a second and at the end [LE-4]', async (t) => {
  const folder = makeFolder(t);
  const head = join(folder, 'head');
  const ledger = openTempLedger(t);
  const time = new ManualTime();
  const followed = followHead(head, ledger, { time, onProblem: nothing });
  assert.equal(readHeadFile(head)?.seq, 1);
  assert.equal(statSync(head).mode & 0o777, 0o600);
  for (let i = 0; i < 50; i += 1) ledger.appendSync([note(String(i))]);
  assert.equal(readHeadFile(head)?.seq, 1, 'no commit waits for it');
  await time.advance(1_000);
  while (readHeadFile(head)?.seq !== 51) await new Promise((resolve) => setTimeout(resolve, 5));
  ledger.appendSync([note('last')]);
  await followed.close();
  assert.deepEqual(readHeadFile(head), {
    genesis_id: ledger.genesis.genesis_id,
    seq: 52,
    hash: ledger.readEvent(52)?.hash,
    at_ms: ledger.readEvent(52)?.at_ms,
  });
});

test('a head that waits to be written while the ledger closes is written by the close, and not after it', async (t) => {
  const folder = makeFolder(t);
  const path = join(folder, 'head');
  const time = new ManualTime();
  const ledger = openLedger(ledgerOptions(folder));
  const head = followHead(path, ledger, { time, onProblem: assert.fail });
  for (const at of ['first', 'second']) {
    ledger.appendSync([note(at)]);
    await time.advance(1_000);
  }
  const last = ledger.lastSeq();
  await head.close();
  ledger.close();
  assert.deepEqual(
    readdirSync(folder).filter((file) => file.endsWith('.tmp')),
    [],
    'nothing is being written',
  );
  // An exception of the write that waited would be an unhandled rejection here.
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(readHeadFile(path)?.seq, last);
});

test('a head file that cannot be written holds nothing up and is told once', async (t) => {
  const folder = makeFolder(t);
  const ledger = openTempLedger(t);
  const reported: string[] = [];
  const time = new ManualTime();
  const followed = followHead(join(folder, 'none', 'head'), ledger, { time, onProblem: (why) => reported.push(why) });
  for (let i = 0; i < 3; i += 1) {
    ledger.appendSync([note(String(i))]);
    await time.advance(1_000);
  }
  await followed.close();
  assert.equal(reported.length, 1);
  assert.match(reported[0] ?? '', /cannot be written .*an older home would not be noticed/);
});

test('a backup taken while the ledger is written is whole, private and verified [LE-90]', (t) => {
  const folder = makeFolder(t);
  const options = ledgerOptions(folder);
  const ledger = openLedger(options);
  t.after(() => ledger.close());
  ledger.tokens.createToken({ role: 'operator', name: 'operator' });
  for (let i = 0; i < 500; i += 1) ledger.appendSync([note(`record ${i}`)]);
  ledger.appendNow([note('not committed yet')]);
  const reader = openLedgerReader(options.path);
  const target = join(folder, 'copy.db');
  const head = backUpLedger(reader, target);
  reader.close();
  assert.equal(head.seq, 502);
  assert.equal(statSync(target).mode & 0o777, 0o600);
  const copy = openLedgerReader(target);
  assert.equal(verifyLedger(copy).ok, true);
  copy.close();
  const again = openLedgerReader(options.path);
  t.after(() => again.close());
  assert.throws(() => backUpLedger(again, target), hasCode('LEDGER_ARGUMENT'));
});
