import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { MAX_STREAMS } from '../../daemon/http/streams/event-stream.ts';
import type { Cleanups } from '../temp-folder.ts';
import { turn, until } from '../until.ts';
import { SECRETS, startServer, type TestServer } from './http-kit.ts';

const event = (seq: number, size = 0) => ({
  seq,
  at_ms: 1000 + seq,
  kind: 'decision',
  payload: { text: 'x'.repeat(size) },
});

interface Stream {
  readonly messages: EventSourceMessage[];
  readonly response: IncomingMessage;
  isOver: boolean;
}
async function openStream(t: Cleanups, server: TestServer, lastEventId?: string): Promise<Stream> {
  const headers = {
    authorization: `Bearer ${SECRETS.operator}`,
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.port, path: '/v1/events', headers }, resolve).on('error', reject);
  });
  t.after(() => {
    response.destroy();
  });
  const stream: Stream = { messages: [], response, isOver: false };
  const parser = createParser({ onEvent: (message) => stream.messages.push(message) });
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => parser.feed(chunk));
  response.on('end', () => {
    stream.isOver = true;
  });
  response.on('error', () => {
    stream.isOver = true;
  });
  return stream;
}

test('a stream gives every event after it was opened, in order, with its number as id', async (t) => {
  const server = await startServer(t);
  server.events.append(event(1), event(2));
  const stream = await openStream(t, server);
  assert.match(String(stream.response.headers['content-type']), /^text\/event-stream/);
  await until('the listener', () => server.events.listenerCount === 1);
  server.events.append(event(3));
  server.events.append(event(4));
  await until('two events', () => stream.messages.length === 2);
  assert.deepEqual(
    stream.messages.map((each) => [each.id, each.event, JSON.parse(each.data)]),
    [
      ['3', 'decision', event(3)],
      ['4', 'decision', event(4)],
    ],
  );
});

test('Last-Event-ID goes on after that event; 0 starts at the first; nonsense is a 400', async (t) => {
  const server = await startServer(t);
  server.events.append(...Array.from({ length: 250 }, (_, index) => event(index + 1)));
  for (const [from, first, count] of [
    ['248', '249', 2],
    ['0', '1', 250],
  ] as const) {
    const stream = await openStream(t, server, from);
    await until('the events', () => stream.messages.length === count);
    assert.equal(stream.messages[0]?.id, first);
    assert.equal(stream.messages.at(-1)?.id, '250');
  }
  for (const bad of ['-1', 'x', '1.5', '007']) {
    const got = await server.call('GET', '/v1/events', { role: 'operator', headers: { 'last-event-id': bad } });
    assert.deepEqual([got.status, got.json.error.code], [400, 'INVALID_INPUT'], bad);
  }
});

test('a client that does not read holds one page of memory, and gets everything once it reads', async (t) => {
  const server = await startServer(t);
  const stream = await openStream(t, server);
  await until('the listener', () => server.events.listenerCount === 1);
  stream.response.pause();
  for (let seq = 1; seq <= 4000; seq += 100) {
    server.events.append(...Array.from({ length: 100 }, (_, index) => event(seq + index, 8000)));
    await turn();
  }
  await turn();
  // 32 MB were appended: far more than the kernel's buffers take, so reading must have stopped.
  const readsWhilePaused = server.events.reads;
  assert.ok(readsWhilePaused < 30, `${readsWhilePaused} pages were read`);
  stream.response.resume();
  await until('all events', () => stream.messages.length === 4000);
  assert.deepEqual(
    stream.messages.map((each) => Number(each.id)),
    Array.from({ length: 4000 }, (_, index) => index + 1),
  );
});

test('a stream ends when its token is revoked, and its listener goes with the client', async (t) => {
  const server = await startServer(t);
  const [left, revoked] = [await openStream(t, server), await openStream(t, server)];
  await until('two listeners', () => server.events.listenerCount === 2);
  left.response.destroy();
  await until('the listener', () => server.events.listenerCount === 1);
  server.tokens.delete(SECRETS.operator);
  server.http.forgetTokens();
  server.events.append(event(1));
  await until('the end of the stream', () => revoked.isOver);
  assert.equal(revoked.messages.length, 0);
  assert.equal(server.events.listenerCount, 0);
});

test(`at most ${MAX_STREAMS} streams are open`, async (t) => {
  const server = await startServer(t);
  for (let count = 0; count < MAX_STREAMS; count += 1) await openStream(t, server);
  const got = await server.call('GET', '/v1/events', { role: 'operator' });
  assert.deepEqual([got.status, got.json.error.code], [429, 'TOO_MANY_IN_FLIGHT']);
  const metrics = await server.call('GET', '/metrics', { role: null });
  assert.match(metrics.text, new RegExp(`holdfast_http_event_streams ${MAX_STREAMS}\n`));
});
