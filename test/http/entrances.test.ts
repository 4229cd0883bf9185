import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import type { Role } from '../../daemon/engine/records/callers.ts';
import { MAX_CONNECTIONS, MAX_OF_TOKEN, MAX_SILENT } from '../../daemon/http/entrance/connections.ts';
import { MAX_IN_FLIGHT } from '../../daemon/http/requests/in-flight.ts';
import type { Cleanups } from '../temp-folder.ts';
import { tempFolder } from '../temp-folder.ts';
import { turn, until } from '../until.ts';
import { SECRETS, startServer, type TestServer } from './http-kit.ts';

async function withEntrance(t: Cleanups): Promise<{ server: TestServer; path: string; ask: Asking }> {
  const folder = tempFolder(t, 'entrance');
  const path = join(folder, 'operator.sock');
  const server = await startServer(t, { operatorListen: { socketPath: path } });
  const dispatcher = new Agent({ connect: { socketPath: path } });
  t.after(() => dispatcher.destroy());
  const ask: Asking = async (role, method, url, body) => {
    const answer = await request(`http://localhost${url}`, {
      method,
      dispatcher,
      headers: {
        ...(role === null ? {} : { authorization: `Bearer ${SECRETS[role]}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  return { server, path, ask };
}
type Asking = (
  role: Role | null,
  method: 'GET' | 'PUT',
  url: string,
  body?: object,
) => Promise<{ status: number; text: string }>;

/** The kernel takes so many connections before the server has: beyond it a client may believe in one that is none. */
const AT_ONCE = 200;

/** Opens sockets that say nothing; resolves when all are connected, or were thrown out. */
async function openSilent(t: Cleanups, port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () => connect(port, '127.0.0.1'));
    sockets.push(...some);
    await Promise.all(
      some.map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once('connect', resolve);
            socket.once('error', () => resolve());
          }),
      ),
    );
    // The server, which is in this process, accepts what is connected.
    for (let turns = 0; turns < 3; turns += 1) await turn();
  }
  return sockets;
}

test("the operator's entrance is private, and takes operator and monitor tokens only [TM-40]", async (t) => {
  const { server, path, ask } = await withEntrance(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(server.http.operatorAddress, `unix:${path}`);
  assert.equal((await ask('operator', 'PUT', '/v1/trading-state', { state: 'halted', reason: 'test' })).status, 200);
  assert.equal(
    (await ask('monitor', 'GET', '/v1/trading-state')).status,
    (await server.call('GET', '/v1/trading-state', { role: 'monitor' })).status,
  );
  const agent = await ask('agent', 'GET', '/v1/account');
  assert.deepEqual([agent.status, JSON.parse(agent.text).error.code], [403, 'FORBIDDEN']);
  assert.equal((await ask(null, 'GET', '/v1/account')).status, 401);
  assert.equal((await ask(null, 'GET', '/healthz')).status, 200);
  assert.equal((await ask(null, 'GET', '/openapi.json')).status, 404, 'the description is served once');
  assert.equal((await server.call('GET', '/v1/account')).status, 200, 'agents enter where they did');
  await server.http.close();
  assert.throws(() => statSync(path), { code: 'ENOENT' });
});

test('an entrance that cannot be had leaves no other one open', async (t) => {
  const other = await startServer(t);
  const folder = tempFolder(t, 'entrance');
  const path = join(folder, 'operator.sock');
  await assert.rejects(
    startServer(t, { listen: { host: '127.0.0.1', port: other.port }, operatorListen: { socketPath: path } }),
    { code: 'EADDRINUSE' },
  );
  assert.throws(() => statSync(path), { code: 'ENOENT' });
});

test('BY-47: silent connections of anybody lock nobody out: the oldest of them goes', async (t) => {
  const { server, ask } = await withEntrance(t);
  const sockets = await openSilent(t, server.port, 1_100);
  assert.equal((await server.call('GET', '/v1/account')).status, 200, 'an agent enters');
  assert.equal(
    (await server.call('GET', '/v1/account', { role: 'operator' })).status,
    200,
    'an operator enters beside',
  );
  assert.equal((await ask('operator', 'PUT', '/v1/trading-state', { state: 'halted', reason: 'test' })).status, 200);
  const open = () => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
  for (const socket of sockets) socket.resume().on('error', () => undefined);
  await until('no more silent connections are open than may be', () => open() <= MAX_SILENT);
  assert.equal(sockets[0]?.destroyed || sockets[0]?.readableEnded, true, 'the oldest is gone');
  assert.ok(sockets.at(-1)?.destroyed === false, 'the newest is there');
});

test('a connection that has shown a token is not thrown out for silent ones', async (t) => {
  const { server } = await withEntrance(t);
  const socket = connect(server.port, '127.0.0.1');
  t.after(() => {
    socket.destroy();
  });
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  const ask = `GET /v1/account HTTP/1.1\r\nHost: ${server.host}\r\nAuthorization: Bearer ${SECRETS.agent}\r\n\r\n`;
  const answers = () => received.match(/HTTP\/1\.1 200/g)?.length ?? 0;
  socket.write(ask);
  await until('it is answered', () => answers() === 1);
  await openSilent(t, server.port, MAX_SILENT + 50);
  socket.write(ask);
  await until('it is answered again', () => answers() === 2);
});

test('one token holds so many connections, another has its own [TM-38]', async (t) => {
  const { server } = await withEntrance(t);
  const ask = (secret: string) =>
    `GET /v1/account HTTP/1.1\r\nHost: ${server.host}\r\nAuthorization: Bearer ${secret}\r\n\r\n`;
  const first = (socket: Socket, secret: string) =>
    new Promise<string>((resolve, reject) => {
      socket.once('data', (chunk) => resolve(chunk.toString().slice(0, 12)));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed without an answer')));
      socket.write(ask(secret));
    });
  const held: string[] = [];
  for (let opened = 0; opened < MAX_OF_TOKEN; opened += 1) {
    const [socket] = await openSilent(t, server.port, 1);
    assert.ok(socket !== undefined);
    held.push(await first(socket, SECRETS.agent));
  }
  assert.ok(held.every((status) => status === 'HTTP/1.1 200'));
  const [above, other] = await openSilent(t, server.port, 2);
  assert.ok(above !== undefined && other !== undefined);
  assert.equal(await first(above, SECRETS.agent), 'HTTP/1.1 429');
  assert.equal(await first(other, SECRETS.operator), 'HTTP/1.1 200');
});

test('a token may have all its requests in flight on connections of their own, and seven leave room for others', () => {
  assert.ok(MAX_OF_TOKEN > MAX_IN_FLIGHT);
  assert.ok(7 * MAX_OF_TOKEN + MAX_SILENT < MAX_CONNECTIONS);
});
