import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { type Body, type Client, createClient, START_MS } from './signed-client.ts';

describe('conditional orders show the order that they triggered', () => {
  let client: Client;
  before(async () => {
    client = createClient(
      await startExchangeSim({ seed: 7, clock: 'manual', startMs: START_MS, enforceLimits: false }),
    );
  });
  after(() => client.sim.close());

  const place = async (params: Record<string, string>): Promise<Body> => {
    const answer = await client.send('POST', '/fapi/v1/algoOrder', {
      algoType: 'CONDITIONAL',
      symbol: 'BTCUSDT',
      side: 'SELL',
      workingType: 'MARK_PRICE',
      ...params,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  const query = async (clientAlgoId: string): Promise<Body> =>
    (await client.get('/fapi/v1/algoOrder', { clientAlgoId })).body;
  const hold = async (quantity: string): Promise<void> => {
    const answer = await client.send('POST', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  };

  it('says nothing of an order before it fires, and its quantity and price afterwards', async () => {
    await hold('0.010');
    const placed = await place({
      type: 'STOP_MARKET',
      closePosition: 'true',
      triggerPrice: '58000.00',
      clientAlgoId: 'stop-1',
    });
    for (const field of ['actualOrderId', 'actualQty', 'actualType']) assert.equal(placed[field], '', field);
    // What it closes is the position as it is then.
    await hold('0.005');
    await client.control('set-mark', { symbol: 'BTCUSDT', price: '57900' });
    const fired = await query('stop-1');
    assert.deepEqual([fired.algoStatus, fired.actualQty, fired.actualType], ['FINISHED', '0.015', 'MARKET']);
    const order = await client.get('/fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(fired.actualOrderId) });
    assert.equal(order.body.executedQty, fired.actualQty, 'the order that it triggered');
    assert.equal(order.body.avgPrice, fired.actualPrice, 'at its average price');
  });

  it('is asked for as its query is documented, where a fault says so: without what its order has executed', async () => {
    await client.control('faults', { kind: 'untold-quantity', match: { method: 'GET', path: '/fapi/v1/algoOrder' } });
    const unreported = await query('stop-1');
    assert.deepEqual(
      [unreported.algoStatus, unreported.actualQty, unreported.actualType],
      ['FINISHED', undefined, undefined],
    );
    assert.notEqual(unreported.actualOrderId, '', 'which order it became is told');
    assert.equal((await query('stop-1')).actualQty, '0.015', 'the next answer tells all');
  });

  it('is TRIGGERED while its order rests, with nothing executed yet', async () => {
    await client.control('set-mark', { symbol: 'BTCUSDT', price: '60000' });
    await hold('0.010');
    await place({
      type: 'STOP',
      quantity: '0.010',
      price: '59500.00',
      triggerPrice: '59000.00',
      reduceOnly: 'true',
      clientAlgoId: 'stop-2',
    });
    await client.control('set-mark', { symbol: 'BTCUSDT', price: '58900' });
    const waiting = await query('stop-2');
    assert.deepEqual([waiting.algoStatus, waiting.actualQty, waiting.actualType], ['TRIGGERED', '0.000', 'LIMIT']);
    await client.control('set-mark', { symbol: 'BTCUSDT', price: '59600' });
    const filled = await query('stop-2');
    assert.deepEqual([filled.algoStatus, filled.actualQty], ['FINISHED', '0.010']);
  });
});
