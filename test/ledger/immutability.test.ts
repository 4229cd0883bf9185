import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { decision, openTempLedger, placed } from './temp-ledger.ts';

const HASH = 'a'.repeat(64);

const REFUSED: readonly (readonly [statement: string, because: RegExp])[] = [
  [`UPDATE events SET payload = '{}' WHERE seq = 2`, /append-only/],
  ['UPDATE events SET hash = hash', /append-only/],
  ['DELETE FROM events WHERE seq = 2', /append-only/],
  ['DELETE FROM events', /append-only/],
  [`INSERT OR REPLACE INTO events VALUES (2, 0, 'note', '{}', '${HASH}', '${HASH}')`, /last one plus 1/],
  [`INSERT INTO events VALUES (9, 0, 'note', '{}', '${HASH}', '${HASH}')`, /last one plus 1/],
  [`INSERT INTO events VALUES (4, 0, 'note', '{}', 'short', '${HASH}')`, /CHECK/],
  [`INSERT INTO events VALUES (4, 0, '', '{}', '${HASH}', '${HASH}')`, /CHECK/],
  [`INSERT INTO events VALUES (4, 'now', 'note', '{}', '${HASH}', '${HASH}')`, /cannot store TEXT value in INTEGER/],
  [`INSERT INTO events VALUES (4, NULL, 'note', '{}', '${HASH}', '${HASH}')`, /NOT NULL/],
  ['DELETE FROM decisions_by_agent', /append-only/],
  [`UPDATE decisions_by_agent SET agent = 'b'`, /append-only/],
  ['DELETE FROM decisions_by_request', /append-only/],
  [`UPDATE decisions_by_request SET request_id = 'b'`, /append-only/],
  [`INSERT INTO decisions_by_agent VALUES ('a', 99)`, /FOREIGN KEY/],
  ['DELETE FROM policies', /append-only/],
  [`UPDATE policies SET body = '{}'`, /append-only/],
  [`UPDATE texts SET body = 'other'`, /not changed/],
  ['DELETE FROM tokens', /revoked, not deleted/],
  [`UPDATE tokens SET role = 'operator', revoked_at_ms = created_at_ms`, /only be revoked/],
  [`UPDATE tokens SET agent = 'b'`, /only be revoked/],
  [`INSERT INTO tokens VALUES ('t', 'root', 'n', 'a', '${HASH}', NULL, 0, NULL, NULL)`, /CHECK/],
  [`INSERT INTO tokens VALUES ('t', 'agent', 'n', NULL, '${HASH}', NULL, 0, NULL, NULL)`, /CHECK/],
];

test('the database itself refuses to change, remove or squeeze in anything [LE-96]', (t) => {
  const ledger = openTempLedger(t);
  ledger.putText('why');
  ledger.putPolicy({ name: 'default' });
  ledger.appendSync(placed(ledger, [decision({ request_id: 'r1' }), decision()]));
  ledger.tokens.createToken({ role: 'agent', name: 'laptop', agent: 'momentum' });
  const db = new Database(ledger.path);
  t.after(() => db.close());
  for (const [statement, because] of REFUSED) assert.throws(() => db.exec(statement), because, statement);
  assert.equal(ledger.lastSeq(), 3);
});
