import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import type { OpenLedgerOptions } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import type { Timer } from '../../daemon/time/time-port.ts';
import { decision, hasCode, ledgerOptions, makeFolder, note, placed } from './temp-ledger.ts';

/** The same bytes at every run. */
const seeded = (size: number): Buffer => Buffer.alloc(size, 7);

function memoryOptions(storage: MemoryStorage, more: Partial<OpenLedgerOptions> = {}): OpenLedgerOptions {
  return ledgerOptions('', { storage, randomBytes: seeded, ...more });
}

test('a ledger in memory has the chain that a file has', async (t) => {
  const storage = new MemoryStorage();
  t.after(() => storage.close());
  const inMemory = openLedger(memoryOptions(storage));
  const onDisk = openLedger(ledgerOptions(makeFolder(t), { randomBytes: seeded }));
  t.after(() => onDisk.close());
  for (const ledger of [inMemory, onDisk]) {
    ledger.appendSync(placed(ledger, [note('one'), decision({ request_id: 'r1' })]));
    await ledger.append([note('two')]);
    ledger.putText('why');
    ledger.appendSync(placed(ledger, [decision()]));
    assert.equal(verifyLedger(ledger).ok, true);
  }
  assert.deepEqual([...inMemory.iterateEvents()], [...onDisk.iterateEvents()]);
  assert.equal(inMemory.findDecisionByRequest({ agent: 'momentum', kind: 'tool', request_id: 'r1' })?.seq, 3);
});

test('what a crash found committed is there for the next life, what was not is lost, and the old life writes nothing', (t) => {
  const storage = new MemoryStorage();
  t.after(() => storage.close());
  const due: (() => void)[] = [];
  const scheduleCommit = (commit: () => void): Timer => {
    due.push(commit);
    return { cancel: () => undefined };
  };
  const failures: string[] = [];
  const old = openLedger(memoryOptions(storage, { scheduleCommit, onFailure: (error) => failures.push(error.code) }));
  old.appendNow([note('committed')]);
  due.shift()?.();
  old.appendNow([note('pending')]);
  assert.equal(old.lastSeq(), 2);

  storage.fence();
  due.shift()?.();
  assert.deepEqual(failures, ['LEDGER_CLOSED']);
  assert.throws(() => old.appendSync([note('from the grave')]), hasCode('LEDGER_FAILED'));

  const next = openLedger(memoryOptions(storage));
  assert.equal(next.genesis.hash, old.genesis.hash);
  assert.deepEqual(
    next.appendSync([note('after')]).map((event) => event.seq),
    [3],
  );
  assert.deepEqual(
    [...next.iterateEvents({ kind: 'note' })].map((event) => event.payload),
    [{ text: 'committed' }, { text: 'after' }],
  );
  assert.equal(verifyLedger(next).ok, true);
  next.close();
});

test('a batch waits for the commit that was scheduled, and everything of that span shares it', async (t) => {
  const storage = new MemoryStorage();
  t.after(() => storage.close());
  const due: (() => void)[] = [];
  const ledger = openLedger(
    memoryOptions(storage, {
      scheduleCommit: (commit) => {
        due.push(commit);
        return { cancel: () => undefined };
      },
    }),
  );
  const first = ledger.append([note('a')]);
  await new Promise(setImmediate);
  const second = ledger.append([note('b')]);
  assert.equal(ledger.stats.commits, 0);
  assert.equal(due.length, 1);
  due.shift()?.();
  await Promise.all([first, second]);
  assert.deepEqual([ledger.stats.commits, ledger.stats.records], [1, 2]);
});
