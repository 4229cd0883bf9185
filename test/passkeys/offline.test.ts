import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type {
  PasskeyAddedEvent,
  PasskeyAssertedEvent,
  PasskeyEvent,
} from '../../daemon/engine/records/people-events.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { auditPasskeys, type PasskeyRecord, verifyApprovalRecord } from '../../daemon/passkeys/offline.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { holdfast } from '../cli/run.ts';
import { Seat } from './seat.ts';
import { SoftwareKey } from './software-key.ts';

describe('what passkeys signed is proven without a daemon', () => {
  let seat: Seat;
  let records: readonly PasskeyRecord[];
  let added: PasskeyAddedEvent;
  let signed: PasskeyAssertedEvent;
  const ledgerPath = () => join(seat.world.home, 'paper', 'ledger.db');
  const verify = async () => {
    const { code, out } = await holdfast('audit verify --deep --json', {
      HOLDFAST_HOME: seat.world.home,
      HOLDFAST_HEAD_FILE: join(seat.world.home, 'head'),
    });
    return { code, result: JSON.parse(out) };
  };

  before(async () => {
    seat = await Seat.open();
    const first = await seat.mustEnrol('laptop', null, new SoftwareKey({ counts: true }));
    const second = await seat.mustEnrol('phone', first);
    const { body } = await seat.signIn(second);
    const act = { method: 'PUT', path: '/v1/trading-state', body: { state: 'reducing', reason: 'hot' } };
    const header = await seat.signAct(body.session, second, act);
    assert.equal((await seat.call(act.method, act.path, act.body, body.session, header)).status, 200);
    await seat.world.daemon.close();
    const reader = openLedger({
      path: ledgerPath(),
      venue: 'paper',
      account: 'main',
      now: Date.now,
      time: SYSTEM_TIME,
    });
    records = [...reader.iterateEvents({ kind: 'passkey' })] as unknown as PasskeyRecord[];
    reader.close();
    added = records[0]?.payload as PasskeyAddedEvent;
    signed = records[1]?.payload as PasskeyAssertedEvent;
  });
  after(() => seat.world.close());

  it('audit verify proves every signature, and reports none that is not there', async () => {
    const { code, result } = await verify();
    assert.deepEqual([code, result.ok, result.passkeys], [0, true, { keys: 2, signatures: 3, problem: null }]);
  });

  it('one record and the record of its key are enough, and a changed one is no proof [AP-24]', async () => {
    assert.equal(await verifyApprovalRecord(signed, added), null);
    const digest = Buffer.from(signed.challenge, 'base64url').toString('hex');
    assert.equal(await verifyApprovalRecord(signed, added, digest), null);
    const other = createHash('sha256').update('larger').digest('hex');
    const second = records[2]?.payload as PasskeyAddedEvent;
    const origin = (text: string): string => {
      const data = JSON.parse(Buffer.from(signed.client_data_json, 'base64url').toString('utf8'));
      return Buffer.from(JSON.stringify({ ...data, origin: text })).toString('base64url');
    };
    for (const [what, record, key, pattern] of [
      ['another approval', signed, added, /something else/],
      ['another key', signed, second, /another key/],
      ['another public key', signed, { ...added, public_key: second.public_key }, /signature/],
      ['another credential', signed, { ...added, credential_id: second.credential_id }, /credential/],
      ['another text', { ...signed, text: '{}' }, added, /its text/],
      ['another page', { ...signed, client_data_json: origin('https://evil.example') }, added, /evil/],
      ['another port', { ...signed, client_data_json: origin('http://localhost:9') }, added, /signature/],
      ['another counter', { ...signed, counter: signed.counter + 1 }, added, /counter/],
      ['another signature', { ...signed, signature: `A${signed.signature.slice(1)}` }, added, /./],
    ] as const)
      assert.match(
        (await verifyApprovalRecord(record, key, what === 'another approval' ? other : null)) ?? 'it is good',
        pattern,
        what,
      );
  });

  it('over all records: no key without a signature, none before its time, no signature twice', async () => {
    const change = (index: number, more: object): PasskeyRecord[] =>
      records.map((record, at) =>
        at === index ? { ...record, payload: { ...record.payload, ...more } as PasskeyEvent } : record,
      );
    const problem = async (changed: readonly PasskeyRecord[]) =>
      (await auditPasskeys(changed)).problem?.detail ?? 'nothing';
    assert.equal(await problem(records), 'nothing');
    assert.match(await problem(change(2, { confirmed_by: null })), /no earlier passkey confirmed/);
    assert.match(await problem(change(2, { name: 'other' })), /does not confirm/);
    assert.match(await problem(records.filter((_, at) => at !== 1)), /does not confirm/);
    assert.match(await problem(records.slice(1)), /not enrolled/);
    assert.match(await problem([...records, records.at(-1) as PasskeyRecord]), /taken before/);
    const later = (records[0]?.at_ms ?? 0) + 3_600_000;
    assert.match(await problem(change(0, { effective_at_ms: later })), /not in force/);
    // An hour passed right after the key, by whatever the venue's clock said.
    const [first, ...others] = change(0, { effective_at_ms: later });
    const passed = others.map((record) => ({ ...record, t_ms: record.at_ms + 3_600_000 }));
    assert.equal(await problem([first as PasskeyRecord, ...passed]), 'nothing');
    const removal = { action: 'removed', id: added.id, reason: 'x', set_by: 'operator' } as const;
    const [one, two, ...rest] = records as [PasskeyRecord, PasskeyRecord, ...PasskeyRecord[]];
    assert.match(await problem([one, { ...one, payload: removal }, two, ...rest]), /removed/);
    const unconfirmed = change(2, { confirmed_by: null })[2] as PasskeyRecord;
    assert.match(await problem([one, { ...one, payload: removal }, unconfirmed]), /no earlier passkey confirmed/);
  });

  it('audit verify ends with 5 when a ledger has a signature that is none', async () => {
    const ledger = openLedger({
      path: ledgerPath(),
      venue: 'paper',
      account: 'main',
      now: Date.now,
      time: SYSTEM_TIME,
    });
    const forged = { ...signed, challenge: createHash('sha256').update('x').digest('base64url'), text: null };
    ledger.appendSync([{ kind: 'passkey', at_ms: records.at(-1)?.at_ms ?? 0, payload: forged }]);
    ledger.close();
    const { code, result } = await verify();
    assert.deepEqual([code, result.ok, result.problem], [5, false, 'passkey'], JSON.stringify(result));
  });
});
