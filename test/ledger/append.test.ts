import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import type { LedgerError } from '../../daemon/ledger/errors.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import {
  decision,
  hasCode,
  ledgerOptions,
  makeFolder,
  NOW_MS,
  note,
  openAsIntruder,
  openTempLedger,
  placed,
} from './temp-ledger.ts';

test('seqs run from 1 without a gap, whichever way and in whatever groups records are appended [LE-95]', async () => {
  const step = fc.record({ way: fc.constantFrom('now', 'sync', 'turn'), size: fc.integer({ min: 1, max: 5 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const cleanups: (() => void)[] = [];
      const ledger = openLedger(ledgerOptions(makeFolder({ after: (cleanup) => cleanups.push(cleanup) })));
      const seqs: number[] = [];
      for (const { way, size } of steps) {
        const made = Array.from({ length: size }, (_, i) => (i % 2 === 0 ? note(`n${i}`) : decision()));
        const records = placed(ledger, made);
        if (way === 'sync') seqs.push(...ledger.appendSync(records).map((event) => event.seq));
        else seqs.push(...ledger.appendNow(records).seqs);
        if (way === 'turn') await new Promise(setImmediate);
      }
      assert.deepEqual(
        seqs,
        Array.from({ length: seqs.length }, (_, i) => i + 2),
      );
      ledger.close();
      const reader = openLedgerReader(ledger.path);
      assert.deepEqual(
        [...reader.iterateEvents()].map((event) => event.seq),
        [1, ...seqs],
      );
      assert.equal(verifyLedger(reader).ok, true);
      reader.close();
      for (const cleanup of cleanups) cleanup();
    }),
    { seed: 7, numRuns: 15 },
  );
});

test('appends of one event-loop turn share one commit and are durable when it resolves', async (t) => {
  const ledger = openTempLedger(t);
  const pending = Array.from({ length: 50 }, (_, i) => ledger.append([note(`n${i}`)]));
  assert.equal(ledger.lastSeq(), 1);
  const appended = await Promise.all(pending);
  assert.deepEqual(
    appended.flat().map((event) => event.seq),
    Array.from({ length: 50 }, (_, i) => i + 2),
  );
  assert.equal(ledger.stats.commits, 1);
  assert.equal(ledger.stats.records, 50);
  assert.equal(ledger.lastSeq(), 51);
});

test('concurrent writers need fewer commits than appends', async (t) => {
  const ledger = openTempLedger(t);
  const writer = async () => {
    for (let i = 0; i < 25; i++) await ledger.append(placed(ledger, [decision()]));
  };
  await Promise.all(Array.from({ length: 8 }, writer));
  assert.equal(ledger.lastSeq(), 201);
  assert.ok(ledger.stats.commits < 100, `${ledger.stats.commits} commits`);
});

test('the next place is known before a record is built, and a record that was built for another is refused', async (t) => {
  const ledger = openTempLedger(t);
  const build = (seq: number): LedgerRecord => ({ kind: 'order', at_ms: NOW_MS, seq, payload: { id: `hf-${seq}` } });
  ledger.appendNow([note('not on disk yet')]);
  assert.equal(ledger.nextSeq(), 3);
  const forThree = build(ledger.nextSeq());
  // Both places are checked: a record that came in between, and one that came before in the same call.
  ledger.appendNow([note('in between')]);
  assert.throws(() => ledger.appendNow([forThree]), hasCode('LEDGER_ARGUMENT'));
  assert.throws(() => ledger.appendNow([note('before'), build(4)]), hasCode('LEDGER_ARGUMENT'));
  assert.equal(ledger.nextSeq(), 4, 'a refusal uses no place');
  const { seqs, committed } = ledger.appendNow([build(4), build(5)]);
  assert.deepEqual(seqs, [4, 5]);
  await committed;
  assert.deepEqual(ledger.readEvent(5)?.payload, { id: 'hf-5' });
});

test('the stored payload is canonical whatever the order of its keys [LE-100]', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendSync([{ kind: 'note', at_ms: NOW_MS, payload: { b: [{ z: 1, a: 2 }], a: 'é\ud800' } }]);
  assert.equal(ledger.readEvent(2)?.text, '{"a":"é\\ud800","b":[{"a":2,"z":1}]}');
});

test('a record that brings its own text is stored with that text, and one that is not canonical does not verify', (t) => {
  const ledger = openTempLedger(t);
  const write = (text: string): LedgerRecord => ({ kind: 'note', at_ms: NOW_MS, payload: { lots: 2 }, text });
  ledger.appendSync([write('{"lots":2}')]);
  assert.equal(ledger.readEvent(2)?.text, '{"lots":2}');
  assert.equal(verifyLedger(ledger).ok, true);
  ledger.appendSync([write('{"lots": 2}')]);
  const result = verifyLedger(ledger);
  assert.ok(!result.ok);
  assert.deepEqual([result.seq, result.problem], [3, 'not_canonical']);
});

test('a record that cannot be taken is refused at the call and uses no seq [LE-97]', (t) => {
  const ledger = openTempLedger(t);
  const refused: readonly LedgerRecord[] = [
    { kind: 'note', at_ms: NOW_MS, payload: { a: undefined } },
    { kind: 'note', at_ms: NOW_MS, payload: { a: Number.NaN } },
    { kind: 'Note', at_ms: NOW_MS, payload: {} },
    { kind: '', at_ms: NOW_MS, payload: {} },
    { kind: 'a"b', at_ms: NOW_MS, payload: {} },
    { kind: 'note', at_ms: 1.5, payload: {} },
    { kind: 'note', at_ms: -1, payload: {} },
    { kind: 'decision', at_ms: NOW_MS, payload: { agent: 'a', decision: { kind: 'tool', request_id: null } } },
    { kind: 'decision', at_ms: NOW_MS, payload: { decision: { decision_id: 'd-3', kind: 'tool', request_id: null } } },
    {
      kind: 'decision',
      at_ms: NOW_MS,
      payload: { agent: 'a', decision: { decision_id: 'd-4', kind: 'tool', request_id: null } },
    },
  ];
  for (const record of refused) {
    assert.throws(() => ledger.appendNow([note('good'), record]), hasCode('LEDGER_ARGUMENT'));
  }
  assert.throws(() => ledger.appendNow([]), hasCode('LEDGER_ARGUMENT'));
  assert.deepEqual(
    ledger.appendSync([note('next')]).map((event) => event.seq),
    [2],
  );
});

test('a commit that fails rejects every append of its turn, writes nothing, and closes the ledger to more', async (t) => {
  const failures: LedgerError[] = [];
  const ledger = openTempLedger(t, { onFailure: (error) => failures.push(error) });
  ledger.appendSync(placed(ledger, [decision()]));
  // A row that stands in the way of the second record's look-up breaks the transaction.
  openAsIntruder(t, ledger.path).exec("INSERT INTO decisions_by_agent VALUES ('a', 4)");
  const outcomes = await Promise.allSettled([
    ledger.append([note('same turn')]),
    ledger.append(placed(ledger, [decision({ agent: 'a' })])),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ['rejected', 'rejected'],
  );
  assert.equal(ledger.isFailed, true);
  assert.deepEqual(
    failures.map((failure) => failure.code),
    ['LEDGER_FAILED'],
  );
  assert.throws(() => ledger.appendNow([note('after')]), hasCode('LEDGER_FAILED'));
  assert.throws(() => ledger.appendSync([note('after')]), hasCode('LEDGER_FAILED'));
  assert.equal(ledger.lastSeq(), 2);
  ledger.close();
  const again = openLedger(ledgerOptions('', { path: ledger.path }));
  assert.deepEqual(
    again.appendSync([note('after a restart')]).map((event) => event.seq),
    [3],
  );
  assert.equal(verifyLedger(again).ok, true);
  again.close();
});

test('listeners hear of every committed range, once it is durable', async (t) => {
  const ledger = openTempLedger(t);
  const ranges: unknown[] = [];
  const stop = ledger.onCommitted((range) => ranges.push({ ...range, onDisk: ledger.lastSeq() }));
  await ledger.append([note('a'), note('b')]);
  ledger.appendSync([note('c')]);
  stop();
  ledger.appendSync([note('d')]);
  assert.deepEqual(ranges, [
    { firstSeq: 2, lastSeq: 3, onDisk: 3 },
    { firstSeq: 4, lastSeq: 4, onDisk: 4 },
  ]);
});

test('a very long turn commits before its end', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendNow(Array.from({ length: 4096 }, () => note('x')));
  assert.equal(ledger.lastSeq(), 1, 'what follows from these records may still be added');
  ledger.appendNow([note('y')]);
  assert.equal(ledger.lastSeq(), 4097);
});

test('closing commits what is pending; afterwards nothing is accepted', async (t) => {
  const ledger = openTempLedger(t);
  const { committed } = ledger.appendNow([note('last words')]);
  ledger.close();
  await committed;
  assert.throws(() => ledger.appendNow([note('too late')]), hasCode('LEDGER_CLOSED'));
  const reader = openLedgerReader(ledger.path);
  assert.deepEqual(reader.readEvent(2)?.payload, { text: 'last words' });
  reader.close();
});
