import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { DaemonWorld } from '../daemon/harness.ts';
import { WITHOUT_COOLDOWNS } from '../daemon/policy-edits.ts';
import { findFreePort } from '../free-port.ts';
import { forgetAll } from './openclaw-host.ts';
import { keyIdOf, listen, type Running, startProvingServer } from './proving-server.ts';
import { openClients, PERMITTED, type SquattedClient } from './squatted-clients.ts';
import { provenTo, SQUATTERS, type Squatter } from './squatters.ts';

/** Of a question, besides its body; `accept-encoding` is Python's. */
const HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-type',
  'content-length',
  'connection',
  'accept-encoding',
]);

const daemon: RequestListener = ({ url = '' }, response) => {
  const bodies: Readonly<Record<string, object>> = {
    '/v1/intercept': { decision: { decision: 'ALLOW' } },
    '/v1/signals': { signal_id: 's', expires_at_ms: 1 },
  };
  const answered = { decision: 'ALLOW', decision_id: 'd', execution: { state: 'filled' } };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(bodies[url] ?? (url.startsWith('/v1/tools?') ? { tools: [] } : answered)));
};

interface Connection {
  readonly socket: Socket;
  received: string;
}
interface Held extends Running {
  readonly seen: readonly Connection[];
}
/** Takes the port, and keeps what arrives. */
async function squat(port: number, listener: RequestListener): Promise<Held> {
  const seen: Connection[] = [];
  const server = createServer(listener);
  server.on('connection', (socket) => {
    const connection = { socket, received: '' };
    seen.push(connection);
    socket.on('data', (chunk) => {
      connection.received += chunk.toString('latin1');
    });
  });
  return { ...(await listen(server, port)), seen };
}

/** One question to a connection, and in it an id of the token and a number that is used once. */
function assertNothingGiven({ seen }: Held, clients: readonly SquattedClient[]): void {
  const ids = clients.map(({ token }) => keyIdOf(token));
  const nonces = new Set<string>();
  const asked = seen.filter(({ received }) => received !== '');
  assert.ok(asked.length >= clients.length, 'each client has asked');
  for (const { received, socket } of asked) {
    if (provenTo.has(socket)) continue;
    const [head = '', body = ''] = received.split('\r\n\r\n');
    const [line, ...fields] = head.split('\r\n');
    assert.equal(line, 'POST /v1/proof HTTP/1.1', received);
    for (const field of fields) assert.ok(HEADERS.has(field.split(':')[0]?.toLowerCase() ?? ''), field);
    for (const { token } of clients) assert.ok(!received.includes(token), 'no token');
    // One that closes at once has heard a part of the question, or its head alone.
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
    assert.ok(body.length <= length, received);
    if (body.length < length) continue;
    assert.deepEqual(Object.keys(JSON.parse(body)), ['key_id', 'nonce']);
    const { key_id: id, nonce } = JSON.parse(body);
    assert.ok(ids.includes(id), id);
    assert.match(nonce, /^[A-Za-z0-9_-]{22,43}$/);
    assert.ok(!nonces.has(nonce), 'a nonce is used once');
    nonces.add(nonce);
  }
}

async function assertPermitted(clients: readonly SquattedClient[]): Promise<void> {
  for (const { name, ask } of clients) assert.equal(await ask(), PERMITTED, name);
}

async function assertNobody(clients: readonly SquattedClient[], port: number, squatter?: Squatter): Promise<void> {
  const nobody = `no daemon of this token answers at 127.0.0.1:${port}`;
  const ask = async (client: SquattedClient): Promise<void> => {
    let said = await client.ask();
    assert.notEqual(said, PERMITTED, client.name);
    // A connection that the daemon had left behind takes one question with it.
    if (/was lost|no daemon answered/.test(said)) said = await client.ask();
    assert.ok(squatter?.isProvenOnce === true ? said !== PERMITTED : said.includes(nobody), `${client.name}: ${said}`);
  };
  await Promise.all(clients.map(ask));
}

// As a process of its own begins; the tests share the state of the plugin's copies.
before(forgetAll);

describe('a squatter on the port of the daemon', { concurrency: 4 }, () => {
  let living: Running;
  let livingPort: number;
  const tokens = new Set<string>();
  const tokenOf = (role: string, use: string): string => `hf_${role}_${use}`;
  before(async () => {
    livingPort = await findFreePort();
    living = await startProvingServer(livingPort, () => [...tokens], daemon);
  });
  after(() => living.close());

  for (const squatter of SQUATTERS)
    it(`that ${squatter.name} gets no token and no call, and the client works once the daemon is back [TM-42 TM-65]`, async (t) => {
      const port = await findFreePort();
      const clients = openClients(t, `http://127.0.0.1:${port}`, tokenOf);
      for (const { token } of clients) tokens.add(token);
      const before = await startProvingServer(port, () => [...tokens], daemon);
      t.after(() => before.close());
      await assertPermitted(clients);
      await before.close();
      const held = await squat(port, squatter.listener({ port, tokens: [...tokens], livingPort }));
      t.after(() => held.close());
      await assertNobody(clients, port, squatter);
      await held.close();
      assertNothingGiven(held, clients);
      const again = await startProvingServer(port, () => [...tokens], daemon);
      t.after(() => again.close());
      await assertPermitted(clients);
    });
});

it('a squatter in the place of a daemon that has stopped gets nothing, and the daemon is used again', async (t) => {
  const port = await findFreePort();
  const world = await DaemonWorld.of(t, {
    real: true,
    wall: true,
    isPatient: true,
    port,
    policy: {
      'temporal.duplicate_exempt': ['BTCUSDT'],
      ...WITHOUT_COOLDOWNS,
      'intercept.allow': { exec: { type: 'object' } },
    },
  });
  const clients = openClients(t, world.daemon.url, (role) => world.token(role));
  await assertPermitted(clients);
  await world.tool('close_position', { symbol: 'BTCUSDT' });
  await world.daemon.close();
  const [allowing] = SQUATTERS;
  assert.ok(allowing !== undefined);
  const held = await squat(port, allowing.listener({ port, tokens: [], livingPort: port }));
  t.after(() => held.close());
  await assertNobody(clients, port);
  await held.close();
  assertNothingGiven(held, clients);
  await world.startAgain();
  await assertPermitted(clients);
});
