import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import type { Rejection, SubmitOutcome } from '../../daemon/engine/records/venue.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { createCall } from '../../daemon/venue/wire/ccxt-binance.ts';
import { Firewall } from '../../daemon/venue/wire/firewall.ts';
import {
  answerJson,
  connectVenue,
  FakeExchange,
  order,
  orderAnswer,
  type Script,
  SEND_WITHIN_MS,
} from './fake-exchange.ts';

const ORDER = 'POST /fapi/v1/order';
const LIST = 'GET /fapi/v1/openOrders';
const refuse: Script = (_request, response) => {
  response.writeHead(403, { 'content-type': 'text/html' }).end('<html>403 Forbidden</html>');
};
const accept: Script = (request, response) => answerJson(response, orderAnswer(request.params));

const fake = new FakeExchange();
let venue: VenuePort;
let nowMs = 0;
before(() => fake.start());
afterEach(async () => {
  await venue.close();
  fake.scripts.clear();
});
after(() => fake.close());

/** A venue whose monotonic clock is {@link nowMs}, refused once. */
async function refused(): Promise<Rejection> {
  nowMs = 1_000_000;
  fake.scripts.clear();
  venue = await connectVenue(fake.url, undefined, { ...SYSTEM_TIME, monotonicMs: () => nowMs });
  await venue.fetchRules(['BTCUSDT']);
  fake.scripts.set(ORDER, refuse);
  fake.scripts.set(LIST, refuse);
  fake.seen.length = 0;
  return rejection(await open());
}
const open = (): Promise<SubmitOutcome> => venue.submit(order(), SEND_WITHIN_MS);
const close = (): Promise<SubmitOutcome> => venue.submit(order({ reduceOnly: true }), SEND_WITHIN_MS);
const list = () => venue.fetchOpenOrders(['BTCUSDT']);
const rejection = (outcome: SubmitOutcome): Rejection =>
  outcome.kind === 'rejected' ? outcome.rejection : assert.fail(outcome.kind);
/** How many requests arrived meanwhile. */
async function heard(act: () => Promise<unknown>): Promise<number> {
  const { length } = fake.seen;
  await act();
  return fake.seen.length - length;
}

test('after a 403 nothing leaves for a while that the venue did not name, and what closes waits less', async () => {
  const { cause, retryAfterMs } = await refused();
  assert.deepEqual([cause, retryAfterMs], ['shut_out', 5_000]);
  assert.equal(venue.leftAloneMs?.(), 1_000, 'exits of agents wait as what closes does');
  for (const act of [open, close, list, () => venue.cancel('BTCUSDT', 'hf0000001', 'regular')])
    assert.equal(await heard(act), 0);
  nowMs += 1_000;
  assert.equal(await heard(open), 0);
  assert.equal(await heard(close), 1, 'an exit is not held up for what others have sent');
  assert.equal(rejection(await close()).retryAfterMs, 2_000, 'and waits longer where it is refused as well');
});

test('the wait grows while it is refused, up to a minute, and for what closes to ten seconds', async () => {
  await refused();
  for (const waitMs of [10_000, 20_000, 40_000, 60_000, 60_000]) {
    nowMs += 100_000;
    assert.equal(rejection(await open()).retryAfterMs, waitMs);
  }
  assert.equal(rejection(await close()).retryAfterMs, 10_000);
  nowMs += 10_000;
  assert.equal(await heard(close), 1);
});

test('any other answer ends it', async () => {
  await refused();
  fake.scripts.set(ORDER, accept);
  fake.scripts.delete(LIST);
  nowMs += 1_000;
  assert.equal((await close()).kind, 'accepted');
  assert.ok((await heard(list)) > 0);
  fake.scripts.set(ORDER, refuse);
  assert.equal(rejection(await open()).retryAfterMs, 5_000, 'and the next one begins anew');
});

test('a 429 that names no time is heeded like it, and too many orders of the account are not', async () => {
  await refused();
  await venue.close();
  for (const [code, waitMs] of [
    [-1003, 5_000],
    [-1015, null],
  ] as const) {
    venue = await connectVenue(fake.url, undefined, { ...SYSTEM_TIME, monotonicMs: () => nowMs });
    fake.scripts.clear();
    await venue.fetchRules(['BTCUSDT']);
    fake.scripts.set(ORDER, (_request, response) => answerJson(response, { code, msg: 'Too many' }, 429));
    assert.equal(rejection(await open()).retryAfterMs, waitMs);
    assert.equal((await heard(list)) > 0, waitMs === null);
    assert.equal(venue.leftAloneMs?.(), waitMs === null ? 0 : 1_000, 'exits of agents wait as what closes does');
    if (waitMs !== null) await venue.close();
  }
});

test('of a 429 that names a time exits of agents wait as long as all else', async () => {
  await refused();
  await venue.close();
  venue = await connectVenue(fake.url, undefined, { ...SYSTEM_TIME, monotonicMs: () => nowMs });
  fake.scripts.clear();
  await venue.fetchRules(['BTCUSDT']);
  fake.scripts.set(ORDER, (_request, response) => {
    response.setHeader('retry-after', '7');
    answerJson(response, { code: -1003, msg: 'Too many' }, 429);
  });
  await open();
  assert.equal(venue.leftAloneMs?.(), 7_000);
});

test('one request alone asks whether it is refused still, and those that left together are one refusal', () => {
  const firewall = new Firewall();
  const call = (closes = false) => createCall({ closes });
  const [first, second] = [call(), call()];
  for (const each of [first, second]) firewall.noteSent(each);
  for (const each of [first, second]) firewall.noteEnd(each, true, 0, 10);
  assert.equal(firewall.leftAloneMs(false, 10), 5_000, 'one refusal, not two');
  const asking = call();
  firewall.noteSent(asking);
  assert.ok(firewall.leftAloneMs(false, 6_000) > 0, 'the others wait for its answer');
  assert.equal(firewall.leftAloneMs(true, 6_000), 0);
  firewall.noteEnd(asking, null, 6_000, 6_100);
  assert.equal(firewall.leftAloneMs(false, 6_100), 0, 'no answer says nothing: the next one asks');
  const late = call();
  firewall.noteEnd(late, false, 5, 6_200);
  firewall.noteEnd(call(), true, 6_200, 6_300);
  assert.equal(firewall.leftAloneMs(false, 6_300), 10_000, 'what left before it refused does not end it');
});
