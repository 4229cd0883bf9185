import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { request } from 'undici';
import { MAX_SILENT } from '../../daemon/http/entrance/connections.ts';
import { REMOTE_ROUTES } from '../../daemon/http/remote-entrance.ts';
import { createNonce, keyIdOf, keyOf } from '../../daemon/proof/proof.ts';
import { findFreePort } from '../free-port.ts';
import type { Cleanups } from '../temp-folder.ts';
import { signChallenge } from './console-page.ts';
import { listRoutes } from './every-route.ts';
import { type Answer, type Json, SECRETS, sendRaw, startServer, type TestServer } from './http-kit.ts';

const ORIGIN = 'https://desk.example.ts.net:8443';

/** A console of one server, as its own pages reach it. */
interface Door {
  readonly name: 'local' | 'remote';
  readonly server: TestServer;
  readonly port: number;
  /** What its pages name. */
  readonly host: string;
  readonly origin: string;
}
async function openDoors(t: Cleanups): Promise<readonly Door[]> {
  const port = await findFreePort();
  const server = await startServer(t, { remoteConsole: { origin: ORIGIN, port } }, true);
  const local = `localhost:${server.port}`;
  return [
    { name: 'local', server, port: server.port, host: local, origin: `http://${local}` },
    { name: 'remote', server, port, host: 'desk.example.ts.net:8443', origin: ORIGIN },
  ];
}
type Headers = Readonly<Record<string, string>>;
/** Of this very page, unless `headers` say otherwise. */
async function ask(door: Door, method: string, path: string, headers: Headers = {}, body?: unknown): Promise<Answer> {
  const {
    statusCode,
    headers: given,
    body: read,
  } = await request(`http://127.0.0.1:${door.port}${path}`, {
    method: method as 'GET',
    headers: {
      host: door.host,
      ...(method === 'GET' ? {} : { origin: door.origin }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await read.text();
  let json: Json = null;
  try {
    json = JSON.parse(text);
  } catch {
    // A page is none.
  }
  return { status: statusCode, headers: given, text, json };
}
const codeOf = ({ json, status }: Answer): string => `${status}${json?.error ? ` ${json.error.code}` : ''}`;
const isWhole = (got: string) => got.includes('\r\n\r\n');

interface Attack {
  readonly what: string;
  readonly run: (door: Door) => Promise<string>;
  readonly local: string;
  readonly remote: string;
}
const attack = (what: string, local: string, remote: string, run: Attack['run']): Attack => ({
  what,
  local,
  remote,
  run,
});
const statusOf = (got: string): string => got.slice(9, 12);
const HOST = '400 HOST_NOT_ALLOWED';
const ORIGINS = '403 ORIGIN_NOT_ALLOWED';
/** What is tried, and what comes of it at either console. */
const ATTACKS: readonly Attack[] = [
  attack('a name that was bound anew (DNS rebinding)', HOST, HOST, async (door) =>
    codeOf(await ask(door, 'GET', '/', { host: `evil.example:${door.port}` })),
  ),
  attack('its own name with another port', HOST, HOST, async (door) =>
    codeOf(await ask(door, 'GET', '/', { host: `${door.host.split(':')[0]}:${door.port + 1}` })),
  ),
  attack('the address of the listener', '200', HOST, async (door) =>
    codeOf(await ask(door, 'GET', '/', { host: `127.0.0.1:${door.port}` })),
  ),
  attack('the name of the other console', HOST, HOST, async (door) =>
    codeOf(await ask(door, 'GET', '/', { host: door.name === 'local' ? 'desk.example.ts.net:8443' : 'localhost' })),
  ),
  attack('two names', '400', '400', async ({ host, port }) =>
    sendRaw(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`, isWhole).then(statusOf),
  ),
  attack('HTTP/1.0', '505', '505', async ({ host, port }) =>
    sendRaw(port, `GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`, isWhole).then(statusOf),
  ),
  attack('a body that two parsers read differently', '400', '400', async ({ host, origin, port }) =>
    sendRaw(
      port,
      `POST /v1/proof HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
      isWhole,
    ).then(statusOf),
  ),
  ...[
    'https://evil.example',
    'null',
    'http://desk.example.ts.net:8443',
    'https://desk.example.ts.net',
    'https://localhost',
  ].map((origin) => ({
    what: `a form of ${origin} (CSRF)`,
    run: async (door: Door) => codeOf(await ask(door, 'POST', '/v1/console/challenge', { origin })),
    local: ORIGINS,
    remote: ORIGINS,
  })),
  attack('a change that no page says it makes', '200', '403', async ({ host, port }) =>
    sendRaw(port, `POST /v1/console/challenge HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`, isWhole).then(
      statusOf,
    ),
  ),
  attack(
    'an image or a frame of another site',
    '403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED',
    '403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED',
    async (door) => {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
      const frame = { ...headers, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' };
      return [
        codeOf(await ask(door, 'GET', '/', headers)),
        codeOf(await ask(door, 'GET', '/', frame)),
        codeOf(await ask(door, 'GET', '/readyz', headers)),
      ].join(', ');
    },
  ),
  attack(
    'a link of another site, to the page and to anything else',
    '403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED',
    '200, 403 ORIGIN_NOT_ALLOWED',
    async (door) => {
      const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      return [codeOf(await ask(door, 'GET', '/', link)), codeOf(await ask(door, 'GET', '/v1/account', link))].join(
        ', ',
      );
    },
  ),
  attack('forwarded headers that name what is allowed', HOST, HOST, async (door) =>
    codeOf(
      await ask(door, 'POST', '/v1/console/challenge', {
        host: 'evil.example',
        origin: 'https://evil.example',
        forwarded: `host=${door.host};proto=https;for=127.0.0.1`,
        'x-forwarded-host': door.host,
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '127.0.0.1',
        'x-original-host': door.host,
      }),
    ),
  ),
  attack('forwarded headers that name somebody else', '200', '200', async (door) =>
    codeOf(
      await ask(door, 'POST', '/v1/console/challenge', {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-for': '203.0.113.9',
        'tailscale-user-login': 'operator@example.com',
      }),
    ),
  ),
  ...(['operator', 'agent', 'monitor', 'metrics'] as const).map((role) => ({
    what: `a token of role ${role} as bearer`,
    run: async (door: Door) =>
      codeOf(await ask(door, 'GET', '/v1/market', { authorization: `Bearer ${SECRETS[role]}` })),
    local: role === 'metrics' ? '403 FORBIDDEN' : '200',
    remote: '401 UNAUTHENTICATED',
  })),
  attack('whether the daemon knows a token', '200', '401 UNAUTHENTICATED', async (door) => {
    const body = { key_id: keyIdOf(keyOf(SECRETS.operator)), nonce: createNonce() };
    return codeOf(await ask(door, 'POST', '/v1/proof', {}, body));
  }),
  attack('a session for a token under its mask', '200', '404 NOT_FOUND', async (door) => {
    const { server } = door;
    const call = async (path: string, body: unknown) => {
      const { json, status } = await server.call('POST', path, { role: null, body });
      return { status, body: json };
    };
    const masked = await signChallenge(call, SECRETS.operator, server.host);
    return codeOf(
      await ask(
        door,
        'POST',
        '/v1/console/session',
        {
          host: door.name === 'local' ? server.host : door.host,
          origin: door.name === 'local' ? `http://${server.host}` : door.origin,
        },
        masked,
      ),
    );
  }),
  attack(
    'what is open to this machine, as everybody beyond the proxy seems to be',
    '200 200 200 200',
    '404 401 404 404',
    async (door) => {
      const paths = ['/healthz', '/readyz', '/metrics', '/openapi.json'];
      return (await Promise.all(paths.map((path) => ask(door, 'GET', path)))).map(({ status }) => status).join(' ');
    },
  ),
  attack(
    'tools, MCP, tokens and settings, by whoever is an operator',
    '200 403 200 200',
    '404 404 404 404',
    async (door) => {
      const bearer = { authorization: `Bearer ${SECRETS.operator}` };
      const asked = [
        ['POST', '/v1/tools/get_account', {}],
        ['POST', '/mcp', {}],
        ['GET', '/v1/tokens', undefined],
        ['GET', '/v1/settings', undefined],
      ] as const;
      const answers = await Promise.all(asked.map(([method, path, body]) => ask(door, method, path, bearer, body)));
      return answers.map(({ status }) => status).join(' ');
    },
  ),
  attack('a worker that was left in the origin', 'true', 'true', async (door) => {
    const { text } = await ask(door, 'GET', '/deep/worker.js', { 'service-worker': 'script' });
    return String(/registration\.unregister\(\)/.test(text));
  }),
  attack(
    'a page that may do more than its own script, or be framed',
    'true true true true',
    'true true true true',
    async (door) => {
      const { headers } = await ask(door, 'GET', '/');
      const policy = String(headers['content-security-policy']);
      return [
        policy.includes("default-src 'none'") &&
          policy.includes("frame-ancestors 'none'") &&
          !policy.includes('unsafe'),
        headers['x-frame-options'] === 'DENY',
        headers['set-cookie'] === undefined,
        headers['access-control-allow-origin'] === undefined,
      ].join(' ');
    },
  ),
];

describe('an attack on a console', () => {
  for (const { what, run, ...expected } of ATTACKS)
    it(`by ${what} [TM-80 TM-84 TM-91 TM-92]`, async (t) => {
      for (const door of await openDoors(t)) assert.equal(await run(door), expected[door.name], door.name);
    });
});

describe('the remote console', () => {
  it('has these routes and no other: what looks, and of the acts approve, deny, reduce and halt [TM-83]', async (t) => {
    const [, door] = await openDoors(t);
    assert.ok(door !== undefined);
    assert.deepEqual(
      [...REMOTE_ROUTES].filter((label) => !label.startsWith('GET ')),
      [
        'POST /v1/approvals/:id',
        'POST /v1/console/challenge',
        'POST /v1/console/enrolment',
        'POST /v1/console/enrolment/key',
        'POST /v1/console/passkey',
        'POST /v1/passkeys/challenge',
        'POST /v1/proof',
        'PUT /v1/trading-state',
      ],
    );
    const routes = await listRoutes();
    assert.ok(routes.length > 60, 'the daemon has many');
    const wanted = [...routes, ...REMOTE_ROUTES].map((label) => label.split(' ') as [string, string]);
    for (const [method, pattern] of wanted) {
      if (method === 'HEAD') continue;
      const path = pattern.replace(':file', 'licences.txt').replace(/:\w+/g, 'x1');
      const { status } = await ask(door, method, path, {}, method === 'GET' ? undefined : {});
      const isServed = REMOTE_ROUTES.has(`${method} ${pattern}`);
      assert.equal(status !== 404 && status !== 405, isServed, `${method} ${pattern}: ${status}`);
    }
    assert.equal(door.server.gate.calls.filter(({ method }) => method !== 'noteCall').length, 0);
  });

  it('holds both loopback addresses of its port, or nothing starts [TM-41]', async (t) => {
    for (const host of ['127.0.0.1', '::1']) {
      const port = await findFreePort();
      const squatter = createServer();
      await new Promise<void>((resolve) => squatter.listen({ host, port, ipv6Only: true }, resolve));
      t.after(() => void squatter.close());
      const started = startServer(t, { remoteConsole: { origin: ORIGIN, port } }, true);
      await assert.rejects(started, { code: 'EADDRINUSE', address: host });
    }
  });

  it('takes no place of the local one, however many connect to it and say nothing [TM-95]', async (t) => {
    const [local, remote] = await openDoors(t);
    assert.ok(local !== undefined && remote !== undefined);
    const open = async (port: number): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1');
      t.after(() => void socket.destroy());
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    };
    const waiting = await open(local.port);
    const first = await open(remote.port);
    const replaced = once(first.resume(), 'close');
    for (let more = 0; more < MAX_SILENT; more += 1) await open(remote.port);
    await replaced;
    assert.equal(waiting.destroyed, false);
    waiting.write(`GET / HTTP/1.1\r\nHost: ${local.host}\r\n\r\n`);
    const [got] = await once(waiting, 'data');
    assert.match(String(got), /^HTTP\/1\.1 200 /);
  });
});
