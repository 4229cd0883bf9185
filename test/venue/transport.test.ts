import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { Agent } from 'undici';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import type { Rejection, SubmitOutcome } from '../../daemon/engine/records/venue.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { exchangeOnce, type HttpAnswer, type HttpRequest, TransportError } from '../../daemon/venue/wire/transport.ts';
import { HeldDelays } from '../exchange-sim/hand-time.ts';
import { until } from '../until.ts';
import {
  API_KEY,
  answerJson,
  connectVenue,
  FakeExchange,
  order,
  orderAnswer,
  type Script,
  SECRET,
  SEND_WITHIN_MS,
} from './fake-exchange.ts';

const ORDER = 'POST /fapi/v1/order';
const exchange = (agent: Agent, request: HttpRequest): Promise<HttpAnswer> => exchangeOnce(agent, request, SYSTEM_TIME);
const fake = new FakeExchange();
let venue: VenuePort;
before(async () => {
  await fake.start();
  venue = await connectVenue(fake.url);
  await venue.fetchRules(['BTCUSDT']);
});
afterEach(() => {
  fake.seen.length = 0;
  fake.scripts.clear();
});
after(async () => {
  await venue.close();
  await fake.close();
});

async function submitTo(script: Script, to: VenuePort = venue): Promise<SubmitOutcome> {
  fake.scripts.set(ORDER, script);
  const before = fake.sent(ORDER).length;
  const outcome = await to.submit(order(), SEND_WITHIN_MS);
  assert.equal(fake.sent(ORDER).length, before + 1, 'one attempt, never a second');
  return outcome;
}
function rejection(outcome: SubmitOutcome): Rejection {
  assert.equal(outcome.kind, 'rejected', JSON.stringify(outcome));
  return outcome.kind === 'rejected' ? outcome.rejection : assert.fail();
}

test('a connection that ends before, amid or after the headers leaves the order unknown', async () => {
  const scripts: readonly Script[] = [
    (_request, _response, socket) => socket.destroy(),
    (_request, _response, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le'),
    (_request, _response, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"orderId":47'),
    (_request, _response, socket) => socket.end('not http at all\r\n\r\n'),
  ];
  for (const script of scripts) assert.equal((await submitTo(script)).kind, 'unknown');
});

test('a success whose body is empty, no JSON or not this order leaves the order unknown', async () => {
  const bodies: readonly Script[] = [
    (_request, response) => answerJson(response, ''),
    (_request, response) => answerJson(response, '{"orderId":'),
    (_request, response) => answerJson(response, '<html>ok</html>'),
    (_request, response) => answerJson(response, 'null'),
    (_request, response) => answerJson(response, {}),
    (_request, response) => answerJson(response, []),
    (_request, response) => answerJson(response, { code: -2019, msg: 'Margin is insufficient.' }),
    ...[
      { clientOrderId: 'hf0000002' },
      { symbol: 'ETHUSDT' },
      { side: 'SELL' },
      { status: 7 },
      { origQty: '0.000000002' },
      { executedQty: '0.003' },
      { price: 60000.1 },
      { orderId: null },
      { updateTime: '' },
    ].map(
      (changes): Script =>
        (request, response) =>
          answerJson(response, orderAnswer(request.params, changes)),
    ),
  ];
  for (const script of bodies) assert.equal((await submitTo(script)).kind, 'unknown');
});

test('the acknowledgement is read exactly: quantities, prices, status, and no average price invented', async () => {
  const outcome = await submitTo((request, response) =>
    answerJson(response, orderAnswer(request.params, { status: 'EXPIRED', executedQty: '0.001', orderId: 4711 })),
  );
  assert.deepEqual(outcome.kind === 'accepted' && outcome.order, {
    kind: 'regular',
    symbol: 'BTCUSDT',
    clientOrderId: 'hf0000001',
    venueOrderId: '4711',
    side: 'buy',
    type: 'LIMIT',
    quantityE8: 200_000,
    executedE8: 100_000,
    priceE8: 6_000_010_000_000,
    triggerE8: null,
    reduceOnly: false,
    closePosition: false,
    status: 'expired',
    averagePrice: null,
    updatedAtMs: 1_795_000_000_000,
  });
});

test('an order id beyond 2^53 is kept to the last digit', async () => {
  const outcome = await submitTo((request, response) =>
    answerJson(response, JSON.stringify(orderAnswer(request.params)).replace('4711', '9007199254740993123')),
  );
  assert.equal(outcome.kind === 'accepted' && outcome.order?.venueOrderId, '9007199254740993123');
});

test('beside an id beyond 2^53 it is still known when an order was placed', async () => {
  fake.scripts.set('GET /fapi/v1/order', (request, response) => {
    const params = { ...request.params, side: 'BUY', price: '60000.1', quantity: '0.002' };
    const text = JSON.stringify(orderAnswer(params, { time: 1_795_000_000_001 }));
    answerJson(response, text.replace('4711', '8389765591868286143'));
  });
  const found = await venue.lookupOrder('BTCUSDT', 'hf0000001', 'regular');
  if (found.kind !== 'found') assert.fail(JSON.stringify(found));
  assert.equal(found.order.venueOrderId, '8389765591868286143');
  assert.equal(found.order.placedAtMs, 1_795_000_000_001);
});

test('a redirect is not followed and leaves the order unknown', async () => {
  const outcome = await submitTo((_request, response) => {
    response.writeHead(302, { location: `${fake.url}/fapi/v1/other` }).end();
  });
  assert.equal(outcome.kind, 'unknown');
  assert.equal(fake.seen.length, 1);
});

/** What the venue still hears of one that it has answered so. */
async function askAfter(status: number, code: number, headers: Record<string, string>): Promise<readonly string[]> {
  const asked = await connectVenue(fake.url);
  await asked.fetchRules(['BTCUSDT']);
  const answer: Script = (_request, response) =>
    answerJson(response, { code, msg: 'Too many requests' }, status, headers);
  const { cause, retryAfterMs } = rejection(await submitTo(answer, asked));
  assert.equal(cause, status === 418 ? 'banned' : 'busy');
  assert.equal(retryAfterMs, headers['retry-after'] === undefined ? 120_000 : 30_000);
  fake.scripts.clear();
  fake.seen.length = 0;
  const heldBack = [
    await asked.submit(order({ reduceOnly: true }), SEND_WITHIN_MS),
    await asked.submit(order(), SEND_WITHIN_MS),
    await asked.cancel('BTCUSDT', 'hf0000001', 'regular'),
    await asked.setLeverage('BTCUSDT', 2),
  ].filter((outcome) => outcome.kind === 'rejected');
  for (const each of heldBack) {
    const { cause: why, retryAfterMs: waitMs } = each.rejection;
    assert.equal(why, 'away', 'proof that nothing was sent');
    assert.ok((waitMs ?? 0) > 20_000, `${waitMs}`);
  }
  await asked.lookupOrder('BTCUSDT', 'hf0000001', 'regular');
  await asked.fetchOpenOrders(['BTCUSDT']);
  await asked.close();
  return fake.seen.map(({ method, path }) => `${method} ${path}`);
}

test('nothing is sent for as long as a ban says, which each request would make longer', async () => {
  assert.deepEqual(await askAfter(418, -1003, { 'retry-after': '30' }), []);
  assert.deepEqual(await askAfter(418, -1003, {}), [], 'and for the shortest ban where it does not say');
});

test('no gateway keeps an operator out for days by a word', async () => {
  const asked = await connectVenue(fake.url);
  await asked.fetchRules(['BTCUSDT']);
  const days: Script = (_request, response) => answerJson(response, '', 429, { 'retry-after': '864000' });
  assert.equal(rejection(await submitTo(days, asked)).retryAfterMs, 600_000);
  await asked.close();
});

test('after a 429 only what closes is sent for as long as it says', async () => {
  assert.deepEqual(await askAfter(429, -1003, { 'retry-after': '30' }), [ORDER]);
});

test('too many orders of the account are no reason not to cancel, or to ask', async () => {
  assert.ok((await askAfter(429, -1015, { 'retry-after': '30' })).includes('DELETE /fapi/v1/order'));
});

test('a refused connection and an unknown host prove that nothing was sent', async () => {
  const closed = new FakeExchange();
  await closed.start();
  const gone = await connectVenue(closed.url);
  await gone.fetchRules(['BTCUSDT']);
  await closed.close();
  const refused = rejection(await gone.submit(order(), SEND_WITHIN_MS));
  assert.deepEqual([refused.cause, refused.code], ['away', null]);
  const read = await gone.fetchServerTime();
  assert.equal(read.kind, 'failed');
  const lookup = await gone.lookupOrder('BTCUSDT', 'hf0000001', 'regular');
  assert.equal(lookup.kind, 'failed', 'a failed query is not a "not found"');
  await gone.close();
});

test('no secret, signature or query string leaves in any text, whatever the exchange echoes', async () => {
  const leak = `key ${API_KEY} ${SECRET} https://fapi.binance.com/fapi/v1/order?symbol=A&signature=${'ab'.repeat(32)}`;
  const texts: string[] = [];
  for (const [status, code] of [
    [400, -2019],
    [400, -9999],
    [503, null],
    [200, -1],
  ] as const) {
    const body = code === null ? leak : { code, msg: leak };
    texts.push(JSON.stringify(await submitTo((_request, response) => answerJson(response, body, status))));
  }
  fake.scripts.set('GET /fapi/v1/order', (_request, response) => answerJson(response, { code: -1, msg: leak }, 400));
  texts.push(JSON.stringify(await venue.lookupOrder('BTCUSDT', 'a', 'regular')));
  fake.scripts.set('GET /fapi/v1/order', (_request, _response, socket) => socket.destroy());
  texts.push(JSON.stringify(await venue.lookupOrder('BTCUSDT', 'a', 'regular')));
  for (const text of texts) {
    for (const secret of [API_KEY, SECRET, 'ab'.repeat(32), 'signature=a', 'symbol=A'])
      assert.ok(!text.includes(secret), text);
  }
});

test('only a verdict of the exchange is a "not found", not a gateway that repeats its code', async () => {
  for (const [status, kind] of [
    [400, 'not_found'],
    [500, 'failed'],
    [503, 'failed'],
    [200, 'failed'],
  ] as const) {
    fake.scripts.set('GET /fapi/v1/order', (_request, response) =>
      answerJson(response, { code: -2013, msg: 'Order does not exist.' }, status),
    );
    assert.equal((await venue.lookupOrder('BTCUSDT', 'a', 'regular')).kind, kind, String(status));
  }
});

test('a deadline that has passed drops the order without a byte', async () => {
  for (const deadlineMs of [0, -1]) {
    const dropped = rejection(await venue.submit(order(), deadlineMs));
    assert.deepEqual([dropped.message, dropped.cause], ['SEND_DEADLINE', 'late']);
  }
  assert.equal(fake.seen.length, 0);
});

/** One server whose first request hangs until released, and an agent with a single connection. */
async function startHanging(): Promise<{ server: Server; url: string; seen: string[]; release: () => void }> {
  const seen: string[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? '');
    waiting.push(() => response.end('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const release = () => {
    for (const end of waiting.splice(0)) end();
  };
  return { server, url, seen, release };
}
function request(url: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  const base = {
    method: 'POST',
    headers: {},
    body: 'a=1',
    sendWithinMs: SEND_WITHIN_MS,
    answerWithinMs: SEND_WITHIN_MS,
    maxBodyBytes: 1000,
  };
  return { ...base, url, ...changes } as HttpRequest;
}
async function failure(promise: Promise<unknown>): Promise<TransportError> {
  return promise.then(
    () => assert.fail('it should have failed'),
    (error: unknown) => (error instanceof TransportError ? error : assert.fail(String(error))),
  );
}

test('an order that waits for a socket past its deadline is dropped and never sent later', async () => {
  const { server, url, seen, release } = await startHanging();
  const agent = new Agent({ connections: 1, pipelining: 1 });
  const first = exchange(agent, request(`${url}/first`));
  const late = await failure(exchange(agent, request(`${url}/late`, { sendWithinMs: 30 })));
  assert.deepEqual([late.stage, late.code], ['send_deadline', 'SEND_DEADLINE']);
  await until('the first is sent', () => seen.length > 0);
  release();
  await first;
  const last = exchange(agent, request(`${url}/last`));
  await until('the last is sent', () => seen.length > 1);
  release();
  await last;
  assert.deepEqual(seen, ['/first', '/last']);
  await agent.destroy();
  server.close();
});

test('a busy event loop does not let an order through after its deadline', async () => {
  const { server, url, seen } = await startHanging();
  const agent = new Agent({ connections: 1 });
  const pending = failure(exchange(agent, request(`${url}/late`, { sendWithinMs: 5 })));
  const startedMs = performance.now();
  while (performance.now() - startedMs < 40);
  assert.equal((await pending).stage, 'send_deadline');
  assert.deepEqual(seen, []);
  await agent.destroy();
  server.close();
});

test('the total deadline bounds a missing answer, a stalled body and a slow one', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((incoming, response) => {
    seen.push(incoming.url);
    if (incoming.url === '/silent') return;
    response.writeHead(200, { 'content-length': '100' });
    response.write('{');
    if (incoming.url === '/drip') {
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const agent = new Agent();
  for (const path of ['/silent', '/stall', '/drip']) {
    const time = new HeldDelays();
    const failed = failure(exchangeOnce(agent, request(url + path, { answerWithinMs: 120 }), time));
    await until('the server has it', () => seen.at(-1) === path);
    time.release(120);
    const error = await failed;
    assert.deepEqual([error.stage, error.code], ['sent', 'ANSWER_TIMEOUT'], path);
  }
  await agent.destroy();
  server.closeAllConnections();
  server.close();
});

test('a body beyond its bound ends the exchange', async () => {
  const server = createServer((_incoming, response) => response.end('x'.repeat(5000)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new Agent();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const error = await failure(exchange(agent, request(url)));
  assert.deepEqual([error.stage, error.code], ['sent', 'BODY_TOO_LARGE']);
  await agent.destroy();
  server.closeAllConnections();
  server.close();
});

test('failures before a socket is there prove that nothing was sent, those after it do not', async () => {
  const agent = new Agent({ connectTimeout: 1000 });
  const server = createServer((incoming) => incoming.socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.equal((await failure(exchange(agent, request(`http://127.0.0.1:${port}/`)))).stage, 'sent');
  const notTls = await failure(exchange(agent, request(`https://127.0.0.1:${port}/`)));
  assert.equal(notTls.stage, 'not_sent', `${notTls.code}: the handshake never gave a usable socket`);
  server.close();
  await once(server, 'close');
  const refused = await failure(exchange(agent, request(`http://127.0.0.1:${port}/`)));
  assert.deepEqual([refused.stage, refused.code], ['not_sent', 'ECONNREFUSED']);
  const nowhere = await failure(exchange(agent, request('http://no-such-host.invalid/')));
  assert.equal(nowhere.stage, 'not_sent', nowhere.code);
  await agent.destroy();
});
