import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import { createConsoleSessions, SESSION_MS } from '../../daemon/http/console-sessions.ts';
import { withOtherDigit } from '../other-digit.ts';
import { PATIENCE_MS, until } from '../until.ts';
import { byHand, CLOSED_WITHIN_MS, type Cleanups, SECRETS, startServer, type TestServer } from './http-kit.ts';

const KEY = Buffer.alloc(32, 7);
const start = (t: Cleanups) => startServer(t, {}, KEY);

async function openSession(server: TestServer, role: 'operator' | 'monitor' = 'operator'): Promise<string> {
  const { status, json } = await server.call('POST', '/v1/console/session', { role });
  assert.equal(status, 200);
  assert.equal(json.role, role);
  return json.session;
}
const looking = (session: string) => ({ role: null, headers: { authorization: `Bearer ${session}` } });

test('a session looks at everything and does nothing', async (t) => {
  const server = await start(t);
  for (const role of ['operator', 'monitor'] as const) {
    const session = await openSession(server, role);
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
      assert.equal(status, 200, `${role}: ${path}`);
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
      ['POST', '/v1/console/session', undefined],
      ['POST', '/mcp', {}],
    ] as const) {
      const { status, json } = await server.call(method, path, { ...looking(session), body });
      assert.deepEqual([status, json.error.code], [403, 'FORBIDDEN'], `${role}: ${method} ${path}`);
    }
    assert.equal(server.gate.calls.length, before, 'nothing reached the gate');
  }
  const { status } = await server.call('POST', '/v1/console/session', { role: 'agent' });
  assert.equal(status, 403);
});

test('a session ends with its token, and no other text is one', async (t) => {
  const server = await start(t);
  const session = await openSession(server);
  const [body = '', mac = ''] = [
    session.slice(0, session.lastIndexOf('.')),
    session.slice(session.lastIndexOf('.') + 1),
  ];
  const signedBy = (key: Buffer, text: string) =>
    `hfs_${text}.${createHmac('sha256', key).update(`holdfast console session\n${text}`).digest('base64url')}`;
  const later = (Date.now() + SESSION_MS + 60_000).toString(36);
  for (const forged of [
    `${body}.${withOtherDigit(mac, 0)}`,
    session.replace('tok_operator', 'tok_monitor'),
    signedBy(Buffer.alloc(32), body.slice(4)),
    signedBy(KEY, `tok_operator.${(Date.now() - 1).toString(36)}`),
    signedBy(KEY, `tok_operator.${later}`),
    signedBy(KEY, `tok_agent.${(Date.now() + 60_000).toString(36)}`),
    'hfs_',
    'hfs_..',
  ]) {
    const { status } = await server.call('GET', '/v1/account', looking(forged));
    assert.equal(status, 401, forged);
  }
  assert.equal((await server.call('GET', '/v1/account', looking(session))).status, 200);
  server.tokens.delete(SECRETS.operator);
  server.http.forgetTokens();
  assert.equal((await server.call('GET', '/v1/account', looking(session))).status, 401);
});

test('a session lasts eight hours, also across a restart', () => {
  let now = 1_000;
  const source = { key: () => KEY, findToken: () => ({ role: 'monitor' as const, agent: 'screen' }) };
  const caller = { role: 'monitor' as const, agent: 'screen', tokenId: 'tok_1', skillSha256: null };
  const { session, expires_at_ms } = createConsoleSessions(source, () => now).open(caller);
  assert.equal(expires_at_ms, 1_000 + 8 * 3_600_000);
  const restarted = createConsoleSessions(source, () => now);
  now = expires_at_ms - 1;
  assert.deepEqual(restarted.find(session), { role: 'operator', agent: 'screen', tokenId: 'tok_1', skillSha256: null });
  now = expires_at_ms;
  assert.equal(restarted.find(session), null);
});

test('page and files are served with a strict policy, on both loopback addresses', async (t) => {
  const server = await start(t);
  assert.equal(server.http.consoleAddress, `http://localhost:${server.port}/`);
  for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/assets/console.js', 'text/javascript'],
      ['/assets/console.css', 'text/css'],
      ['/assets/icon.svg', 'image/svg+xml'],
      ['/assets/licences.txt', 'text/plain'],
    ]) {
      const { statusCode, headers, body } = await request(`http://${host}:${server.port}${path}`);
      const text = await body.text();
      assert.equal(statusCode, 200, `${host}${path}`);
      assert.ok(String(headers['content-type']).startsWith(type ?? ''), path);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cache-control'], 'no-store');
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
      assert.ok(!/https?:\/\/(?!www\.tradingview\.com|www\.w3\.org)/.test(path === '/' ? text : ''));
    }
    const { statusCode } = await request(`http://${host}:${server.port}/v1/account`, {
      headers: { authorization: `Bearer ${SECRETS.operator}` },
    });
    assert.equal(statusCode, 200, `the API on ${host}`);
  }
  for (const path of ['/assets/', '/assets/nothing', '/assets/..%2fconsole-routes.ts', '/assets/constructor'])
    assert.equal((await server.call('GET', path)).status, 404, path);
});

test('under a name that may lead through a proxy there is no console', async (t) => {
  const server = await startServer(t, { allowedHosts: ['holdfast.lan'] }, KEY);
  const headers = { host: 'holdfast.lan' };
  assert.equal((await server.call('GET', '/v1/account', { headers })).status, 200);
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/assets/console.js'],
    ['POST', '/v1/console/session'],
  ] as const)
    assert.equal((await server.call(method, path, { role: 'operator', headers })).status, 404, path);
});

test('a listener beyond loopback serves no console', async (t) => {
  const server = await startServer(t, { listen: { host: '0.0.0.0', port: 0 } }, KEY);
  assert.equal(server.http.consoleAddress, null);
  assert.equal((await server.call('GET', '/', { role: 'operator' })).status, 404);
});

test('a server that closes gives both addresses back at once', async (t) => {
  // The time of the grace is never over here.
  const server = await startServer(t, {}, KEY, { after: byHand().after });
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
