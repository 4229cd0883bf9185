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

/** What is tried, and what comes of it at either console. */
const ATTACKS: readonly {
  readonly what: string;
  readonly run: (door: Door) => Promise<string>;
  readonly local: string;
  readonly remote: string;
}[] = [
  {
    what: 'a name that was bound anew (DNS rebinding)',
    run: async (door) => codeOf(await ask(door, 'GET', '/', { host: `evil.example:${door.port}` })),
    local: '400 HOST_NOT_ALLOWED',
    remote: '400 HOST_NOT_ALLOWED',
  },
  {
    what: 'its own name with another port',
    run: async (door) => codeOf(await ask(door, 'GET', '/', { host: `${door.host.split(':')[0]}:${door.port + 1}` })),
    local: '400 HOST_NOT_ALLOWED',
    remote: '400 HOST_NOT_ALLOWED',
  },
  {
    what: 'the address of the listener',
    run: async (door) => codeOf(await ask(door, 'GET', '/', { host: `127.0.0.1:${door.port}` })),
    local: '200',
    remote: '400 HOST_NOT_ALLOWED',
  },
  {
    what: 'the name of the other console',
    run: async (door) =>
      codeOf(await ask(door, 'GET', '/', { host: door.name === 'local' ? 'desk.example.ts.net:8443' : 'localhost' })),
    local: '400 HOST_NOT_ALLOWED',
    remote: '400 HOST_NOT_ALLOWED',
  },
  {
    what: 'two names',
    run: async ({ host, port }) =>
      sendRaw(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}\r\n\r\n`, isWhole).then((got) =>
        got.slice(9, 12),
      ),
    local: '400',
    remote: '400',
  },
  {
    what: 'HTTP/1.0',
    run: async ({ host, port }) =>
      sendRaw(port, `GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`, isWhole).then((got) => got.slice(9, 12)),
    local: '505',
    remote: '505',
  },
  {
    what: 'a body that two parsers read differently',
    run: async ({ host, origin, port }) =>
      sendRaw(
        port,
        `POST /v1/proof HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
        isWhole,
      ).then((got) => got.slice(9, 12)),
    local: '400',
    remote: '400',
  },
  ...[
    'https://evil.example',
    'null',
    'http://desk.example.ts.net:8443',
    'https://desk.example.ts.net',
    'https://localhost',
  ].map((origin) => ({
    what: `a form of ${origin} (CSRF)`,
    run: async (door: Door) => codeOf(await ask(door, 'POST', '/v1/console/challenge', { origin })),
    local: '403 ORIGIN_NOT_ALLOWED',
    remote: '403 ORIGIN_NOT_ALLOWED',
  })),
  {
    what: 'a change that no page says it makes',
    run: async ({ host, port }) =>
      sendRaw(port, `POST /v1/console/challenge HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`, isWhole).then(
        (got) => got.slice(9, 12),
      ),
    local: '200',
    remote: '403',
  },
  {
    what: 'an image or a frame of another site',
    run: async (door) => {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
      const frame = { ...headers, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' };
      return [
        codeOf(await ask(door, 'GET', '/', headers)),
        codeOf(await ask(door, 'GET', '/', frame)),
        codeOf(await ask(door, 'GET', '/readyz', headers)),
      ].join(', ');
    },
    local: '403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED',
    remote: '403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED',
  },
  {
    what: 'a link of another site, to the page and to anything else',
    run: async (door) => {
      const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      return [codeOf(await ask(door, 'GET', '/', link)), codeOf(await ask(door, 'GET', '/v1/account', link))].join(
        ', ',
      );
    },
    local: '403 ORIGIN_NOT_ALLOWED, 403 ORIGIN_NOT_ALLOWED',
    remote: '200, 403 ORIGIN_NOT_ALLOWED',
  },
  {
    what: 'forwarded headers that name what is allowed',
    run: async (door) =>
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
    local: '400 HOST_NOT_ALLOWED',
    remote: '400 HOST_NOT_ALLOWED',
  },
  {
    what: 'forwarded headers that name somebody else',
    run: async (door) =>
      codeOf(
        await ask(door, 'POST', '/v1/console/challenge', {
          'x-forwarded-host': 'evil.example',
          'x-forwarded-for': '203.0.113.9',
          'tailscale-user-login': 'operator@example.com',
        }),
      ),
    local: '200',
    remote: '200',
  },
  ...(['operator', 'agent', 'monitor', 'metrics'] as const).map((role) => ({
    what: `a token of role ${role} as bearer`,
    run: async (door: Door) =>
      codeOf(await ask(door, 'GET', '/v1/market', { authorization: `Bearer ${SECRETS[role]}` })),
    local: role === 'metrics' ? '403 FORBIDDEN' : '200',
    remote: '401 UNAUTHENTICATED',
  })),
  {
    what: 'whether the daemon knows a token',
    run: async (door) => {
      const body = { key_id: keyIdOf(keyOf(SECRETS.operator)), nonce: createNonce() };
      return codeOf(await ask(door, 'POST', '/v1/proof', {}, body));
    },
    local: '200',
    remote: '401 UNAUTHENTICATED',
  },
  {
    what: 'a session for a token under its mask',
    run: async (door) => {
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
    },
    local: '200',
    remote: '404 NOT_FOUND',
  },
  {
    what: 'what is open to this machine, as everybody beyond the proxy seems to be',
    run: async (door) => {
      const paths = ['/healthz', '/readyz', '/metrics', '/openapi.json'];
      return (await Promise.all(paths.map((path) => ask(door, 'GET', path)))).map(({ status }) => status).join(' ');
    },
    local: '200 200 200 200',
    remote: '404 401 404 404',
  },
  {
    what: 'tools, MCP, tokens and settings, by whoever is an operator',
    run: async (door) => {
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
    local: '200 403 200 200',
    remote: '404 404 404 404',
  },
  {
    what: 'a worker that was left in the origin',
    run: async (door) => {
      const { text } = await ask(door, 'GET', '/deep/worker.js', { 'service-worker': 'script' });
      return String(/registration\.unregister\(\)/.test(text));
    },
    local: 'true',
    remote: 'true',
  },
  {
    what: 'a page that may do more than its own script, or be framed',
    run: async (door) => {
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
    local: 'true true true true',
    remote: 'true true true true',
  },
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
