import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { findFreePort } from '../free-port.ts';
import type { Cleanups } from '../temp-folder.ts';
import { until } from '../until.ts';
import { byHand, SECRETS, startServer } from './http-kit.ts';

const MINUTE_MS = 60_000;
const WRONG = { authorization: `Bearer ${SECRETS.agent}x` };
const KEY_ID = 'bm9ib2R5LWtub3dzLWl0MA';
const ASSERTION = {
  id: 'bm9ib2R5LWtub3dzLWl0',
  rawId: 'bm9ib2R5LWtub3dzLWl0',
  type: 'public-key',
  clientExtensionResults: {},
  response: { clientDataJSON: 'e30', authenticatorData: 'AAAA', signature: 'AAAA' },
};

async function start(t: Cleanups) {
  const { after, timers } = byHand();
  const server = await startServer(t, {}, true, { after });
  const lines = () => server.log.map((line) => JSON.parse(line)).filter(({ kind }) => kind !== undefined);
  const endMinute = () => {
    const due = timers.filter(({ ms, isCanceled }) => ms === MINUTE_MS && !isCanceled);
    for (const timer of due) {
      timer.isCanceled = true;
      timer.fn();
    }
    return due.length;
  };
  const metric = async (route: string) => {
    const { text } = await server.call('GET', '/metrics', { role: 'monitor' });
    const found = text.split('\n').find((line) => line.includes(`route="${route}",status="401"`));
    return Number(found?.split(' ').at(-1));
  };
  return { server, lines, endMinute, metric };
}

test('refused tokens are one line of the log at once, and one a minute after it, however many there are', async (t) => {
  const { endMinute, lines, metric, server } = await start(t);
  for (let time = 0; time < 200; time += 1) await server.call('GET', '/v1/account', { headers: WRONG });
  await server.call('GET', '/v1/account', { role: null });
  await until('each one is counted', async () => (await metric('GET /v1/account')) === 201);
  assert.deepEqual(
    lines().map(({ kind, count, from }) => [kind, count, from]),
    [['token', 1, '127.0.0.1']],
  );
  assert.equal(endMinute(), 1);
  assert.deepEqual(
    lines().map(({ count, reason }) => [count, reason]),
    [
      [1, 'The token is unknown or revoked.'],
      [200, 'Send Authorization: Bearer and a token.'],
    ],
  );
  assert.equal(endMinute(), 1, 'another minute has begun with that line');
  assert.equal(endMinute(), 0, 'and ended without any');
  await server.call('GET', '/v1/account', { headers: WRONG });
  await until('it is logged', () => lines().length === 3);
});

test('whoever fails to sign in beyond the proxy hides nobody who fails at the machine [TM-95]', async (t) => {
  const { after } = byHand();
  const port = await findFreePort();
  const origin = 'https://desk.example.ts.net';
  const server = await startServer(t, { remoteConsole: { origin, port } }, true, { after });
  const host = 'desk.example.ts.net';
  for (let time = 0; time < 3; time += 1) {
    const { body, statusCode } = await request(`http://127.0.0.1:${port}/v1/account`, { headers: { host, ...WRONG } });
    await body.dump();
    assert.equal(statusCode, 401);
  }
  await server.call('GET', '/v1/account', { headers: WRONG });
  const lines = () => server.log.map((line) => JSON.parse(line)).filter(({ kind }) => kind !== undefined);
  await until('both are logged', () => lines().length === 2);
  assert.deepEqual(
    lines().map(({ console, count, kind }) => [kind, console, count]),
    [
      ['token', origin, 1],
      ['token', undefined, 1],
    ],
  );
  await server.http.close();
  await until('the rest of the remote ones is logged at the end', () => lines().length === 3);
  assert.deepEqual([lines()[2].console, lines()[2].count], [origin, 2]);
});

test('passkeys and proofs that are refused are summed as kinds of their own', async (t) => {
  const { endMinute, lines, metric, server } = await start(t);
  const proof = { key_id: KEY_ID, nonce: KEY_ID };
  for (let time = 0; time < 20; time += 1) {
    const got = [
      await server.call('POST', '/v1/console/passkey', {
        role: null,
        body: { nonce: 'A'.repeat(51), assertion: ASSERTION },
      }),
      await server.call('POST', '/v1/proof', { role: null, body: proof }),
    ];
    for (const { status, text } of got) assert.equal(status, 401, text);
  }
  for (const route of ['POST /v1/console/passkey', 'POST /v1/proof'])
    await until(`${route} is counted`, async () => (await metric(route)) === 20);
  endMinute();
  assert.deepEqual(
    lines().map(({ kind, count }) => `${kind} ${count}`),
    ['passkey 1', 'proof 1', 'passkey 19', 'proof 19'],
  );
  assert.equal(server.log.filter((line) => JSON.parse(line).level >= 40).length, 4);
});

test('what is not logged yet when the server closes is logged then', async (t) => {
  const { lines, server } = await start(t);
  for (let time = 0; time < 3; time += 1) await server.call('GET', '/v1/account', { headers: WRONG });
  await server.http.close();
  assert.deepEqual(
    lines().map(({ count }) => count),
    [1, 2],
  );
});
