import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { request } from 'undici';
import type { PasskeysBody } from '../../daemon/contract/types/passkeys.ts';
import { wordCode } from '../../daemon/core/signed/approval.ts';
import type { ApprovalsBody } from '../../daemon/engine/records/approvals.ts';
import type { PasskeyEvent } from '../../daemon/engine/records/people-events.ts';
import { MAX_SESSIONS } from '../../daemon/http/entrance/console-sessions.ts';
import { MAX_STREAMS } from '../../daemon/http/streams/event-stream.ts';
import { sha256Hex } from '../../daemon/ledger/chain/hash-chain.ts';
import { CODE_MS, codeFileOf, MAX_WRONG, makeCode } from '../../daemon/passkeys/codes.ts';
import { auditPasskeys, type PasskeyRecord } from '../../daemon/passkeys/offline.ts';
import { holdfast } from '../cli/run.ts';
import { DaemonWorld } from '../daemon/harness.ts';
import { findFreePort } from '../free-port.ts';
import { Phone, REMOTE_HOST, REMOTE_ORIGIN } from './remote-seat.ts';
import { SoftwareKey } from './software-key.ts';

const LOCAL = { rpId: 'localhost' };
const PATH = '/v1/trading-state';

describe('a passkey of a phone', () => {
  let phone: Phone;
  let laptop: SoftwareKey;
  before(async () => {
    phone = await Phone.open();
  });
  after(() => phone.seat.world.close());
  const list = async () => (await phone.seat.operator<PasskeysBody>('GET', '/v1/passkeys')).body;
  const wordsOf = async (code: string) =>
    (await phone.seat.operator<{ made: { words: string } | null }>('POST', '/v1/passkeys/enrolment', { code })).body;

  it('is never the first: one of the local console has to sign it [TM-85]', async () => {
    const { body, status } = await phone.makeKey(phone.code());
    assert.equal(status, 400);
    assert.match(body.error?.message ?? '', /passkey of the local console has to confirm/);
    laptop = await phone.seat.mustEnrol('laptop');
  });

  it('is made with the code alone, and is enrolled by token, code and a signature at the machine [AN-228 AN-229 AN-230 AN-231 TM-85]', async () => {
    const code = phone.code();
    const early = await phone.enrolAtMachine(code, laptop);
    assert.deepEqual([early.status, /made with this code yet/.test(early.body.error?.message ?? '')], [403, true]);
    const made = await phone.makeKey(code);
    assert.equal(made.status, 200, JSON.stringify(made.body));
    assert.equal((await list()).passkeys.length, 1, 'so far it is none');
    assert.equal((await phone.signIn()).status, 401);
    assert.equal((await wordsOf(code)).made?.words, made.body.words, 'both show the same words');
    const unsigned = await phone.enrolAtMachine(code, null);
    assert.equal(unsigned.body.passkey, null);
    const text = JSON.parse(unsigned.body.confirm?.text ?? '{}');
    assert.equal(wordCode(sha256Hex(unsigned.body.confirm?.text ?? '')), made.body.words, 'of what is signed');
    assert.deepEqual([text.act, text.name, text.origin], ['passkey_add', 'phone', REMOTE_ORIGIN]);
    for (const by of [phone.key, new SoftwareKey()]) assert.equal((await phone.enrolAtMachine(code, by)).status, 403);
    assert.equal((await phone.call('POST', '/v1/passkeys', { code }, null)).status, 405, 'nothing is enrolled there');
    const enrolled = await phone.enrolAtMachine(code, laptop);
    assert.equal(enrolled.status, 200, JSON.stringify(enrolled.body));
    assert.deepEqual(
      (await list()).passkeys.map(({ name, origin }) => [name, origin]),
      [
        ['laptop', phone.seat.origin],
        ['phone', REMOTE_ORIGIN],
      ],
    );
    assert.equal((await phone.makeKey(code)).status, 401, 'a code is good once');
  });

  it('is made once with a code: who comes second is told, and cannot put another one in its place [TM-85]', async () => {
    const code = phone.code('tablet');
    const thief = new SoftwareKey();
    const first = await phone.makeKey(code, thief);
    const second = await phone.makeKey(code, new SoftwareKey());
    assert.equal(second.status, 401);
    assert.match(second.body.error?.message ?? '', /made with this code before/);
    assert.equal((await wordsOf(code)).made?.words, first.body.words, 'of the one that would be enrolled');
  });

  it('is made on no page but that of the remote console, and with no code for the local one', async () => {
    for (const [what, signing] of [
      ['the local page', { origin: phone.seat.origin, ...LOCAL }],
      ['another site', { origin: 'https://evil.example', rpId: 'evil.example' }],
      ['another port', { origin: `${REMOTE_ORIGIN}:8443` }],
      ['another name', { rpId: 'ts.net' }],
    ] as const) {
      assert.equal((await phone.makeKey(phone.code(), new SoftwareKey(), signing)).status, 401, what);
    }
    assert.equal((await phone.makeKey(phone.code('x', null), new SoftwareKey())).status, 401);
    const other = phone.code('x', 'https://other.example');
    assert.equal((await phone.makeKey(other, new SoftwareKey())).status, 401);
  });

  it('cannot be made by guessing: five wrong codes end it [TM-97]', async () => {
    const code = phone.code();
    for (let tries = 0; tries < 5; tries += 1) assert.equal((await guess(phone)).status, 401);
    assert.equal((await guess(phone, code)).status, 401);
  });

  it('counts at its own console alone, and no key of the local one counts there [TM-86 TM-94]', async () => {
    assert.equal((await phone.signIn()).status, 200);
    for (const [what, key, signing] of [
      ['the laptop, as it would sign there', laptop, {}],
      ['the laptop, as it signs here', laptop, { origin: phone.seat.origin, ...LOCAL }],
      ['the phone on a page of the machine', phone.key, { origin: phone.seat.origin, ...LOCAL }],
      ['the phone on another port', phone.key, { origin: `${REMOTE_ORIGIN}:444` }],
      ['the phone without TLS', phone.key, { origin: `http://${REMOTE_HOST}` }],
      ['the phone under another name', phone.key, { rpId: 'example.ts.net' }],
    ] as const)
      assert.equal((await phone.signIn(key, signing)).status, 401, what);
    const signing = { origin: REMOTE_ORIGIN, rpId: REMOTE_HOST };
    for (const changed of [{}, signing])
      assert.equal((await phone.seat.signIn(phone.key, changed)).status, 401, JSON.stringify(changed));
    assert.equal((await phone.seat.signIn(laptop)).status, 200);
    const asked = await phone.call<{ options: { allowCredentials: unknown[]; rpId: string }; text: string }>(
      'POST',
      '/v1/console/challenge',
      undefined,
      null,
    );
    assert.deepEqual([asked.body.options.rpId, asked.body.options.allowCredentials], [REMOTE_HOST, []]);
    assert.equal(JSON.parse(asked.body.text).address, REMOTE_ORIGIN, 'it says where it signs in');
    assert.ok(!asked.body.text.includes(phone.seat.world.home));
  });

  it('opens a session that the other console does not know, and none of the other one is known here [TM-86]', async () => {
    const { body: there } = await phone.signIn();
    const { body: here } = await phone.seat.signIn(laptop);
    assert.equal((await phone.call('GET', '/v1/account', undefined, there.session)).status, 200);
    assert.equal((await phone.call('GET', '/v1/account', undefined, here.session)).status, 401);
    assert.equal((await phone.seat.call('GET', '/v1/account', undefined, there.session)).status, 401);
    const act = { method: 'PUT', path: '/v1/trading-state', body: { state: 'reducing', reason: 'x' } };
    // What one key signed at its console, sent with a session of the other.
    const header = await phone.seat.signAct(here.session, laptop, act);
    assert.equal((await phone.call('PUT', act.path, act.body, there.session, header)).status, 403);
    const token = await phone.seat.signActByToken(here.session, act);
    assert.equal((await phone.call('PUT', act.path, act.body, there.session, token)).status, 403);
  });

  it('ends its sessions when it is removed', async () => {
    const { body } = await phone.signIn();
    const { id } = (await list()).passkeys[1] ?? assert.fail();
    assert.equal((await phone.seat.operator('POST', `/v1/passkeys/${id}/remove`, { reason: 'lost' })).status, 200);
    const deadline = performance.now() + 30_000;
    let { status } = await phone.call('GET', '/v1/account', undefined, body.session);
    while (status !== 401 && performance.now() < deadline)
      ({ status } = await phone.call('GET', '/v1/account', undefined, body.session));
    assert.equal(status, 401);
  });
});

const guess = (phone: Phone, code = '00000-00000') => phone.call('POST', '/v1/console/enrolment', { code }, null);

test('a guess is news while there is a code for the remote console, and not without one', async (t) => {
  const phone = await Phone.open();
  t.after(() => phone.seat.world.close());
  const isNews = async () => {
    // What was recorded before is on the disk with it.
    await phone.seat.operator('PUT', PATH, { state: 'reducing', reason: 'x' });
    return phone.seat.alerts().includes('PASSKEY_REFUSED');
  };
  const file = codeFileOf(phone.seat.world.home, 'paper');
  const over = { name: 'x', isRecovery: false, origin: REMOTE_ORIGIN };
  assert.equal((await guess(phone)).status, 401);
  phone.code('x', null);
  for (let tries = 0; tries < 2 * MAX_WRONG; tries += 1) assert.equal((await guess(phone)).status, 401);
  makeCode(file, over, Date.now() - CODE_MS);
  assert.equal((await guess(phone)).status, 401);
  assert.equal(await isNews(), false);
  phone.code();
  assert.equal((await guess(phone)).status, 401);
  assert.equal(await isNews(), true);
});

test('a port of the remote console that is taken refuses the start, and the message names its setting', async (t) => {
  const port = await findFreePort();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  t.after(() => void other.close());
  const env = { HOLDFAST_CONSOLE_ORIGIN: REMOTE_ORIGIN, HOLDFAST_CONSOLE_PORT: String(port) };
  await assert.rejects(DaemonWorld.start({ real: true, env }), /is in use.*HOLDFAST_CONSOLE_PORT/);
});

describe('a phone', () => {
  let phone: Phone;
  let laptop: SoftwareKey;
  let session: string;
  before(async () => {
    phone = await Phone.open({
      policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
    });
    laptop = await phone.seat.mustEnrol('laptop');
    await phone.mustEnrol(laptop);
    session = (await phone.signIn()).body.session;
  });
  after(() => phone.seat.world.close());
  const stateOf = async () => (await phone.seat.world.tradingState()).state;

  it('looks at everything that its page shows', async () => {
    for (const path of ['account', 'approvals', 'decisions', 'limits', 'orders', 'passkeys', 'policy', 'positions'])
      assert.equal((await phone.call('GET', `/v1/${path}`, undefined, session)).status, 200, path);
    assert.equal((await phone.call('GET', '/readyz', undefined, session)).status, 200);
  });

  it('takes no session and no stream from the console of the machine [TM-95]', async (t) => {
    const { body: here } = await phone.seat.signIn(laptop);
    const { body: oldest } = await phone.signIn();
    for (let more = 0; more < MAX_SESSIONS; more += 1) session = (await phone.signIn()).body.session;
    const look = (bearer: string) => phone.call('GET', '/v1/account', undefined, bearer);
    assert.deepEqual([(await look(oldest.session)).status, (await look(session)).status], [401, 200]);
    assert.equal((await phone.seat.call('GET', '/v1/account', undefined, here.session)).status, 200);
    const follow = async (url: string, bearer: string, host: string): Promise<number> => {
      const headers = { authorization: `Bearer ${bearer}`, host };
      const { body, statusCode } = await request(`${url}/v1/events?view=brief`, { headers });
      t.after(() => void body.destroy());
      body.on('error', () => undefined);
      return statusCode;
    };
    const remote = `http://127.0.0.1:${phone.port}`;
    for (let streams = 0; streams < MAX_STREAMS; streams += 1)
      assert.equal(await follow(remote, session, REMOTE_HOST), 200);
    assert.equal(await follow(remote, session, REMOTE_HOST), 429);
    assert.equal(await follow(phone.seat.origin, here.session, phone.seat.host), 200);
  });

  it('approves an order and denies one, by a signature for each, and by none of its session [TM-90]', async () => {
    const waits = async (symbol: string) => {
      const { body } = await phone.seat.world.place({ symbol, requested_notional: 600 });
      assert.equal(body.execution.state, 'awaiting_approval');
      const { approvals } = (await phone.call<ApprovalsBody>('GET', '/v1/approvals', undefined, session)).body;
      return approvals[0] ?? assert.fail();
    };
    const { approval_id: id, digest } = await waits('BTCUSDT');
    const approve = { method: 'POST', path: `/v1/approvals/${id}`, body: { action: 'approve', digest } };
    assert.equal((await phone.call('POST', approve.path, approve.body, session)).status, 403);
    for (const [what, signing, key] of [
      ['a page of the machine', { origin: phone.seat.origin, ...LOCAL }, phone.key],
      ['the key of the machine', { origin: phone.seat.origin, ...LOCAL }, laptop],
    ] as const)
      assert.equal((await phone.act(session, approve, signing, key)).status, 403, what);
    assert.equal(await phone.seat.world.position('BTCUSDT'), 0);
    assert.equal((await phone.act(session, approve)).status, 200);
    assert.equal(await phone.seat.world.position('BTCUSDT'), 0.009);
    const next = await waits('ETHUSDT');
    const path = `/v1/approvals/${next.approval_id}`;
    const body = { action: 'deny', reason: 'not today' };
    assert.equal((await phone.call('POST', path, body, session)).status, 403, 'a denial needs one, too');
    assert.equal((await phone.act(session, { method: 'POST', path, body })).status, 200);
    assert.equal(await phone.seat.world.position('ETHUSDT'), 0);
  });

  it('reduces and halts by its session, and loosens nothing, not even by a signature [TM-89]', async () => {
    const set = (state: string) => phone.call('PUT', PATH, { state, reason: 'from the phone' }, session);
    assert.deepEqual([(await set('reducing')).status, await stateOf()], [200, 'reducing']);
    assert.deepEqual([(await set('halted')).status, await stateOf()], [200, 'halted']);
    for (const state of ['reducing', 'active']) {
      assert.equal((await set(state)).status, 403, state);
      const signed = await phone.act(session, { method: 'PUT', path: PATH, body: { state, reason: 'x' } });
      assert.equal(signed.status, 403, `${state}, signed`);
    }
    assert.equal(await stateOf(), 'halted');
    const { layers } = await phone.seat.world.tradingState();
    assert.equal(layers.find(({ layer }) => layer === 'operator')?.set_by, 'phone');
  });

  it('does nothing else', async () => {
    for (const [method, path, body] of [
      ['POST', '/v1/flatten', { reason: 'x' }],
      ['POST', '/v1/policy/reload', {}],
      ['POST', '/v1/tokens', { role: 'agent', name: 'mine' }],
      ['POST', '/v1/symbols/BTCUSDT/adopt', { agent: 'agent', reason: 'x' }],
      ['POST', '/v1/alerts/1/ack', { reason: 'x' }],
      ['POST', '/v1/arming', { digest: 'a'.repeat(64) }],
      ['POST', '/v1/passkeys/enrolment', { code: '00000-00000' }],
    ] as const) {
      const { status } = await phone.call(method, path, body, session);
      assert.ok(status === 404 || status === 405, `${path}: ${status}`);
    }
  });

  it('leaves signatures that the ledger alone proves, of both origins [TM-87]', async () => {
    const { world } = phone.seat;
    const { code, out } = await holdfast('audit verify --deep --json', {
      HOLDFAST_HOME: world.home,
      HOLDFAST_HEAD_FILE: join(world.home, 'head'),
    });
    const { passkeys } = JSON.parse(out);
    assert.deepEqual([code, passkeys.keys, passkeys.problem], [0, 2, null], out);
    const records = phone.seat.records() as readonly PasskeyRecord[];
    const problem = async (change: (payload: PasskeyEvent) => object) =>
      (
        await auditPasskeys(
          records.map((each) => ({ ...each, payload: { ...each.payload, ...change(each.payload) } as PasskeyEvent })),
        )
      ).problem?.detail ?? 'nothing';
    assert.equal(await problem(() => ({})), 'nothing');
    const ofPhone = (payload: PasskeyEvent): boolean => payload.action === 'added' && payload.name === 'phone';
    const said = async (origin: string) => problem((each) => (ofPhone(each) ? { origin } : {}));
    assert.match(await said(phone.seat.origin), /does not confirm/, 'the signer saw where it counts');
    assert.match(await said('https://other.example'), /does not confirm/);
    assert.match(await problem((each) => (ofPhone(each) ? { confirmed_by: null } : {})), /no local passkey confirmed/);
    const moved = (each: PasskeyEvent) =>
      each.action === 'added' && each.name === 'laptop' ? { origin: REMOTE_ORIGIN, confirmed_by: null } : {};
    assert.match(await problem(moved), /no local passkey confirmed/);
  });

  it('has to sign in anew after a restart, and nothing that it signed before is taken [TM-93]', async () => {
    const asked = await phone.call<{ nonce: string; options: { challenge: string } }>(
      'POST',
      '/v1/console/challenge',
      undefined,
      null,
    );
    const { nonce, options } = asked.body;
    const assertion = phone.key.sign({ ...phone.signing, challenge: options.challenge });
    await phone.seat.world.restart();
    assert.equal((await phone.call('GET', '/v1/account', undefined, session)).status, 401);
    assert.equal((await phone.call('POST', '/v1/console/passkey', { nonce, assertion }, null)).status, 401);
    assert.equal((await phone.signIn()).status, 200);
  });
});
