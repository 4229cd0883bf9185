import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { migrate, readMigrations } from '../../daemon/ledger/chain/migrations.ts';
import type { TokenEvent } from '../../daemon/ledger/chain/token-records.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { recordChangedTokens } from '../../daemon/ledger/token-command.ts';
import { openTokenStore } from '../../daemon/ledger/tokens.ts';
import type { Ledger, LedgerReader } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { tempFolder } from '../temp-folder.ts';
import { ledgerOptions, makeFolder, NOW_MS, openTempLedger } from './temp-ledger.ts';

const AGENT = { role: 'agent', name: 'momentum', agent: 'momentum' } as const;

function recorded(ledger: LedgerReader): readonly string[] {
  return [...ledger.iterateEvents({ kind: 'token' })].map(({ payload }) => {
    const { action, id } = payload as TokenEvent;
    return `${action} ${id}`;
  });
}
function problemOf(ledger: LedgerReader): string | null {
  const result = verifyLedger(ledger);
  return result.ok ? null : `${result.problem}: ${result.detail}`;
}
/** Changes the table past every trigger, as somebody with the file can. */
function tamper(path: string, sql: string): void {
  const db = new Database(path);
  for (const trigger of ['tokens_only_revoke', 'tokens_no_delete', 'tokens_note_created', 'tokens_note_revoked'])
    db.exec(`DROP TRIGGER ${trigger}`);
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  db.close();
}

test('creation and revocation are records of the chain, without the secret [TM-79]', async (t) => {
  const ledger = openTempLedger(t);
  const { record, secret } = ledger.tokens.createToken(AGENT);
  ledger.tokens.revokeToken(record.id);
  ledger.flush();
  assert.deepEqual(recorded(ledger), [`created ${record.id}`, `revoked ${record.id}`]);
  const texts = [...ledger.iterateEvents()].map(({ text }) => text).join('\n');
  assert.ok(!texts.includes(secret));
  assert.equal(problemOf(ledger), null);
  const before = ledger.lastSeq();
  ledger.recordTokenChanges();
  ledger.flush();
  assert.equal(ledger.lastSeq(), before, 'each once');
});

test('what a verb changes while a daemon holds the ledger holds at once, and is recorded by the daemon [LE-112]', (t) => {
  const folder = makeFolder(t);
  const options = ledgerOptions(folder);
  const ledger = openLedger(options);
  t.after(() => ledger.close());
  const verb = openTokenStore(options.path, () => NOW_MS);
  const { record, secret } = verb.createToken(AGENT);
  assert.equal(ledger.tokens.findToken(secret)?.id, record.id);
  recordChangedTokens(options.path, null, SYSTEM_TIME);
  assert.deepEqual(recorded(ledger), [], 'only the holder of the lock appends');
  assert.equal(problemOf(ledger), null, 'what waits is no difference');
  ledger.recordTokenChanges();
  ledger.flush();
  verb.revokeToken(record.id);
  assert.equal(ledger.tokens.findToken(secret), null);
  ledger.recordTokenChanges();
  ledger.flush();
  verb.close();
  assert.deepEqual(recorded(ledger), [`created ${record.id}`, `revoked ${record.id}`]);
});

test('what a verb changes while no daemon runs is recorded by itself', (t) => {
  const options = ledgerOptions(makeFolder(t));
  openLedger(options).close();
  const verb = openTokenStore(options.path, () => NOW_MS);
  const { record } = verb.createToken(AGENT);
  verb.close();
  recordChangedTokens(options.path, null, SYSTEM_TIME);
  const reader = openLedgerReader(options.path);
  t.after(() => reader.close());
  assert.deepEqual(recorded(reader), [`created ${record.id}`]);
});

test('tokens of a home from before come into the chain at the next start', (t) => {
  const folder = makeFolder(t);
  const options = ledgerOptions(folder);
  mkdirSync(join(folder, 'paper'), { mode: 0o700 });
  const db = new Database(options.path);
  db.exec('PRAGMA journal_mode = WAL');
  migrate(db, readMigrations(olderMigrations(t)), NOW_MS);
  const insert = db.prepare(
    `INSERT INTO tokens (id, role, name, agent, token_hash, created_at_ms) VALUES (?, 'agent', ?, 'a', ?, ?)`,
  );
  insert.run('tok_1', 'one', '1'.repeat(64), NOW_MS - 2);
  insert.run('tok_2', 'two', '2'.repeat(64), NOW_MS - 1);
  db.prepare('UPDATE tokens SET revoked_at_ms = ? WHERE id = ?').run(NOW_MS, 'tok_1');
  db.close();
  const ledger = openLedger(options);
  t.after(() => ledger.close());
  ledger.flush();
  assert.deepEqual(recorded(ledger), ['created tok_1', 'created tok_2', 'revoked tok_1']);
  assert.equal(problemOf(ledger), null);
});

for (const [name, sql, problem] of [
  [
    'a revoked token made live',
    "UPDATE tokens SET revoked_at_ms = NULL WHERE id = 'ID'",
    /is live, though its revocation/,
  ],
  [
    'a token that nobody created',
    `INSERT INTO tokens (id, role, name, token_hash, created_at_ms) VALUES ('tok_x', 'operator', 'x', '${'3'.repeat(64)}', 1)`,
    /tok_x is in the table/,
  ],
  ['another role', "UPDATE tokens SET role = 'operator' WHERE id = 'ID'", /is not as it was recorded/],
  ['a token that is gone', "DELETE FROM tokens WHERE id = 'ID'", /is recorded, but not in the table/],
] as const)
  test(`audit verify finds ${name}`, (t) => {
    const options = ledgerOptions(makeFolder(t));
    const ledger: Ledger = openLedger(options);
    const { record } = ledger.tokens.createToken(AGENT);
    ledger.tokens.revokeToken(record.id);
    ledger.close();
    tamper(options.path, sql.replace('ID', record.id));
    const reader = openLedgerReader(options.path);
    t.after(() => reader.close());
    assert.match(problemOf(reader) ?? '', problem);
  });

/** The migrations of before tokens were records. */
function olderMigrations(t: { after(cleanup: () => void): void }): string {
  const folder = tempFolder(t, 'migrations');
  for (const { name, version } of readMigrations(CURRENT))
    if (version < 4) copyFileSync(join(CURRENT, name), join(folder, name));
  return folder;
}
const CURRENT = join(import.meta.dirname, '..', '..', 'migrations');
