import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sign } from '../../daemon/exchange-sim/rest/auth.ts';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { MARKET_FOLDER, readFixture } from '../fixtures/recorded.ts';
import { until } from '../until.ts';
import {
  arrived,
  type Body,
  type Client,
  createClient,
  limitOrder,
  marketOrder,
  START_MS,
  startManual,
} from './signed-client.ts';

const BTC = { symbol: 'BTCUSDT' };

describe('the REST face', () => {
  let client: Client;
  beforeEach(async () => {
    client = await startManual();
    await client.control('set-mark', { symbol: 'BTCUSDT', price: 60_000 });
  });
  afterEach(() => client.sim.close());

  const order = (params: Record<string, string>) => client.send('POST', '/fapi/v1/order', params);

  it('closes a part of a position by itself at the mark, and no more than is held', async () => {
    await order(marketOrder('BUY', '0.010'));
    await client.control('deleverage', { symbol: 'BTCUSDT', quantity: '0.004' });
    await client.control('deleverage', { symbol: 'BTCUSDT', quantity: '5' });
    await client.control('deleverage', { symbol: 'BTCUSDT', quantity: '5' });
    const trades = (await client.get('/fapi/v1/userTrades', BTC)).body as unknown as Body[];
    assert.deepEqual(trades.map(({ commission, price, qty, side }) => [side, qty, price, commission]).slice(1), [
      ['SELL', '0.004', '60000.00', '0.00000000'],
      ['SELL', '0.006', '60000.00', '0.00000000'],
    ]);
    const orderId = String(trades[1]?.orderId);
    assert.match(
      String((await client.get('/fapi/v1/order', { ...BTC, orderId })).body.clientOrderId),
      /^adl_autoclose-/,
    );
  });

  it('begins as a fresh account: one-way, cross, leverage 20, single asset', async () => {
    const config = (await client.get('/fapi/v1/accountConfig')).body;
    assert.deepEqual([config.dualSidePosition, config.multiAssetsMargin], [false, false]);
    const symbols = (await client.get('/fapi/v1/symbolConfig')).body as unknown as Body[];
    assert.deepEqual(
      symbols.map((s) => [s.symbol, s.marginType, s.leverage]),
      [
        ['BTCUSDT', 'CROSSED', 20],
        ['ETHUSDT', 'CROSSED', 20],
      ],
    );
  });

  it('answers an order without avgPrice and cumQuote, and a query with them', async () => {
    const placed = await order(marketOrder('BUY', '0.01'));
    assert.equal('avgPrice' in placed.body || 'cumQuote' in placed.body, false);
    const seen = (await client.get('/fapi/v1/order', { ...BTC, orderId: String(placed.body.orderId) })).body;
    assert.deepEqual([seen.avgPrice, seen.cumQuote, seen.status], ['60000.60000', '600.00600', 'FILLED']);
  });

  it('answers ACK as accepted and untouched', async () => {
    const placed = await order({ ...marketOrder('BUY', '0.01'), newOrderRespType: 'ACK' });
    assert.deepEqual([placed.body.status, placed.body.executedQty], ['NEW', '0.000']);
  });

  it('refuses what is missing, unknown or malformed with the documented code', async () => {
    const cases: readonly (readonly [Record<string, string>, number])[] = [
      [{ side: 'BUY', type: 'MARKET', quantity: '1' }, -1102],
      [{ ...marketOrder('BUY', '0.01'), symbol: 'NOPEUSDT' }, -1121],
      [{ ...marketOrder('BUY', '0.01'), side: 'HOLD' }, -1117],
      [{ ...marketOrder('BUY', '0.01'), type: 'ICEBERG' }, -1116],
      [{ ...marketOrder('BUY', '0.01'), type: 'STOP_MARKET', stopPrice: '50000' }, -4120],
      [{ ...limitOrder('BUY', '0.01', '59000'), timeInForce: 'GTE' }, -1115],
      [{ ...marketOrder('BUY', 'many') }, -1102],
      [{ ...marketOrder('BUY', '-1') }, -4003],
      [{ ...marketOrder('BUY', '0.01'), reduceOnly: 'maybe' }, -1102],
      [{ ...marketOrder('BUY', '0.01'), positionSide: 'LONG' }, -4061],
      [{ ...marketOrder('BUY', '0.01'), price: '1' }, -1106],
      [{ ...marketOrder('SELL', '0.01'), reduceOnly: 'true' }, -2022],
    ];
    for (const [params, code] of cases) {
      const answer = await order(params);
      assert.deepEqual([answer.status, answer.body.code], [400, code], JSON.stringify(params));
    }
    const books = (await client.books()) as { orders: unknown[] };
    assert.equal(books.orders.length, 0);
  });

  it('answers market errors as observed on the exchange', async () => {
    const cases: readonly (readonly [string, Record<string, string>, number, string])[] = [
      ['klines', { ...BTC, interval: '1s' }, -1120, 'Invalid interval.'],
      ['klines', { ...BTC, interval: '1m', limit: '2000' }, -1130, "Data sent for parameter 'limit' is not valid."],
      ['depth', { ...BTC, limit: '3' }, -4021, '3 is not valid depth limit'],
      ['ticker/24hr', { symbol: 'NOTAREALSYM' }, -1121, 'Invalid symbol.'],
    ];
    for (const [path, params, code, msg] of cases) {
      const { body } = await client.get(`/fapi/v1/${path}`, params);
      assert.deepEqual([body.code, body.msg], [code, msg]);
    }
  });

  it('checks key and signature', async () => {
    const url = `${client.sim.url}/fapi/v3/account?timestamp=${START_MS}&signature=`;
    const codeOf = async (headers: Record<string, string>, signature: string) => {
      const response = await fetch(url + signature, { headers });
      return [response.status, ((await response.json()) as Body).code];
    };
    assert.deepEqual(await codeOf({}, 'x'), [401, -2014]);
    assert.deepEqual(await codeOf({ 'X-MBX-APIKEY': 'wrong' }, 'x'), [401, -2015]);
    assert.deepEqual(await codeOf({ 'X-MBX-APIKEY': 'paper' }, 'x'), [400, -1022]);
    const good = sign(`timestamp=${START_MS}`, 'paper-secret');
    assert.deepEqual(await codeOf({ 'X-MBX-APIKEY': 'paper' }, good), [200, undefined]);
  });

  it('reports weight and order counts, and refuses the 301st order of ten seconds with 429', async () => {
    const first = await order(limitOrder('BUY', '0.001', '59000'));
    assert.equal(first.headers.get('x-mbx-order-count-10s'), '1');
    assert.ok(Number(first.headers.get('x-mbx-used-weight-1m')) >= 0);
    const statuses = new Map<number, number>();
    let refused: Body = {};
    // Twice the limit: at most one border of the ten-second window can fall into the run.
    for (let index = 0; index < 620; index++) {
      const answer = await order({ ...limitOrder('BUY', '0.001', '59000'), quantity: '0' });
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 429) refused = answer.body;
    }
    assert.ok((statuses.get(429) ?? 0) > 0);
    assert.deepEqual(
      [refused.code, refused.msg],
      [-1015, 'Too many new orders; current limit is 300 orders per 10 SECONDS.'],
    );
  });

  it('refuses the request beyond 2,400 weight a minute with -1003', async () => {
    let last = await client.get('/fapi/v1/positionSide/dual');
    for (let index = 0; index < 170 && last.status === 200; index++)
      last = await client.get('/fapi/v1/positionSide/dual');
    assert.deepEqual([last.status, last.body.code], [429, -1003]);
    assert.ok(Number(last.headers.get('retry-after')) > 0);
  });

  it('cancels all, counts down, and lists what is open and what was', async () => {
    await order(limitOrder('BUY', '0.001', '59000', { newClientOrderId: 'one' }));
    await order(limitOrder('BUY', '0.001', '58900', { newClientOrderId: 'two' }));
    const open = async () => ((await client.get('/fapi/v1/openOrders', BTC)).body as unknown as Body[]).length;
    assert.equal(await open(), 2);
    await client.send('POST', '/fapi/v1/countdownCancelAll', { ...BTC, countdownTime: '5000' });
    await client.control('advance', { ms: 4999 });
    assert.equal(await open(), 2);
    await client.control('advance', { ms: 1 });
    assert.equal(await open(), 0);
    await order(limitOrder('BUY', '0.001', '59000'));
    const answer = await client.send('DELETE', '/fapi/v1/allOpenOrders', BTC);
    assert.deepEqual(answer.body, { code: 200, msg: 'The operation of cancel all open order is done.' });
    const all = (await client.get('/fapi/v1/allOrders', BTC)).body as unknown as Body[];
    assert.deepEqual(
      all.map((o) => o.status),
      ['CANCELED', 'CANCELED', 'CANCELED'],
    );
  });

  it('shows one position alike in every view of the account', async () => {
    await order(marketOrder('BUY', '0.1'));
    const v3 = (await client.get('/fapi/v3/account')).body as { positions: Body[]; totalMarginBalance: string };
    const v2 = (await client.get('/fapi/v2/account')).body as { positions: Body[]; totalMarginBalance: string };
    const [risk3] = (await client.get('/fapi/v3/positionRisk', BTC)).body as unknown as Body[];
    const [risk2] = (await client.get('/fapi/v2/positionRisk', BTC)).body as unknown as Body[];
    assert.equal(v3.totalMarginBalance, '9996.93997000');
    assert.equal(v2.totalMarginBalance, v3.totalMarginBalance);
    assert.deepEqual(
      [risk3?.entryPrice, risk2?.entryPrice, v2.positions[0]?.entryPrice],
      Array(3).fill('60000.60000000'),
    );
    assert.equal(risk3?.maintMargin, '24.00000000');
    assert.equal(risk2?.leverage, '20');
    assert.equal(risk3?.liquidationPrice, '0');
    assert.deepEqual([v3.positions.length, v2.positions.length], [1, 2]);
  });

  it('keeps the fields that the exchange documents', async () => {
    interface Documented {
      endpoints: Record<string, { response_examples: unknown[] }[]>;
    }
    const file = readFixture<Documented>('binance-samples/documented-responses-2025-11-30.json');
    await order(marketOrder('BUY', '0.01'));
    await order(limitOrder('BUY', '0.001', '59000', { newClientOrderId: 'rest' }));
    const first = (value: unknown): Body => (Array.isArray(value) ? value[0] : value) as Body;
    // The samples show a trailing order, which the endpoint no longer serves.
    const gone = new Set(['activatePrice', 'priceRate']);
    const paths: readonly (readonly [string, Record<string, string>])[] = [
      ['/fapi/v3/account', {}],
      ['/fapi/v2/account', {}],
      ['/fapi/v3/balance', {}],
      ['/fapi/v3/positionRisk', BTC],
      ['/fapi/v2/positionRisk', BTC],
      ['/fapi/v1/openOrders', BTC],
      ['/fapi/v1/allOrders', BTC],
      ['/fapi/v1/userTrades', BTC],
      ['/fapi/v1/income', BTC],
      ['/fapi/v1/accountConfig', {}],
      ['/fapi/v1/symbolConfig', BTC],
      ['/fapi/v1/commissionRate', BTC],
      ['/fapi/v1/leverageBracket', BTC],
      ['/fapi/v1/premiumIndex', BTC],
    ];
    for (const [path, params] of paths) {
      const documented = first(file.endpoints[`GET ${path}`]?.[0]?.response_examples[0]);
      const ours = first((await client.get(path, params)).body);
      const missing = Object.keys(documented).filter((name) => !gone.has(name) && !(name in ours));
      assert.deepEqual(missing, [], path);
    }
  });
});

describe('settings and keys', () => {
  let client: Client;
  beforeEach(async () => {
    client = await startManual();
  });
  afterEach(() => client.sim.close());

  it('lets hedge mode be set and read, and then refuses orders', async () => {
    const dual = { dualSidePosition: 'true' };
    assert.equal((await client.send('POST', '/fapi/v1/positionSide/dual', dual)).body.code, 200);
    assert.equal((await client.send('POST', '/fapi/v1/positionSide/dual', dual)).body.code, -4059);
    assert.equal((await client.get('/fapi/v1/positionSide/dual')).body.dualSidePosition, true);
    const order = await client.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.01'));
    assert.equal(order.body.code, -4061);
    const long = await client.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.01', { positionSide: 'LONG' }));
    assert.equal(long.body.code, -1020);
  });

  it('keeps single-asset margin unless told otherwise, and joins no isolated symbol with it', async () => {
    const on = { multiAssetsMargin: 'true' };
    assert.equal((await client.send('POST', '/fapi/v1/multiAssetsMargin', on)).body.code, 200);
    assert.equal((await client.send('POST', '/fapi/v1/multiAssetsMargin', on)).body.code, -4171);
    const isolated = await client.send('POST', '/fapi/v1/marginType', { ...BTC, marginType: 'ISOLATED' });
    assert.equal(isolated.body.code, -4168);
  });

  it('says what the key may do, and keeps a listen key until it is closed', async () => {
    const rights = (await client.get('/sapi/v1/account/apiRestrictions')).body;
    assert.deepEqual([rights.enableFutures, rights.enableWithdrawals], [true, false]);
    const path = '/fapi/v1/listenKey';
    assert.equal((await client.send('PUT', path)).body.code, -1125);
    const { listenKey } = (await client.send('POST', path)).body;
    assert.equal((await client.send('PUT', path)).body.listenKey, listenKey);
    await client.send('DELETE', path);
    assert.equal((await client.send('PUT', path)).body.code, -1125);
  });
});

describe('the recorded market of October 2025', () => {
  it('liquidates a 20x long in the crash of the 10th and leaves a 3x long alive', async () => {
    const market = MARKET_FOLDER;
    const run = async (leverage: string) => {
      const client = await startManual({ market, startMs: Date.UTC(2025, 9, 10, 12), enforceLimits: false });
      await client.send('POST', '/fapi/v1/marginType', { ...BTC, marginType: 'ISOLATED' });
      await client.send('POST', '/fapi/v1/leverage', { ...BTC, leverage });
      const placed = await client.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.02'));
      assert.equal(placed.body.status, 'FILLED');
      await client.control('advance', { ms: 24 * 3_600_000 });
      const books = (await client.books()) as { liquidations: { time_ms: number }[]; wallet_balance_usdt: string };
      await client.sim.close();
      return books;
    };
    const high = await run('20');
    assert.equal(high.liquidations.length, 1);
    assert.equal(new Date(high.liquidations[0]?.time_ms ?? 0).toISOString().slice(0, 10), '2025-10-10');
    assert.equal((await run('3')).liquidations.length, 0);
  });
});

describe('the control face', () => {
  let sim: ExchangeSim;
  afterEach(() => sim.close());

  it('wants its token, but for the clock', async () => {
    sim = await startExchangeSim({ clock: 'manual', startMs: START_MS, simToken: 'token' });
    assert.equal((await fetch(`${sim.url}/sim/books`)).status, 401);
    assert.equal((await fetch(`${sim.url}/sim/books`, { headers: { Authorization: 'Bearer nope' } })).status, 401);
    assert.equal((await fetch(`${sim.url}/sim/books`, { headers: { Authorization: 'Bearer token' } })).status, 200);
    const clock = (await (await fetch(`${sim.url}/sim/clock`)).json()) as Body;
    assert.deepEqual([clock.mode, clock.server_time_ms, clock.scale], ['manual', START_MS, 0]);
    assert.equal(clock.limits_weight, true);
  });

  it('states epoch, wall and scale so that a client can compute server time', async () => {
    sim = await startExchangeSim({ startMs: START_MS, speed: 50 });
    const beforeMs = Date.now();
    const clock = (await (await fetch(`${sim.url}/sim/clock`)).json()) as Record<string, number>;
    const afterMs = Date.now();
    assert.deepEqual([clock.scale, clock.epoch_ms], [50, START_MS]);
    const computed = (wallMs: number) => (clock.epoch_ms ?? 0) + (wallMs - (clock.wall_ms ?? 0)) * 50;
    // The exchange counts by the monotonic clock, and this by the wall's: each tells a millisecond at least.
    const grainMs = 2;
    assert.ok((clock.server_time_ms ?? 0) >= computed(beforeMs - grainMs), 'not before the question');
    assert.ok((clock.server_time_ms ?? 0) <= computed(afterMs + grainMs), 'not after the answer');
    const { serverTime } = (await (await fetch(`${sim.url}/fapi/v1/time`)).json()) as { serverTime: number };
    assert.ok(serverTime >= (clock.server_time_ms ?? 0));
  });

  it('moves marks, time and money, and says what is wrong with a request', async () => {
    const client = await startManual();
    sim = client.sim;
    await client.control('set-mark', { symbol: 'BTCUSDT', price: 50_000, book_bps: 200 });
    const ticker = (await client.get('/fapi/v1/ticker/bookTicker', BTC)).body;
    assert.deepEqual([ticker.bidPrice, ticker.askPrice], ['50999.50', '51000.50']);
    await client.control('release-mark', BTC);
    await client.control('advance', { ms: 900_000 });
    const premium = (await client.get('/fapi/v1/premiumIndex', BTC)).body;
    assert.ok(Number(premium.markPrice) > 59_000);
    const rows = (await client.get('/fapi/v1/klines', { ...BTC, interval: '15m', limit: '2' })).body;
    // The bar whose mark was held keeps the low that it really had.
    assert.equal((rows as unknown as string[][])[0]?.[3], '50000.00');
    await client.control('transfer', { amount: '-250.5' });
    assert.equal((await client.books()).wallet_balance_usdt, '9749.50000000');
    await assert.rejects(client.control('set-mark', { symbol: 'BTCUSDT' }), /price/);
    await assert.rejects(client.control('advance', { ms: 'soon' }), /ms/);
    await assert.rejects(client.control('advance', {}), /ms/);
  });
});

describe('a held time window', () => {
  it('accepts clients whose clock runs on while a manual clock stands still', async () => {
    const { sim } = await startManual();
    try {
      const ahead = `timestamp=${START_MS + 5}`;
      const url = `${sim.url}/fapi/v3/balance?${ahead}&signature=${sign(ahead, 'paper-secret')}`;
      assert.equal((await fetch(url, { headers: { 'X-MBX-APIKEY': 'paper' } })).status, 200);
    } finally {
      await sim.close();
    }
  });
});

describe('closing', () => {
  it('waits for no keep-alive connection and no held answer', async () => {
    const client = createClient(await startExchangeSim({ seed: 1 }));
    await client.get('/fapi/v1/time');
    await client.control('faults', { kind: 'accept-then-timeout', match: { path: '/fapi/v1/time' } });
    await client.control('faults', { kind: 'stall-body', match: { path: '/fapi/v1/ping' } });
    const held = [client.get('/fapi/v1/time'), client.get('/fapi/v1/ping')].map((p) =>
      p.then(
        () => 'ok',
        () => 'cut',
      ),
    );
    await arrived(client, 2);
    let isClosed = false;
    void client.sim.close().then(() => (isClosed = true));
    // Sooner than an idle connection ends by itself.
    await until('it is closed', () => isClosed, 50_000);
    assert.deepEqual(await Promise.all(held), ['cut', 'cut']);
  });
});
