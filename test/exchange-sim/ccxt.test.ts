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

interface Step {
  readonly name: string;
  readonly run: (ex: binanceusdm) => Promise<unknown>;
  /** Name of the ccxt error that the exchange's answer has to become; none for success. */
  readonly error?: string;
}

const market =
  (side: 'buy' | 'sell', params: object, amount = 0.01) =>
  (ex: binanceusdm) =>
    ex.createOrder(BTC, 'market', side, amount, undefined, params);
const limit = (side: 'buy' | 'sell', price: number, params: object) => (ex: binanceusdm) =>
  ex.createOrder(BTC, 'limit', side, 0.01, price, params);

// In the order of the recorded calls; the account begins fresh, so some settings answer "already so".
const STEPS: readonly Step[] = [
  { name: 'loadMarkets', run: (ex) => ex.loadMarkets() },
  { name: 'loadTimeDifference', run: (ex) => ex.loadTimeDifference() },
  { name: 'fetchTime', run: (ex) => ex.fetchTime() },
  { name: 'fetchOHLCV 1m', run: (ex) => ex.fetchOHLCV(BTC, '1m', undefined, 2) },
  { name: 'fetchOHLCV price:mark', run: (ex) => ex.fetchOHLCV(BTC, '1m', undefined, 2, { price: 'mark' }) },
  { name: 'fetchTicker', run: (ex) => ex.fetchTicker(BTC) },
  { name: 'fetchMarkPrice', run: (ex) => ex.fetchMarkPrice(BTC) },
  { name: 'fetchOrderBook', run: (ex) => ex.fetchOrderBook(BTC, 5) },
  { name: 'fetchFundingRate', run: (ex) => ex.fetchFundingRate(BTC) },
  { name: 'fetchFundingRateHistory', run: (ex) => ex.fetchFundingRateHistory(BTC, undefined, 3) },
  { name: 'fetchFundingIntervals', run: (ex) => ex.fetchFundingIntervals() },
  { name: 'fetchBalance', run: (ex) => ex.fetchBalance() },
  { name: 'fetchPositions', run: (ex) => ex.fetchPositions() },
  { name: 'fetchLeverageTiers', run: (ex) => ex.fetchLeverageTiers() },
  { name: 'fetchLeverages', run: (ex) => ex.fetchLeverages() },
  { name: 'setLeverage', run: (ex) => ex.setLeverage(5, BTC) },
  { name: 'setMarginMode isolated', run: (ex) => ex.setMarginMode('isolated', BTC) },
  { name: 'setMarginMode again', run: (ex) => ex.setMarginMode('isolated', BTC), error: 'MarginModeAlreadySet' },
  { name: 'setPositionMode false', run: (ex) => ex.setPositionMode(false), error: 'OperationRejected' },
  { name: 'fetchPositionMode', run: (ex) => ex.fetchPositionMode(BTC) },
  { name: 'fetchTradingFee', run: (ex) => ex.fetchTradingFee(BTC) },
  { name: 'createOrder market', run: market('buy', {}) },
  { name: 'createOrder market + newClientOrderId', run: market('buy', { newClientOrderId: 'dsc-0001' }) },
  {
    name: 'createOrder limit clientOrderId reduceOnly',
    run: limit('sell', 60123.5, { clientOrderId: 'dsc-0002', reduceOnly: true }),
  },
  {
    name: 'the same id again while open',
    run: limit('sell', 60200, { clientOrderId: 'dsc-0002' }),
    error: 'InvalidOrder',
  },
  { name: 'createOrder limit postOnly', run: limit('buy', 58000, { clientOrderId: 'dsc-0003', postOnly: true }) },
  {
    name: 'createOrder limit IOC positionSide LONG',
    run: limit('buy', 59000, { clientOrderId: 'dsc-0004', timeInForce: 'IOC', positionSide: 'LONG' }),
    error: 'OperationRejected',
  },
  {
    name: 'createOrder limit hedged reduceOnly',
    run: limit('sell', 61000, { clientOrderId: 'dsc-0005', hedged: true, reduceOnly: true }),
    error: 'OperationRejected',
  },
  {
    name: 'createOrder market stopLossPrice reduceOnly',
    run: market('sell', { clientOrderId: 'dsc-sl-1', stopLossPrice: 55000.1, reduceOnly: true }),
  },
  {
    name: 'createOrder market takeProfitPrice reduceOnly',
    run: market('sell', { clientOrderId: 'dsc-tp-1', takeProfitPrice: 65000, reduceOnly: true }),
  },
  { name: 'createOrder market triggerPrice', run: market('sell', { clientOrderId: 'dsc-tr-1', triggerPrice: 55000 }) },
  {
    name: 'createOrder STOP_MARKET closePosition workingType MARK',
    run: (ex) =>
      // The amount is not sent with closePosition.
      ex.createOrder(BTC, 'STOP_MARKET', 'sell', undefined as unknown as number, undefined, {
        clientOrderId: 'dsc-cp-1',
        stopPrice: 55000,
        closePosition: true,
        workingType: 'MARK_PRICE',
        priceProtect: true,
      }),
  },
  {
    name: 'createOrder limit stopLossPrice',
    run: limit('sell', 54900, { clientOrderId: 'dsc-sll-1', stopLossPrice: 55000 }),
  },
  {
    name: 'createOrder trailing',
    run: market('sell', {
      clientOrderId: 'dsc-trail-1',
      trailingPercent: 1,
      trailingTriggerPrice: 61000,
      reduceOnly: true,
    }),
  },
  { name: 'createOrder conditional without clientOrderId', run: market('sell', { triggerPrice: 55000 }) },
  {
    name: 'editOrder',
    run: async (ex) => {
      const order = await ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0003' });
      return ex.editOrder(order.id ?? '', BTC, 'limit', 'buy', 0.02, 58100);
    },
  },
  {
    name: 'fetchOrder by id',
    run: async (ex) => {
      const [order] = await ex.fetchOpenOrders(BTC);
      return ex.fetchOrder(order?.id ?? '', BTC);
    },
  },
  {
    name: 'fetchOrder by origClientOrderId',
    run: (ex) => ex.fetchOrder(undefined as unknown as string, BTC, { origClientOrderId: 'dsc-0002' }),
  },
  {
    name: 'fetchOrder by clientOrderId',
    run: (ex) => ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0002' }),
  },
  {
    name: 'fetchOrder of an unknown id',
    run: (ex) => ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'nobody' }),
    error: 'OrderNotFound',
  },
  {
    name: 'fetchOrder conditional by clientOrderId trigger:true',
    run: (ex) => ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-sl-1', trigger: true }),
  },
  { name: 'fetchOpenOrders(symbol)', run: (ex) => ex.fetchOpenOrders(BTC) },
  { name: 'fetchOpenOrders()', run: (ex) => ex.fetchOpenOrders() },
  {
    name: 'fetchOpenOrders(symbol,trigger)',
    run: (ex) => ex.fetchOpenOrders(BTC, undefined, undefined, { trigger: true }),
  },
  { name: 'fetchMyTrades', run: (ex) => ex.fetchMyTrades(BTC) },
  { name: 'fetchFundingHistory', run: (ex) => ex.fetchFundingHistory(BTC) },
  {
    name: 'cancelOrder by id',
    run: async (ex) => {
      const order = await ex.fetchOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0003' });
      return ex.cancelOrder(order.id ?? '', BTC);
    },
  },
  {
    name: 'cancelOrder by clientOrderId',
    run: (ex) => ex.cancelOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0002' }),
  },
  {
    name: 'cancelOrder a second time',
    run: (ex) => ex.cancelOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-0002' }),
    error: 'OrderNotFound',
  },
  {
    name: 'cancelOrder conditional by clientOrderId',
    run: (ex) => ex.cancelOrder(undefined as unknown as string, BTC, { clientOrderId: 'dsc-sl-1', trigger: true }),
  },
  { name: 'cancelAllOrders', run: (ex) => ex.cancelAllOrders(BTC) },
  { name: 'cancelAllOrders trigger:true', run: (ex) => ex.cancelAllOrders(BTC, { trigger: true }) },
  {
    name: 'implicit countdownCancelAll',
    run: (ex) =>
      (ex as unknown as Implicit).fapiPrivatePostCountdownCancelAll({ symbol: 'BTCUSDT', countdownTime: 60000 }),
  },
  {
    name: 'implicit order/test',
    run: (ex) =>
      (ex as unknown as Implicit).fapiPrivatePostOrderTest({
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'MARKET',
        quantity: '0.01',
      }),
  },
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

  for (const step of STEPS) {
    it(`${step.name}${step.error === undefined ? '' : ` -> ${step.error}`}`, async () => {
      if (step.error === undefined) {
        results.set(step.name, await step.run(ex));
        return;
      }
      await assert.rejects(step.run(ex), (error: Error) => {
        assert.equal(error.constructor.name, step.error, error.message);
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
