import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import {
  type HttpAnswer,
  type HttpRequest,
  TransportError,
  type TransportStage,
} from '../../daemon/venue/wire/transport.ts';
import { API_KEY, FakeExchange, order, SECRET } from './fake-exchange.ts';

const NOW_MS = 1_795_000_000_123;
/** Stands still, and refuses to wait. */
const STANDING: TimePort = {
  monotonicMs: () => -7,
  hostMs: () => 5,
  delay: () => Promise.reject(new Error('it waited')),
  after: () => assert.fail('it set a timer'),
  every: () => assert.fail('it set a timer'),
  nextTurn: () => assert.fail('it set a timer'),
};

/** A venue on the fake exchange's own answers; `cut`: where the wire stops an order. */
async function connect(seen: HttpRequest[], cut: TransportStage | null): Promise<VenuePort> {
  const fake = new FakeExchange();
  const exchange = async (request: HttpRequest): Promise<HttpAnswer> => {
    seen.push(request);
    const { method, url, body } = request;
    const { pathname: path, search } = new URL(url);
    if (method === 'POST' && cut !== null) throw new TransportError(cut, 'CUT');
    const params = Object.fromEntries(new URLSearchParams(body ?? search));
    const answer = path === '/fapi/v1/time' ? { serverTime: NOW_MS } : fake.defaultBody({ method, path, params });
    return { status: 200, headers: {}, text: JSON.stringify(answer) };
  };
  const clock = new DomainClock(STANDING);
  const access = { venue: 'paper', baseUrl: 'http://127.0.0.1:1', apiKey: API_KEY, secret: SECRET } as const;
  const venue = await createVenue({ access, clock, time: STANDING, exchange });
  clock.sync(await venue.fetchServerTime(), 0);
  await venue.fetchRules(['BTCUSDT']);
  return venue;
}

test('with time and wire handed in, what the venue asks follows from them alone', async () => {
  const run = async (): Promise<readonly HttpRequest[]> => {
    const seen: HttpRequest[] = [];
    const venue = await connect(seen, null);
    assert.equal((await venue.submit(order(), 500)).kind, 'accepted');
    await venue.close();
    return seen;
  };
  const [first, second] = await Promise.all([run(), run()]);
  assert.deepEqual(first, second);
  const placed = first.find(({ method }) => method === 'POST');
  assert.equal(new URLSearchParams(placed?.body ?? '').get('timestamp'), String(NOW_MS), 'domain time is signed');
  assert.equal(placed?.sendWithinMs, 500);
});

test('where a handed-in wire stopped decides between rejected and unknown, as with a real one', async () => {
  for (const [stage, kind] of [
    ['not_sent', 'rejected'],
    ['send_deadline', 'rejected'],
    ['sent', 'unknown'],
  ] as const) {
    const venue = await connect([], stage);
    assert.equal((await venue.submit(order(), 500)).kind, kind, stage);
    await venue.close();
  }
});
