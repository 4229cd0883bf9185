import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { buildGenesisRecord } from '../../daemon/ledger/chain/genesis.ts';
import { chainRecords, ZERO_HASH } from '../../daemon/ledger/chain/hash-chain.ts';
import { findMigrationsFolder, migrate, readMigrations } from '../../daemon/ledger/chain/migrations.ts';
import { migrationBackupPath } from '../../daemon/ledger/chain/whole-copy.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { verifyChain, verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import type { Cleanups } from '../temp-folder.ts';
import { hasCode, ledgerOptions, makeFolder, NOW_MS, note } from './temp-ledger.ts';

const MIGRATIONS = readMigrations(findMigrationsFolder());
const RECORDS = 20;

/** A ledger as a build with only the first `version` migrations wrote it. */
function writeEarlier(t: Cleanups, version: number): string {
  const { path } = ledgerOptions(makeFolder(t));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, '', { mode: 0o600 });
  const db = new Database(path);
  migrate(db, MIGRATIONS.slice(0, version), NOW_MS);
  const genesis = buildGenesisRecord('paper', 'main', NOW_MS, (size) => Buffer.alloc(size, version));
  const records = [genesis, ...Array.from({ length: RECORDS - 1 }, (_, i) => note(`${i}`))];
  const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?)');
  for (const { at_ms, hash, kind, payload, prev_hash, seq } of chainRecords({ seq: 0, hash: ZERO_HASH }, records))
    insert.run(seq, at_ms, kind, payload, prev_hash, hash);
  db.close();
  return path;
}
function versionOf(path: string): number {
  const db = new Database(path, { readonly: true });
  try {
    const rows = db.prepare('SELECT count(*) FROM events').pluck().get();
    assert.equal(rows, RECORDS);
    return Number(db.prepare('SELECT max(version) FROM schema_migrations').pluck().get());
  } finally {
    db.close();
  }
}
function openAndVerify(path: string): void {
  const ledger = openLedger(ledgerOptions('', { path }));
  try {
    const result = verifyChain(ledger);
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(result.events, RECORDS);
    assert.equal(Number(ledger.appendSync([note('goes on')])[0]?.seq), RECORDS + 1);
  } finally {
    ledger.close();
  }
}
const backupsOf = (path: string): readonly string[] =>
  readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.before-`));

for (const version of MIGRATIONS.map((one) => one.version).slice(0, -1))
  describe(`a ledger of migration ${version}`, () => {
    test('is copied as it is, then migrated, and goes on [LE-86]', (t) => {
      const path = writeEarlier(t, version);
      openAndVerify(path);
      const copy = migrationBackupPath(path, version + 1);
      assert.equal(versionOf(copy), version);
      assert.equal(statSync(copy).mode & 0o777, 0o600);
      assert.deepEqual(backupsOf(path), [basename(copy)]);
    });

    test('whose copy was interrupted is copied again; one whose migrations were goes on from there [LE-87]', (t) => {
      const path = writeEarlier(t, version);
      const copy = migrationBackupPath(path, version + 1);
      writeFileSync(`${copy}.new`, 'half a copy');
      const db = new Database(path);
      const isLast = version + 1 === MIGRATIONS.length;
      if (!isLast) migrate(db, MIGRATIONS.slice(0, version + 1), NOW_MS);
      db.close();
      if (isLast) {
        openAndVerify(path);
        assert.equal(existsSync(`${copy}.new`), false);
        assert.equal(versionOf(copy), version);
      } else {
        openAndVerify(path);
        assert.equal(versionOf(migrationBackupPath(path, version + 2)), version + 1);
      }
    });
  });

test('a migration that cannot be preceded by a copy does not run', (t) => {
  const path = writeEarlier(t, MIGRATIONS.length - 1);
  mkdirSync(`${migrationBackupPath(path, MIGRATIONS.length)}.new/full`, { recursive: true });
  assert.throws(() => openLedger(ledgerOptions('', { path })));
  assert.equal(versionOf(path), MIGRATIONS.length - 1);
});

test('a new ledger, and one that is up to date, are not copied', (t) => {
  const { path } = ledgerOptions(makeFolder(t));
  for (let round = 0; round < 2; round += 1) openLedger(ledgerOptions('', { path })).close();
  assert.deepEqual(backupsOf(path), []);
});

test('a ledger of a later version is refused with what to do, and is not changed [LE-88]', (t) => {
  const path = writeEarlier(t, MIGRATIONS.length);
  const db = new Database(path);
  db.prepare('INSERT INTO schema_migrations VALUES (?, ?, ?, ?)').run(
    MIGRATIONS.length + 1,
    '9999_later.sql',
    'a'.repeat(64),
    NOW_MS,
  );
  db.close();
  assert.throws(
    () => openLedger(ledgerOptions('', { path })),
    (error) =>
      hasCode('LEDGER_MIGRATION')(error) && /9999_later\.sql.*newer version.*Start that version/.test(String(error)),
  );
  assert.equal(versionOf(path), MIGRATIONS.length + 1);
  assert.deepEqual(backupsOf(path), []);
});

test('tokens, and changes of them that wait for their record, are those of before, and a scraper gets its role', (t) => {
  const path = writeEarlier(t, 8);
  const db = new Database(path);
  const insert = db.prepare(
    'INSERT INTO tokens (id, role, name, agent, token_hash, skill_sha256, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  insert.run('tok_1', 'agent', 'momentum', 'momentum', 'a'.repeat(64), 'b'.repeat(64), NOW_MS, NOW_MS + 9_000_000);
  insert.run('tok_2', 'operator', 'desk', null, 'c'.repeat(64), null, NOW_MS, null);
  db.prepare('UPDATE tokens SET revoked_at_ms = ? WHERE id = ?').run(NOW_MS + 5, 'tok_2');
  const before = db.prepare('SELECT * FROM tokens ORDER BY id').all();
  assert.throws(() => insert.run('tok_3', 'metrics', 'p', null, 'd'.repeat(64), null, NOW_MS, null), /CHECK/);
  db.close();
  const ledger = openLedger(ledgerOptions('', { path }));
  t.after(() => ledger.close());
  const { record } = ledger.tokens.createToken({ role: 'metrics', name: 'prometheus' });
  ledger.flush();
  const reader = new Database(path);
  t.after(() => reader.close());
  assert.deepEqual(reader.prepare("SELECT * FROM tokens WHERE role <> 'metrics' ORDER BY id").all(), before);
  const recorded = [...ledger.iterateEvents({ kind: 'token' })].map(({ payload }) => {
    const { action, id } = payload as { action: string; id: string };
    return `${id} ${action}`;
  });
  assert.deepEqual(recorded, ['tok_1 created', 'tok_2 created', 'tok_2 revoked', `${record.id} created`]);
  assert.throws(() => reader.prepare('DELETE FROM tokens').run(), /revoked, not deleted/);
  assert.throws(
    () => reader.prepare("UPDATE tokens SET role = 'operator' WHERE id = 'tok_1'").run(),
    /only be revoked/,
  );
  const result = verifyLedger(ledger);
  assert.ok(result.ok, JSON.stringify(result));
});
