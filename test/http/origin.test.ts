import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import { tempFolder } from '../temp-folder.ts';
import { PLACE_ORDER, SECRETS, sendRaw, startServer, type TestServer } from './http-kit.ts';

const isWhole = (got: string) => got.includes('\r\n\r\n') && got.trimEnd().endsWith('}');

/** One request of raw header lines; gives back status and error code. */
async function ask(
  server: TestServer,
  lines: readonly string[],
  target = '/v1/account',
  version = '1.1',
): Promise<string> {
  const head = [`GET ${target} HTTP/${version}`, ...lines, `Authorization: Bearer ${SECRETS.agent}`];
  const got = await sendRaw(server.port, `${head.join('\r\n')}\r\n\r\n`, isWhole);
  const status = /^HTTP\/1\.1 (\d+)/.exec(got)?.[1] ?? 'none';
  const code = /"code":"([A-Z_]+)"/.exec(got)?.[1];
  return code === undefined ? status : `${status} ${code}`;
}

test('BY-25: only Host headers that name this daemon are answered [TM-33]', async (t) => {
  const server = await startServer(t, { allowedHosts: ['Holdfast.internal:7433'] });
  const { port } = server;
  for (const host of [
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    `LOCALHOST:${port}`,
    `[::1]:${port}`,
    'holdfast.internal:7433',
  ]) {
    assert.equal(await ask(server, [`Host: ${host}`]), '200', host);
  }
  const bad = [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1',
    'localhost',
    `localhost.evil.example:${port}`,
    `127.0.0.1:${port + 1}`,
    `127.0.0.1:${port}@evil.example`,
    `0.0.0.0:${port}`,
    '',
  ];
  for (const host of bad) assert.equal(await ask(server, [`Host: ${host}`]), '400 HOST_NOT_ALLOWED', host);
  assert.equal(await ask(server, []), '400 HOST_NOT_ALLOWED');
});

test('BY-25: a second Host, Authorization or Origin is refused', async (t) => {
  const server = await startServer(t);
  const good = `Host: ${server.host}`;
  assert.equal(await ask(server, [good, 'Host: evil.example']), '400 HOST_NOT_ALLOWED');
  assert.equal(await ask(server, ['Host: evil.example', good]), '400 HOST_NOT_ALLOWED');
  assert.equal(await ask(server, [good, good]), '400 HOST_NOT_ALLOWED');
  assert.equal(await ask(server, [good, `Authorization: Bearer ${SECRETS.operator}`]), '401 UNAUTHENTICATED');
  const origin = `Origin: http://${server.host}`;
  assert.equal(await ask(server, [good, origin, origin]), '403 ORIGIN_NOT_ALLOWED');
});

test('BY-25: HTTP/1.0 and targets with a host of their own are refused', async (t) => {
  const server = await startServer(t);
  assert.equal(await ask(server, [`Host: ${server.host}`], '/healthz', '1.0'), '505 HTTP_VERSION');
  assert.equal(await ask(server, [], '/healthz', '1.0'), '505 HTTP_VERSION');
  assert.equal(await ask(server, [`Host: ${server.host}`], 'http://evil.example/healthz'), '400 BAD_REQUEST');
});

test('BY-25: requests that two parsers read differently are refused', async (t) => {
  const server = await startServer(t);
  const body = JSON.stringify(PLACE_ORDER);
  const head = (...lines: string[]) =>
    [
      'POST /v1/tools/place_order HTTP/1.1',
      `Host: ${server.host}`,
      `Authorization: Bearer ${SECRETS.agent}`,
      'Content-Type: application/json',
      ...lines,
    ].join('\r\n');
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const cases = [
    `${head(`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked')}\r\n\r\n${chunked}`,
    `${head('Transfer-Encoding: chunked', 'Content-Length: 5')}\r\n\r\n${chunked}`,
    `${head(`Content-Length: ${body.length}`, 'Content-Length: 3')}\r\n\r\n${body}`,
    `${head('Transfer-Encoding: xchunked')}\r\n\r\n${chunked}`,
    `${head('Transfer-Encoding : chunked')}\r\n\r\n${chunked}`,
    `${head(`Content-Length: ${body.length}`).replaceAll('\r\n', '\n')}\n\n${body}`,
    `${head('X-A: a\r\n b: c\rd')}\r\n\r\n`,
  ];
  for (const text of cases) {
    const got = await sendRaw(server.port, text);
    assert.match(got, /^HTTP\/1\.1 400 /, text.slice(0, 200));
    assert.match(got, /"code":"BAD_REQUEST"/);
  }
  assert.deepEqual(server.gate.calls, []);
});

test('headers beyond 16 KiB are refused', async (t) => {
  const server = await startServer(t);
  const got = await sendRaw(
    server.port,
    `GET /healthz HTTP/1.1\r\nHost: ${server.host}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  );
  assert.match(got, /^HTTP\/1\.1 431 [\s\S]*HEADERS_TOO_LARGE/);
});

test('BY-25: web pages of other origins get nothing, also from the open routes [TM-33]', async (t) => {
  const server = await startServer(t, { allowedOrigins: ['http://Dashboard.local:3000'] });
  const { port } = server;
  for (const path of ['/v1/account', '/healthz', '/readyz', '/metrics', '/openapi.json', '/nothing']) {
    for (const origin of ['http://evil.example', 'null', `https://127.0.0.1:${port}`, 'http://localhost:3000', '']) {
      const got = await server.call('GET', path, { headers: { origin } });
      assert.deepEqual([got.status, got.json?.error.code], [403, 'ORIGIN_NOT_ALLOWED'], `${path} from ${origin}`);
      assert.equal(got.headers['access-control-allow-origin'], undefined);
    }
  }
  const posted = await server.call('POST', '/v1/tools/place_order', {
    body: PLACE_ORDER,
    headers: { origin: 'http://evil.example' },
  });
  assert.equal(posted.status, 403);
  assert.deepEqual(server.gate.calls, []);
  for (const origin of [`http://127.0.0.1:${port}`, 'http://dashboard.local:3000']) {
    assert.equal((await server.call('GET', '/openapi.json', { headers: { origin } })).status, 200, origin);
  }
});

/** What an open page of another site makes a browser send for its image, script, frame or form. */
const FOREIGN = ['cross-site', 'same-site', 'same-origin, cross-site', 'CROSS-SITE', 'other', ''];
const EVERYWHERE = [
  '/',
  '/assets/licences.txt',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/v1/account',
  '/no',
];

test('what another site makes a browser ask is refused before any work, on both entrances [TM-34]', async (t) => {
  const folder = tempFolder(t, 'origin');
  const socketPath = join(folder, 'operator.sock');
  const server = await startServer(t, { operatorListen: { socketPath } }, true);
  const dispatcher = new Agent({ connect: { socketPath } });
  t.after(() => dispatcher.destroy());
  let work = 0;
  for (const name of ['readiness', 'noteCall', 'metrics', 'getAccount'] as const)
    t.mock.method(server.gate, name, () => {
      work += 1;
    });
  const findToken = t.mock.method(server.tokens, 'get');
  for (const site of FOREIGN)
    for (const path of EVERYWHERE) {
      const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
      const got = await server.call('GET', path, { headers });
      assert.deepEqual([got.status, got.json?.error.code], [403, 'ORIGIN_NOT_ALLOWED'], `${path} from "${site}"`);
      const beside = await request(`http://localhost${path}`, { dispatcher, headers });
      await beside.body.dump();
      assert.equal(beside.statusCode, 403, `${path} from "${site}" on the operator's entrance`);
    }
  const sent = { body: PLACE_ORDER, headers: { 'sec-fetch-site': 'same-site' } };
  assert.equal((await server.call('POST', '/v1/tools/place_order', sent)).status, 403);
  assert.deepEqual([work, findToken.mock.callCount(), server.gate.calls], [0, 0, []]);
});

test('a typed address, a bookmark and the own page are answered', async (t) => {
  const server = await startServer(t, {}, true);
  for (const site of ['none', 'same-origin'])
    for (const path of ['/', '/assets/licences.txt', '/readyz', '/v1/account']) {
      const headers = { 'sec-fetch-site': site, host: `localhost:${server.port}` };
      assert.equal((await server.call('GET', path, { headers })).status, 200, `${path} from ${site}`);
    }
});

test('a link of another site to the console is refused, and says to type the address [TM-34]', async (t) => {
  const server = await startServer(t, {}, true);
  for (const site of ['cross-site', 'same-site']) {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const got = await server.call('GET', '/', { role: null, headers });
    assert.equal(got.status, 403);
    assert.match(got.json.error.message, /into a new tab/);
    assert.match(String(got.headers['content-type']), /^application\/json/);
  }
});

test('an origin that is allowed may call from its own site; its images may not', async (t) => {
  const origin = 'http://127.0.0.1:3000';
  const server = await startServer(t, { allowedOrigins: [origin] });
  const ask = async (headers: Readonly<Record<string, string>>) =>
    (await server.call('GET', '/v1/account', { headers })).status;
  assert.equal(await ask({ 'sec-fetch-site': 'same-site', origin }), 200);
  assert.equal(await ask({ 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(await ask({ 'sec-fetch-site': 'cross-site', origin: 'http://127.0.0.1:3001' }), 403);
});
