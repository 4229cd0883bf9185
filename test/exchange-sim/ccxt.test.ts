import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { binanceusdm } from 'ccxt';
import { ROUTES } from '../../daemon/exchange-sim/rest/handle.ts';
import { readFixture } from '../fixtures/recorded.ts';
import { createCcxt } from './ccxt-client.ts';
import { type Client, startManual } from './signed-client.ts';

const BTC = 'BTC/USDT:USDT';

/** The implicit methods that have no unified name. */
interface Implicit {
  fapiPrivatePostCountdownCancelAll(params: object): Promise<unknown>;
  fapiPrivatePostOrderTest(params: object): Promise<unknown>;
}

/** `error`: name of the ccxt error that the exchange's answer has to become; none for success. */
type Step = readonly [name: string, run: (ex: binanceusdm) => Promise<unknown>, error?: string];

const market =
  (side: 'buy' | 'sell', params: object, amount = 0.01) =>
  (ex: binanceusdm) =>
    ex.createOrder(BTC, 'market', side, amount, undefined, params);
const limit = (side: 'buy' | 'sell', price: number, params: object) => (ex: binanceusdm) =>
  ex.createOrder(BTC, 'limit', side, 0.01, price, params);

// In the order of the recorded calls; the account begins fresh, so some settings answer "already so".
const STEPS: readonly Step[] = [
  ['loadMarkets', (ex) => ex.loadMarkets()],
  ['loadTimeDifference', (ex) => ex.loadTimeDifference()],
  ['fetchTime', (ex) => ex.fetchTime()],
  ['fetchOHLCV 1m', (ex) => ex.fetchOHLCV(BTC, '1m', undefined, 2)],
  ['fetchOHLCV price:mark', (ex) => ex.fetchOHLCV(BTC, '1m', undefined, 2, { price: 'mark' })],
  ['fetchTicker', (ex) => ex.fetchTicker(BTC)],
  ['fetchMarkPrice', (ex) => ex.fetchMarkPrice(BTC)],
  ['fetchOrderBook', (ex) => ex.fetchOrderBook(BTC, 5)],
  ['fetchFundingRate', (ex) => ex.fetchFundingRate(BTC)],
  ['fetchFundingRateHistory', (ex) => ex.fetchFundingRateHistory(BTC, undefined, 3)],
  ['fetchFundingIntervals', (ex) => ex.fetchFundingIntervals()],
  ['fetchBalance', (ex) => ex.fetchBalance()],
  ['fetchPositions', (ex) => ex.fetchPositions()],
  ['fetchLeverageTiers', (ex) => ex.fetchLeverageTiers()],
  ['fetchLeverages', (ex) => ex.fetchLeverages()],
  ['setLeverage', (ex) => ex.setLeverage(5, BTC)],
  ['setMarginMode isolated', (ex) => ex.setMarginMode('isolated', BTC)],
  ['setMarginMode again', (ex) => ex.setMarginMode('isolated', BTC), 'MarginModeAlreadySet'],
  ['setPositionMode false', (ex) => ex.setPositionMode(false), 'OperationRejected'],
  ['fetchPositionMode', (ex) => ex.fetchPositionMode(BTC)],
  ['fetchTradingFee', (ex) => ex.fetchTradingFee(BTC)],
  ['createOrder market', market('buy', {})],
  ['createOrder market + newClientOrderId', market('buy', { newClientOrderId: 'dsc-0001' })],
  [
    'createOrder limit clientOrderId reduceOnly',
    limit('sell', 60123.5, { clientOrderId: 'dsc-0002', reduceOnly: true }),
  ],
  ['the same id again while open', limit('sell', 60200, { clientOrderId: 'dsc-0002' }), 'InvalidOrder'],
  ['createOrder limit postOnly', limit('buy', 58000, { clientOrderId: 'dsc-0003', postOnly: true })],
  [
    'createOrder limit IOC positionSide LONG',
    limit('buy', 59000, { clientOrderId: 'dsc-0004', timeInForce: 'IOC', positionSide: 'LONG' }),
    'OperationRejected',
  ],
  [
    'createOrder limit hedged reduceOnly',
    limit('sell', 61000, { clientOrderId: 'dsc-0005', hedged: true, reduceOnly: true }),
    'OperationRejected',
  ],
  [
    'createOrder market stopLossPrice reduceOnly',
    market('sell', { clientOrderId: 'dsc-sl-1', stopLossPrice: 55000.1, reduceOnly: true }),
  ],
  [
    'createOrder market takeProfitPrice reduceOnly',
    market('sell', { clientOrderId: 'dsc-tp-1', takeProfitPrice: 65000, reduceOnly: true }),
  ],
  ['createOrder market triggerPrice', market('sell', { clientOrderId: 'dsc-tr-1', triggerPrice: 55000 })],
  [
    'createOrder STOP_MARKET closePosition workingType MARK',
    (ex) =>
      // The amount is not sent with closePosition.
      ex.createOrder(BTC, 'STOP_MARKET', 'sell', undefined as unknown as number, undefined, {
        clientOrderId: 'dsc-cp-1',
        stopPrice: 55000,
        closePosition: true,
        workingType: 'MARK_PRICE',
        priceProtect: true,
      }),
  ],
  ['createOrder limit stopLossPrice', limit('sell', 54900, { clientOrderId: 'dsc-sll-1', stopLossPrice: 55000 })],
  [
    'createOrder trailing',
    market('sell', { clientOrderId: 'dsc-trail-1', trailingPercent: 1, trailingTriggerPrice: 61000, reduceOnly: true }),
  ],
  ['createOrder conditional without clientOrderId', market('sell', { triggerPrice: 55000 })],
  [
    'editOrder',
    async (ex) => {
      const order = await ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0003' });
      return ex.editOrder(order.id ?? '', BTC, 'limit', 'buy', 0.02, 58100);
    },
  ],
  [
    'fetchOrder by id',
    async (ex) => {
      const [order] = await ex.fetchOpenOrders(BTC);
      return ex.fetchOrder(order?.id ?? '', BTC);
    },
  ],
  [
    'fetchOrder by origClientOrderId',
    (ex) => ex.fetchOrder(undefined as unknown as string, BTC, { origClientOrderId: 'dsc-0002' }),
  ],
  [
    'fetchOrder by clientOrderId',
    (ex) => ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0002' }),
  ],
  [
    'fetchOrder of an unknown id',
    (ex) => ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'nobody' }),
    'OrderNotFound',
  ],
  [
    'fetchOrder conditional by clientOrderId trigger:true',
    (ex) => ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-sl-1', trigger: true }),
  ],
  ['fetchOpenOrders(symbol)', (ex) => ex.fetchOpenOrders(BTC)],
  ['fetchOpenOrders()', (ex) => ex.fetchOpenOrders()],
  ['fetchOpenOrders(symbol,trigger)', (ex) => ex.fetchOpenOrders(BTC, undefined, undefined, { trigger: true })],
  ['fetchMyTrades', (ex) => ex.fetchMyTrades(BTC)],
  ['fetchFundingHistory', (ex) => ex.fetchFundingHistory(BTC)],
  [
    'cancelOrder by id',
    async (ex) => {
      const order = await ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0003' });
      return ex.cancelOrder(order.id ?? '', BTC);
    },
  ],
  [
    'cancelOrder by clientOrderId',
    (ex) => ex.cancelOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0002' }),
  ],
  [
    'cancelOrder a second time',
    (ex) => ex.cancelOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0002' }),
    'OrderNotFound',
  ],
  [
    'cancelOrder conditional by clientOrderId',
    (ex) => ex.cancelOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-sl-1', trigger: true }),
  ],
  ['cancelAllOrders', (ex) => ex.cancelAllOrders(BTC)],
  ['cancelAllOrders trigger:true', (ex) => ex.cancelAllOrders(BTC, { trigger: true })],
  [
    'implicit countdownCancelAll',
    (ex) => (ex as unknown as Implicit).fapiPrivatePostCountdownCancelAll({ symbol: 'BTCUSDT', countdownTime: 60000 }),
  ],
  [
    'implicit order/test',
    (ex) =>
      (ex as unknown as Implicit).fapiPrivatePostOrderTest({
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'MARKET',
        quantity: '0.01',
      }),
  ],
];

describe('ccxt', () => {
  let client: Client;
  let ex: binanceusdm;
  const results = new Map<string, unknown>();

  before(async () => {
    client = await startManual({ enforceLimits: false });
    await client.control('set-mark', { symbol: 'BTCUSDT', price: 60_000 });
    ex = await createCcxt(client.sim, { fetchOpenOrders: { warnWithoutSymbol: false } });
  });
  after(() => client.sim.close());

  for (const [name, run, refusal] of STEPS) {
    it(`${name}${refusal === undefined ? '' : ` -> ${refusal}`}`, async () => {
      if (refusal === undefined) {
        results.set(name, await run(ex));
        return;
      }
      await assert.rejects(run(ex), (error: Error) => {
        assert.equal(error.constructor.name, refusal, error.message);
        return true;
      });
    });
  }

  it('read prices, settings and fills as they were', () => {
    const at = <T>(name: string) => results.get(name) as T;
    assert.equal(at<{ last: number }>('fetchTicker').last, 60_000);
    assert.deepEqual(at<{ hedged: boolean }>('fetchPositionMode').hedged, false);
    const fee = at<{ maker: number; taker: number }>('fetchTradingFee');
    assert.deepEqual([fee.maker, fee.taker], [0.0002, 0.0005]);
    const placed = at<{ status: string; filled: number; average: number | undefined }>('createOrder market');
    // The answer to an order carries no average price; a query does.
    assert.deepEqual([placed.status, placed.filled, placed.average], ['closed', 0.01, undefined]);
    const trades = at<{ price: number; amount: number }[]>('fetchMyTrades');
    assert.deepEqual(
      trades.map((trade) => [trade.price, trade.amount]),
      [
        [60000.6, 0.01],
        [60000.6, 0.01],
      ],
    );
    const edited = at<{ price: number; amount: number }>('editOrder');
    assert.deepEqual([edited.price, edited.amount], [58100, 0.02]);
    assert.equal(at<unknown[]>('fetchOpenOrders(symbol,trigger)').length, 7);
  });

  it('finds every recorded path served', () => {
    const file = readFixture<{ calls: { method: string; path: string }[] }>('vectors/ccxt-calls.json');
    assert.ok(file.calls.length > 30);
    for (const { method, path } of file.calls) assert.ok(ROUTES.has(`${method} ${path}`), `${method} ${path}`);
  });
});
