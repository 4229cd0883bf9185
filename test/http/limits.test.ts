import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ToolOutcome } from '../../daemon/engine/records/decisions.ts';
import { createFlightCounter, MAX_IN_FLIGHT } from '../../daemon/http/requests/in-flight.ts';
import { MAX_BODY_BYTES } from '../../daemon/http/requests/json-body.ts';
import { turn, until } from '../until.ts';
import { ANSWER_TEXT, decisionBody } from './fake-gate.ts';
import { PLACE_ORDER, SECRETS, sendRaw, startServer } from './http-kit.ts';

const INTERCEPT = { tool: 'send_email', args: {} };
/** An intercept of exactly so many bytes. */
function sized(bytes: number): string {
  const head = '{"tool":"send_email","args":{"text":"';
  return `${head}${'x'.repeat(bytes - head.length - 3)}"}}`;
}

test('BY-05: a body may have 64 KiB and no byte more, also when it is chunked or 10 MB', async (t) => {
  const server = await startServer(t);
  const status = async (text: string) => (await server.call('POST', '/v1/intercept', { text })).status;
  assert.equal(await status(sized(MAX_BODY_BYTES)), 200);
  for (const bytes of [MAX_BODY_BYTES + 1, 10_000_000]) {
    const got = await server.call('POST', '/v1/intercept', { text: sized(bytes) });
    assert.deepEqual([got.status, got.json.error.code], [413, 'BODY_TOO_LARGE']);
  }
  const chunk = 'x'.repeat(0x8000);
  const head = `POST /v1/intercept HTTP/1.1\r\nHost: ${server.host}\r\nAuthorization: Bearer ${SECRETS.agent}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const chunked = await sendRaw(server.port, `${head}${`8000\r\n${chunk}\r\n`.repeat(40)}0\r\n\r\n`, (got) =>
    got.includes('BODY_TOO_LARGE'),
  );
  assert.match(chunked, /^HTTP\/1\.1 413 /);
  // The connection survived what was thrown away, and the daemon still answers.
  assert.equal(await status(sized(1000)), 200);
});

test('bodies that are not plain JSON in UTF-8 are refused', async (t) => {
  const server = await startServer(t);
  const text = JSON.stringify(INTERCEPT);
  const send = (headers: { readonly [name: string]: string }, sent: string | Buffer = text) =>
    server.call('POST', '/v1/intercept', { text: sent, headers });
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'text/yaml',
    'multipart/form-data',
    'application/json; charset=utf-16',
    'application/jsonx',
    'garbage',
  ]) {
    const got = await send({ 'content-type': type });
    assert.deepEqual([got.status, got.json.error.code], [415, 'UNSUPPORTED_MEDIA_TYPE'], type);
  }
  for (const type of ['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'APPLICATION/JSON']) {
    assert.equal((await send({ 'content-type': type })).status, 200, type);
  }
  assert.equal((await send({ 'content-encoding': 'gzip' }, gzipSync(text))).status, 415);
  assert.equal((await send({}, Buffer.from([0x7b, 0xff, 0x7d]))).json.error.code, 'INVALID_JSON');
  for (const sent of [
    '',
    '{"tool":"a","tool":"b","args":{}}',
    '{"tool":"a","args":{"__proto__":{}}}',
    '{"tool":"a","args":{"n":1e999}}',
    `{"tool":"a","args":{"n":${'['.repeat(20)}${']'.repeat(20)}}}`,
  ]) {
    const got = await send({}, sent);
    assert.deepEqual([got.status, got.json.error.code], [400, 'INVALID_JSON'], sent.slice(0, 40));
  }
  assert.deepEqual(server.gate.calls.filter((call) => call.method === 'intercept').length, 3);
  const empty = await server.call('POST', '/v1/tools/cancel_all');
  assert.deepEqual([empty.status, empty.json.error.code], [400, 'INVALID_JSON']);
});

test('a page takes a place for every hundred entries until its caller has it', () => {
  const flights = createFlightCounter();
  const pages = Array.from({ length: 5 }, () => flights.enter('t', true));
  for (const page of pages) page.holdPage(5000);
  const small = flights.enter('t', true);
  small.holdPage(100);
  assert.throws(() => small.holdPage(701), { code: 'TOO_MANY_IN_FLIGHT' }, '251 of 256 are taken');
  small.holdPage(600);
  assert.throws(() => flights.enter('t', true), { code: 'TOO_MANY_IN_FLIGHT' });
  assert.doesNotThrow(() => flights.enter('another', true).holdPage(5000));
  flights.enter('t', false).holdPage(5000);
  for (const flight of [...pages, small]) flight.close();
  pages[0]?.holdPage(5000);
  for (let i = 0; i < MAX_IN_FLIGHT; i += 1) flights.enter('t', true);
  assert.throws(() => flights.enter('t', true), { code: 'TOO_MANY_IN_FLIGHT' }, 'all places were given back, once');
});

test('what is read in long pages is read in pieces, and a halt comes in between', async (t) => {
  const server = await startServer(t);
  server.gate.decisionCount = 100;
  const reads = Array.from({ length: 5 }, () => server.call('GET', '/v1/decisions?limit=5000'));
  while (server.gate.calls.length === 0) await turn();
  const body = { state: 'halted', reason: 'test' };
  const halted = await server.call('PUT', '/v1/trading-state', { role: 'operator', body });
  assert.equal(halted.status, 200);
  const before = server.gate.calls.findIndex((call) => call.method === 'setTradingState');
  assert.ok(before > 0 && before < 200, `${before} pieces of 250 were read first`);
  for (const { status, json } of await Promise.all(reads)) {
    assert.deepEqual([status, json.decisions.length, json.next], [200, 5000, '6']);
    assert.deepEqual(json.decisions[4999], decisionBody());
  }
  const pieces = server.gate.calls.filter((call) => call.method === 'getDecisions').map(({ args }) => args.slice(1, 3));
  assert.equal(pieces.length, 250);
  assert.deepEqual(pieces[0], [100, null]);
  assert.deepEqual(pieces.at(-1), [100, '6']);
});

test('a token may have 256 requests in flight; exits, cancels and operators are never shed [TM-38]', async (t) => {
  const server = await startServer(t);
  const waiting: ((outcome: ToolOutcome) => void)[] = [];
  server.gate.outcome = () => new Promise((resolve) => waiting.push(resolve));
  const first = Array.from({ length: MAX_IN_FLIGHT }, () =>
    server.call('POST', '/v1/tools/place_order', { body: PLACE_ORDER }),
  );
  await until('all of them wait', () => waiting.length >= MAX_IN_FLIGHT);
  assert.equal(waiting.length, MAX_IN_FLIGHT);

  for (const path of [
    '/v1/tools/place_order',
    '/v1/tools/modify_order',
    '/v1/intercept',
    '/v1/dry-run/close_position',
  ]) {
    const shed = await server.call('POST', path, { body: {} });
    assert.deepEqual(
      [shed.status, shed.json.error.code, shed.headers['retry-after']],
      [429, 'TOO_MANY_IN_FLIGHT', '1'],
      path,
    );
  }
  assert.equal((await server.call('GET', '/v1/account')).status, 429);
  const exits = [
    server.call('POST', '/v1/tools/close_position', { body: { symbol: 'BTCUSDT' } }),
    server.call('POST', '/v1/tools/cancel_order', { body: { client_order_id: 'hf1' } }),
    server.call('POST', '/v1/tools/cancel_all', { body: {} }),
  ];
  assert.equal(
    (await server.call('PUT', '/v1/trading-state', { role: 'operator', body: { state: 'halted', reason: 'x' } }))
      .status,
    200,
  );
  assert.equal((await server.call('GET', '/v1/account', { role: 'operator' })).status, 200);
  const metrics = await server.call('GET', '/metrics', { role: null });
  assert.match(metrics.text, /\nholdfast_http_shed_total 5\n/);
  await until('the gate has the exits', () => waiting.length === MAX_IN_FLIGHT + exits.length);
  for (const answer of waiting) answer({ kind: 'decided', text: ANSWER_TEXT });
  for (const got of await Promise.all([...first, ...exits])) assert.equal(got.status, 200);
  assert.equal((await server.call('GET', '/v1/account')).status, 200);
});

test('hanging up does not free a place while the gate is still busy with the request', async (t) => {
  const server = await startServer(t);
  const waiting: ((outcome: ToolOutcome) => void)[] = [];
  server.gate.outcome = () => new Promise((resolve) => waiting.push(resolve));
  const text = JSON.stringify(PLACE_ORDER);
  const request = `POST /v1/tools/place_order HTTP/1.1\r\nHost: ${server.host}\r\nAuthorization: Bearer ${SECRETS.agent}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  const inFlight = async () =>
    /holdfast_http_in_flight (\d+)/.exec((await server.call('GET', '/metrics', { role: null })).text)?.[1];
  const sent = sendRaw(server.port, request, () => false);
  await until('the gate has the first', () => waiting.length === 1);
  const aborted = startAborted(server.port, request);
  await until('the gate has the second', () => waiting.length === 2);
  aborted();
  const seen499 = async () => (await server.call('GET', '/metrics', { role: null })).text.includes('status="499"');
  await until('the server knows that it hung up', seen499);
  assert.equal(await inFlight(), '2');
  for (const answer of waiting) answer({ kind: 'decided', text: ANSWER_TEXT });
  await until('none is in flight', async () => (await inFlight()) === '0');
  await server.http.close();
  await sent;
});

/** Sends a request; the returned function hangs up. */
function startAborted(port: number, request: string): () => void {
  const controller = new AbortController();
  void fetchRaw(port, request, controller.signal);
  return () => controller.abort();
}
async function fetchRaw(port: number, request: string, signal: AbortSignal): Promise<void> {
  const { connect } = await import('node:net');
  const socket = connect({ port, host: '127.0.0.1' });
  signal.addEventListener('abort', () => socket.destroy());
  socket.write(request);
}
