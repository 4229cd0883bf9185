import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import {
  createConsoleSessions,
  MAX_SESSIONS,
  type OpenedSession,
} from '../../daemon/http/entrance/console-sessions.ts';
import { createNonce, keyOf, maskToken, proofOf } from '../../daemon/proof/proof.ts';
import { withOtherDigit } from '../other-digit.ts';
import type { Cleanups } from '../temp-folder.ts';
import { PATIENCE_MS, until } from '../until.ts';
import { signChallenge } from './console-page.ts';
import { listRoutes } from './every-route.ts';
import { byHand, CLOSED_WITHIN_MS, SECRETS, startServer, TARGET, type TestServer } from './http-kit.ts';

const start = (t: Cleanups) => startServer(t, {}, true);
const signed = (server: TestServer, token: string, host = server.host) =>
  signChallenge(
    async (path, body) => {
      const { status, json } = await server.call('POST', path, { role: null, body, headers: { host } });
      return { status, body: json };
    },
    token,
    host,
  );
const show = (server: TestServer, body: object, headers: Readonly<Record<string, string>> = {}) =>
  server.call('POST', '/v1/console/session', { role: null, body, headers });

async function openSession(server: TestServer): Promise<OpenedSession> {
  const { status, json } = await show(server, await signed(server, SECRETS.operator));
  assert.equal(status, 200);
  assert.equal(json.name, 'operator');
  return json;
}
const looking = (session: string) => ({ role: null, headers: { authorization: `Bearer ${session}` } });

test('a session looks at everything, halts and reduces, and does nothing else [AN-161 TM-81]', async (t) => {
  const server = await start(t);
  const { session } = await openSession(server);
  const paths = [
    'account',
    'account/history',
    'alerts',
    'decisions',
    'limits',
    'market',
    'orders',
    'policy',
    'positions',
  ];
  for (const path of [...paths, 'signals', 'trading-state']) {
    const { status } = await server.call('GET', `/v1/${path}`, looking(session));
    assert.equal(status, 200, path);
  }
  const check = { ...looking(session), body: { text: 'version: 1' } };
  assert.equal((await server.call('POST', '/v1/policy/check', check)).status, 200);
  const before = server.gate.calls.length;
  for (const [method, path, body] of [
    ['PUT', '/v1/trading-state', { state: 'active', reason: 'x' }],
    ['POST', '/v1/flatten', { reason: 'x' }],
    ['POST', '/v1/policy/reload', { hash: 'a'.repeat(64) }],
    ['POST', '/v1/account/rebase', {}],
    ['POST', '/v1/alerts/9/ack', { reason: 'x' }],
    ['POST', '/v1/signals/sig_1/end', { reason: 'x' }],
    ['POST', '/v1/orders/hf1/end', { reason: 'x' }],
    ['POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' }],
    ['POST', '/v1/tools/get_account', {}],
    ['POST', '/v1/dry-run/close_position', { symbol: 'BTCUSDT' }],
    ['POST', '/v1/intercept', { tool: 'x', args: {} }],
    ['POST', '/v1/signals', {}],
    ['POST', '/mcp', {}],
  ] as const) {
    const { status, json } = await server.call(method, path, { ...looking(session), body });
    assert.deepEqual([status, json.error.code], [403, 'FORBIDDEN'], `${method} ${path}`);
  }
  assert.equal(server.gate.calls.length, before, 'nothing reached the gate');
  for (const state of ['reducing', 'halted']) {
    const sent = { ...looking(session), body: { state, reason: 'x' } };
    assert.equal((await server.call('PUT', '/v1/trading-state', sent)).status, 200, state);
  }
  const done = server.gate.calls.slice(before).map(({ method }) => method);
  assert.deepEqual(done, ['tightenTradingState', 'tightenTradingState']);
});

test('of every route that does something a session alone has the one that halts and reduces [TM-82]', async (t) => {
  const server = await start(t);
  const { session } = await openSession(server);
  const acts = (await listRoutes()).filter((route) => !/^(GET|HEAD|OPTIONS) /.test(route));
  assert.ok(acts.length > 30, `${acts.length} routes`);
  const before = server.gate.calls.length;
  const passed: string[] = [];
  for (const route of acts) {
    const [method = '', pattern = ''] = route.split(' ');
    const path = pattern.replaceAll(/:\w+/g, 'x1');
    const { status, json } = await server.call(method, path, { ...looking(session), body: {} });
    if (status !== 403 || json.error.code !== 'FORBIDDEN') passed.push(route);
  }
  assert.deepEqual(passed.sort(), [
    // What a page signs in by, or asks to sign.
    'POST /v1/console/challenge',
    'POST /v1/console/passkey',
    'POST /v1/console/session',
    'POST /v1/passkeys/challenge',
    // Questions.
    'POST /v1/policy/check',
    'POST /v1/policy/preview',
    'POST /v1/proof',
    'PUT /v1/trading-state',
  ]);
  assert.equal(server.gate.calls.length, before, 'nothing reached the gate');
});

test('a token opens a session under a mask of a challenge, once, for the address that was dialled [TM-69]', async (t) => {
  const server = await start(t);
  const refused = async (body: object, why: string, headers = {}) => {
    const { status, json } = await show(server, body, headers);
    assert.deepEqual([status, json.error.code], [401, 'UNAUTHENTICATED'], why);
  };
  const good = await signed(server, SECRETS.operator);
  await refused({ ...good, masked: withOtherDigit(good.masked, 0) }, 'another token below it');
  assert.ok(!Buffer.from(good.masked, 'base64url').includes(SECRETS.operator.slice(0, 4)), 'nobody else reads it');
  await refused({ ...good, challenge: withOtherDigit(good.challenge, 0) }, 'another challenge');
  await refused(good, 'another address', { host: `localhost:${server.port}` });
  await refused({ ...good, key_id: (await signed(server, SECRETS.monitor)).key_id }, 'another token');
  assert.equal((await show(server, good)).status, 200);
  await refused(good, 'once');
  const other = await start(t);
  await refused(await signed(other, SECRETS.operator), 'the challenge of another process');
  const bearer = await server.call('POST', '/v1/console/session', { role: 'operator' });
  assert.equal(bearer.status, 400, 'a bearer alone opens none');
});

test('the sha256 of a token, which the ledger holds, opens no session [TM-67]', async (t) => {
  const server = await start(t);
  const key = keyOf(SECRETS.operator);
  const { challenge, key_id: id, masked } = await signed(server, SECRETS.operator);
  // The mask itself: of the token, what whoever knows the hash can take off.
  const mask = Buffer.from(masked, 'base64url').map((byte, at) => byte ^ (SECRETS.operator.charCodeAt(at) ?? 0));
  for (const guess of [key, Buffer.from(key.toString('hex')), Buffer.alloc(0), Buffer.alloc(mask.length)]) {
    const tried = Buffer.from(mask.map((byte, at) => byte ^ (guess[at] ?? 0))).toString('base64url');
    const { status } = await show(server, { key_id: id, challenge, masked: tried });
    assert.equal(status, 401, guess.toString('hex'));
  }
  const { status } = await server.call('GET', '/v1/account', looking(key.toString('hex')));
  assert.equal(status, 401, 'nor is it a token');
});

test('the console is for operators', async (t) => {
  const server = await start(t);
  for (const role of ['agent', 'monitor'] as const) {
    const { status, json } = await show(server, await signed(server, SECRETS[role]));
    assert.deepEqual([status, json.error.code], [403, 'FORBIDDEN']);
    assert.match(json.error.message, new RegExp(`console is for operators; a token of role ${role}`));
  }
});

test('a session ends with its token, and no other text is one', async (t) => {
  const server = await start(t);
  const { session } = await openSession(server);
  const { session: other } = await openSession(server);
  const [id = '', secret = ''] = session.split('.');
  for (const forged of [
    `${id}.${withOtherDigit(secret, 0)}`,
    `${id}.${other.split('.')[1]}`,
    id,
    `${id}.`,
    'hfs_',
    'hfs_.',
  ]) {
    const { status } = await server.call('GET', '/v1/account', looking(forged));
    assert.equal(status, 401, forged);
  }
  assert.equal((await server.call('GET', '/v1/account', looking(session))).status, 200);
  server.tokens.delete(SECRETS.operator);
  server.http.forgetTokens();
  assert.equal((await server.call('GET', '/v1/account', looking(session))).status, 401);
});

test('the daemon proves itself to an open page by the key of its session, as long as it lasts [AN-162 AN-163]', async (t) => {
  const server = await start(t);
  const { key, key_id: keyId } = await openSession(server);
  const nonce = createNonce();
  const prove = () => server.call('POST', '/v1/proof', { role: null, body: { key_id: keyId, nonce } });
  const { json } = await prove();
  assert.equal(json.proof, proofOf(Buffer.from(key, 'base64url'), nonce, server.host, json.claims));
  const { challenge, ...claims } = JSON.parse(json.claims);
  assert.deepEqual(claims, { role: 'operator', ...TARGET, address: `http://${server.host}` });
  const masked = maskToken(key, { challenge, dialled: server.host });
  assert.equal((await show(server, { key_id: keyId, challenge, masked })).status, 401, 'it opens no other one');
  server.tokens.delete(SECRETS.operator);
  server.http.forgetTokens();
  assert.equal((await prove()).status, 401);
});

test('sessions last eight hours, and are few: one too many ends the oldest [TM-70 TM-77 TM-81]', () => {
  let now = 1_000;
  const source = { findToken: () => ({ role: 'operator' as const, agent: 'desk' }) };
  const sessions = createConsoleSessions(source, () => now);
  const open = () => sessions.open({ tokenId: 'tok_1' });
  const { session, expires_at_ms, key_id: id } = open();
  assert.equal(expires_at_ms, 1_000 + 8 * 3_600_000);
  now = expires_at_ms - 1;
  const caller = { role: 'operator', agent: 'desk', tokenId: 'tok_1', skillSha256: null };
  assert.deepEqual(sessions.find(session), { id, caller });
  assert.equal(createConsoleSessions(source, () => now).find(session), null, 'another process knows none of them');
  now = expires_at_ms;
  assert.deepEqual([sessions.find(session), sessions.findKey(id)], [null, null]);
  const [first, second] = [open(), open()];
  for (let opened = 2; opened <= MAX_SESSIONS; opened += 1) open();
  assert.deepEqual([sessions.find(first.session), sessions.find(second.session)?.id], [null, second.key_id]);
});

/** The assets that the page names, in its order. */
async function assetsOf(server: TestServer): Promise<readonly string[]> {
  const { text } = await server.call('GET', '/', { role: null });
  return [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
}

test('page and files are served with a strict policy, on both loopback addresses [TM-36 TM-71]', async (t) => {
  const server = await start(t);
  assert.equal(server.http.consoleAddress, `http://localhost:${server.port}/`);
  const [icon = '', sheet = '', script = ''] = await assetsOf(server);
  for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
    for (const [path, type] of [
      ['/', 'text/html'],
      [script, 'text/javascript'],
      [sheet, 'text/css'],
      [icon, 'image/svg+xml'],
      ['/assets/licences.txt', 'text/plain'],
    ] as const) {
      const { statusCode, headers, body } = await request(`http://${host}:${server.port}${path}`);
      const text = await body.text();
      assert.equal(statusCode, 200, `${host}${path}`);
      assert.ok(String(headers['content-type']).startsWith(type), path);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['clear-site-data'], path === '/' ? '"cache", "storage"' : undefined, path);
      assert.equal(headers['set-cookie'], undefined);
      const policy = String(headers['content-security-policy']);
      for (const directive of [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'none'",
      ])
        assert.ok(policy.includes(directive), directive);
      assert.ok(policy.includes("require-trusted-types-for 'script'") && !policy.includes('unsafe'));
      assert.ok(!/https?:\/\/(?!www\.w3\.org)/.test(path === '/' ? text : ''));
    }
    const { statusCode } = await request(`http://${host}:${server.port}/v1/account`, {
      headers: { authorization: `Bearer ${SECRETS.operator}` },
    });
    assert.equal(statusCode, 200, `the API on ${host}`);
  }
  for (const path of ['/assets/', '/assets/nothing', '/assets/..%2fconsole-routes.ts', '/assets/constructor'])
    assert.equal((await server.call('GET', path)).status, 404, path);
});

test('an asset has a name of its content, the page names the hash of its script and sheet, and no old name is served', async (t) => {
  const server = await start(t);
  const { text } = await server.call('GET', '/', { role: null });
  const named = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"([^>]*)>/g)];
  assert.deepEqual(
    named.map(([, path = '']) => path.replace(/\.[0-9a-f]{8,}\./, '.HASH.')),
    ['/assets/icon.HASH.svg', '/assets/console.HASH.css', '/assets/console.HASH.js'],
  );
  for (const [, path = '', attributes = ''] of named) {
    const asset = await server.call('GET', path, { role: null });
    const hash = createHash('sha384').update(asset.text).digest('base64');
    if (!path.endsWith('.svg')) assert.ok(attributes.includes(`integrity="sha384-${hash}"`), path);
  }
  for (const path of ['/assets/console.js', '/assets/console.css', '/assets/icon.svg', '/assets/index.html'])
    assert.equal((await server.call('GET', path, { role: null })).status, 404, path);
});

test('whoever asks for the script of a worker gets one that ends itself, on every path [TM-71]', async (t) => {
  const server = await start(t);
  const headers = { 'service-worker': 'script' };
  for (const path of ['/', '/assets/console.js', '/nothing/here.js', '/v1/account', '/docs/worker.js']) {
    const answer = await server.call('GET', path, { role: null, headers });
    assert.equal(answer.status, 200, path);
    assert.match(String(answer.headers['content-type']), /^text\/javascript/);
    assert.equal(answer.headers['service-worker-allowed'], '/', 'the one it replaces may lie anywhere');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.match(String(answer.headers['clear-site-data']), /"cache"/);
    assert.match(answer.text, /registration\.unregister\(\)/);
  }
  const foreign = await server.call('GET', '/', { role: null, headers: { ...headers, host: 'evil.example' } });
  assert.equal(foreign.json.error.code, 'HOST_NOT_ALLOWED');
});

test('under a name that may lead through a proxy there is no console', async (t) => {
  const server = await startServer(t, { allowedHosts: ['holdfast.lan'] }, true);
  const headers = { host: 'holdfast.lan' };
  assert.equal((await server.call('GET', '/v1/account', { headers })).status, 200);
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/assets/licences.txt'],
  ] as const)
    assert.equal((await server.call(method, path, { role: 'operator', headers })).status, 404, path);
  assert.equal((await show(server, await signed(server, SECRETS.operator, headers.host), headers)).status, 404);
});

test('a listener beyond loopback serves no console', async (t) => {
  const server = await startServer(t, { listen: { host: '0.0.0.0', port: 0 } }, true);
  assert.equal(server.http.consoleAddress, null);
  assert.equal((await server.call('GET', '/', { role: 'operator' })).status, 404);
});

test('a server that closes gives both addresses back at once', async (t) => {
  // The time of the grace is never over here.
  const server = await startServer(t, {}, true, { after: byHand().after });
  // A connection that is kept alive on the second address.
  const dispatcher = new Agent({ keepAliveTimeout: PATIENCE_MS, keepAliveMaxTimeout: PATIENCE_MS });
  t.after(() => dispatcher.destroy());
  const { body } = await request(`http://[::1]:${server.port}/`, { dispatcher });
  await body.text();
  let isClosed = false;
  void server.http.close().then(() => (isClosed = true));
  await until('it is closed, and no connection was waited for', () => isClosed, CLOSED_WITHIN_MS);
  const again = createServer();
  await new Promise<void>((resolve, reject) => {
    again.once('error', reject);
    again.listen({ host: '::1', port: server.port, ipv6Only: true }, resolve);
  });
  await new Promise((resolve) => again.close(resolve));
});
