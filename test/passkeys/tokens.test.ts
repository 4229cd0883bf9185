import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TokenBody, TokenCreatedBody, TokensBody } from '../../daemon/contract/types/tokens.ts';
import type { VenueName } from '../../daemon/core/venues.ts';
import type { TokenActEvent } from '../../daemon/engine/records/people-events.ts';
import { holdfast } from '../cli/run.ts';
import { order, until } from '../daemon/harness.ts';
import { type Answer, Seat } from './seat.ts';
import type { SoftwareKey } from './software-key.ts';

const DAY_MS = 86_400_000;

describe('an operator creates and revokes tokens over HTTP', () => {
  let seat: Seat;
  before(async () => {
    seat = await Seat.open();
  });
  after(() => seat.world.close());
  const secrets: string[] = [];
  const create = async (body: object, bearer = seat.world.token('operator')): Promise<Answer<TokenCreatedBody>> => {
    const answer = await seat.call<TokenCreatedBody>('POST', '/v1/tokens', body, bearer);
    if (answer.status === 200) secrets.push(answer.body.secret);
    return answer;
  };
  const revoke = (id: string, reason = 'it leaked', bearer = seat.world.token('operator')) =>
    seat.call<TokenBody>('POST', `/v1/tokens/${id}/revoke`, { reason }, bearer);
  const list = async () => (await seat.operator<TokensBody>('GET', '/v1/tokens')).body.tokens;
  const acts = (): readonly TokenActEvent[] =>
    [...seat.world.daemon.ledger.iterateEvents({ kind: 'token_act' })].map(({ payload }) => payload as TokenActEvent);
  const alertsOf = (code: string): readonly string[] =>
    [...seat.world.daemon.ledger.iterateEvents({ kind: 'alert' })]
      .map(({ payload }) => payload as { code: string; detail: string })
      .filter((alert) => alert.code === code)
      .map(({ detail }) => detail);

  it('for an agent: it trades under its name, for thirty days, and the record says who made it by what [AN-241 AN-243 TM-32]', async () => {
    const nowMs = Date.now();
    const { status, body } = await create({ role: 'agent', name: 'momentum' });
    assert.equal(status, 200, JSON.stringify(body));
    const { token, secret } = body;
    assert.match(secret, /^hf_[\w-]{43}$/);
    assert.deepEqual(
      [token.role, token.name, token.agent, token.skill_sha256, token.is_live, token.is_own],
      ['agent', 'momentum', 'momentum', null, true, false],
    );
    const lifeMs = (token.expires_at_ms ?? 0) - nowMs;
    assert.ok(lifeMs > 30 * DAY_MS - 1_000 && lifeMs < 30 * DAY_MS + 60_000, `${lifeMs}`);
    const placed = await seat.call<{ decision: { agent: string; decision: string } }>(
      'POST',
      '/v1/tools/place_order',
      order(),
      secret,
    );
    assert.deepEqual([placed.status, placed.body.decision.agent], [200, 'momentum']);
    assert.deepEqual(acts().at(-1), {
      action: 'create',
      by: 'operator_token',
      passkey_id: null,
      reason: null,
      set_by: 'operator',
      token_id: token.id,
    });
    assert.match(alertsOf('TOKEN_CREATED').at(-1) ?? '', new RegExp(`${token.id} \\(agent momentum\\) by an operator`));
  });

  it('for a monitor, for as long as it is said; the list has both, the newest first and no secret [AN-221 AN-222 AN-242]', async () => {
    const { body } = await create({ role: 'monitor', name: 'screen', ttl_ms: 3_600_000 });
    assert.equal(body.token.agent, null);
    const signal = { kind: 'anomaly', scope: { agent: 'momentum' }, severity: 0.5, ttl_ms: 60_000 };
    assert.equal((await seat.call('POST', '/v1/signals', signal, body.secret)).status, 200);
    const tokens = await list();
    assert.deepEqual(
      tokens.find(({ id }) => id === body.token.id),
      body.token,
    );
    const made = tokens.map((each) => each.created_at_ms);
    assert.deepEqual(
      made,
      made.toSorted((a, b) => b - a),
      'the newest first',
    );
    assert.deepEqual(
      tokens.filter((each) => each.is_own).map((each) => each.name),
      ['operator'],
      'whoever asks knows its own',
    );
    for (const secret of secrets) assert.ok(!JSON.stringify(tokens).includes(secret));
  });

  it('none that could do more, for ever, or under the name of the gate [AN-240 TM-30]', async () => {
    const before = (await list()).length;
    for (const bad of [
      { role: 'operator', name: 'boss' },
      { role: 'agent', name: 'a', skill_sha256: 'a'.repeat(64) },
      { role: 'agent', name: 'a', agent: 'b' },
      { role: 'agent', name: 'a', expires_at_ms: null },
      { role: 'agent', name: 'a', ttl_ms: 90 * DAY_MS + 1 },
      { role: 'agent', name: 'a', ttl_ms: 59_999 },
      { role: 'agent', name: 'two words' },
      { role: 'agent', name: '' },
      { role: 'agent', name: 'a'.repeat(65) },
      { role: 'agent', name: 'gate' },
      { role: 'monitor', name: 'gate' },
      { role: 'agent' },
      { name: 'a' },
    ]) {
      const { status, body } = await create(bad);
      assert.deepEqual([status, body.error?.code], [400, 'INVALID_INPUT'], JSON.stringify(bad));
    }
    for (const role of ['agent', 'monitor'] as const) {
      const { status } = await create({ role: 'agent', name: 'mine' }, seat.world.token(role));
      assert.equal(status, 403, role);
      const known = (await list()).find((each) => each.role === role);
      assert.equal((await revoke(known?.id ?? '', 'mine', seat.world.token(role))).status, 403, role);
      assert.equal((await seat.call('GET', '/v1/tokens', undefined, seat.world.token(role))).status, 403, role);
    }
    assert.equal((await list()).length, before, 'nothing was made');
    assert.equal((await create({ role: 'agent', name: 'longest', ttl_ms: 90 * DAY_MS })).status, 200);
  });

  it('one that is revoked is refused at once, with its streams and its sessions [TM-32 TM-81]', async () => {
    const { secret, record } = seat.world.daemon.ledger.tokens.createToken({ role: 'operator', name: 'lobby' });
    const { session } = (await seat.signInByToken(secret)).body;
    const stream = await fetch(`${seat.origin}/v1/events?view=brief`, {
      headers: { authorization: `Bearer ${session}` },
    });
    assert.equal(stream.status, 200);
    const ended = stream.text();
    assert.equal((await seat.call('GET', '/v1/positions', undefined, session)).status, 200);
    const revoked = await revoke(record.id, 'taken down');
    assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
    assert.deepEqual([revoked.body.is_live, typeof revoked.body.revoked_at_ms], [false, 'number']);
    assert.equal((await seat.call('GET', '/v1/agents', undefined, secret)).status, 401, 'in the next request');
    assert.equal((await seat.call('GET', '/v1/positions', undefined, session)).status, 401);
    await until('something happens', async () => (await seat.operator('GET', '/v1/account')).status === 200);
    await seat.world.place({ symbol: 'ETHUSDT' });
    await ended;
    assert.deepEqual(acts().at(-1), {
      action: 'revoke',
      by: 'operator_token',
      passkey_id: null,
      reason: 'taken down',
      set_by: 'operator',
      token_id: record.id,
    });
    assert.match(alertsOf('TOKEN_REVOKED').at(-1) ?? '', /revoked token tok_\w+ \(operator lobby\)/);
    const again = await revoke(record.id);
    assert.deepEqual([again.status, again.body.error?.code], [404, 'NOT_FOUND'], 'once');
    assert.equal((await revoke(`tok_${'0'.repeat(16)}`)).status, 404);
    const listed = (await list()).map(({ is_live: isLive }) => isLive);
    assert.equal(listed.at(-1), false, 'those that have ended come last');
    assert.equal(listed.lastIndexOf(true) + 1, listed.indexOf(false));
  });

  it('not without end: so many are live at once [AN-222]', async () => {
    const live = (await list()).filter((each) => each.is_live).length;
    const { tokens } = seat.world.daemon.ledger;
    for (let count = live; count < 256; count += 1) tokens.createToken({ role: 'monitor', name: 'crowd' });
    const { status, body } = await create({ role: 'agent', name: 'late' });
    assert.equal(status, 400);
    assert.match(body.error?.message ?? '', /256 tokens are live/);
    const last = (await list()).find(({ name }) => name === 'crowd');
    assert.equal((await revoke(last?.id ?? '')).status, 200);
    assert.equal((await create({ role: 'agent', name: 'late' })).status, 200);
    for (const { id } of (await list()).filter(({ name }) => name === 'crowd')) tokens.revokeToken(id);
    for (let count = 0; count < 256; count += 1)
      tokens.revokeToken(tokens.createToken({ role: 'monitor', name: 'gone' }).record.id);
    const listed = await list();
    assert.ok(tokens.listTokens().length > 500 && listed.length === 500, `${listed.length}`);
    const ended = listed.findIndex((each) => !each.is_live);
    assert.ok(ended > 0 && listed.slice(ended).every((each) => !each.is_live), 'live ones first');
  });

  it('an operator may revoke the token that it shows [AN-220 AN-221]', async () => {
    const own = seat.world.daemon.ledger.tokens.createToken({ role: 'operator', name: 'second' });
    const { body, status } = await revoke(own.record.id, 'done for today', own.secret);
    assert.deepEqual([status, body.is_live, body.is_own], [200, false, true]);
    assert.equal((await seat.call('GET', '/v1/tokens', undefined, own.secret)).status, 401);
    assert.equal(acts().at(-1)?.set_by, 'second');
  });

  it('the secret is in its answer alone, which nobody keeps, as that of a session; the record is whole [AN-223 TM-77 TM-79]', async () => {
    const response = await fetch(`${seat.origin}/v1/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${seat.world.token('operator')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'monitor', name: 'kept' }),
    });
    assert.deepEqual([response.status, response.headers.get('cache-control')], [200, 'no-store']);
    secrets.push(((await response.json()) as TokenCreatedBody).secret);
    assert.ok(secrets.length >= 5);
    const { session } = (await seat.signInByToken()).body;
    const [, ofSession = ''] = session.split('.');
    assert.ok(ofSession.length > 20, session);
    const { daemon, home } = seat.world;
    const recorded = [...daemon.ledger.iterateEvents()].map((event) => JSON.stringify(event)).join('\n');
    daemon.ledger.flush();
    const files = readdirSync(join(home, 'paper'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1'));
    assert.ok(files.length > 1);
    for (const secret of [...secrets.map((each) => each.slice(3)), ofSession])
      for (const text of [recorded, ...files]) assert.ok(!text.includes(secret));
    const { code, out } = await holdfast('audit verify --deep --json', { HOLDFAST_HOME: home });
    assert.equal(code, 0, out);
  });
});

for (const venue of ['binance-demo', 'binance-live'] as const satisfies readonly VenueName[])
  describe(`on ${venue} a passkey signs the creation of a token`, () => {
    let seat: Seat;
    let key: SoftwareKey;
    let session = '';
    before(async () => {
      seat = await Seat.open();
      key = await seat.mustEnrol('laptop');
      session = (await seat.signIn(key)).body.session;
      Object.assign(seat.world.daemon.gate.core.settings, { venue });
    });
    after(() => seat.world.close());
    const asked = { method: 'POST', path: '/v1/tokens', body: { role: 'agent', name: 'momentum' } };
    const count = () => seat.world.daemon.ledger.tokens.listTokens().length;

    it('no operator token does it, and no session alone [TM-31]', async () => {
      const before = count();
      const byToken = await seat.operator('POST', asked.path, asked.body);
      assert.deepEqual([byToken.status, byToken.body.error?.code], [403, 'FORBIDDEN']);
      assert.match(byToken.body.error?.message ?? '', /a passkey has to sign.*token create/);
      assert.equal((await seat.call(asked.method, asked.path, asked.body, session)).status, 403);
      assert.equal(count(), before);
      assert.ok(!seat.alerts().includes('TOKEN_CREATED'));
    });

    it('a signature is good for this very call, once', async () => {
      const before = count();
      const signed = await seat.signAct(session, key, asked);
      const another = { ...asked.body, name: 'carry' };
      assert.equal((await seat.call(asked.method, asked.path, another, session, signed)).status, 403);
      const { status, body } = await seat.call<TokenCreatedBody>(
        asked.method,
        asked.path,
        asked.body,
        session,
        await seat.signAct(session, key, asked),
      );
      assert.equal(status, 200, JSON.stringify(body));
      const again = await seat.signAct(session, key, asked);
      assert.equal((await seat.call(asked.method, asked.path, asked.body, session, again)).status, 200);
      assert.equal((await seat.call(asked.method, asked.path, asked.body, session, again)).status, 403, 'used');
      assert.equal(count(), before + 2);
      const [act] = [...seat.world.daemon.ledger.iterateEvents({ kind: 'token_act' })];
      const [laptop] = seat.added();
      assert.deepEqual(act?.payload, {
        action: 'create',
        by: 'passkey',
        passkey_id: laptop?.id,
        reason: null,
        set_by: 'laptop',
        token_id: body.token.id,
      });
    });

    it('a passkey that was removed since it signed makes none', async () => {
      const before = count();
      const actor = { agent: 'phone', tokenId: 'tok_0', passkeyId: `pk_${'0'.repeat(20)}` };
      const made = seat.world.daemon.gate.tokens.createToken(actor, { role: 'agent', name: 'carry', ttlMs: DAY_MS });
      await assert.rejects(made, { code: 'FORBIDDEN', message: /was removed/ });
      assert.equal(count(), before);
    });

    it('to revoke one a token is enough: it only tightens', async () => {
      const made = seat.world.daemon.ledger.tokens.createToken({ role: 'operator', name: 'stolen' });
      const { status } = await seat.operator('POST', `/v1/tokens/${made.record.id}/revoke`, { reason: 'stolen' });
      assert.equal(status, 200);
      assert.equal(seat.world.daemon.ledger.tokens.findToken(made.secret), null);
    });
  });
