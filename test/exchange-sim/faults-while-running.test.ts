import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HandTime } from './hand-time.ts';
import { arrived, type Body, type Client, limitOrder, marketOrder, startManual } from './signed-client.ts';

const ORDER = { method: 'POST', path: '/fapi/v1/order' };
const BTC = { symbol: 'BTCUSDT' };

describe('faults of an exchange that goes on', () => {
  let client: Client;
  let time: HandTime;
  beforeEach(async () => {
    time = new HandTime();
    client = await startManual({ enforceLimits: false, time });
    await client.control('set-mark', { symbol: 'BTCUSDT', price: 60_000 });
  });
  afterEach(() => client.sim.close());

  const fault = (body: Body) => client.control('faults', body);
  const clear = () => client.control('clear-faults', {});
  const post = (params: Record<string, string>) => client.send('POST', '/fapi/v1/order', params);
  const buy = (id: string, quantity = '0.01') => post(marketOrder('BUY', quantity, { newClientOrderId: id }));
  const list = async (path: string, params: Record<string, string> = BTC): Promise<readonly Body[]> =>
    (await client.get(path, params)).body as unknown as readonly Body[];
  const find = (id: string) => client.get('/fapi/v1/order', { ...BTC, origClientOrderId: id });
  const booked = async (id: string): Promise<Body | undefined> =>
    ((await client.books()).orders as Body[]).find((order) => order.client_order_id === id);

  it('stale-list: one list stays as it was, every other answer goes on', async () => {
    await post(limitOrder('BUY', '0.01', '59000', { newClientOrderId: 'r1' }));
    await fault({ kind: 'stale-list', match: { path: '/fapi/v1/openOrders' }, ms: 60_000 });
    await post(limitOrder('BUY', '0.01', '58900', { newClientOrderId: 'r2' }));
    await client.send('DELETE', '/fapi/v1/order', { ...BTC, origClientOrderId: 'r1' });
    const open = await list('/fapi/v1/openOrders');
    assert.deepEqual(
      open.map((order) => [order.clientOrderId, order.status]),
      [['r1', 'NEW']],
    );
    assert.equal((await find('r1')).body.status, 'CANCELED');
    assert.equal((await find('r2')).body.status, 'NEW');
    assert.equal((await list('/fapi/v1/allOrders')).length, 2);
    await clear();
    assert.deepEqual(
      (await list('/fapi/v1/openOrders')).map((order) => order.clientOrderId),
      ['r2'],
    );
    await assert.rejects(fault({ kind: 'stale-list' }), /match\.path/);
  });

  it('stale-list: positions alone lag, the account does not', async () => {
    await fault({ kind: 'stale-list', match: { path: '/fapi/v3/positionRisk' }, ms: 60_000 });
    await buy('p1');
    const rows = await list('/fapi/v3/positionRisk');
    assert.ok(rows.every((row) => Number(row.positionAmt) === 0));
    const { positions } = (await client.get('/fapi/v3/account')).body as { positions: Body[] };
    assert.equal(Number(positions.find((row) => row.symbol === 'BTCUSDT')?.positionAmt), 0.01);
  });

  it('late-trades: order and position show the fill, the trades come later', async () => {
    await fault({ kind: 'late-trades', match: ORDER, ms: 60_000 });
    await buy('t1');
    await buy('t2', '0.02');
    assert.equal((await find('t1')).body.status, 'FILLED');
    assert.deepEqual(
      (await list('/fapi/v1/userTrades')).map((trade) => trade.qty),
      ['0.020'],
      'those of the one order only',
    );
    await clear();
    assert.equal((await list('/fapi/v1/userTrades')).length, 2);
  });

  it('execute-late: what was judged on arrival takes effect past its recvWindow', async () => {
    await fault({ kind: 'execute-late', match: ORDER, ms: 150 });
    const answer = await post(marketOrder('BUY', '0.01', { newClientOrderId: 'x1', recvWindow: '20' }));
    assert.deepEqual([answer.status, answer.body.code], [503, -1000]);
    assert.equal(await booked('x1'), undefined);
    await time.advance(149);
    assert.equal(await booked('x1'), undefined);
    await time.advance(1);
    assert.equal((await booked('x1'))?.status, 'FILLED');
    await clear();
    // Without the fault the same wait is too long.
    await fault({ kind: 'delay', match: ORDER, ms: 150 });
    const sent = post(marketOrder('BUY', '0.01', { newClientOrderId: 'x2', recvWindow: '20' }));
    await arrived(client);
    await client.control('advance', { ms: 5_000 });
    await time.advance(150);
    assert.equal((await sent).body.code, -1021);
  });

  it('execute-late: a wrong signature never takes effect', async () => {
    await fault({ kind: 'execute-late', match: ORDER, ms: 20 });
    await fetch(`${client.sim.url}/fapi/v1/order`, {
      method: 'POST',
      headers: { 'X-MBX-APIKEY': 'paper', 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId=x3&timestamp=1&signature=00',
    });
    await time.advance(60);
    assert.equal(await booked('x3'), undefined);
  });

  it('reject-late: taken and shown as new, refused by the matching engine', async () => {
    await fault({ kind: 'reject-late', match: ORDER, ms: 60_000 });
    const answer = await buy('j1');
    assert.deepEqual([answer.status, answer.body.status, answer.body.executedQty], [200, 'NEW', '0.000']);
    assert.equal((await find('j1')).body.status, 'NEW');
    assert.deepEqual(
      (await list('/fapi/v1/openOrders')).map((order) => order.clientOrderId),
      ['j1'],
    );
    assert.equal((await booked('j1'))?.status, 'REJECTED', 'the books have it from the start');
    await clear();
    assert.deepEqual([(await find('j1')).body.status, (await find('j1')).body.executedQty], ['REJECTED', '0.000']);
    assert.equal((await list('/fapi/v1/openOrders')).length, 0);
    assert.equal((await buy('j2')).body.status, 'FILLED', 'only the one');
  });

  it('set-instrument: filters, brackets and status change while it runs', async () => {
    await client.control('set-instrument', { ...BTC, lot: 0.01, tick: '0.5', min_notional: 1000, max_quantity: 5 });
    const codeOf = async (params: Record<string, string>): Promise<unknown> => (await post(params)).body.code ?? 'ok';
    assert.equal(await codeOf(marketOrder('BUY', '0.015')), -4023);
    assert.equal(await codeOf(limitOrder('BUY', '0.02', '59000.1')), -4014);
    assert.equal(await codeOf(limitOrder('BUY', '0.01', '59000')), -4164);
    assert.equal(await codeOf(limitOrder('BUY', '6', '59000')), -4005);
    assert.equal(await codeOf(marketOrder('BUY', '0.02')), 'ok');
    const info = (await client.get('/fapi/v1/exchangeInfo')).body as { symbols: Body[] };
    const symbol = info.symbols.find((row) => row.symbol === 'BTCUSDT');
    const filters = symbol?.filters as Body[];
    assert.equal(filters.find((row) => row.filterType === 'LOT_SIZE')?.stepSize, '0.01');
    const bars = await list('/fapi/v1/klines', { ...BTC, interval: '15m', limit: '2' });
    assert.ok(Number((bars[0] as unknown as string[])[1]) > 50_000, 'bars are worth what they were');

    await client.control('set-instrument', { ...BTC, brackets: [[10, '1000', '0.01']] });
    assert.equal(await codeOf(marketOrder('BUY', '0.02')), -2027);
    await client.control('set-instrument', { ...BTC, status: 'BREAK' });
    assert.equal(await codeOf(marketOrder('SELL', '0.02', { reduceOnly: 'true' })), -4140);
    const after = (await client.get('/fapi/v1/exchangeInfo')).body as { symbols: Body[] };
    assert.deepEqual(
      after.symbols.map((row) => row.status),
      ['BREAK', 'TRADING'],
    );
    await assert.rejects(client.control('set-instrument', { ...BTC, status: 'ASLEEP' }), /must be one of TRADING/);
    await assert.rejects(client.control('set-instrument', { ...BTC, stepp: 1 }), /unknown/);
  });

  it('set-instrument: positions, resting orders and stops stay off the new grid, and close and fill as they are', async () => {
    await buy('g1', '0.014');
    await post(limitOrder('BUY', '0.013', '59000.1', { newClientOrderId: 'g2' }));
    const stop = { ...BTC, side: 'SELL', algoType: 'CONDITIONAL', type: 'STOP_MARKET', closePosition: 'true' };
    await client.send('POST', '/fapi/v1/algoOrder', { ...stop, triggerPrice: '59500.3' });
    await client.control('set-instrument', { ...BTC, lot: 0.01, tick: 0.5, min_quantity: 0.01 });
    assert.equal((await list('/fapi/v3/positionRisk'))[0]?.positionAmt, '0.014');
    assert.deepEqual(
      (await list('/fapi/v1/openOrders')).map(({ origQty, price }) => [origQty, price]),
      [['0.013', '59000.10']],
    );
    const amend = { ...BTC, origClientOrderId: 'g2', side: 'BUY', price: '59000.1', quantity: '0.012' };
    assert.equal((await client.send('PUT', '/fapi/v1/order', amend)).body.code, -4023);
    await client.control('set-mark', { symbol: 'BTCUSDT', price: 59_500 });
    assert.equal((await list('/fapi/v3/positionRisk'))[0]?.positionAmt, '0.000', 'its stop closes all of it');
    await client.control('set-mark', { symbol: 'BTCUSDT', price: 58_900 });
    assert.equal((await find('g2')).body.executedQty, '0.013');
    const close = marketOrder('SELL', '0.02', { newClientOrderId: 'g3', reduceOnly: 'true' });
    assert.equal((await post(close)).body.executedQty, '0.013', 'the next whole step closes the rest of one');
  });

  it('set-instrument: a quantity with more decimals than stated is refused as such, and a finer step has its own', async () => {
    await client.control('set-instrument', { ...BTC, lot: 0.01, quantity_precision: 2 });
    assert.equal((await buy('d1', '0.015')).body.code, -1111);
    await client.control('set-instrument', { ...BTC, lot: 0.0001, tick: 0.001, min_quantity: 0.0001 });
    assert.equal((await buy('d2', '0.0123')).body.executedQty, '0.0123');
    assert.equal((await list('/fapi/v3/positionRisk'))[0]?.positionAmt, '0.0123');
    await post(limitOrder('BUY', '0.0017', '59000.123', { newClientOrderId: 'd3' }));
    assert.deepEqual([(await find('d3')).body.origQty, (await find('d3')).body.price], ['0.0017', '59000.123']);
  });

  it('set-instrument: market orders have a step and a minimum of their own', async () => {
    await client.control('set-instrument', { ...BTC, market_lot: 0.005, min_market_quantity: 0.01 });
    assert.equal((await buy('m1', '0.005')).body.code, -4004);
    assert.equal((await buy('m2', '0.012')).body.code, -4023);
    assert.equal((await buy('m3', '0.015')).body.status, 'FILLED');
    assert.equal((await post(limitOrder('BUY', '0.001', '59000'))).body.status, 'NEW');
    const info = (await client.get('/fapi/v1/exchangeInfo')).body as { symbols: Body[] };
    const filters = info.symbols.find((row) => row.symbol === 'BTCUSDT')?.filters as Body[];
    const market = filters.find((row) => row.filterType === 'MARKET_LOT_SIZE');
    assert.deepEqual([market?.stepSize, market?.minQty, market?.maxQty], ['0.005', '0.01', '120']);
  });

  it('odd-row: one symbol reads as no documentation says, in one list, for a while', async () => {
    await buy('o1');
    await client.send('POST', '/fapi/v1/order', { ...marketOrder('BUY', '0.5'), symbol: 'ETHUSDT' });
    const match = { path: '/fapi/v3/positionRisk', symbol: 'BTCUSDT' };
    await fault({ kind: 'odd-row', match, ms: 60_000, patch: { positionAmt: 'much' } });
    const amounts = async (params: Record<string, string>) =>
      (await list('/fapi/v3/positionRisk', params)).map((row) => row.positionAmt);
    assert.deepEqual(await amounts({}), ['much', '0.500']);
    assert.deepEqual(await amounts({ symbol: 'ETHUSDT' }), ['0.500'], 'nothing is said of what was not asked for');
    assert.deepEqual((await list('/fapi/v1/openOrders', {})).length, 0, 'other lists stay');
    await fault({
      kind: 'odd-row',
      match: { ...match, symbol: 'NOSUCHUSDT' },
      ms: 60_000,
      patch: { positionAmt: '5' },
    });
    assert.deepEqual(await amounts({}), ['much', '0.500', '5'], 'a row of its own where the list has none');
    await time.advance(60_000);
    assert.deepEqual(await amounts({}), ['0.010', '0.500']);
    await assert.rejects(fault({ kind: 'odd-row', patch: {} }), /match\.path/);
  });

  it('clock-jump: the clock that clients meet is hours off, both ways, and comes back', async () => {
    for (const byMs of [7_200_000, -7_200_000]) {
      await fault({ kind: 'clock-jump', by_ms: byMs });
      const { serverTime } = (await client.get('/fapi/v1/time')).body;
      assert.equal(Number(serverTime) - client.sim.engine.state.nowMs, byMs);
      assert.equal((await buy('c1')).body.code, -1021, 'a timestamp of the old clock is refused');
    }
    await clear();
    assert.equal((await buy('c2')).body.status, 'FILLED');
    await assert.rejects(fault({ kind: 'clock-jump', by_ms: 0.5 }), /whole number/);
  });

  it('ban: 418, and every request that does not respect it makes it longer', async () => {
    await fault({ kind: 'ban', ms: 5_000, factor: 3, max_ms: 30_000 });
    const waits: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const answer = await client.get('/fapi/v1/time');
      assert.equal(answer.status, 418);
      assert.equal(answer.body.code, -1003);
      waits.push(Number(answer.headers.get('retry-after')));
    }
    assert.deepEqual(waits, [15, 30, 30]);
    const { ban } = (await client.control('faults')) as { ban: { left_ms: number; offences: number } };
    assert.equal(ban.offences, 3);
    assert.ok(ban.left_ms > 25_000);
    await clear();
    assert.equal((await client.get('/fapi/v1/time')).status, 200);
    await fault({ kind: 'ban', ms: 30 });
    await time.advance(30);
    assert.equal((await client.get('/fapi/v1/time')).status, 200, 'it ends by itself when nobody asks');
  });
});
