import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { binanceusdm } from 'ccxt';
import { PATIENCE_MS, until } from '../until.ts';
import { createCcxt } from './ccxt-client.ts';
import { HandTime } from './hand-time.ts';
import { arrived, type Body, type Client, limitOrder, marketOrder, startManual } from './signed-client.ts';

const BTC = 'BTC/USDT:USDT';
/** Real time of requests that are given up: enough for them to arrive on a loaded machine. */
const GIVEN_UP_MS = 1_500;
const ORDER = { method: 'POST', path: '/fapi/v1/order' };

describe('faults, each seen by a real client', () => {
  let client: Client;
  let time: HandTime;
  let ex: binanceusdm;

  beforeEach(async () => {
    time = new HandTime();
    client = await startManual({ enforceLimits: false, time });
    await client.control('set-mark', { symbol: 'BTCUSDT', price: 60_000 });
    ex = await createCcxt(client.sim);
    // Time by hand stands still, so does the clock that signs.
    ex.nonce = () => client.sim.engine.state.nowMs;
    ex.timeout = PATIENCE_MS;
    await ex.loadMarkets();
  });
  afterEach(() => client.sim.close());

  const buy = (id: string) => ex.createOrder(BTC, 'market', 'buy', 0.01, undefined, { newClientOrderId: id });
  const nameOf = async (run: Promise<unknown>): Promise<string> => {
    try {
      await run;
      return 'ok';
    } catch (error) {
      return (error as Error).constructor.name;
    }
  };
  const orderIds = async (): Promise<unknown[]> => {
    const books = (await client.books()) as { orders: { client_order_id: string }[] };
    return books.orders.map((order) => order.client_order_id);
  };
  const fault = (body: Body) => client.control('faults', body);

  it('accept-then-timeout: the client times out and the order is live', async () => {
    await fault({ kind: 'accept-then-timeout', match: ORDER });
    ex.timeout = GIVEN_UP_MS;
    assert.equal(await nameOf(buy('a1')), 'RequestTimeout');
    ex.timeout = PATIENCE_MS;
    assert.deepEqual(await orderIds(), ['a1']);
    assert.equal(await nameOf(buy('a2')), 'ok');
  });

  it('reject-503-unknown: one answer for an order that took effect and one that did not', async () => {
    await fault({ kind: 'reject-503-unknown', match: ORDER, accepted: true });
    await fault({ kind: 'reject-503-unknown', match: ORDER, accepted: false });
    assert.equal(await nameOf(buy('u1')), 'OperationFailed');
    assert.equal(await nameOf(buy('u2')), 'OperationFailed');
    assert.deepEqual(await orderIds(), ['u1']);
  });

  it('drop-before: the connection ends and nothing happened', async () => {
    await fault({ kind: 'drop-before', match: ORDER });
    assert.equal(await nameOf(buy('d1')), 'NetworkError');
    assert.deepEqual(await orderIds(), []);
  });

  it('drop-mid-body: the head and half of the answer come, the order is live', async () => {
    await fault({ kind: 'drop-mid-body', match: ORDER });
    assert.equal(await nameOf(buy('m1')), 'SocketError');
    assert.deepEqual(await orderIds(), ['m1']);
  });

  it('stall-body: the answer never ends, the order is live, and close does not wait', async () => {
    await fault({ kind: 'stall-body', match: ORDER });
    const waiting = new AbortController();
    const sent = client.send(
      'POST',
      '/fapi/v1/order',
      marketOrder('BUY', '0.01', { newClientOrderId: 's1' }),
      waiting.signal,
    );
    const givenUp = assert.rejects(sent, /abort/i);
    while ((await orderIds()).length === 0);
    waiting.abort();
    await givenUp;
    assert.deepEqual(await orderIds(), ['s1']);
  });

  it('delay: the request is served late', async () => {
    await fault({ kind: 'delay', match: ORDER, ms: 60 });
    const bought = nameOf(buy('l1'));
    await arrived(client);
    await time.advance(59);
    assert.deepEqual(await orderIds(), []);
    await time.advance(1);
    assert.equal(await bought, 'ok');
    assert.deepEqual(await orderIds(), ['l1']);
  });

  it('delay: a request arrives late also after its client has given up', async () => {
    await fault({ kind: 'delay', match: ORDER, ms: 3_000 });
    ex.timeout = GIVEN_UP_MS;
    assert.equal(await nameOf(buy('l2')), 'RequestTimeout');
    assert.deepEqual(await orderIds(), []);
    await time.advance(3_000);
    await until('it arrives', async () => (await orderIds()).length > 0);
    assert.deepEqual(await orderIds(), ['l2']);
  });

  it('status: any HTTP status with its Retry-After', async () => {
    const expected: readonly (readonly [number, string])[] = [
      [429, 'DDoSProtection'],
      [418, 'DDoSProtection'],
      [403, 'ExchangeNotAvailable'],
      [500, 'ExchangeNotAvailable'],
      [502, 'ExchangeNotAvailable'],
      [504, 'RequestTimeout'],
    ];
    for (const [status, name] of expected) {
      await fault({ kind: 'status', match: ORDER, status, retry_after_s: 7 });
      assert.equal(await nameOf(buy(`s${status}`)), name, String(status));
    }
    await fault({ kind: 'status', match: ORDER, status: 429, retry_after_s: 7, body: '{}' });
    const answer = await client.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.01'));
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '7']);
    assert.deepEqual(await orderIds(), []);
  });

  it('error: any code, and only for the request that matches', async () => {
    await fault({ kind: 'error', match: { ...ORDER, symbol: 'ETHUSDT' }, code: -1008, msg: 'x', http: 503 });
    await fault({
      kind: 'error',
      match: { ...ORDER, symbol: 'BTCUSDT' },
      code: -1021,
      msg: 'Timestamp for this request is outside of the recvWindow.',
    });
    assert.equal(await nameOf(buy('e1')), 'InvalidNonce');
    assert.equal(await nameOf(buy('e2')), 'ok');
    const { faults } = (await client.control('faults')) as { faults: { remaining: number; hits: number }[] };
    assert.deepEqual(
      faults.map((f) => [f.remaining, f.hits]),
      [
        [1, 0],
        [0, 1],
      ],
    );
    await client.control('clear-faults', {});
    assert.deepEqual((await client.control('faults')).faults, []);
  });

  it('not-found-after-accept: the next queries deny an order that is there', async () => {
    await fault({ kind: 'not-found-after-accept', match: ORDER, queries: 2 });
    assert.equal(await nameOf(buy('n1')), 'ok');
    const find = () => ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'n1' });
    assert.equal(await nameOf(find()), 'OrderNotFound');
    assert.equal(await nameOf(find()), 'OrderNotFound');
    assert.equal((await find()).status, 'closed');
  });

  it('partial-fill: only a fraction of the next order fills', async () => {
    await fault({ kind: 'partial-fill', match: ORDER, fraction: 0.3 });
    const order = await buy('p1');
    assert.deepEqual([order.status, order.filled], ['expired', 0.003]);
    assert.equal((await buy('p2')).filled, 0.01);
  });

  it('stale-positions: account and positions answer from before, then catch up', async () => {
    await fault({ kind: 'stale-positions', ms: 300 });
    await buy('z1');
    assert.equal((await ex.fetchPositions()).length, 0);
    assert.equal(
      (await client.get('/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'z1' })).body.status,
      'FILLED',
    );
    await client.control('clear-faults', {});
    assert.equal((await ex.fetchPositions()).length, 1);
  });

  it('stale-market: prices and their times stand still', async () => {
    await fault({ kind: 'stale-market', ms: 5000 });
    await client.control('set-mark', { symbol: 'BTCUSDT', price: 61_000 });
    await client.control('advance', { ms: 500 });
    const stale = (await client.get('/fapi/v1/premiumIndex', { symbol: 'BTCUSDT' })).body;
    const { serverTime } = (await client.get('/fapi/v1/time')).body;
    assert.equal(stale.markPrice, '60000.00000000');
    assert.equal(Number(serverTime) - Number(stale.time), 500);
    await client.control('clear-faults', {});
    assert.equal((await client.get('/fapi/v1/premiumIndex', { symbol: 'BTCUSDT' })).body.markPrice, '61000.00000000');
  });

  it('fill-lag: the account shows the fill later than the order', async () => {
    await fault({ kind: 'fill-lag', match: ORDER, ms: 5000, lagging: 'account' });
    assert.equal((await buy('f1')).status, 'closed');
    assert.equal((await ex.fetchPositions()).length, 0);
    assert.deepEqual(await ex.fetchMyTrades(BTC), []);
    await client.control('clear-faults', {});
    assert.equal((await ex.fetchPositions()).length, 1);
  });

  it('fill-lag: the order shows the fill later than the account', async () => {
    await fault({ kind: 'fill-lag', match: ORDER, ms: 5000, lagging: 'order' });
    assert.equal((await buy('f2')).status, 'open');
    assert.equal((await ex.fetchPositions()).length, 1);
    const find = () => ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'f2' });
    assert.equal((await find()).filled, 0);
    assert.equal((await ex.fetchOpenOrders(BTC)).length, 1);
    await client.control('clear-faults', {});
    assert.equal((await find()).filled, 0.01);
  });

  it('disconnect: every connection is cut and new ones are refused for a while', async () => {
    await fault({ kind: 'disconnect', ms: 1_500 });
    assert.equal(await nameOf(ex.fetchTime()), 'NetworkError');
    await time.advance(1_499);
    assert.equal(await nameOf(ex.fetchTime()), 'NetworkError');
    await time.advance(1);
    assert.equal(await nameOf(ex.fetchTime()), 'ok');
  });

  it('refuses faults that it does not know, field by field', async () => {
    await assert.rejects(fault({ kind: 'earthquake' }), /must be one of accept-then-timeout/);
    await assert.rejects(fault({ kind: 'delay', mss: 5 }), /mss.* is unknown/);
    await assert.rejects(fault({ kind: 'partial-fill', fraction: 2 }), /between 0 and 1/);
  });

  it('fill-order: fills a resting order at its own price', async () => {
    const order = await client.send('POST', '/fapi/v1/order', limitOrder('BUY', '0.01', '59000'));
    await client.control('fill-order', { order_id: order.body.orderId, quantity: '0.004' });
    const seen = await client.get('/fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(order.body.orderId) });
    assert.deepEqual(
      [seen.body.status, seen.body.executedQty, seen.body.avgPrice],
      ['PARTIALLY_FILLED', '0.004', '59000.00000'],
    );
  });
});
