import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { findMigrationsFolder, migrate, readMigrations } from '../../daemon/ledger/chain/migrations.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { openLedgerReader, SqliteReader } from '../../daemon/ledger/reader.ts';
import { hasCode, ledgerOptions, makeFolder, NOW_MS, note, openAsIntruder, openTempLedger } from './temp-ledger.ts';

test('a new ledger begins with a genesis record that names venue and account [LE-98]', (t) => {
  const ledger = openTempLedger(t);
  const first = ledger.readEvent(1);
  const { genesis_id } = ledger.genesis;
  assert.match(genesis_id, /^[0-9a-f]{32}$/);
  assert.deepEqual(first?.payload, { account: 'main', format: 1, genesis_id, venue: 'paper' });
  assert.equal(first?.kind, 'genesis');
  assert.equal(first?.prev_hash, '0'.repeat(64));
  assert.deepEqual(ledger.genesis, { venue: 'paper', account: 'main', genesis_id, hash: first?.hash });
});

test('two ledgers of the same venue and account have different genesis hashes', (t) => {
  assert.notEqual(openTempLedger(t).genesis.hash, openTempLedger(t).genesis.hash);
});

test('a start with another venue or another account is refused [LE-99]', (t) => {
  const ledger = openTempLedger(t);
  ledger.close();
  const { path } = ledger;
  assert.throws(() => openLedger(ledgerOptions('', { path, venue: 'binance-live' })), hasCode('LEDGER_WRONG_VENUE'));
  assert.throws(() => openLedger(ledgerOptions('', { path, account: 'second' })), hasCode('LEDGER_WRONG_VENUE'));
  const again = openLedger(ledgerOptions('', { path }));
  assert.equal(again.genesis.hash, ledger.genesis.hash);
  assert.equal(again.lastSeq(), 1);
  again.close();
});

test('commits are synced to a write-ahead log [LE-89]', (t) => {
  const ledger = openTempLedger(t);
  assert.ok(ledger instanceof SqliteReader);
  assert.equal(ledger.db.pragma('journal_mode', { simple: true }), 'wal');
  assert.equal(ledger.db.pragma('synchronous', { simple: true }), 2);
  assert.equal(ledger.db.pragma('foreign_keys', { simple: true }), 1);
  assert.equal(ledger.db.pragma('wal_autocheckpoint', { simple: true }), 300);
});

test('a connection keeps no more than 2 MB of pages, however long the ledger is', (t) => {
  const ledger = openTempLedger(t);
  const reader = openLedgerReader(ledger.path);
  t.after(() => reader.close());
  for (const one of [ledger, reader]) {
    assert.ok(one instanceof SqliteReader);
    assert.equal(one.db.pragma('cache_size', { simple: true }), -2_048);
  }
});

test('files are 0600 and the folder is 0700, whatever the umask', (t) => {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const ledger = openTempLedger(t);
  ledger.appendSync([note('x')]);
  const folder = dirname(ledger.path);
  const files = readdirSync(folder).sort();
  assert.deepEqual(files, ['daemon.lock', 'daemon.pid', 'ledger.db', 'ledger.db-shm', 'ledger.db-wal', 'reserve.bin']);
  for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test('files that others could read are closed to them, a folder that others can write is refused', (t) => {
  const ledger = openTempLedger(t);
  ledger.close();
  const folder = dirname(ledger.path);
  chmodSync(ledger.path, 0o644);
  openLedger(ledgerOptions('', { path: ledger.path })).close();
  assert.equal(statSync(ledger.path).mode & 0o777, 0o600);
  chmodSync(folder, 0o777);
  assert.throws(() => openLedger(ledgerOptions('', { path: ledger.path })), hasCode('LEDGER_PERMISSIONS'));
});

test('a file that is no database, and a database that is no ledger, are refused', (t) => {
  const folder = join(makeFolder(t), 'paper');
  mkdirSync(folder, { mode: 0o700 });
  const path = join(folder, 'ledger.db');
  writeFileSync(path, 'not a database, '.repeat(100));
  assert.throws(() => openLedger(ledgerOptions('', { path })), hasCode('LEDGER_CORRUPT'));
  assert.throws(() => openLedgerReader(path), hasCode('LEDGER_CORRUPT'));
  rmSync(path);
  assert.throws(() => openLedgerReader(path), hasCode('LEDGER_MISSING'));
  new Database(path).exec('CREATE TABLE other (a)').close();
  assert.throws(() => openLedgerReader(path), hasCode('LEDGER_MIGRATION'));
});

test('a ledger whose last records do not form a chain is refused at the start', (t) => {
  const ledger = openTempLedger(t);
  ledger.appendSync([note('a'), note('b'), note('c')]);
  ledger.close();
  openAsIntruder(t, ledger.path).exec(`UPDATE events SET payload = '{"text":"B"}' WHERE seq = 3`);
  assert.throws(
    () => openLedger(ledgerOptions('', { path: ledger.path })),
    (error: unknown) => hasCode('LEDGER_CORRUPT')(error) && String(error).includes('record 3'),
  );
});

test('a migration that was changed after it was applied is refused, by writer and reader [LE-115]', (t) => {
  const ledger = openTempLedger(t);
  ledger.close();
  openAsIntruder(t, ledger.path).exec(`UPDATE schema_migrations SET checksum = '${'0'.repeat(64)}' WHERE version = 2`);
  assert.throws(() => openLedger(ledgerOptions('', { path: ledger.path })), hasCode('LEDGER_MIGRATION'));
  assert.throws(() => openLedgerReader(ledger.path), hasCode('LEDGER_MIGRATION'));
});

test('a ledger of a newer build is refused', (t) => {
  const ledger = openTempLedger(t);
  ledger.close();
  const insert = `INSERT INTO schema_migrations VALUES (99, '0099_later.sql', '${'0'.repeat(64)}', 0)`;
  openAsIntruder(t, ledger.path).exec(insert);
  assert.throws(() => openLedger(ledgerOptions('', { path: ledger.path })), hasCode('LEDGER_MIGRATION'));
});

test('migrations are found from the package, applied once, forward only, and resumed where they stopped [LE-114]', (t) => {
  const folder = makeFolder(t);
  const write = (name: string, sql: string) => writeFileSync(join(folder, name), sql);
  const names = (db: Database.Database) =>
    db.prepare('SELECT name FROM schema_migrations ORDER BY version').pluck().all();
  assert.deepEqual(
    readMigrations(findMigrationsFolder())
      .map((m) => m.version)
      .slice(0, 3),
    [1, 2, 3],
  );

  const db = new Database(':memory:');
  write('0001_a.sql', 'CREATE TABLE a (x) STRICT;'.replace('x', 'x TEXT'));
  migrate(db, readMigrations(folder), NOW_MS);
  write('0002_b.sql', 'CREATE TABLE b (x TEXT) STRICT; CREATE TABLE a (x TEXT) STRICT;');
  assert.throws(() => migrate(db, readMigrations(folder), NOW_MS), hasCode('LEDGER_MIGRATION'));
  assert.deepEqual(names(db), ['0001_a.sql']);
  write('0002_b.sql', 'CREATE TABLE b (x TEXT) STRICT;\n');
  migrate(db, readMigrations(folder), NOW_MS);
  write('0002_b.sql', 'CREATE TABLE b (x TEXT) STRICT;\r\n');
  migrate(db, readMigrations(folder), NOW_MS);
  assert.deepEqual(names(db), ['0001_a.sql', '0002_b.sql']);
  write('0004_gap.sql', 'SELECT 1;');
  assert.throws(() => readMigrations(folder), hasCode('LEDGER_MIGRATION'));
  assert.throws(() => readMigrations(join(folder, 'none')), hasCode('LEDGER_MIGRATION'));
  assert.throws(() => readMigrations(makeFolder(t)), hasCode('LEDGER_MIGRATION'));
});
