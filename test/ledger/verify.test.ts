import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { type ChainHead, hashEvent, sha256Hex } from '../../daemon/ledger/chain/hash-chain.ts';
import { openLedgerReader, SqliteReader } from '../../daemon/ledger/reader.ts';
import type { Ledger, LedgerReader } from '../../daemon/ledger/types.ts';
import { compareAnchors } from '../../daemon/ledger/verify/anchors.ts';
import {
  concludeVerify,
  type VerifyResult,
  verifyChain,
  verifyLedger,
  verifySpan,
} from '../../daemon/ledger/verify/verify.ts';
import { forAll } from '../for-all.ts';
import type { Cleanups } from '../temp-folder.ts';
import { decision, NOW_MS, note, openAsIntruder, openTempLedger, placed } from './temp-ledger.ts';

const RECORDS = 24;

/** A closed ledger of RECORDS records, in the hands of an intruder; `reader` sees what the intruder does. */
function openTampered(t: Cleanups) {
  const ledger = openTempLedger(t);
  fill(ledger);
  ledger.close();
  const db = openAsIntruder(t, ledger.path);
  const reader = new SqliteReader(db, ledger.path, ledger.genesis);
  const head = { seq: RECORDS, hash: reader.readEvent(RECORDS)?.hash ?? '' };
  return { db, reader, head };
}

function fill(ledger: Ledger): void {
  ledger.putText('because it rises');
  ledger.putPolicy({ name: 'default', version: 1 });
  for (let seq = 2; seq <= RECORDS; seq++) {
    ledger.appendSync(placed(ledger, [seq % 3 === 0 ? decision({ request_id: `r${seq}` }) : note(`é${seq} \ufffd`)]));
  }
}

function problemOf(result: VerifyResult): string {
  return result.ok ? 'none' : `${result.problem} at ${result.seq}`;
}

/** The same, compared with a record that was noted. */
function against(reader: LedgerReader, result: VerifyResult, noted: ChainHead): VerifyResult {
  if (!result.ok) return result;
  return (
    compareAnchors(reader, [{ name: 'a note', kind: 'record', noted: { ...noted, genesis: null } }]).failed ?? result
  );
}

const seqs = fc.integer({ min: 1, max: RECORDS });
const tampering = fc.oneof(
  fc.record({
    what: fc.constant('payload byte' as const),
    seq: seqs,
    at: fc.nat(),
    value: fc.integer({ min: 0, max: 255 }),
  }),
  fc.record({ what: fc.constantFrom('hash' as const, 'prev_hash' as const), seq: seqs, at: fc.nat({ max: 63 }) }),
  fc.record({ what: fc.constant('at_ms' as const), seq: seqs, value: fc.maxSafeNat() }),
  fc.record({ what: fc.constant('kind' as const), seq: seqs, value: fc.stringMatching(/^[a-z][a-z_]{0,12}$/) }),
  fc.record({ what: fc.constantFrom('removed' as const, 'renumbered' as const), seq: seqs }),
);

type Tampering = typeof tampering extends fc.Arbitrary<infer T> ? T : never;

/** Changes the database; false when the change would change nothing. */
function tamper(db: Database.Database, change: Tampering): boolean {
  const read = (column: string) => db.prepare(`SELECT ${column} FROM events WHERE seq = ?`).pluck().get(change.seq);
  const write = (column: string, value: unknown, cast = '?') => {
    db.prepare(`UPDATE events SET ${column} = ${cast} WHERE seq = ?`).run(value, change.seq);
    return true;
  };
  switch (change.what) {
    case 'payload byte': {
      const bytes = Buffer.from(read('CAST(payload AS BLOB)') as Buffer);
      const at = change.at % bytes.length;
      if (bytes[at] === change.value) return false;
      bytes[at] = change.value;
      return write('payload', bytes, 'CAST(? AS TEXT)');
    }
    case 'hash':
    case 'prev_hash': {
      const digits = [...(read(change.what) as string)];
      digits[change.at] = digits[change.at] === '0' ? '1' : '0';
      return write(change.what, digits.join(''));
    }
    case 'at_ms':
    case 'kind':
      return read(change.what) !== change.value && write(change.what, change.value);
    case 'removed':
      return db.prepare('DELETE FROM events WHERE seq = ?').run(change.seq).changes === 1;
    case 'renumbered':
      return write('seq', change.seq + RECORDS);
  }
}

test('whatever is changed in a record, verification names that record [LE-1 LE-119]', (t) => {
  const { db, reader, head } = openTampered(t);
  forAll([tampering], { seed: 42, numRuns: 400 }, (change) => {
    db.exec('BEGIN');
    try {
      fc.pre(tamper(db, change));
      const result = against(reader, verifyChain(reader), head);
      assert.ok(!result.ok, 'the change went unnoticed');
      assert.equal(result.seq, change.seq);
    } finally {
      db.exec('ROLLBACK');
    }
  });
  assert.deepEqual(verifyLedger(reader), { ok: true, events: RECORDS, decisions: 8, head });
});

test('a record that was rewritten with a fitting hash breaks the link of the next one', (t) => {
  const { db, reader } = openTampered(t);
  const before = reader.readEvent(9);
  assert.ok(before !== null);
  const text = '{"text":"nothing happened"}';
  const hash = hashEvent(before.hash, { seq: 10, at_ms: NOW_MS, kind: 'note' }, text);
  db.prepare('UPDATE events SET payload = ?, hash = ? WHERE seq = 10').run(text, hash);
  assert.equal(problemOf(verifyChain(reader)), 'prev_hash at 11');
});

test('a payload that is not canonical is named even when its hash fits [LE-101]', (t) => {
  const { db, reader, head } = openTampered(t);
  const before = reader.readEvent(RECORDS - 1);
  const text = '{"text": "spaced"}';
  const hash = hashEvent(before?.hash ?? '', { seq: head.seq, at_ms: NOW_MS, kind: 'note' }, text);
  db.prepare(`UPDATE events SET kind = 'note', payload = ?, hash = ? WHERE seq = ?`).run(text, hash, head.seq);
  assert.equal(problemOf(verifyChain(reader)), `not_canonical at ${head.seq}`);
});

test('an end that was cut off, and a chain that was built anew, show against a head noted earlier [LE-6]', (t) => {
  const { db, reader, head } = openTampered(t);
  assert.equal(problemOf(against(reader, verifyChain(reader), { seq: 5, hash: head.hash })), 'head at 5');
  db.prepare('DELETE FROM events WHERE seq > 20').run();
  assert.equal(problemOf(verifyChain(reader)), 'none');
  assert.equal(problemOf(against(reader, verifyChain(reader), head)), 'head at 21');
  db.prepare('DELETE FROM events').run();
  assert.equal(problemOf(verifyChain(reader)), 'seq at 1');
});

test('lookup tables that differ from the chain are named [LE-108 LE-117]', (t) => {
  const cases: readonly (readonly [change: string, problem: string])[] = [
    [`DELETE FROM decisions_by_agent WHERE seq = 12`, 'lookup at 12'],
    [`INSERT INTO decisions_by_agent VALUES ('other', 12)`, 'lookup at null'],
    [`DELETE FROM decisions_by_request WHERE seq = 3`, 'lookup at 3'],
    [`UPDATE decisions_by_request SET seq = 21 WHERE seq = 3`, 'lookup at 3'],
    [`INSERT INTO decisions_by_request VALUES ('momentum', 'tool', 'forged', 3)`, 'lookup at null'],
    [`UPDATE texts SET body = 'because it falls'`, 'text at null'],
    [`UPDATE policies SET body = '{"name":"loose","version":1}'`, 'policy at null'],
  ];
  const { db, reader } = openTampered(t);
  for (const [change, problem] of cases) {
    db.exec('BEGIN');
    assert.equal(db.prepare(change).run().changes, 1, change);
    assert.equal(problemOf(verifyLedger(reader)), problem, change);
    db.exec('ROLLBACK');
  }
  assert.equal(problemOf(verifyLedger(reader)), 'none');
});

test('a text that is gone is a difference, unless its erasure is on record [LE-117]', (t) => {
  const ledger = openTempLedger(t);
  fill(ledger);
  const hash = sha256Hex('because it rises');
  ledger.appendSync(placed(ledger, [decision({ texts: { rationale: hash } })]));
  assert.equal(ledger.eraseText(hash), true);
  const result = verifyLedger(ledger);
  assert.match(result.ok ? '' : result.detail, new RegExp(`its text ${hash} is gone, and no record says`));
  ledger.appendSync([
    { kind: 'text_erased', at_ms: 1, payload: { hashes: [hash], of: 'd-1', reason: 'x', set_by: 'x' } },
  ]);
  const recorded = verifyLedger(ledger);
  assert.equal(recorded.ok && recorded.texts_erased, 1);
});

test('a text that is erased while the chain is walked is no difference [LE-35]', (t) => {
  const ledger = openTempLedger(t);
  fill(ledger);
  const hash = sha256Hex('because it rises');
  ledger.appendSync(placed(ledger, [decision({ texts: { rationale: hash } })]));
  const seq = ledger.lastSeq();
  // The walk has ended where the record comes, and looks the text up after it is gone.
  assert.equal(ledger.eraseText(hash), true);
  const walked = verifySpan(ledger, { afterSeq: 0, toSeq: seq });
  ledger.appendSync([
    { kind: 'text_erased', at_ms: 1, payload: { hashes: [hash], of: 'd-1', reason: 'x', set_by: 'x' } },
  ]);
  const result = concludeVerify(ledger, [walked]);
  assert.equal(result.ok && result.texts_erased, 1);
});

test('every decision is derived again, every event is folded, in order, and the first difference is named [LE-118 LE-120]', (t) => {
  const { reader } = openTampered(t);
  const calls: string[] = [];
  const result = verifyLedger(reader, {
    rederive: ({ seq }) => {
      calls.push(`rederive ${seq}`);
      return seq < 9 ? { ok: true } : { ok: false, detail: 'limit 2 instead of 3' };
    },
    fold: ({ seq }) => {
      calls.push(`fold ${seq}`);
      return { ok: true };
    },
  });
  assert.deepEqual(result, { ok: false, seq: 9, problem: 'rederive', detail: 'limit 2 instead of 3' });
  const expected = [
    'fold 1',
    'fold 2',
    'rederive 3',
    'fold 3',
    'fold 4',
    'fold 5',
    'rederive 6',
    'fold 6',
    'fold 7',
    'fold 8',
  ];
  assert.deepEqual(calls, [...expected, 'rederive 9']);
  const folded = verifyLedger(reader, {
    fold: ({ seq }) => (seq === 5 ? { ok: false, detail: 'view differs' } : { ok: true }),
  });
  assert.deepEqual(folded, { ok: false, seq: 5, problem: 'fold', detail: 'view differs' });
});

test('progress is told up to the last record', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendSync(Array.from({ length: 1200 }, () => note('x')));
  const reported: number[] = [];
  assert.equal(verifyChain(ledger, { onProgress: (done) => reported.push(done) }).ok, true);
  assert.deepEqual(reported, [500, 1000, 1201]);
});

test('a page of the file that was overwritten is reported at the first record it held', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendSync(Array.from({ length: 900 }, () => note('x'.repeat(200))));
  ledger.close();
  const db = new Database(ledger.path);
  const leaves = "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' ORDER BY path";
  const page = db.prepare<[], number>(leaves).pluck().all()[20];
  const pageSize = Number(db.pragma('page_size', { simple: true }));
  db.close();
  const file = openSync(ledger.path, 'r+');
  writeSync(file, Buffer.alloc(pageSize, 0xff), 0, pageSize, ((page ?? 0) - 1) * pageSize);
  closeSync(file);

  const reader = openLedgerReader(ledger.path);
  const result = verifyLedger(reader);
  reader.close();
  assert.ok(!result.ok);
  assert.equal(result.problem, 'unreadable');
  assert.match(result.detail, /damaged/);
});
