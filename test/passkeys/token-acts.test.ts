import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TokenCreatedBody } from '../../daemon/contract/types/tokens.ts';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import type { TokenActEvent } from '../../daemon/engine/records/people-events.ts';
import { keyIdOf, keyOf, maskToken } from '../../daemon/proof/proof.ts';
import { until } from '../daemon/harness.ts';
import { tokenHeader } from '../http/console-page.ts';
import { type Enrolled, type Options, Seat } from './seat.ts';
import { SoftwareKey } from './software-key.ts';

describe('an act that the operator token confirms without being sent', () => {
  let seat: Seat;
  let session: string;
  before(async () => {
    seat = await Seat.open();
    session = (await seat.signInByToken()).body.session;
  });
  after(() => seat.world.close());
  const HALT = { method: 'PUT', path: '/v1/trading-state', body: { state: 'halted', reason: 'by token' } } as const;
  const RESUME = { ...HALT, body: { state: 'active', reason: 'all clear' } } as const;
  const state = async () => (await seat.world.tradingState()).state;
  const send = (
    act: { method: string; path: string; body?: unknown },
    signed: Readonly<Record<string, string>>,
    bearer = session,
  ) => seat.call<object>(act.method, act.path, act.body, bearer, signed);
  const refused = async (pattern: RegExp, answer: ReturnType<typeof send>): Promise<void> => {
    const { status, body } = await answer;
    assert.deepEqual([status, body.error?.code], [403, 'FORBIDDEN']);
    assert.match(body.error?.message ?? '', pattern);
  };

  it('is done, by the name of the token', async () => {
    assert.equal((await send(HALT, await seat.signActByToken(session, HALT))).status, 200);
    const [layer] = (await seat.world.tradingState()).layers;
    assert.deepEqual([layer?.state, layer?.set_by, layer?.reason], ['halted', 'operator', 'by token']);
    assert.equal((await send(RESUME, await seat.signActByToken(session, RESUME))).status, 200);
    assert.equal(await state(), 'active');
  });

  it('nothing else is done than was signed, in no other session, at no other daemon, and only once', async () => {
    const { nonce, text } = await seat.askAct(session, HALT);
    const signed = tokenHeader(seat.world.token('operator'), nonce, text);
    for (const other of [
      { ...HALT, body: { state: 'reducing', reason: 'by token' } },
      { ...HALT, body: { ...HALT.body, symbol: 'BTCUSDT' } },
      { method: 'POST', path: '/v1/flatten', body: { reason: 'by token' } },
      { method: 'POST', path: '/v1/account/rebase', body: undefined },
    ])
      await refused(/has not signed this act/, send(other, signed));
    const other = (await seat.signInByToken()).body.session;
    await refused(/of another session/, send(HALT, signed, other));
    for (const target of [
      { address: 'http://127.0.0.1:1' },
      { venue: 'binance-live' },
      { account: 'x' },
      { home: '/' },
    ]) {
      const elsewhere = canonicalJson({ ...JSON.parse(text), ...target });
      await refused(/has not signed this act/, send(HALT, tokenHeader(seat.world.token('operator'), nonce, elsewhere)));
    }
    assert.equal(await state(), 'active');
    assert.equal((await send(HALT, signed)).status, 200);
    await send(RESUME, await seat.signActByToken(session, RESUME));
    await refused(/was used/, send(HALT, signed));
    assert.equal(await state(), 'active');
  });

  it('by no other token than a live one of an operator, and by none without its session', async () => {
    const by = (token: string) => seat.signActByToken(session, HALT, token);
    for (const role of ['agent', 'monitor'] as const)
      await refused(new RegExp(`role ${role} may not`), send(HALT, await by(seat.world.token(role))));
    await refused(/unknown or revoked/, send(HALT, await by('hf_nobody')));
    const own = seat.world.daemon.ledger.tokens.createToken({ role: 'operator', name: 'second' });
    const signed = await by(own.secret);
    assert.equal((await seat.operator('POST', `/v1/tokens/${own.record.id}/revoke`, { reason: 'lost' })).status, 200);
    await refused(/unknown or revoked/, send(HALT, signed));
    const good = await seat.signActByToken(session, HALT);
    assert.equal((await seat.call(HALT.method, HALT.path, HALT.body, null, good)).status, 401);
    await refused(/can only look/, send(HALT, { ...good, 'holdfast-passkey': 'AAAA' }));
    for (const bad of ['', 'x', Buffer.from('{}').toString('base64url'), 'A'.repeat(9_000)])
      assert.ok([400, 403, 431].includes((await send(HALT, { 'holdfast-token': bad })).status), bad.slice(0, 10));
    assert.equal(await state(), 'active');
  });

  it('not by whoever knows the sha256 of a token, as the ledger holds it [TM-67]', async () => {
    const key = keyOf(seat.world.token('operator'));
    const { nonce, text } = await seat.askAct(session, HALT);
    const held = (secret: string) => {
      const shown = { nonce, key_id: keyIdOf(key), masked: maskToken(secret, { act: text }) };
      return { 'holdfast-token': Buffer.from(JSON.stringify(shown)).toString('base64url') };
    };
    for (const secret of [key.toString('hex'), key.toString('base64url'), `hf_${key.toString('base64url')}`])
      await refused(/has not signed this act/, send(HALT, held(secret)));
    assert.equal(await state(), 'active');
    assert.equal((await send(HALT, held(seat.world.token('operator')))).status, 200, 'the token does');
    await send(RESUME, await seat.signActByToken(session, RESUME));
  });

  it('takes no tool of agents', async () => {
    const close = { method: 'POST', path: '/v1/tools/close_position', body: { symbol: 'BTCUSDT' } };
    await refused(/can only look/, send(close, await seat.signActByToken(session, close)));
  });

  it('creates a token, as one that was sent does', async () => {
    const create = { method: 'POST', path: '/v1/tokens', body: { role: 'agent', name: 'momentum' } };
    const { status, body } = await seat.call<TokenCreatedBody>(
      create.method,
      create.path,
      create.body,
      session,
      await seat.signActByToken(session, create),
    );
    assert.equal(status, 200, JSON.stringify(body));
    const opened = seat.signInByToken(body.secret);
    assert.equal((await opened).status, 403, 'the daemon knows it at once, and opens no console for an agent');
    const acts = [...seat.world.daemon.ledger.iterateEvents({ kind: 'token_act' })];
    const made = acts.at(-1)?.payload as TokenActEvent | undefined;
    assert.deepEqual([made?.by, made?.passkey_id, made?.set_by], ['operator_token', null, 'operator']);
  });

  it('enrols a passkey, which no passkey does', async () => {
    const code = seat.code('laptop');
    const key = new SoftwareKey();
    const enrol = async <T>(path: string, body: unknown): Promise<T> => {
      const asked = { method: 'POST', path, body };
      const answer = await seat.call<T>('POST', path, body, session, await seat.signActByToken(session, asked));
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body;
    };
    const { options } = await enrol<{ options: Options }>('/v1/passkeys/enrolment', { code });
    const credential = key.create({ challenge: options.challenge, origin: seat.origin });
    const { passkey } = await enrol<Enrolled>('/v1/passkeys', { code, credential });
    assert.equal(passkey?.name, 'laptop');
    const again = { method: 'POST', path: '/v1/passkeys/enrolment', body: { code: seat.code('phone') } };
    await refused(/can only look/, send(again, await seat.signAct(session, key, again)));
  });

  it('a restart leaves nothing of it: no session, and no signature', async () => {
    const signed = await seat.signActByToken(session, HALT);
    assert.equal((await seat.call('GET', '/v1/account', undefined, session)).status, 200);
    // Of an earlier daemon, whose sessions outlived it.
    const oldKey = join(seat.world.home, 'paper', 'console.key');
    writeFileSync(oldKey, 'x');
    await seat.world.restart();
    assert.ok(!existsSync(oldKey));
    await until('it answers', async () => (await seat.operator('GET', '/v1/account')).status === 200);
    assert.equal((await seat.call('GET', '/v1/account', undefined, session)).status, 401);
    assert.equal((await send(HALT, signed)).status, 401);
    const next = (await seat.signInByToken()).body.session;
    await refused(/has not signed|is over/, send(HALT, signed, next));
  });
});
