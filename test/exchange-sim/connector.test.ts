import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  BadRequestError,
  DerivativesTradingUsdsFutures,
  DerivativesTradingUsdsFuturesRestAPI,
} from '@binance/derivatives-trading-usds-futures';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';

const { NewOrderSideEnum, NewOrderTypeEnum, NewOrderTimeInForceEnum, NewOrderNewOrderRespTypeEnum } =
  DerivativesTradingUsdsFuturesRestAPI;

describe("the exchange's own JavaScript connector", () => {
  let sim: ExchangeSim;
  let api: DerivativesTradingUsdsFutures['restAPI'];

  before(async () => {
    sim = await startExchangeSim({ seed: 3, balance: 5000 });
    const configurationRestAPI = { apiKey: 'paper', apiSecret: 'paper-secret', basePath: sim.url, timeout: 2000 };
    api = new DerivativesTradingUsdsFutures({ configurationRestAPI }).restAPI;
  });
  after(() => sim.close());

  it('reads the account', async () => {
    const account = await (await api.accountInformationV3()).data();
    assert.equal(account.totalWalletBalance, '5000.00000000');
    assert.equal(account.assets?.[0]?.availableBalance, '5000.00000000');
    assert.deepEqual(account.positions, []);
  });

  it('places a market order and sees its position', async () => {
    const response = await api.newOrder({
      symbol: 'BTCUSDT',
      side: NewOrderSideEnum.BUY,
      type: NewOrderTypeEnum.MARKET,
      quantity: 0.01,
      newClientOrderId: 'connector-1',
      newOrderRespType: NewOrderNewOrderRespTypeEnum.RESULT,
    });
    const placed = await response.data();
    assert.deepEqual([placed.status, placed.executedQty], ['FILLED', '0.010']);
    const [position] = await (await api.positionInformationV3({ symbol: 'BTCUSDT' })).data();
    assert.equal(position?.positionAmt, '0.010');
    assert.ok(Number(position?.entryPrice) > 59_000);
  });

  it('finds an order by its client id, cancels it, and is told when it is gone', async () => {
    const asked = {
      symbol: 'BTCUSDT',
      side: NewOrderSideEnum.BUY,
      type: NewOrderTypeEnum.LIMIT,
      timeInForce: NewOrderTimeInForceEnum.GTC,
      quantity: 0.002,
      price: 58_000.5,
      newClientOrderId: 'connector-2',
    };
    const placed = await (await api.newOrder(asked)).data();
    const id = { symbol: 'BTCUSDT', origClientOrderId: 'connector-2' };
    const found = await (await api.queryOrder(id)).data();
    assert.deepEqual([found.orderId, found.status, found.price], [placed.orderId, 'NEW', '58000.50']);
    assert.equal((await (await api.cancelOrder(id)).data()).status, 'CANCELED');
    await assert.rejects(api.cancelOrder(id), (error) => {
      assert.ok(error instanceof BadRequestError);
      assert.match(error.message, /Unknown order sent/);
      return true;
    });
  });
});
