import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { AccountReads } from '../../daemon/venue/reads/account-reads.ts';
import { Reader } from '../../daemon/venue/reads/reader.ts';
import { loadBinanceusdm } from '../../daemon/venue/wire/ccxt-binance.ts';
import { ReadLimiter } from '../../daemon/venue/wire/read-limiter.ts';
import { createRedactor } from '../../daemon/venue/wire/redaction.ts';
import { VenueLink } from '../../daemon/venue/wire/venue-link.ts';
import { HeldDelays } from '../exchange-sim/hand-time.ts';
import { until } from '../until.ts';
import {
  API_KEY,
  answerJson,
  connectVenue,
  exchangeSymbol,
  FakeExchange,
  order,
  orderAnswer,
  SECRET,
  SEND_WITHIN_MS,
} from './fake-exchange.ts';

const fake = new FakeExchange();
let venue: VenuePort;
/** Settings of the account that the fake keeps. */
let state = { dual: true, multi: false, marginType: 'CROSSED' };
function serveAccount(): void {
  fake.scripts.set('GET /fapi/v1/accountConfig', (_request, response) =>
    answerJson(response, { canTrade: true, dualSidePosition: state.dual, multiAssetsMargin: state.multi }),
  );
  fake.scripts.set('GET /fapi/v1/symbolConfig', (_request, response) =>
    answerJson(response, [
      { symbol: 'BTCUSDT', marginType: state.marginType, leverage: 20 },
      { symbol: 'ETHUSDT', marginType: 'ISOLATED', leverage: 20 },
    ]),
  );
  fake.scripts.set('POST /fapi/v1/positionSide/dual', (request, response) => {
    state.dual = request.params.dualSidePosition === 'true';
    answerJson(response, { code: 200, msg: 'success' });
  });
  fake.scripts.set('POST /fapi/v1/marginType', (request, response) => {
    state.marginType = request.params.marginType ?? '';
    answerJson(response, { code: 200, msg: 'success' });
  });
}
before(async () => {
  fake.symbols = [exchangeSymbol('BTCUSDT'), exchangeSymbol('ETHUSDT', '0.01')];
  await fake.start();
  venue = await connectVenue(fake.url);
  await venue.fetchRules(['BTCUSDT', 'ETHUSDT']);
});
afterEach(() => {
  fake.seen.length = 0;
  fake.scripts.clear();
  state = { dual: true, multi: false, marginType: 'CROSSED' };
});
after(async () => {
  await venue.close();
  await fake.close();
});

test('only what differs is set, and the answer is what was read back afterwards', async () => {
  serveAccount();
  const outcome = await venue.prepareAccount(['BTCUSDT', 'ETHUSDT'], null);
  assert.deepEqual(outcome.kind === 'ok' && outcome.value, {
    oneWay: true,
    singleAsset: true,
    isolated: { BTCUSDT: true, ETHUSDT: true },
    canWithdraw: null,
    canTrade: true,
  });
  assert.equal(fake.sent('POST /fapi/v1/positionSide/dual').length, 1);
  assert.deepEqual(
    fake.sent('POST /fapi/v1/marginType').map((request) => request.params.symbol),
    ['BTCUSDT'],
  );
});

test('a setting that does not stick shows in what is read back', async () => {
  serveAccount();
  fake.scripts.set('POST /fapi/v1/marginType', (_request, response) =>
    answerJson(response, { code: 200, msg: 'success' }),
  );
  const outcome = await venue.prepareAccount(['BTCUSDT'], null);
  assert.deepEqual(outcome.kind === 'ok' && outcome.value.isolated.BTCUSDT, false);
});

test('in multi-assets margin no symbol is asked to be isolated, which is refused: the account is told as it is', async () => {
  serveAccount();
  Object.assign(state, { dual: false, multi: true });
  const outcome = await venue.prepareAccount(['BTCUSDT'], null);
  assert.deepEqual(outcome.kind === 'ok' && [outcome.value.oneWay, outcome.value.singleAsset], [true, false]);
  assert.equal(fake.sent('POST /fapi/v1/marginType').length, 0);
});

test('"already set" is a success, a mode that the venue refuses to change is told as it is', async () => {
  serveAccount();
  fake.scripts.set('POST /fapi/v1/marginType', (_request, response) => {
    state.marginType = 'ISOLATED';
    answerJson(response, { code: -4046, msg: 'No need to change margin type.' }, 400);
  });
  assert.equal((await venue.prepareAccount(['BTCUSDT'], null)).kind, 'ok');
  state.dual = true;
  for (const code of [-4067, -4068, -4531]) {
    fake.scripts.set('POST /fapi/v1/positionSide/dual', (_request, response) =>
      answerJson(response, { code, msg: 'Position side cannot be changed' }, 400),
    );
    const outcome = await venue.prepareAccount(['BTCUSDT'], null);
    assert.equal(outcome.kind === 'ok' && outcome.value.oneWay, false);
  }
  state.dual = false;
  state.marginType = 'CROSSED';
  fake.scripts.set('POST /fapi/v1/marginType', (_request, response) =>
    answerJson(response, { code: -4048, msg: 'Margin type cannot be changed if there exists position.' }, 400),
  );
  const outcome = await venue.prepareAccount(['BTCUSDT'], null);
  assert.ok(outcome.kind === 'ok' && outcome.value.refusal?.includes('-4048') === true, 'of the one symbol');
  assert.equal(outcome.value.isolated.BTCUSDT, false);
});

test('a symbol that the venue does not isolate keeps no other one from it, and is told', async () => {
  serveAccount();
  fake.scripts.set('POST /fapi/v1/marginType', (request, response) =>
    request.params.symbol === 'BTCUSDT'
      ? answerJson(response, { code: -4048, msg: 'Margin type cannot be changed if there exists position.' }, 400)
      : answerJson(response, { code: 200, msg: 'success' }),
  );
  const outcome = await venue.prepareAccount(['BTCUSDT', 'ETHUSDT'], { BTCUSDT: false, ETHUSDT: false });
  assert.ok(outcome.kind === 'ok' && outcome.value.refusal?.includes('-4048') === true);
  assert.deepEqual(
    fake.sent('POST /fapi/v1/marginType').map(({ params }) => params.symbol),
    ['BTCUSDT', 'ETHUSDT'],
  );
});

test('a symbol without settings does not count as isolated, and keeps no other one from it', async () => {
  serveAccount();
  const outcome = await venue.prepareAccount(['XRPUSDT', 'ETHUSDT'], { ETHUSDT: true });
  assert.deepEqual(outcome.kind === 'ok' && outcome.value.isolated, { ETHUSDT: true });
});

test('on a live venue the rights of the key are read, and must be readable', async () => {
  serveAccount();
  const build = await loadBinanceusdm();
  const access = { venue: 'paper', baseUrl: fake.url, apiKey: API_KEY, secret: SECRET } as const;
  const client = build({ access, nowMs: () => Date.now(), time: SYSTEM_TIME, connections: 4 });
  const redact = createRedactor([API_KEY, SECRET]);
  const link = new VenueLink({ nowMs: () => Date.now(), scale: 1 }, redact, 2000, SYSTEM_TIME);
  const limiter = new ReadLimiter({ maxInFlight: 4, maxQueued: 10, weightPerMinute: null }, SYSTEM_TIME);
  const account = new AccountReads(new Reader(client, link, limiter), true);
  assert.equal((await account.prepareAccount(['BTCUSDT'], null)).kind, 'failed', 'no answer is no proof');
  for (const enableWithdrawals of [true, false]) {
    fake.scripts.set('GET /sapi/v1/account/apiRestrictions', (_request, response) =>
      answerJson(response, { enableWithdrawals, enableFutures: true }),
    );
    const outcome = await account.prepareAccount(['BTCUSDT'], null);
    assert.equal(outcome.kind === 'ok' && outcome.value.canWithdraw, enableWithdrawals);
  }
  // The spot host bans by itself: what is of futures is asked for all the same, and nothing is closed.
  fake.scripts.set('GET /sapi/v1/account/apiRestrictions', (_request, response) =>
    answerJson(response, { code: -1003, msg: 'Way too many requests' }, 418, { 'retry-after': '60' }),
  );
  const banned = await account.prepareAccount(['BTCUSDT'], null);
  assert.deepEqual(banned.kind === 'failed' && [banned.cause, banned.retryAfterMs], ['other', null]);
  const config = 'GET /fapi/v1/accountConfig';
  const asked = fake.sent(config).length;
  await account.prepareAccount(['BTCUSDT'], null);
  assert.equal(fake.sent(config).length, asked + 1);
  await client.close(0);
});

/** 2,500 trades of one hour each; the exchange gives at most seven days and `limit` of them. */
test('trades are read page by page, window by window, each once and in order', async () => {
  const HOUR_MS = 3_600_000;
  const firstMs = Date.now() - 2600 * HOUR_MS;
  const trades = Array.from({ length: 2500 }, (_, index) => ({
    symbol: 'BTCUSDT',
    id: 1000 + index,
    orderId: 1,
    side: 'BUY',
    price: '60000',
    qty: '0.001',
    realizedPnl: '0',
    commission: '0.03',
    commissionAsset: 'USDT',
    maker: false,
    time: firstMs + index * HOUR_MS,
  }));
  fake.scripts.set('GET /fapi/v1/userTrades', ({ params }, response) => {
    const { fromId, startTime, endTime, limit } = params;
    if (fromId !== undefined && startTime !== undefined) return answerJson(response, { code: -1128, msg: 'no' }, 400);
    const [from, to] = [Number(startTime), Number(endTime)];
    if (fromId === undefined && to - from >= 7 * 24 * HOUR_MS)
      return answerJson(response, { code: -4166, msg: 'no' }, 400);
    const rows = trades.filter(({ id, time }) =>
      fromId === undefined ? time >= from && time <= to : id >= Number(fromId),
    );
    return answerJson(response, rows.slice(0, Number(limit)));
  });
  const outcome = await venue.fetchTrades('BTCUSDT', null, firstMs - 400 * HOUR_MS);
  assert.ok(outcome.kind === 'ok');
  assert.equal(outcome.value.rows.length, 2500);
  const rest = await venue.fetchTrades('BTCUSDT', '3400', 0);
  assert.deepEqual(rest.kind === 'ok' && [rest.value.rows.length, rest.value.rows[0]?.tradeId], [100, '3400']);
});

test('trades since an instant are asked for also where our clock has not reached it', async () => {
  const row = { symbol: 'BTCUSDT', id: 7, orderId: 1, side: 'BUY', price: '60000', qty: '0.001', realizedPnl: '0' };
  const time = Date.now() + 3_600_000;
  fake.scripts.set('GET /fapi/v1/userTrades', ({ params: { fromId } }, response) =>
    answerJson(response, fromId ? [] : [{ ...row, commission: '0.03', commissionAsset: 'USDT', maker: false, time }]),
  );
  const outcome = await venue.fetchTrades('BTCUSDT', null, time - 1);
  assert.deepEqual(outcome.kind === 'ok' && outcome.value.rows.map(({ tradeId }) => tradeId), ['7']);
});

test('a page of trades that is out of order fails: a fill would count twice', async () => {
  const trade = {
    symbol: 'BTCUSDT',
    orderId: 1,
    side: 'BUY',
    price: '1',
    qty: '0.001',
    realizedPnl: '0',
    commission: '0',
  };
  const row = (id: number) => ({ ...trade, id, commissionAsset: 'USDT', maker: false, time: 1 });
  fake.scripts.set('GET /fapi/v1/userTrades', (_request, response) => answerJson(response, [row(2), row(2)]));
  assert.equal((await venue.fetchTrades('BTCUSDT', '2', 0)).kind, 'failed');
});

test('orders sent over connections that the server keeps closing go out once each or not at all', async () => {
  fake.scripts.set('POST /fapi/v1/order', (request, response, socket) => {
    response.on('finish', () => socket.end());
    answerJson(response, orderAnswer(request.params));
  });
  const kinds = new Set<string>();
  for (let index = 0; index < 40; index += 1) {
    kinds.add((await venue.submit(order({ clientOrderId: `hfk${index}` }), SEND_WITHIN_MS)).kind);
  }
  const ids = fake.sent('POST /fapi/v1/order').map((request) => request.params.newClientOrderId);
  assert.equal(new Set(ids).size, ids.length, 'no id twice');
  assert.ok(kinds.has('accepted'));
});

test('closing with an order on the wire ends in bounded time and leaves that order unknown', async () => {
  const time = new HeldDelays();
  const closing = await connectVenue(fake.url, { apiKey: API_KEY, secret: SECRET }, time);
  await closing.fetchRules(['BTCUSDT']);
  fake.scripts.set('POST /fapi/v1/order', () => {});
  const pending = closing.submit(order(), SEND_WITHIN_MS);
  await until('the order is on the wire', () => fake.sent('POST /fapi/v1/order').length > 0);
  const closed = closing.close();
  // Of all that it waits for, deadlines of the order among them, only what is over by then.
  time.release(1800);
  await closed;
  assert.equal((await pending).kind, 'unknown');
});
