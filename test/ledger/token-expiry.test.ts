import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { TokenEvent } from '../../daemon/ledger/chain/token-records.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { expiryClock, openTokenStore, tokenPorts } from '../../daemon/ledger/tokens.ts';
import type { LedgerReader } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { hasCode, ledgerOptions, makeFolder, NOW_MS } from './temp-ledger.ts';

const AGENT = { role: 'agent', name: 'momentum', agent: 'momentum' } as const;
const HOUR = 3_600_000;

/** A ledger whose wall time is given, unlike its domain time. */
function openAt(t: { after(cleanup: () => void): void }, wall: { ms: number }) {
  const options = ledgerOptions(makeFolder(t));
  const ledger = openLedger({ ...options, time: { ...SYSTEM_TIME, hostMs: () => wall.ms } });
  t.after(() => ledger.close());
  return ledger;
}
const recorded = (ledger: LedgerReader) =>
  [...ledger.iterateEvents({ kind: 'token' })].map(({ payload }) => {
    const { action, id, at_ms } = payload as TokenEvent;
    return [action, id, at_ms];
  });
const problemOf = (ledger: LedgerReader): string | null => {
  const result = verifyLedger(ledger);
  return result.ok ? null : `${result.problem}: ${result.detail}`;
};

test('a token is refused from the instant of its expiry on, by wall time, and is then revoked on record', (t) => {
  const wall = { ms: NOW_MS + 50 * HOUR };
  const ledger = openAt(t, wall);
  const end = wall.ms + HOUR;
  const { record, secret } = ledger.tokens.createToken({ ...AGENT, expires_at_ms: end });
  assert.equal(record.expires_at_ms, end);
  wall.ms = end - 1;
  assert.deepEqual(ledger.tokens.findToken(secret), record);
  assert.deepEqual(ledger.tokens.endExpired(), []);
  wall.ms = end;
  assert.equal(ledger.tokens.findToken(secret), null, 'before anybody revoked it');
  assert.deepEqual(
    ledger.tokens.endExpired().map(({ id }) => id),
    [record.id],
  );
  assert.deepEqual(ledger.tokens.endExpired(), [], 'once');
  ledger.flush();
  assert.deepEqual(recorded(ledger), [
    ['created', record.id, NOW_MS],
    ['revoked', record.id, end],
  ]);
  assert.equal(problemOf(ledger), null);
});

test('another token stands for one that expired, and for none that was revoked right before: at, and 1 ms before', (t) => {
  const wall = { ms: NOW_MS };
  const ledger = openAt(t, wall);
  const end = wall.ms + 30_000;
  const make = (): string => ledger.tokens.createToken({ ...AGENT, expires_at_ms: end }).record.id;
  const [early, late, over] = [make(), make(), make()];
  ledger.tokens.createToken(AGENT);
  const stands = (id: string): boolean => tokenPorts(ledger.tokens).tokenWords().stands(id);
  wall.ms = end - 1;
  ledger.tokens.revokeToken(early);
  assert.deepEqual([early, late, over].map(stands), [false, true, true]);
  wall.ms = end;
  ledger.tokens.revokeToken(late);
  assert.deepEqual(
    ledger.tokens.endExpired().map(({ id }) => id),
    [over],
  );
  assert.deepEqual([early, late, over].map(stands), [false, false, true]);
});

for (const venue of ['binance-live', 'paper'] as const)
  test(`on ${venue} a host's clock that is years ahead for a while ends no token for good`, (t) => {
    const YEARS = 5 * 365 * 24 * HOUR;
    const host = { ms: NOW_MS, aheadMs: 0 };
    const time = { ...SYSTEM_TIME, hostMs: () => host.ms + host.aheadMs, monotonicMs: () => host.ms };
    // The venue's time is known a while after the start.
    const clock = { isSynced: false, nowMs: () => host.ms };
    const options = ledgerOptions(makeFolder(t));
    const open = () => openLedger({ ...options, time, expiry: expiryClock(venue, clock, time) });
    let ledger = open();
    const end = NOW_MS + 24 * HOUR;
    const { record, secret } = ledger.tokens.createToken({ ...AGENT, expires_at_ms: end });
    const isValid = () => ledger.tokens.findToken(secret)?.id === record.id;
    const ended = () => ledger.tokens.endExpired().map(({ id }) => id);
    clock.isSynced = true;
    host.aheadMs = YEARS;
    assert.equal(isValid(), venue !== 'paper', 'a venue says what time it is');
    assert.deepEqual(ended(), []);
    ledger.close();
    // Started with the wrong clock, before the venue has told its time.
    clock.isSynced = false;
    ledger = open();
    t.after(() => ledger.close());
    assert.equal(isValid(), false);
    host.ms += HOUR;
    assert.deepEqual(ended(), []);
    clock.isSynced = true;
    assert.deepEqual(ended(), []);
    host.aheadMs = 0;
    assert.ok(isValid(), 'the clock was put right');
    // What really ends.
    ledger.close();
    ledger = open();
    host.ms = end;
    assert.equal(isValid(), false);
    assert.deepEqual(ended(), [record.id]);
    assert.equal(problemOf(ledger), null);
  });

test("a venue's clock that is a month ahead for a while ends no token for good", (t) => {
  const MONTH = 30 * 24 * HOUR;
  const host = { ms: NOW_MS };
  const venue = { isSynced: true, aheadMs: 0, nowMs: () => host.ms + venue.aheadMs };
  const time = { ...SYSTEM_TIME, hostMs: () => host.ms, monotonicMs: () => host.ms };
  const ledger = openLedger({
    ...ledgerOptions(makeFolder(t)),
    time,
    expiry: expiryClock('binance-live', venue, time),
  });
  t.after(() => ledger.close());
  const { record, secret } = ledger.tokens.createToken({ ...AGENT, expires_at_ms: NOW_MS + 24 * HOUR });
  venue.aheadMs = MONTH;
  assert.equal(ledger.tokens.findToken(secret), null, 'it is refused meanwhile');
  assert.deepEqual(ledger.tokens.endExpired(), []);
  venue.aheadMs = 0;
  assert.deepEqual(ledger.tokens.findToken(secret), record);
  host.ms = NOW_MS + 24 * HOUR;
  assert.deepEqual(
    ledger.tokens.endExpired().map(({ id }) => id),
    [record.id],
  );
});

test('a token takes the place of others, which go on until the overlap is over, and never longer than before', (t) => {
  const wall = { ms: NOW_MS };
  const ledger = openAt(t, wall);
  const lasting = ledger.tokens.createToken(AGENT);
  const ending = ledger.tokens.createToken({ ...AGENT, expires_at_ms: NOW_MS + 1000 });
  const ids = [lasting.record.id, ending.record.id];
  const made = ledger.tokens.replaceTokens(ids, NOW_MS + HOUR);
  wall.ms = NOW_MS + 1000;
  assert.equal(ledger.tokens.findToken(ending.secret), null, 'its own end was earlier');
  wall.ms = NOW_MS + HOUR - 1;
  for (const { record, secret } of [lasting, made]) assert.equal(ledger.tokens.findToken(secret)?.id, record.id);
  wall.ms = NOW_MS + HOUR;
  assert.equal(ledger.tokens.findToken(lasting.secret), null);
  assert.equal(ledger.tokens.findToken(made.secret)?.id, made.record.id);
  ledger.flush();
  assert.ok(recorded(ledger).some(([action, id, at]) => action === 'expires' && id === ids[0] && at === NOW_MS + HOUR));
  assert.equal(problemOf(ledger), null);
});

test('of tokens that cannot be replaced all together, none is', (t) => {
  const ledger = openAt(t, { ms: NOW_MS });
  const { record } = ledger.tokens.createToken(AGENT);
  const other = ledger.tokens.createToken({ ...AGENT, skill_sha256: 'ab'.repeat(32) }).record;
  const gone = ledger.tokens.createToken(AGENT).record;
  ledger.tokens.revokeToken(gone.id);
  const before = ledger.tokens.listTokens();
  for (const ids of [[], ['tok_0000000000000000'], [record.id, gone.id], [record.id, other.id]])
    assert.throws(() => ledger.tokens.replaceTokens(ids, NOW_MS + HOUR), hasCode('LEDGER_ARGUMENT'));
  assert.throws(() => ledger.tokens.replaceTokens([record.id], NOW_MS + HOUR, NOW_MS), hasCode('LEDGER_ARGUMENT'));
  assert.deepEqual(ledger.tokens.listTokens(), before);
});

test('a token that takes the place of another lives as long at most, with its rights', (t) => {
  const ledger = openAt(t, { ms: NOW_MS });
  const digest = 'ab'.repeat(32);
  const rights = { role: 'agent', name: 'short', agent: 'momentum', skill_sha256: digest } as const;
  const end = NOW_MS + 5 * 60_000;
  const { record } = ledger.tokens.createToken({ ...rights, expires_at_ms: end });
  assert.throws(
    () => ledger.tokens.replaceTokens([record.id], NOW_MS + HOUR, end + 1),
    /live longer than the one that it replaces.*Create a new token/,
  );
  const { role, name, agent, skill_sha256, expires_at_ms, id } = ledger.tokens.replaceTokens(
    [record.id],
    NOW_MS + HOUR,
  ).record;
  assert.deepEqual({ role, name, agent, skill_sha256, expires_at_ms }, { ...rights, expires_at_ms: end });
  assert.equal(ledger.tokens.replaceTokens([id], NOW_MS + HOUR, end - 1).record.expires_at_ms, end - 1);
});

test('no agent has the name of the gate itself', (t) => {
  const { tokens } = openAt(t, { ms: NOW_MS });
  assert.throws(() => tokens.createToken({ ...AGENT, agent: 'gate' }), /is the name of the gate itself/);
  assert.deepEqual(tokens.listTokens(), []);
});

test('no agent is called like an operator, and no operator like an agent, live or not', (t) => {
  const { tokens } = openAt(t, { ms: NOW_MS });
  const { record } = tokens.createToken({ role: 'operator', name: 'alice' });
  tokens.createToken(AGENT);
  assert.equal(tokens.revokeToken(record.id), true);
  assert.throws(
    () => tokens.createToken({ role: 'agent', name: 'hers', agent: 'alice' }),
    /alice is the name of an operator/,
  );
  assert.throws(() => tokens.createToken({ role: 'operator', name: 'momentum' }), /momentum is the name of an agent/);
  // Another token of the same one, and a monitor, which trades nothing.
  for (const token of [
    { role: 'operator', name: 'alice' },
    { ...AGENT, name: 'alice' },
    { role: 'monitor', name: 'alice' },
  ])
    tokens.createToken(token as Parameters<typeof tokens.createToken>[0]);
  assert.equal(tokens.listTokens().length, 5);
});

test('an expiry in the past is refused', (t) => {
  const { tokens } = openAt(t, { ms: NOW_MS });
  for (const expires_at_ms of [NOW_MS, NOW_MS - 1, 0.5, Number.NaN])
    assert.throws(() => tokens.createToken({ ...AGENT, expires_at_ms }), hasCode('LEDGER_ARGUMENT'));
  assert.deepEqual(tokens.listTokens(), []);
});

test('nothing puts an expiry off, and audit verify finds one that was put off past the triggers', (t) => {
  const options = ledgerOptions(makeFolder(t));
  openLedger(options).close();
  const store = openTokenStore(options.path, () => NOW_MS);
  const { record } = store.createToken({ ...AGENT, expires_at_ms: NOW_MS + HOUR });
  store.close();
  openLedger(options).close();
  const db = new Database(options.path);
  t.after(() => db.close());
  const set = (sql: string): void => void db.exec(`UPDATE tokens SET ${sql} WHERE id = '${record.id}'`);
  for (const sql of [
    `expires_at_ms = ${NOW_MS + HOUR + 1}`,
    'expires_at_ms = NULL',
    "role = 'operator'",
    'revoked_at_ms = NULL',
  ])
    assert.throws(() => set(sql), /only be revoked, or expire sooner/, sql);
  db.exec('DROP TRIGGER tokens_only_revoke; DROP TRIGGER tokens_note_expires');
  set('expires_at_ms = NULL');
  const reader = openLedgerReader(options.path);
  t.after(() => reader.close());
  assert.match(problemOf(reader) ?? '', /expires at another time/);
});
