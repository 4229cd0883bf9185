import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { describeState, writeCheckpoint } from '../../daemon/boot/keep/checkpoint-file.ts';
import { foldLedger } from '../../daemon/boot/keep/fold.ts';
import { takeCheckpoint } from '../../daemon/boot/keep/take-checkpoint.ts';
import { recordRecovery } from '../../daemon/boot/recovery.ts';
import { exportEvents } from '../../daemon/ledger/chain/export.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { checkHead, writeHead } from '../../daemon/ledger/proofs/head-file.ts';
import { openLedgerReader, SqliteReader } from '../../daemon/ledger/reader.ts';
import { KEPT_KINDS, type LedgerReader } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { textOf } from '../engine/text-of.ts';
import type { Cleanups } from '../temp-folder.ts';
import { archiveHome, type Home, makeHome, playWorld, SEGMENT } from './archived-home.ts';
import { hasCode, ledgerOptions, openAsIntruder } from './temp-ledger.ts';

let database: Buffer;
before(async () => {
  database = await playWorld();
});

const ARCHIVED = 2 * SEGMENT;

async function archived(t: Cleanups): Promise<Home> {
  const home = makeHome(t, database);
  await archiveHome(home);
  return home;
}
function openReader(t: Cleanups, path: string): SqliteReader {
  const reader = openLedgerReader(path);
  t.after(() => reader.close());
  assert.ok(reader instanceof SqliteReader);
  return reader;
}
const problemOf = (reader: LedgerReader): string => {
  const result = verifyLedger(reader);
  return result.ok ? 'none' : `${result.problem} at ${result.seq}`;
};

describe('an archived ledger', () => {
  test('keeps whole segments in files and in the live file only what a start looks up; it verifies [LE-60 LE-61 LE-73 LE-74]', async (t) => {
    const home = makeHome(t, database);
    const bytesBefore = statSync(home.path).size;
    const events = await archiveHome(home);
    assert.deepEqual(
      events.map(({ from_seq, to_seq }) => [from_seq, to_seq]),
      [
        [1, SEGMENT],
        [SEGMENT + 1, ARCHIVED],
      ],
    );
    assert.deepEqual(readdirSync(home.archives), events.map(({ file }) => file).sort());
    for (const { bytes, file } of events) {
      const { mode, size } = statSync(join(home.archives, file));
      assert.deepEqual([mode & 0o777, size], [0o600, bytes]);
    }
    const reader = openReader(t, home.path);
    const left = [...reader.iterateLive()].filter(({ seq }) => seq <= ARCHIVED);
    const kept = home.events.filter(({ kind, seq }) => seq <= ARCHIVED && KEPT_KINDS.has(kind));
    assert.ok(kept.length > 1);
    assert.deepEqual(left, kept);
    assert.equal(reader.db.pragma('freelist_count', { simple: true }), 0);
    assert.ok(statSync(home.path).size < bytesBefore, 'the file has shrunk');
    assert.equal(problemOf(reader), 'none');
  });

  test('a head noted in an archive that is gone refuses a start, and says which file and which ways out', async (t) => {
    const home = await archived(t);
    const head = `${home.path}.head`;
    const noted = home.events[SEGMENT + 5];
    assert.ok(noted !== undefined);
    const { at_ms, hash, seq } = noted;
    const note = () => {
      const reader = openReader(t, home.path);
      const genesis_id = reader.genesis.genesis_id;
      writeFileSync(head, JSON.stringify({ genesis_id, seq, hash, at_ms }));
      return reader;
    };
    const there = { isNew: false, mayReplace: true };
    checkHead(head, note(), there);
    const [, file = ''] = readdirSync(home.archives).sort();
    rmSync(join(home.archives, file));
    const without = note();
    assert.throws(
      () => checkHead(head, without, there),
      (error: Error) => {
        assert.ok(hasCode('LEDGER_HEAD')(error));
        for (const part of [file, `record ${seq} `, `remove ${head}`, './holdfast recover', 'flatten --emergency'])
          assert.ok(error.message.includes(part), `${part}: ${error.message}`);
        return true;
      },
    );
    // The ways out lead out.
    rmSync(head);
    checkHead(head, without, there);
    note().close();
    const ledger = openLedger({ ...ledgerOptions(''), path: home.path });
    recordRecovery(ledger, { atVenueMs: at_ms + 1_000_000_000, takeOver: false, setBy: 'operator' });
    writeHead(head, ledger);
    checkHead(head, ledger, there);
    ledger.close();
  });

  test('reads as before: every record, every kind, every page, every request id, from any record on [LE-61 LE-75 LE-76]', async (t) => {
    const home = await archived(t);
    const reader = openReader(t, home.path);
    const { events } = home;
    assert.deepEqual([...reader.iterateEvents()].slice(0, events.length), events);
    for (const seq of [1, 2, 499, 500, 501, SEGMENT, SEGMENT + 1, ARCHIVED, ARCHIVED + 1, events.length]) {
      assert.deepEqual(reader.readEvent(seq), events[seq - 1], `record ${seq}`);
      const from = reader.readEvents({ fromSeq: seq, limit: 700 }).filter((one) => one.seq <= events.length);
      assert.deepEqual(from, events.slice(seq - 1, seq + 699));
    }
    for (const kind of new Set(events.map((event) => event.kind))) {
      const wanted = events.filter((event) => event.kind === kind);
      const found = [...reader.iterateEvents({ kind })].filter(({ seq }) => seq <= events.length);
      assert.deepEqual(found, wanted, kind);
      if (kind === 'checkpoint') continue;
      assert.deepEqual(reader.readNewest(kind, 5_000), wanted.toReversed().slice(0, 5_000), kind);
    }
    const decisions = events.filter(({ kind }) => kind === 'decision').toReversed();
    assert.ok(decisions.length > 10);
    const paged = (agent?: string): unknown[] => {
      const seqs: number[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const query = { limit: 7, ...(cursor === '' ? {} : { cursor }), ...(agent === undefined ? {} : { agent }) };
        const page = reader.readDecisions(query);
        seqs.push(...page.events.map(({ seq }) => seq));
        cursor = page.next;
      }
      return seqs;
    };
    type Reported = { agent: string; decision: { decision_id: string; kind: string; request_id: string | null } };
    assert.deepEqual(
      paged(),
      decisions.map(({ seq }) => seq),
    );
    for (const agent of new Set(decisions.map(({ payload }) => (payload as Reported).agent)))
      assert.deepEqual(
        paged(agent),
        decisions.filter(({ payload }) => (payload as Reported).agent === agent).map(({ seq }) => seq),
      );
    let repeated = 0;
    for (const { payload, seq } of decisions.toReversed()) {
      const { agent, decision } = payload as Reported;
      assert.equal(reader.findDecision(decision.decision_id)?.seq, seq);
      if (decision.request_id === null) continue;
      const key = { agent, kind: decision.kind, request_id: decision.request_id };
      assert.ok((reader.findDecisionByRequest(key)?.seq ?? Number.POSITIVE_INFINITY) <= seq);
      repeated += 1;
    }
    assert.ok(repeated > 0);
    const lines = [...exportEvents(reader)];
    assert.equal(lines.length, reader.lastSeq());
    assert.equal((JSON.parse(lines[700] ?? '') as { seq: number }).seq, 701);
  });

  test('goes on: more records, the next segment, and other connections that read meanwhile', async (t) => {
    const home = await archived(t);
    const reader = openReader(t, home.path);
    const walk = reader.iterateEvents();
    for (let n = 0; n < 10; n += 1) walk.next();
    const more = await archiveHome(home, { cutoffMs: () => Number.MAX_SAFE_INTEGER });
    assert.deepEqual(
      more.map(({ from_seq }) => from_seq),
      [ARCHIVED + 1],
    );
    const seqs = [...walk].map(({ seq }) => seq);
    assert.deepEqual([seqs[0], seqs.at(-1), seqs.length], [11, reader.lastSeq(), reader.lastSeq() - 10]);
    assert.equal(problemOf(reader), 'none');
    assert.deepEqual(await archiveHome(home, { cutoffMs: () => Number.MAX_SAFE_INTEGER }), []);
  });

  test('is a file of lines for any zstd [LE-72]', async (t) => {
    if (spawnSync('zstd', ['--version']).status !== 0) return t.skip('zstd is not installed');
    const home = await archived(t);
    const [file] = readdirSync(home.archives).sort();
    const { stdout } = spawnSync('zstd', ['-dc', join(home.archives, file ?? '')], { maxBuffer: 1 << 26 });
    const reader = openReader(t, home.path);
    const lines = [...exportEvents(reader)].slice(0, SEGMENT);
    assert.equal(stdout.toString('utf8'), `${lines.join('\n')}\n`);
  });
});

describe('what is archived', () => {
  test('lies below two checkpoints that were folded again; with one that is not of the records nothing is [LE-66 LE-73]', async (t) => {
    const home = makeHome(t, database);
    const [event] = await archiveHome(home);
    const reader = openReader(t, home.path);
    const recorded = reader
      .readNewest('checkpoint', 2)
      .map(({ payload }) => payload as { seq: number; sha256: string });
    assert.deepEqual(
      event?.checkpoints,
      recorded.map(({ seq, sha256 }) => ({ seq, sha256 })),
    );
    for (const { seq } of recorded) assert.ok(seq > ARCHIVED);

    const other = makeHome(t, database);
    const ledger = openLedger(ledgerOptions('', { path: other.path }));
    const { state } = foldLedger(ledger, { folder: null });
    state.equity.addTransfer(1e-9, 1, 1);
    const seq = ledger.lastSeq();
    const wrong = writeCheckpoint(other.checkpoints, describeState(ledger, state, seq), state);
    ledger.appendSync([{ kind: 'checkpoint', at_ms: 1, payload: wrong }]);
    const right = takeCheckpoint({ ledgerPath: other.path, folder: other.checkpoints });
    ledger.appendSync([{ kind: 'checkpoint', at_ms: 1, payload: right }]);
    ledger.close();
    await assert.rejects(archiveHome(other), /is not of the views/);
    assert.equal(existsSync(other.archives), false);
    assert.equal(openReader(t, other.path).archives.lastSeq(), 0);
  });

  test('is refused by the database to leave before the chain names it, and a made-up archive is refused [LE-85 LE-96 LE-113]', async (t) => {
    const home = await archived(t);
    const db = new Database(home.path);
    t.after(() => db.close());
    db.pragma('foreign_keys = OFF');
    const body = String(db.prepare('SELECT body FROM archives ORDER BY to_seq DESC').pluck().get());
    const next = JSON.stringify({ ...(JSON.parse(body) as object), from_seq: ARCHIVED + 1, to_seq: ARCHIVED + 9 });
    const insert = (fields: string): string =>
      `INSERT INTO archives (to_seq, from_seq, event_seq, body) VALUES ${fields}`;
    const refused: readonly (readonly [string, RegExp])[] = [
      [`DELETE FROM events WHERE seq = ${ARCHIVED + 1}`, /append-only/],
      ['DELETE FROM events WHERE seq = 1', /append-only/],
      ["DELETE FROM events WHERE kind = 'policy'", /append-only/],
      ["DELETE FROM events WHERE kind = 'archived'", /append-only/],
      [insert(`(${ARCHIVED + 9}, ${ARCHIVED + 1}, ${home.events.length}, '${next}')`), /names no such/],
      ['DELETE FROM archives', /append-only/],
      ['UPDATE archives SET to_seq = to_seq + 1', /append-only/],
    ];
    for (const [statement, because] of refused) assert.throws(() => db.exec(statement), because, statement);
  });

  test('is named when it is missing, damaged, another one, or contradicted by the live file [LE-77 LE-80 LE-117]', async (t) => {
    const home = await archived(t);
    const [first = '', second = ''] = readdirSync(home.archives).sort();
    const path = join(home.archives, second);
    const bytes = readFileSync(path);
    const flipped = Buffer.from(bytes);
    flipped[99] = (flipped[99] ?? 0) ^ 1;
    for (const spoil of [
      () => rmSync(path),
      () => writeFileSync(path, flipped),
      () => writeFileSync(path, bytes.subarray(0, -1)),
      () => writeFileSync(path, readFileSync(join(home.archives, first))),
    ]) {
      spoil();
      const reader = openLedgerReader(home.path);
      assert.throws(
        () => reader.readEvent(SEGMENT + 5),
        (error) => hasCode('LEDGER_ARCHIVE')(error) && String(error).includes(path),
      );
      assert.deepEqual(reader.readEvent(5), home.events[4]);
      assert.deepEqual(reader.readEvent(ARCHIVED + 1), home.events[ARCHIVED]);
      const result = verifyLedger(reader);
      assert.deepEqual(
        [result.ok, !result.ok && result.problem, !result.ok && result.seq],
        [false, 'archive', SEGMENT + 1],
      );
      assert.ok(!result.ok && result.detail.includes(path));
      reader.close();
      writeFileSync(path, bytes);
    }
    const db = openAsIntruder(t, home.path);
    const reader = new SqliteReader(db, home.path, openReader(t, home.path).genesis);
    const changes: readonly (readonly [string, string])[] = [
      [
        "UPDATE events SET at_ms = at_ms + 1 WHERE seq = (SELECT min(seq) FROM events WHERE kind = 'policy')",
        'archive',
      ],
      ["DELETE FROM events WHERE seq = (SELECT min(seq) FROM events WHERE kind = 'policy')", 'archive'],
      ['UPDATE archives SET body = replace(body, \'"bytes":\', \'"bytes":1\')', 'archive'],
      ['DELETE FROM decisions_by_agent WHERE seq = (SELECT min(seq) FROM decisions_by_agent)', 'lookup'],
      [`UPDATE events SET prev_hash = '${'a'.repeat(64)}' WHERE seq = ${ARCHIVED + 1}`, 'prev_hash'],
    ];
    for (const [change, problem] of changes) {
      db.exec('BEGIN');
      assert.ok(db.prepare(change).run().changes > 0, change);
      assert.equal(problemOf(reader).split(' ')[0], problem, change);
      db.exec('ROLLBACK');
    }
    assert.equal(problemOf(reader), 'none');
  });

  test('stays in the live file when its archive is gone before it was removed there', async (t) => {
    const home = makeHome(t, database);
    let writes = 0;
    // Stopped between the records and the removal.
    await assert.rejects(
      archiveHome(home, {
        onWrite: () => {
          writes += 1;
          if (writes === 5) throw new Error('stopped');
        },
      }),
      /stopped/,
    );
    const [first = ''] = readdirSync(home.archives).sort();
    renameSync(join(home.archives, first), join(home.archives, 'elsewhere'));
    await assert.rejects(archiveHome(home), hasCode('LEDGER_ARCHIVE'));
    const reader = openReader(t, home.path);
    assert.deepEqual(reader.readEvent(7), home.events[6]);
    renameSync(join(home.archives, 'elsewhere'), join(home.archives, first));
    await archiveHome(home);
    assert.equal(problemOf(reader), 'none');
    assert.equal(
      [...reader.iterateLive()].filter(({ kind, seq }) => seq <= ARCHIVED && !KEPT_KINDS.has(kind)).length,
      0,
    );
  });
});

describe('a start', () => {
  const foldedText = (reader: LedgerReader, folder: string | null) => {
    const folded = foldLedger(reader, { folder });
    return { ...folded, text: textOf(folded.state) };
  };

  test('folds the same views by checkpoint, by all archives, and by neither where one is missing says so', async (t) => {
    const home = makeHome(t, database);
    const before = openLedgerReader(home.path);
    const wanted = foldedText(before, null).text;
    before.close();
    await archiveHome(home);
    const reader = openReader(t, home.path);
    const aided = foldedText(reader, home.checkpoints);
    const unaided = foldedText(reader, null);
    assert.deepEqual(
      [aided.isUnaided, aided.isPartial, unaided.isUnaided, unaided.isPartial],
      [false, false, true, false],
    );
    assert.equal(aided.text, wanted);
    assert.equal(unaided.text, wanted);
    const [first = ''] = readdirSync(home.archives).sort();
    rmSync(join(home.archives, first));
    assert.equal(
      foldedText(openReader(t, home.path), home.checkpoints).text,
      wanted,
      'no archive is needed beside a checkpoint',
    );
    const said: string[] = [];
    const partial = foldLedger(openReader(t, home.path), { folder: null, onSkipped: (_, why) => said.push(why) });
    assert.deepEqual([partial.isUnaided, partial.isPartial], [true, true]);
    assert.ok(said.some((why) => why.includes(first)));
    rmSync(home.checkpoints, { recursive: true });
    const take = () => takeCheckpoint({ ledgerPath: home.path, folder: home.checkpoints });
    assert.throws(take, /the views are not known/, 'views that lack records are never taken for whole ones');
    assert.deepEqual(existsSync(home.checkpoints) ? readdirSync(home.checkpoints) : [], []);
  });
});
