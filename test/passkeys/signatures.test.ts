import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Assertion } from '../../daemon/contract/passkeys.ts';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { createPasskeys, type Passkeys } from '../../daemon/passkeys/ceremonies.ts';
import { CHALLENGE_MS, createChallenges } from '../../daemon/passkeys/challenges.ts';
import { createMadeKeys } from '../../daemon/passkeys/made-keys.ts';
import { challengeOf } from '../../daemon/passkeys/texts.ts';
import { until } from '../daemon/harness.ts';
import { Seat, type Signable } from './seat.ts';
import { SoftwareKey } from './software-key.ts';

describe('a sign-in by passkey', () => {
  let seat: Seat;
  let key: SoftwareKey;
  before(async () => {
    seat = await Seat.open();
    key = await seat.mustEnrol('laptop');
  });
  after(() => seat.world.close());
  const refused = async (
    pattern: RegExp,
    answer: Promise<{ status: number; body: { error?: { message: string } } }>,
  ) => {
    const before = seat.asserted().length;
    const { status, body } = await answer;
    assert.equal(status, 401, JSON.stringify(body));
    assert.match(body.error?.message ?? '', pattern);
    assert.equal(seat.asserted().length, before, 'nothing was recorded');
  };

  it('opens a session that looks, and is recorded', async () => {
    const { status, body } = await seat.signIn(key);
    assert.deepEqual([status, body.name], [200, 'laptop']);
    assert.equal((await seat.call('GET', '/v1/account', undefined, body.session)).status, 200);
    assert.equal((await seat.call('GET', '/v1/passkeys', undefined, body.session)).status, 200);
    for (const [method, path, sent] of [
      ['PUT', '/v1/trading-state', { state: 'active', reason: 'x' }],
      ['POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' }],
    ] as const)
      assert.equal((await seat.call(method, path, sent, body.session)).status, 403, path);
    const [signed] = seat.asserted();
    assert.deepEqual([signed?.purpose, signed?.name], ['sign_in', 'laptop']);
    const { act, nonce, ...target } = JSON.parse(signed?.text ?? '');
    assert.equal(act, 'sign_in', 'it says what it was for, and where');
    assert.deepEqual(target, { account: 'main', address: seat.world.daemon.address, venue: 'paper' });
  });

  it('is refused for what is not its key, its page, its user or its moment', async () => {
    await refused(/not enrolled/, seat.signIn(new SoftwareKey()));
    await refused(/origin/, seat.signIn(key, { origin: 'http://localhost:1' }));
    await refused(/origin/, seat.signIn(key, { origin: seat.origin.replace('localhost', '127.0.0.1') }));
    await refused(/another origin/, seat.signIn(key, { crossOrigin: true }));
    await refused(/RP ID/, seat.signIn(key, { rpId: 'evil.example' }));
    await refused(/User verification/, seat.signIn(key, { isVerified: false }));
    await refused(/type/, seat.signIn(key, { type: 'webauthn.create' }));
    await refused(/challenge/, seat.signIn(key, { challenge: 'A'.repeat(43) }));
    const { nonce, options } = (await seat.call<Signable>('POST', '/v1/console/challenge', undefined, null)).body;
    const good = key.sign({ challenge: options.challenge, origin: seat.origin });
    await refused(/challenge is over/, seat.showAssertion('A'.repeat(51), good));
    const flip = (text: string): string => {
      const bytes = Buffer.from(text, 'base64url');
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      return bytes.toString('base64url');
    };
    const { response } = good;
    const changed = (more: object): Assertion => ({ ...good, response: { ...response, ...more } });
    await refused(/signature/, seat.showAssertion(nonce, changed({ signature: flip(response.signature) })));
    await refused(/./, seat.showAssertion(nonce, changed({ authenticatorData: flip(response.authenticatorData) })));
    assert.equal((await seat.showAssertion(nonce, good)).status, 200, 'unchanged it is good');
    await refused(/taken before/, seat.showAssertion(nonce, good));
    await seat.world.restart();
    const signed = seat.asserted().at(-1);
    assert.ok(signed !== undefined);
    const { id, purpose, challenge, text, signature, counter } = signed;
    const record = { id, purpose, challenge, text, signature, counter };
    const same = { ...record, authenticatorData: signed.authenticator_data, clientDataJson: signed.client_data_json };
    await assert.rejects(seat.world.daemon.gate.passkeys.recordAssertion(same), /taken before/);
  });

  it('ends with its passkey, as its sessions do [TM-81]', async () => {
    const second = await seat.mustEnrol('phone', key);
    const { body } = await seat.signIn(second);
    const id = seat.added().at(-1)?.id ?? '';
    assert.equal((await seat.operator('POST', `/v1/passkeys/${id}/remove`, { reason: 'stolen' })).status, 200);
    await refused(/removed/, seat.signIn(second));
    // What a connection proved is believed for a quarter of a second.
    const look = () => seat.call('GET', '/v1/account', undefined, body.session);
    await until('the session is over', async () => (await look()).status === 401);
    assert.equal((await seat.signIn(key)).status, 200);
  });

  it('an authenticator that counts has to count on', async () => {
    const counting = await seat.mustEnrol('yubikey', key, new SoftwareKey({ counts: true }));
    assert.equal((await seat.signIn(counting)).status, 200);
    const at = counting.counter;
    for (const counter of [at, at - 1, 0]) await refused(/counter|counts/, seat.signIn(counting, { counter }));
    assert.equal((await seat.signIn(counting, { counter: at + 1 })).status, 200);
  });
});

describe('an act confirmed by passkey', () => {
  let seat: Seat;
  let key: SoftwareKey;
  let session: string;
  before(async () => {
    seat = await Seat.open();
    key = await seat.mustEnrol('laptop');
    session = (await seat.signIn(key)).body.session;
  });
  after(() => seat.world.close());
  const HALT = { method: 'PUT', path: '/v1/trading-state', body: { state: 'halted', reason: 'by key' } } as const;
  const RESUME = { ...HALT, body: { state: 'active', reason: 'all clear' } } as const;
  const state = async () => (await seat.world.tradingState()).state;
  const send = (act: { method: string; path: string; body?: unknown }, signed: Readonly<Record<string, string>>) =>
    seat.call<object>(act.method, act.path, act.body, session, signed);

  it('is done, by the name of the key, and what was signed is on record [AN-224]', async () => {
    const { status } = await send(HALT, await seat.signAct(session, key, HALT));
    assert.equal(status, 200);
    const [layer] = (await seat.world.tradingState()).layers;
    assert.deepEqual([layer?.state, layer?.set_by, layer?.reason], ['halted', 'laptop', 'by key']);
    const signed = seat.asserted().at(-1);
    assert.deepEqual(JSON.parse(signed?.text ?? '').body, HALT.body);
    assert.equal(
      createHash('sha256')
        .update(signed?.text ?? '')
        .digest('base64url'),
      signed?.challenge,
    );
    assert.equal((await send(RESUME, await seat.signAct(session, key, RESUME))).status, 200);
    assert.equal(await state(), 'active');
  });

  it('one that is too long is for the token alone [AN-233]', async () => {
    const reason = (length: number) => ({ ...RESUME, body: { state: 'active', reason: 'x'.repeat(length) } });
    assert.notEqual((await seat.askAct(session, reason(1_000))).options, null);
    assert.equal((await seat.askAct(session, reason(9_000))).options, null);
  });

  it('nothing else is done than was signed, and only once', async () => {
    const foreign = (await seat.signIn(key)).body.session;
    const before = seat.asserted().length;
    const signed = await seat.signAct(session, key, HALT);
    for (const other of [
      { ...HALT, body: { state: 'reducing', reason: 'by key' } },
      { ...HALT, body: { state: 'halted', reason: 'by key', symbol: 'BTCUSDT' } },
      { method: 'POST', path: '/v1/flatten', body: { reason: 'by key' } },
      { method: 'POST', path: '/v1/account/rebase', body: undefined },
    ])
      assert.equal((await send(other, signed)).status, 403, JSON.stringify(other));
    const inForeign = await seat.call(HALT.method, HALT.path, HALT.body, foreign, signed);
    assert.equal(inForeign.status, 403, 'another session of the same passkey');
    for (const bad of ['', 'x', Buffer.from('{}').toString('base64url'), 'A'.repeat(9_000)])
      assert.ok([400, 403, 431].includes((await send(HALT, { 'holdfast-passkey': bad })).status), bad.slice(0, 10));
    assert.deepEqual([await state(), seat.asserted().length], ['active', before]);
    assert.equal((await send(HALT, signed)).status, 200);
    await send(RESUME, await seat.signAct(session, key, RESUME));
    const again = await send(HALT, signed);
    assert.equal(again.status, 403);
    assert.match(again.body.error?.message ?? '', /taken before/);
    assert.equal(await state(), 'active');
    assert.ok(seat.alerts().includes('PASSKEY_REFUSED'));
  });

  it('names the daemon that it is for: what another one would be told by it is not signed', async () => {
    const { nonce, text, options } = await seat.askAct(session, HALT);
    const reported = JSON.parse(text);
    const { address } = seat.world.daemon;
    const target = { account: 'main', address, home: seat.world.home, venue: 'paper' };
    assert.deepEqual(reported, { ...HALT, ...target, nonce });
    assert.equal(options.challenge, challengeOf(text));
    for (const other of [
      { address: 'http://127.0.0.1:1' },
      { venue: 'binance-live' },
      { account: 'other' },
      { home: '/' },
    ]) {
      const challenge = challengeOf(canonicalJson({ ...reported, ...other }));
      const assertion = key.sign({ challenge, origin: seat.origin });
      const header = Buffer.from(JSON.stringify({ nonce, assertion })).toString('base64url');
      assert.equal((await send(HALT, { 'holdfast-passkey': header })).status, 403, JSON.stringify(other));
    }
    assert.equal(await state(), 'active');
  });

  it('no tool of agents is called with one, and an agent cannot ask', async () => {
    const close = { method: 'POST', path: '/v1/tools/close_position', body: { symbol: 'BTCUSDT' } };
    assert.equal((await send(close, await seat.signAct(session, key, close))).status, 403);
    for (const role of ['agent', 'operator'] as const) {
      const asked = seat.call('POST', '/v1/passkeys/challenge', HALT, seat.world.token(role));
      assert.equal((await asked).status, 403, role);
    }
  });
});

describe('an approval signed by passkey', () => {
  let seat: Seat;
  let key: SoftwareKey;
  let passkeys: Passkeys;
  before(async () => {
    seat = await Seat.open();
    key = await seat.mustEnrol('laptop');
    passkeys = createPasskeys({
      gate: seat.world.daemon.gate.passkeys,
      codes: { look: () => null, isFor: () => false, take: () => null },
      made: createMadeKeys(),
      origin: () => seat.origin,
      hostMs: Date.now,
      target: () => ({ venue: 'paper', account: 'main', home: seat.world.home, address: seat.world.daemon.address }),
    });
  });
  after(() => seat.world.close());
  const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
  const TEXT = '{"agent":"momentum","lots":100,"symbol":"BTCUSDT"}';
  const signed = (text: string, changed: object = {}): Assertion =>
    key.sign({ challenge: String(passkeys.startApproval(digestOf(text)).challenge), origin: seat.origin, ...changed });

  it('proves who approved exactly this, and is taken once', async () => {
    const assertion = signed(TEXT);
    const larger = TEXT.replace('100', '1000');
    await assert.rejects(passkeys.verifyApproval(digestOf(larger), assertion), /challenge/);
    const { keyId, name, seq } = await passkeys.verifyApproval(digestOf(TEXT), assertion);
    const record = seat.records().find((each) => each.seq === seq)?.payload;
    assert.deepEqual(
      [name, keyId, record?.action === 'asserted' && record.purpose],
      ['laptop', seat.added()[0]?.id, 'approval'],
    );
    await assert.rejects(passkeys.verifyApproval(digestOf(TEXT), assertion), /taken before/);
    // Two requests with one signature at the same time: one of them.
    const both = signed('{"lots":2}');
    const outcomes = await Promise.allSettled([1, 2].map(() => passkeys.verifyApproval(digestOf('{"lots":2}'), both)));
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  it('is refused, and raises an alert, where a sign-in is refused too', async () => {
    const before = seat.asserted().length;
    for (const [changed, pattern] of [
      [{ origin: 'http://localhost:1' }, /origin/],
      [{ isVerified: false }, /User verification/],
      [{ rpId: 'evil.example' }, /RP ID/],
    ] as const)
      await assert.rejects(passkeys.verifyApproval(digestOf(TEXT), signed(TEXT, changed)), pattern);
    assert.equal(seat.asserted().length, before);
    assert.ok(seat.alerts().includes('PASSKEY_REFUSED'));
  });
});

describe('a challenge', () => {
  let nowMs = 5_000_000;
  const challenges = createChallenges(() => nowMs);

  it('is good for a minute, for its purpose and whom it was given, and in its process', () => {
    const challenge = challenges.issue('act', 'tok_1');
    assert.ok(challenges.isGood(challenge, 'act', 'tok_1'));
    assert.ok(!challenges.isGood(challenge, 'sign_in', 'tok_1'));
    assert.ok(!challenges.isGood(challenge, 'act', 'tok_2'));
    const others = createChallenges(() => nowMs);
    assert.ok(!others.isGood(challenge, 'act', 'tok_1'));
    nowMs += CHALLENGE_MS - 1;
    assert.ok(challenges.isGood(challenge, 'act', 'tok_1'));
    nowMs += 1;
    assert.ok(!challenges.isGood(challenge, 'act', 'tok_1'));
  });

  it('is used up once, where that is asked for', () => {
    const challenge = challenges.issue('session', 'key');
    assert.ok(!challenges.take(challenge, 'session', 'other'));
    assert.ok(challenges.take(challenge, 'session', 'key'));
    assert.ok(!challenges.take(challenge, 'session', 'key'));
    const late = challenges.issue('session', 'key');
    nowMs += CHALLENGE_MS;
    assert.ok(!challenges.take(late, 'session', 'key'));
  });

  it('has one text: no other spelling passes for another one', () => {
    const challenge = challenges.issue('act', 'tok_1');
    for (const other of [`${challenge}=`, ` ${challenge}`, `${challenge}A`, challenge.slice(1), '', '_'.repeat(51)])
      assert.ok(!challenges.isGood(other, 'act', 'tok_1'), other);
  });
});
