import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { PasskeysBody } from '../../daemon/contract/types/passkeys.ts';
import type { PasskeyAddedEvent } from '../../daemon/engine/records/people-events.ts';
import { CODE_MS, codeFileOf, createCodes, MAX_WRONG, makeCode } from '../../daemon/passkeys/codes.ts';
import { tempFolder } from '../temp-folder.ts';
import { type Options, Seat } from './seat.ts';
import { SoftwareKey } from './software-key.ts';

describe('a passkey is enrolled', () => {
  let seat: Seat;
  before(async () => {
    seat = await Seat.open();
  });
  after(() => seat.world.close());
  let owner: SoftwareKey | null = null;
  const list = async () => (await seat.operator<PasskeysBody>('GET', '/v1/passkeys')).body;
  const refusedWith = async (pattern: RegExp, ...args: Parameters<Seat['enrol']>): Promise<void> => {
    const before = seat.added().length;
    const { status, body } = await seat.enrol(...args);
    assert.ok(status === 403 || status === 400, `${status}`);
    assert.match(body.error?.message ?? '', pattern);
    assert.equal(seat.added().length, before, 'nothing was enrolled');
  };

  it('by an operator token and a one-time code, and by neither of them alone [AN-231]', async () => {
    assert.deepEqual(await list(), { passkeys: [], enrolment: 'first' });
    const code = seat.code('laptop');
    for (const role of ['agent', 'monitor'] as const)
      assert.equal(
        (await seat.call('POST', '/v1/passkeys/enrolment', { code }, seat.world.token(role))).status,
        403,
        role,
      );
    assert.equal((await seat.call('POST', '/v1/passkeys/enrolment', { code }, null)).status, 401);
    await refusedWith(/code is wrong or over/, new SoftwareKey(), '00000-00000');
    const key = new SoftwareKey();
    const { status, body } = await seat.enrol(key, code.toLowerCase());
    assert.equal(status, 200, JSON.stringify(body));
    owner = key;
    const [added] = seat.added();
    assert.deepEqual(
      [added?.name, added?.set_by, added?.confirmed_by, added?.credential_id, added?.origin],
      ['laptop', 'operator', null, key.id, seat.origin],
    );
    assert.deepEqual((await list()).passkeys, [body.passkey]);
    assert.equal(body.passkey?.state, 'in_force');
    assert.ok(seat.alerts().includes('PASSKEY_ADDED') && seat.alerts().includes('PASSKEY_REFUSED'));
    assert.ok(!existsSync(codeFileOf(seat.world.home, 'paper')));
    await refusedWith(/code is wrong or over/, new SoftwareKey(), code, key);
  });

  it('another one needs the signature of one in force, over exactly the new key [AN-227 AN-232]', async () => {
    const key = new SoftwareKey();
    const unknown = new SoftwareKey();
    const code = seat.code('phone');
    const { body } = await seat.enrol(key, code);
    assert.equal(body.passkey, null);
    assert.ok(body.confirm !== null, 'a signature is asked for');
    assert.equal(seat.added().length, 1);
    await refusedWith(/not enrolled, or was removed/, key, code, unknown);
    await refusedWith(/not enrolled, or was removed/, key, code, key);
    assert.equal(seat.asserted().length, 0, 'none of this is a signature on record');
  });

  it('a signature for one key lets no other one in, and is recorded before the key', async () => {
    assert.ok(owner !== null);
    const signer: SoftwareKey = owner;
    const [mine, theirs] = [new SoftwareKey(), new SoftwareKey()];
    const code = seat.code('phone');
    const { body } = await seat.enrol(mine, code);
    const confirmation = signer.sign({ challenge: body.confirm?.options.challenge ?? '', origin: seat.origin });
    const begun = await seat.operator<{ options: Options }>('POST', '/v1/passkeys/enrolment', { code });
    const { challenge } = begun.body.options;
    const swap = await seat.operator('POST', '/v1/passkeys', {
      code,
      credential: theirs.create({ challenge, origin: seat.origin }),
      confirmation,
    });
    assert.equal(swap.status, 403);
    const good = await seat.operator('POST', '/v1/passkeys', {
      code,
      credential: mine.create({ challenge, origin: seat.origin }),
      confirmation,
    });
    assert.equal(good.status, 200, JSON.stringify(good.body));
    const [signed, added] = seat.records().slice(-2);
    assert.deepEqual([signed?.payload.action, added?.payload.action], ['asserted', 'added']);
    assert.equal((added?.payload as PasskeyAddedEvent | undefined)?.credential_id, mine.id);
  });

  it('not on a page of another origin, not without its user, not for another challenge', async () => {
    const code = seat.code('phone');
    const key = new SoftwareKey();
    const port = new URL(seat.origin).port;
    for (const origin of [`http://127.0.0.1:${port}`, 'http://localhost:1', 'https://evil.example'])
      await refusedWith(/origin/, key, code, null, { origin });
    await refusedWith(/RP ID/, key, code, null, { rpId: 'evil.example' });
    await refusedWith(/User verification/, key, code, null, { isVerified: false });
    await refusedWith(/challenge is over/, key, code, null, { challenge: 'AAAA' });
    await refusedWith(/type/, key, code, null, { type: 'webauthn.get' });
    // A challenge of a sign-in is none of an enrolment.
    const { body } = await seat.call<{ options: Options }>('POST', '/v1/console/challenge', undefined, null);
    await refusedWith(/challenge is over/, key, code, null, { challenge: body.options.challenge });
  });

  it('and no authenticator is asked to keep it for pages of other ports, nor named to who only asks to sign in', async () => {
    type Selecting = Options & { readonly authenticatorSelection: { readonly residentKey: string } };
    const code = seat.code('phone');
    const begun = await seat.operator<{ options: Selecting }>('POST', '/v1/passkeys/enrolment', { code });
    assert.equal(begun.body.options.authenticatorSelection.residentKey, 'discouraged');
    const asked = await seat.call<{ options: Options }>('POST', '/v1/console/challenge', undefined, null);
    assert.deepEqual(asked.body.options.allowCredentials, []);
    assert.ok(!JSON.stringify(asked.body).includes(seat.added()[0]?.credential_id ?? ''));
  });

  it('under the name of no agent, and no agent is called like it', async () => {
    seat.world.createAgent('momentum');
    await refusedWith(/momentum is the name of an agent/, new SoftwareKey(), seat.code('momentum'), owner);
    const { name } = seat.added()[0] ?? assert.fail();
    const asked = { role: 'agent', name };
    const { status, body } = await seat.operator<{ error: { message: string } }>('POST', '/v1/tokens', asked);
    assert.deepEqual([status, /is the name of a passkey/.test(body.error.message)], [400, true]);
  });

  it('by no session alone, and by none that a passkey confirms', async () => {
    const { body } = await seat.signInByToken();
    for (const [path, sent] of [
      ['/v1/passkeys/enrolment', { code: seat.code() }],
      ['/v1/passkeys', {}],
    ] as const) {
      const headers = { 'holdfast-passkey': 'AAAA' };
      assert.equal((await seat.call('POST', path, sent, body.session, headers)).status, 403, path);
    }
  });
});

describe('passkeys after one another', () => {
  let seat: Seat;
  before(async () => {
    seat = await Seat.open();
  });
  after(() => seat.world.close());
  const list = async () => (await seat.operator<PasskeysBody>('GET', '/v1/passkeys')).body;
  const remove = (id: string) => seat.operator('POST', `/v1/passkeys/${id}/remove`, { reason: 'lost' });

  it('outlive a restart, are removed at once, and the last one opens no way back but a recovery [AN-226]', async () => {
    const first = await seat.mustEnrol('laptop');
    await seat.mustEnrol('phone', first);
    const before = await list();
    assert.deepEqual(
      before.passkeys.map(({ name, state, confirmed_by }) => [name, state, confirmed_by !== null]),
      [
        ['laptop', 'in_force', false],
        ['phone', 'in_force', true],
      ],
    );
    await seat.world.restart();
    assert.deepEqual(await list(), before);
    assert.equal((await seat.enrol(first, seat.code('again'), first)).status, 400, 'it is enrolled already');
    for (const { id } of before.passkeys) assert.equal((await remove(id)).status, 200);
    assert.equal((await remove(before.passkeys[0]?.id ?? '')).status, 404);
    assert.deepEqual(await list(), { passkeys: [], enrolment: 'recovery' });
    await seat.world.restart();
    const { status, body } = await seat.enrol(new SoftwareKey(), seat.code('back'));
    assert.equal(status, 400);
    assert.match(body.error?.message ?? '', /passkey recover/);
  });

  it('a recovery needs the account halted, and voids every other key', async () => {
    const old = seat.added().length;
    const key = new SoftwareKey();
    const refused = await seat.enrol(key, seat.code('new', true));
    assert.deepEqual([refused.status, seat.added().length], [400, old]);
    assert.match(refused.body.error?.message ?? '', /halt it first/);
    await seat.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'key lost', symbol: 'BTCUSDT' });
    assert.equal((await seat.enrol(key, seat.code('new', true))).status, 400, 'one symbol is not the account');
    await seat.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'key lost' });
    const { status } = await seat.enrol(key, seat.code('new', true));
    assert.equal(status, 200);
    assert.deepEqual(
      (await list()).passkeys.map(({ name }) => name),
      ['new'],
    );
    assert.ok(seat.alerts().includes('PASSKEY_RECOVERED'));
    const again = new SoftwareKey();
    assert.equal((await seat.enrol(again, seat.code('newer', true))).status, 200);
    assert.deepEqual(
      (await list()).passkeys.map(({ name }) => name),
      ['newer'],
    );
    assert.equal((await seat.signIn(key)).status, 401, 'an earlier key is void');
  });
});

describe('on live', () => {
  let seat: Seat;
  before(async () => {
    seat = await Seat.open();
    Object.assign(seat.world.daemon.gate.core.settings, { venue: 'binance-live' });
  });
  after(() => seat.world.close());

  it('a key counts for nothing until loosen_delay_ms are over [AN-225]', async () => {
    const { loosen_delay_ms: delayMs } = seat.world.daemon.gate.core.policySpec;
    const key = new SoftwareKey();
    const { body } = await seat.enrol(key, seat.code('laptop'));
    assert.equal(body.passkey?.state, 'waiting');
    assert.equal((body.passkey?.effective_at_ms ?? 0) - (body.passkey?.added_at_ms ?? 0), delayMs);
    const early = await seat.signIn(key);
    assert.deepEqual([early.status, seat.asserted().length], [401, 0]);
    assert.match(early.body.error?.message ?? '', /not in force yet/);
    const other = await seat.enrol(new SoftwareKey(), seat.code('phone'));
    assert.deepEqual([other.status, seat.added().length], [400, 1], 'it confirms no other key either');
    await seat.world.advance(delayMs - 1_000);
    assert.equal((await seat.signIn(key)).status, 401);
    await seat.world.advance(2_000);
    assert.equal((await seat.signIn(key)).status, 200);
  });
});

describe('a one-time code', () => {
  let nowMs = 1_000_000;
  const open = (t: { after(work: () => void): void }) => {
    const folder = tempFolder(t, 'code');
    const path = join(folder, 'code.json');
    return { path, codes: createCodes(path, () => nowMs) };
  };
  const GRANT = { name: 'laptop', isRecovery: false, origin: null };

  it('is good for ten minutes, once', (t) => {
    const { path, codes } = open(t);
    for (const [afterMs, expected] of [
      [0, GRANT],
      [CODE_MS - 1, GRANT],
      [CODE_MS, null],
      [CODE_MS + 1, null],
    ] as const) {
      const code = makeCode(path, GRANT, nowMs);
      nowMs += afterMs;
      assert.deepEqual(codes.take(code), expected, `after ${afterMs} ms`);
      assert.equal(codes.take(code), null, 'a second time');
    }
    const code = makeCode(path, GRANT, nowMs);
    nowMs -= 1;
    assert.equal(codes.look(code), null, 'a clock set back makes no code last longer');
  });

  it('ends after five wrong ones, and another one takes its place', (t) => {
    const { path, codes } = open(t);
    const code = makeCode(path, GRANT, nowMs);
    for (let i = 1; i < MAX_WRONG; i += 1) assert.equal(codes.look('AAAAA-AAAAA'), null);
    assert.deepEqual(codes.look(code), GRANT);
    assert.equal(codes.look('AAAAA-AAAAA'), null);
    assert.equal(codes.look(code), null, 'the fifth wrong one ended it');
    const earlier = makeCode(path, GRANT, nowMs);
    const later = makeCode(path, { name: 'phone', isRecovery: true, origin: null }, nowMs);
    assert.equal(codes.look(earlier), null);
    assert.deepEqual(codes.look(later), { name: 'phone', isRecovery: true, origin: null });
  });
});
