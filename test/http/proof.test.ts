import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { request as ask, createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import type { Cleanups } from '../temp-folder.ts';
import { tempFolder } from '../temp-folder.ts';
import { SECRETS, startServer } from './http-kit.ts';

/** The protocol as docs/api.md has it, without the daemon's own code. */
const key = (token: string): Buffer => createHash('sha256').update(token).digest();
const mac = (token: string, ...lines: readonly string[]): string =>
  createHmac('sha256', key(token)).update(lines.join('\n')).digest('base64url');
const keyId = (token: string): string => mac(token, 'holdfast key id 1').slice(0, 22);
const NONCE = 'n'.repeat(22);

interface Answer {
  readonly status: number;
  readonly json: { readonly claims: string; readonly proof: string; readonly error: { readonly code: string } };
}
async function askProof(
  url: string,
  token: string,
  more: { host?: string; socketPath?: string } = {},
): Promise<Answer> {
  const dispatcher = new Agent(more.socketPath === undefined ? {} : { connect: { socketPath: more.socketPath } });
  try {
    const { body, statusCode } = await request(`${url}/v1/proof`, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json', ...(more.host === undefined ? {} : { host: more.host }) },
      body: JSON.stringify({ key_id: keyId(token), nonce: NONCE }),
    });
    return { status: statusCode, json: (await body.json()) as Answer['json'] };
  } finally {
    await dispatcher.close();
  }
}
const isProven = ({ json: { claims, proof } }: Answer, token: string, dialled: string): boolean =>
  proof === mac(token, 'holdfast proof 1', NONCE, dialled, claims);

test('the daemon proves that it knows a token, by each name of each address that it holds [AN-245 TM-64]', async (t) => {
  const server = await startServer(t, { allowedHosts: ['gate.example'] });
  const names = ['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST', 'gate.example'].map(
    (name) => `${name}:${server.port}`,
  );
  for (const at of ['127.0.0.1', '[::1]']) {
    for (const host of [...names, 'gate.example']) {
      const answer = await askProof(`http://${at}:${server.port}`, SECRETS.agent, { host });
      assert.equal(answer.status, 200, host);
      assert.ok(isProven(answer, SECRETS.agent, host.toLowerCase()), `${host} at ${at}`);
    }
  }
});

test('a proof says whose token it is and which daemon, and agents do not learn the home [AN-234]', async (t) => {
  const server = await startServer(t);
  const url = `http://127.0.0.1:${server.port}`;
  const target = { venue: 'paper', account: 'main', address: url };
  for (const role of ['agent', 'monitor', 'operator'] as const) {
    const { challenge, ...claims } = JSON.parse((await askProof(url, SECRETS[role])).json.claims);
    assert.deepEqual(claims, { role, ...target, home: role === 'agent' ? null : '/home/holdfast' });
    assert.match(challenge, /^[\w-]{40,}$/);
  }
});

test('a proof that is relayed from another address is one for that address [TM-66]', async (t) => {
  const server = await startServer(t);
  const host = `127.0.0.1:${server.port}`;
  const relay = createHttp((got, reply) => {
    const on = ask({
      host: '127.0.0.1',
      port: server.port,
      method: got.method,
      path: got.url,
      headers: { ...got.headers, host },
    });
    on.on('response', (answer) => {
      reply.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(reply);
    });
    got.pipe(on);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  t.after(() => relay.close());
  const { port } = relay.address() as AddressInfo;
  const relayed = await askProof(`http://127.0.0.1:${port}`, SECRETS.agent);
  assert.equal(relayed.status, 200);
  assert.ok(isProven(relayed, SECRETS.agent, host), 'it is the daemon’s own');
  assert.ok(!isProven(relayed, SECRETS.agent, `127.0.0.1:${port}`));
  const honest = await askProof(`http://127.0.0.1:${server.port}`, SECRETS.agent, { host: `127.0.0.1:${port}` });
  assert.equal(honest.json.error.code, 'HOST_NOT_ALLOWED');
});

test('a proof over a socket is none over TCP, and the other way round', async (t) => {
  const folder = tempFolder(t, 'proof');
  const socketPath = join(folder, 'operator.sock');
  const server = await startServer(t, { operatorListen: { socketPath } });
  const bySocket = await askProof('http://localhost', SECRETS.operator, { socketPath });
  assert.ok(isProven(bySocket, SECRETS.operator, 'unix'));
  assert.ok(!isProven(bySocket, SECRETS.operator, 'localhost'));
  const byTcp = await askProof(`http://127.0.0.1:${server.port}`, SECRETS.operator);
  assert.ok(!isProven(byTcp, SECRETS.operator, 'unix'));
});

test('a daemon that listens on one address proves itself for no other', async (t) => {
  const server = await startServer(t, { listen: { host: '127.0.0.2', port: 0 } });
  const url = `http://127.0.0.2:${server.port}`;
  assert.ok(isProven(await askProof(url, SECRETS.agent), SECRETS.agent, `127.0.0.2:${server.port}`));
  for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
    const answer = await askProof(url, SECRETS.agent, { host: `${name}:${server.port}` });
    assert.equal(answer.json.error.code, 'HOST_NOT_ALLOWED', name);
  }
});

test('nothing is proven to whoever names no live token, and what is asked for must be in form', async (t) => {
  const server = await startServer(t);
  const url = `http://127.0.0.1:${server.port}`;
  const stranger = await askProof(url, 'hf_nobody');
  assert.equal(stranger.status, 401);
  assert.deepEqual(Object.keys(stranger.json), ['error']);
  for (const body of [
    {},
    { key_id: keyId(SECRETS.agent) },
    { key_id: keyId(SECRETS.agent), nonce: 'short' },
    { key_id: key(SECRETS.agent).toString('hex'), nonce: NONCE },
    { key_id: keyId(SECRETS.agent), nonce: NONCE, more: 1 },
  ])
    assert.equal((await server.call('POST', '/v1/proof', { role: null, body })).status, 400, JSON.stringify(body));
});

/** Takes a free port of one loopback address alone. */
async function occupy(t: Cleanups, host: string): Promise<number> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen({ host, port: 0, ipv6Only: true }, resolve));
  t.after(() => void other.close());
  return (other.address() as AddressInfo).port;
}

test('where somebody else holds the port of the other loopback address nothing starts [TM-41]', async (t) => {
  for (const [own, other] of [
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
    ['localhost', '::1'],
    ['0.0.0.0', '::1'],
  ] as const) {
    const port = await occupy(t, other);
    await assert.rejects(startServer(t, { listen: { host: own, port } }), { code: 'EADDRINUSE', address: other });
    // And what it had taken meanwhile is free again.
    const again = createServer();
    await new Promise<void>((resolve, reject) => {
      again.once('error', reject);
      again.listen({ host: own === 'localhost' ? '127.0.0.1' : own, port, ipv6Only: true }, () =>
        again.close(() => resolve()),
      );
    });
  }
});
