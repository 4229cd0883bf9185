import assert from 'node:assert/strict';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import type { ToolOutcome } from '../../daemon/engine/records/decisions.ts';
import type { Cleanups } from '../temp-folder.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';
import { ANSWER_TEXT } from './fake-gate.ts';
import { byHand, CLOSED_WITHIN_MS, PLACE_ORDER, SECRETS, sendRaw, startServer } from './http-kit.ts';

test('close answers what is in flight on a kept-alive connection, ends streams, and waits for nothing else', async (t) => {
  const { timers, after } = byHand();
  const server = await startServer(t, {}, false, { after });
  const waiting: ((outcome: ToolOutcome) => void)[] = [];
  server.gate.outcome = () => new Promise((resolve) => waiting.push(resolve));
  // An idle kept-alive connection, an open stream and a request that the gate has not answered.
  await server.call('GET', '/healthz', { role: null });
  const streamEnd = new Promise<void>((resolve, reject) => {
    const headers = { authorization: `Bearer ${SECRETS.operator}` };
    get({ host: '127.0.0.1', port: server.port, path: '/v1/events', headers }, (response) => {
      response.resume();
      response.on('end', resolve);
    }).on('error', reject);
  });
  await until('the stream is open', () => server.events.listenerCount === 1);
  const inFlight = server.call('POST', '/v1/tools/place_order', { body: PLACE_ORDER });
  await until('the gate has it', () => waiting.length === 1);
  server.abort.abort();
  let isClosed = false;
  const closed = server.http.close().then(() => (isClosed = true));
  await streamEnd;
  waiting[0]?.({ kind: 'decided', text: ANSWER_TEXT });
  assert.equal((await inFlight).text, ANSWER_TEXT);
  // The time of the grace is never over here, and the client keeps its connection.
  await until('it is closed', () => isClosed, CLOSED_WITHIN_MS);
  await closed;
  assert.deepEqual(
    timers.map((timer) => timer.isCanceled),
    [true],
  );
  await assert.rejects(server.call('GET', '/healthz', { role: null }));
});

test('close cuts what does not end, within 2 s', async (t) => {
  const { timers, after } = byHand();
  const server = await startServer(t, {}, false, { after });
  let isAsked = false;
  server.gate.outcome = () => {
    isAsked = true;
    return new Promise(() => {});
  };
  const never = server.call('POST', '/v1/tools/place_order', { body: PLACE_ORDER }).catch(() => 'cut');
  await until('the gate has it', () => isAsked);
  const closed = server.http.close();
  const [grace] = timers;
  assert.ok(grace !== undefined && grace.ms < 2000, `${grace?.ms} ms`);
  grace.fn();
  await closed;
  assert.equal(await never, 'cut');
});

test('while closing, a new request on an open connection is told so', async (t) => {
  const server = await startServer(t);
  const waiting: ((outcome: ToolOutcome) => void)[] = [];
  server.gate.outcome = () => new Promise((resolve) => waiting.push(resolve));
  const body = JSON.stringify(PLACE_ORDER);
  const head = `Host: ${server.host}\r\nAuthorization: Bearer ${SECRETS.agent}\r\n`;
  const first = `POST /v1/tools/place_order HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  // Pipelined: the second is parsed when the first is answered.
  const answers = sendRaw(server.port, `${first}GET /v1/account HTTP/1.1\r\n${head}\r\n`);
  await until('the gate has it', () => waiting.length === 1);
  const closed = server.http.close();
  waiting[0]?.({ kind: 'decided', text: ANSWER_TEXT });
  await closed;
  const got = await answers;
  assert.match(got, /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(got.slice(20), /HTTP\/1\.1 500/);
});

function socketPath(t: Cleanups): string {
  const folder = tempFolder(t, 'socket');
  return join(folder, 'holdfast.sock');
}

test('a unix socket is private, replaces a stale one, and is gone after close', async (t) => {
  const path = socketPath(t);
  // What a killed daemon leaves: a bound socket file that nobody answers.
  const { spawnSync } = await import('node:child_process');
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  assert.ok(statSync(path).isSocket());
  const server = await startServer(t, { listen: { socketPath: path } });
  assert.deepEqual([server.http.address, server.http.port], [`unix:${path}`, null]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const dispatcher = new Agent({ connect: { socketPath: path } });
  const ask = async (host: string) =>
    (
      await request('http://localhost/v1/account', {
        dispatcher,
        headers: { host, authorization: `Bearer ${SECRETS.agent}` },
      })
    ).statusCode;
  assert.equal(await ask('localhost'), 200);
  assert.equal(await ask('evil.example'), 400);
  const metrics = await request('http://localhost/metrics', { dispatcher });
  assert.equal(metrics.statusCode, 200);
  await metrics.body.dump();
  await dispatcher.destroy();
  await server.http.close();
  assert.throws(() => statSync(path), { code: 'ENOENT' });
});

test('a socket that is answered, or a file that is no socket, is left alone', async (t) => {
  const used = socketPath(t);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(used, resolve));
  t.after(() => {
    other.close();
  });
  await assert.rejects(startServer(t, { listen: { socketPath: used } }), /Another process listens/);
  const file = socketPath(t);
  writeFileSync(file, 'mine');
  chmodSync(file, 0o644);
  await assert.rejects(startServer(t, { listen: { socketPath: file } }), /not a socket/);
});

test('a port in use is an error, not another port', async (t) => {
  const server = await startServer(t);
  await assert.rejects(startServer(t, { listen: { host: '127.0.0.1', port: server.port } }), { code: 'EADDRINUSE' });
});
