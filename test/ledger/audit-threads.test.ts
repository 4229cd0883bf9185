import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Database } from 'better-sqlite3';
import { type AuditOptions, auditLedger, type LedgerAudit } from '../../daemon/boot/ledger/audit-ledger.ts';
import { hashEvent } from '../../daemon/ledger/chain/hash-chain.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import type { Cleanups } from '../temp-folder.ts';
import { archiveHome, type Home, makeHome, playWorld, SEGMENT } from './archived-home.ts';
import { makeFolder, openAsIntruder } from './temp-ledger.ts';

const SPAN = 300;
/** A thread answers what a span answers here: one of each kind of answer goes through threads, which cost a start each. */
const IN_THREADS: ReadonlySet<string> = new Set(['nothing', 'two records, of which the first is named', 'a policy']);
let home: Home;
const cleanups: (() => void)[] = [];
before(async () => {
  home = makeHome({ after: (cleanup) => void cleanups.push(cleanup) }, await playWorld());
});
after(() => {
  for (const cleanup of cleanups) cleanup();
});

function copyPath(t: Cleanups): string {
  const folder = makeFolder(t);
  cpSync(dirname(home.path), join(folder, 'paper'), { recursive: true });
  return join(folder, 'paper', 'ledger.db');
}
async function audit(path: string, options: Partial<AuditOptions>): Promise<LedgerAudit> {
  const reader = openLedgerReader(path);
  try {
    return await auditLedger(reader, { anchors: [], threads: 0, isDeep: false, ...options });
  } finally {
    reader.close();
  }
}

interface Row {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: string;
  readonly prev_hash: string;
}
/** Changes one payload and chains everything behind it anew, as an intruder with time would. */
function rechain(db: Database, seq: number, change: (payload: string) => string): void {
  const rows = db.prepare<[number], Row>('SELECT * FROM events WHERE seq >= ? ORDER BY seq').all(seq);
  const update = db.prepare('UPDATE events SET payload = ?, prev_hash = ?, hash = ? WHERE seq = ?');
  let previous = rows[0]?.prev_hash ?? '';
  db.transaction(() => {
    for (const row of rows) {
      const payload = row.seq === seq ? change(row.payload) : row.payload;
      const hash = hashEvent(previous, row, payload);
      update.run(payload, previous, hash, row.seq);
      previous = hash;
    }
  })();
}

describe('audit verify in threads', () => {
  const cases: readonly (readonly [what: string, change: (db: Database) => void, problem: string])[] = [
    ['nothing', () => {}, 'none'],
    ['a payload in the first span', (db) => db.exec(`UPDATE events SET payload = '{}' WHERE seq = 40`), 'hash at 40'],
    ['the last of a span', (db) => db.exec(`UPDATE events SET at_ms = 1 WHERE seq = ${SPAN}`), `hash at ${SPAN}`],
    [
      'the first of a span',
      (db) => db.exec(`UPDATE events SET at_ms = 1 WHERE seq = ${SPAN + 1}`),
      `hash at ${SPAN + 1}`,
    ],
    ['a span end removed', (db) => db.exec(`DELETE FROM events WHERE seq = ${2 * SPAN}`), `seq at ${2 * SPAN}`],
    ['a span start removed', (db) => db.exec(`DELETE FROM events WHERE seq = ${SPAN + 1}`), `seq at ${SPAN + 1}`],
    ['whole spans removed', (db) => db.exec(`DELETE FROM events WHERE seq BETWEEN 250 AND 950`), 'seq at 250'],
    [
      'two records, of which the first is named',
      (db) => db.exec('UPDATE events SET at_ms = 1 WHERE seq IN (500, 1500)'),
      'hash at 500',
    ],
    [
      'the last hash of a span, and the link to it',
      (db) => {
        const other = 'b'.repeat(64);
        db.exec(`UPDATE events SET hash = '${other}' WHERE seq = ${SPAN}`);
        db.exec(`UPDATE events SET prev_hash = '${other}' WHERE seq = ${SPAN + 1}`);
      },
      `hash at ${SPAN}`,
    ],
    [
      'a lookup',
      (db) => db.exec('DELETE FROM decisions_by_agent WHERE seq = (SELECT max(seq) FROM decisions_by_agent)'),
      'lookup',
    ],
    ['one lookup more', (db) => db.exec("INSERT INTO decisions_by_agent VALUES ('nobody', 3)"), 'lookup at null'],
    ['a policy', (db) => db.exec("UPDATE policies SET body = body || ' '"), 'rederive'],
  ];
  for (const [what, change, problem] of cases)
    test(`finds the same as in one: ${what} [LE-121]`, async (t) => {
      const path = copyPath(t);
      const db = openAsIntruder(t, path);
      change(db);
      const alone = await audit(path, { spanRecords: 1e9 });
      const named = alone.ok ? 'none' : `${alone.problem} at ${alone.seq}`;
      if (problem.includes(' ') || problem === 'none') assert.equal(named, problem);
      else if (problem !== 'rederive') assert.ok(named.startsWith(problem), named);
      assert.deepEqual(await audit(path, { spanRecords: SPAN }), alone);
      if (IN_THREADS.has(what)) assert.deepEqual(await audit(path, { spanRecords: SPAN, threads: 2 }), alone);
    });

  test('a decision that was written anew, and one that names no version behind one that does [LE-119]', async (t) => {
    const seq = home.events.findLast(({ kind }) => kind === 'decision')?.seq ?? 0;
    const changes: readonly ((payload: string) => string)[] = [
      (payload) => payload.replace(/"market_seq":(\d+)/, (_, n) => `"market_seq":${Number(n) + 1}`),
      (payload) => payload.replace(/"core_version":\d+,/, ''),
      (payload) => payload.replace(/"policy_hash":"[0-9a-f]{4}/, '"policy_hash":"0000'),
    ];
    for (const change of changes) {
      const path = copyPath(t);
      rechain(openAsIntruder(t, path), seq, change);
      const alone = await audit(path, { spanRecords: 1e9, isDeep: true });
      assert.deepEqual([alone.ok, !alone.ok && alone.seq], [false, seq], change.toString());
      // The last: alone in a span of its own.
      for (const [spanRecords, threads] of [
        [20, 2],
        [seq - 1, 0],
      ] as const)
        assert.deepEqual(await audit(path, { spanRecords, threads, isDeep: true }), alone, change.toString());
    }
  });

  test('crosses archives, deep as well, and holds a noted head against the end [LE-76]', async (t) => {
    const path = copyPath(t);
    const copy: Home = {
      ...home,
      path,
      archives: join(dirname(path), 'archives'),
      checkpoints: join(dirname(path), 'checkpoints'),
    };
    await archiveHome(copy);
    const alone = await audit(path, { spanRecords: 1e9, isDeep: true });
    assert.ok(alone.ok, JSON.stringify(alone));
    assert.equal(alone.checkpoints.compared, 2);
    assert.deepEqual(await audit(path, { spanRecords: SPAN, threads: 2, isDeep: true }), alone);
    for (const seq of [SPAN, SPAN + 7, 2 * SEGMENT, alone.head.seq + 9]) {
      const noted = { seq, hash: 'c'.repeat(64), genesis: null };
      const anchors = [{ name: 'a note', kind: 'record', noted }] as const;
      const found = await audit(path, { spanRecords: SPAN, anchors });
      const named = found.ok ? 'none' : `${found.problem} at ${found.seq}`;
      assert.equal(named, `head at ${Math.min(seq, alone.head.seq + 1)}`);
    }
  });
});
