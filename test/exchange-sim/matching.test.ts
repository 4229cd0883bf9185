import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { e8, format } from '../../daemon/exchange-sim/core/fixed.ts';
import { accountMargin } from '../../daemon/exchange-sim/core/orders/account.ts';
import {
  type AlgoRequest,
  cancelAlgoOrder,
  placeAlgoOrder,
} from '../../daemon/exchange-sim/core/orders/conditional.ts';
import { amendOrder, cancelOrder, expireOrders, nextExpiryMs } from '../../daemon/exchange-sim/core/orders/orders.ts';
import { isRejection } from '../../daemon/exchange-sim/core/orders/rejections.ts';
import {
  changeLeverage,
  changeMarginType,
  changePositionMode,
} from '../../daemon/exchange-sim/core/orders/settings.ts';
import { runCountdowns, settleFunding } from '../../daemon/exchange-sim/core/orders/settlement.ts';
import type { AlgoOrder, ExchangeState } from '../../daemon/exchange-sim/core/state.ts';
import { accept, createExchange, marketOf, position, refuse, request, setMark, walletError } from './engine-fixture.ts';

// At a mark of 60,000 the best quotes are 59,999.4 and 60,000.6; each further level lies 6.0 behind.
describe('taking liquidity', () => {
  it('fills a small market order at the best quote', () => {
    const state = createExchange();
    const order = accept(state, request('BUY', '0.01'));
    assert.equal(order.status, 'FILLED');
    assert.equal(format(state.trades[0]?.price ?? 0n, 1), '60000.6');
    assert.equal(format(state.wallet), format(e8('10000') - e8('0.300003')));
  });

  it('walks 50,000 USDT a level, so slippage is 0.1 + floor(n / 50,000) bps at the margin', () => {
    const state = createExchange('1000000');
    accept(state, request('SELL', '2'));
    const prices = state.trades.map((trade) => format(trade.price, 1));
    assert.deepEqual(prices, ['59999.4', '59993.4', '59987.4']);
    assert.deepEqual(
      state.trades.map((trade) => format(trade.quantity, 3)),
      ['0.833', '0.833', '0.334'],
    );
  });

  it('expires what the limit of an IOC order does not reach', () => {
    const state = createExchange('1000000');
    const order = accept(state, request('BUY', '2', '60001', { timeInForce: 'IOC' }));
    assert.equal(order.status, 'EXPIRED');
    assert.equal(format(order.executed, 3), '0.833');
  });

  it('refuses a FOK order that the book cannot fill, and fills one that it can', () => {
    const state = createExchange('1000000');
    assert.equal(refuse(state, request('BUY', '2', '60001', { timeInForce: 'FOK' })).code, -5021);
    assert.equal(position(state), '0.000');
    assert.equal(accept(state, request('BUY', '0.8', '60001', { timeInForce: 'FOK' })).status, 'FILLED');
  });

  it('refuses a post-only order that would take, and rests one that would not', () => {
    const state = createExchange();
    assert.equal(refuse(state, request('BUY', '0.01', '60000.6', { timeInForce: 'GTX' })).code, -5022);
    assert.equal(accept(state, request('BUY', '0.01', '60000.5', { timeInForce: 'GTX' })).status, 'NEW');
  });

  it('lets a test fill only a fraction', () => {
    const state = createExchange();
    state.nextFillFraction = e8('0.4');
    const order = accept(state, request('BUY', '0.01', '60100', { timeInForce: 'IOC' }));
    assert.deepEqual([order.status, format(order.executed, 3)], ['EXPIRED', '0.004']);
  });
});

describe('resting orders', () => {
  it('fill at their own price as maker when the market trades through', () => {
    const state = createExchange();
    const order = accept(state, request('BUY', '0.01', '59500'));
    setMark(state, '59500');
    assert.equal(order.status, 'NEW');
    setMark(state, '59400');
    assert.equal(order.status, 'FILLED');
    const trade = state.trades[0];
    assert.deepEqual([trade?.maker, format(trade?.price ?? 0n, 1)], [true, '59500.0']);
    assert.equal(format(trade?.commission ?? 0n), '0.11900000');
  });

  it('fill no deeper than the book that has come to them', () => {
    const state = createExchange('1000000');
    const order = accept(state, request('BUY', '3', '59500'));
    setMark(state, '59499');
    assert.equal(order.status, 'PARTIALLY_FILLED');
    assert.equal(format(order.executed, 3), '0.840');
  });

  it('can be canceled once', () => {
    const state = createExchange();
    const order = accept(state, request('BUY', '0.01', '59000'));
    assert.equal(isRejection(cancelOrder(state, order)), false);
    assert.equal(order.status, 'CANCELED');
    const again = cancelOrder(state, order);
    assert.deepEqual(isRejection(again) ? [again.code, again.msg] : null, [-2011, 'Unknown order sent.']);
  });

  it('expire by a good-till-date, which has to be more than 600 s ahead', () => {
    const state = createExchange();
    const until = (ms: number) => ({ timeInForce: 'GTD', goodTillMs: state.nowMs + ms }) as const;
    const tooSoon = refuse(state, request('BUY', '0.01', '59000', until(600_000)));
    assert.deepEqual([tooSoon.code, tooSoon.http], [-5040, 400]);
    const order = accept(state, request('BUY', '0.01', '59000', until(600_001)));
    const other = accept(state, request('BUY', '0.01', '59000'));
    assert.equal(nextExpiryMs(marketOf(state)), state.nowMs + 600_001);
    state.nowMs += 600_000;
    expireOrders(state);
    assert.equal(order.status, 'NEW');
    state.nowMs += 1;
    expireOrders(state);
    assert.deepEqual([order.status, other.status], ['EXPIRED', 'NEW']);
  });

  it('are canceled by the dead-man switch when its countdown runs out, conditional ones by that of all orders alone [EX-68]', () => {
    const state = createExchange();
    const order = accept(state, request('BUY', '0.01', '59000'));
    const stop = conditional(state, { side: 'BUY', triggerPrice: e8('61000') });
    const market = marketOf(state);
    market.countdownAtMs = state.nowMs + 100;
    runCountdowns(state);
    assert.equal(order.status, 'NEW');
    state.nowMs += 100;
    runCountdowns(state);
    assert.deepEqual([order.status, stop.status], ['CANCELED', 'NEW']);
    state.countdownScope = 'all';
    market.countdownAtMs = state.nowMs;
    runCountdowns(state);
    assert.equal(stop.status, 'CANCELED');
  });
});

describe('amending', () => {
  it('changes price and total quantity in place', () => {
    const state = createExchange();
    const order = accept(state, request('BUY', '0.02', '59000'));
    amendOrder(state, order, e8('0.01'), e8('59100'));
    assert.deepEqual([order.status, format(order.quantity, 3), format(order.price, 1)], ['NEW', '0.010', '59100.0']);
  });

  it('cancels when the new total is not above what has been executed', () => {
    const state = createExchange('1000000');
    const order = accept(state, request('BUY', '3', '59500'));
    setMark(state, '59499');
    amendOrder(state, order, order.executed, e8('59500'));
    assert.equal(order.status, 'CANCELED');
  });

  it('refuses a closed order, an unchanged one, and one that the margin does not allow', () => {
    const state = createExchange();
    const order = accept(state, request('BUY', '0.02', '59000'));
    const codes = [
      amendOrder(state, order, e8('0.02'), e8('59000')),
      amendOrder(state, order, e8('4'), e8('59000')),
      amendOrder(state, undefined, e8('0.02'), e8('59000')),
    ].map((outcome) => (isRejection(outcome) ? outcome.code : 0));
    assert.deepEqual(codes, [-5027, -2019, -2013]);
    assert.equal(format(order.quantity, 3), '0.020');
  });
});

describe('reduce-only orders', () => {
  it('are refused when flat, on the side of the position, and when resting ones have claimed it', () => {
    const state = createExchange();
    const reduceOnly = { reduceOnly: true };
    assert.equal(refuse(state, request('SELL', '0.01', undefined, reduceOnly)).code, -2022);
    accept(state, request('BUY', '0.02'));
    assert.equal(refuse(state, request('BUY', '0.01', undefined, reduceOnly)).code, -2022);
    accept(state, request('SELL', '0.015', '61000', reduceOnly));
    assert.equal(refuse(state, request('SELL', '0.01', undefined, reduceOnly)).code, -2022);
    assert.equal(accept(state, request('SELL', '0.005', undefined, reduceOnly)).status, 'FILLED');
  });

  it('are clipped to the position and never cross zero', () => {
    const state = createExchange();
    accept(state, request('BUY', '0.02'));
    const order = accept(state, request('SELL', '0.05', undefined, { reduceOnly: true }));
    assert.deepEqual([order.status, format(order.executed, 3), position(state)], ['EXPIRED', '0.020', '0.000']);
  });

  it('expire when the position is gone', () => {
    const state = createExchange();
    accept(state, request('BUY', '0.02'));
    const takeProfit = accept(state, request('SELL', '0.02', '61000', { reduceOnly: true }));
    accept(state, request('SELL', '0.02'));
    assert.equal(takeProfit.status, 'EXPIRED');
  });
});

function conditional(state: ExchangeState, extra: Partial<AlgoRequest>): AlgoOrder {
  const outcome = placeAlgoOrder(state, {
    symbol: 'BTCUSDT',
    side: 'SELL',
    type: 'STOP_MARKET',
    timeInForce: 'GTC',
    quantity: e8('0.01'),
    price: 0n,
    triggerPrice: e8('59000'),
    activatePrice: 0n,
    callbackRate: 0n,
    workingType: 'MARK_PRICE',
    priceProtect: false,
    reduceOnly: false,
    closePosition: false,
    clientAlgoId: `c${state.nextAlgoId}`,
    ...extra,
  });
  if (isRejection(outcome)) throw new Error(`${outcome.code} ${outcome.msg}`);
  return outcome;
}

describe('conditional orders', () => {
  it('trigger on the mark and become market orders', () => {
    const state = createExchange();
    accept(state, request('BUY', '0.01'));
    const stop = conditional(state, { reduceOnly: true });
    setMark(state, '59000.1');
    assert.equal(stop.status, 'NEW');
    setMark(state, '59000');
    assert.equal(stop.status, 'FINISHED');
    assert.equal(position(state), '0.000');
    const order = state.orders.get(stop.actualOrderId ?? 0);
    assert.deepEqual([order?.type, order?.originalType, order?.origin], ['MARKET', 'STOP_MARKET', 'conditional']);
  });

  it('rise to a take-profit, rest as limit orders of a STOP, and close the whole position', () => {
    const state = createExchange();
    accept(state, request('BUY', '0.03'));
    const limit = conditional(state, { type: 'STOP', price: e8('59400'), quantity: e8('0.01') });
    const profit = conditional(state, {
      type: 'TAKE_PROFIT_MARKET',
      triggerPrice: e8('61000'),
      closePosition: true,
      quantity: 0n,
    });
    setMark(state, '59000');
    assert.deepEqual([limit.status, state.orders.get(limit.actualOrderId ?? 0)?.status], ['FINISHED', 'NEW']);
    setMark(state, '61000');
    assert.deepEqual([profit.status, position(state)], ['FINISHED', '0.000']);
  });

  it('trail the mark by the callback rate once active', () => {
    const state = createExchange();
    accept(state, request('BUY', '0.01'));
    const trailing = { type: 'TRAILING_STOP_MARKET', triggerPrice: 0n, callbackRate: e8('0.01') } as const;
    const order = conditional(state, { ...trailing, activatePrice: e8('61000') });
    setMark(state, '60500');
    setMark(state, '59800');
    assert.deepEqual([order.status, order.triggerPrice], ['NEW', 0n]);
    setMark(state, '62000');
    assert.equal(format(order.triggerPrice, 1), '61380.0');
    setMark(state, '61381');
    setMark(state, '61380');
    assert.deepEqual([order.status, position(state)], ['FINISHED', '0.000']);
  });

  it('are refused when they would trigger at once', () => {
    const state = createExchange();
    assert.throws(() => conditional(state, { triggerPrice: e8('60000') }), /-2021 Order would immediately trigger/);
    assert.throws(() => conditional(state, { closePosition: true }), /-4137/);
  });

  it('end as rejected when the order that they become is refused, and as expired without a position to close', () => {
    const state = createExchange();
    const reduceOnly = conditional(state, { reduceOnly: true });
    const closing = conditional(state, { closePosition: true, quantity: 0n });
    setMark(state, '58000');
    assert.deepEqual([reduceOnly.status, closing.status], ['REJECTED', 'EXPIRED']);
  });

  it('can be canceled once', () => {
    const state = createExchange();
    const order = conditional(state, {});
    cancelAlgoOrder(state, order);
    const again = cancelAlgoOrder(state, order);
    assert.deepEqual([order.status, isRejection(again) && again.code], ['CANCELED', -2011]);
  });
});

describe('settings', () => {
  it('refuse to lower isolated leverage with a position, and let it rise', () => {
    const state = createExchange();
    const market = marketOf(state);
    changeMarginType(state, market, 'ISOLATED');
    accept(state, request('BUY', '0.01'));
    assert.equal(changeLeverage(state, market, 10)?.code, -4161);
    assert.equal(changeLeverage(state, market, 25), undefined);
    assert.equal(changeLeverage(state, market, 151)?.code, -4028);
  });

  it('answer the codes for settings that are already so, or blocked by orders and positions', () => {
    const state = createExchange();
    const market = marketOf(state);
    assert.equal(changeMarginType(state, market, 'CROSSED')?.code, -4046);
    assert.equal(changePositionMode(state, false)?.code, -4059);
    const order = accept(state, request('BUY', '0.01', '59000'));
    assert.equal(changeMarginType(state, market, 'ISOLATED')?.code, -4047);
    assert.equal(changePositionMode(state, true)?.code, -4067);
    cancelOrder(state, order);
    accept(state, request('BUY', '0.01'));
    assert.equal(changeMarginType(state, market, 'ISOLATED')?.code, -4048);
    assert.equal(changePositionMode(state, true)?.code, -4068);
  });
});

describe('margin of the account', () => {
  it('holds initial margin for positions and resting orders, and opposite orders only beyond the position', () => {
    const state = createExchange();
    accept(state, request('BUY', '0.1', '60000.6'));
    accept(state, request('SELL', '0.1', '60600'));
    const margin = accountMargin(state);
    assert.equal(format(margin.positionInitialMargin), '300.00000000');
    assert.equal(format(margin.openOrderInitialMargin), '0.00000000');
    accept(state, request('SELL', '0.1', '60600'));
    assert.equal(format(accountMargin(state).openOrderInitialMargin), '6.00000000');
  });

  it('keeps isolated margin apart: funding is paid from it and a partial close returns its share', () => {
    const state = createExchange();
    const market = marketOf(state);
    changeMarginType(state, market, 'ISOLATED');
    accept(state, request('BUY', '0.1', '60000.6'));
    assert.equal(format(market.isolatedWallet), '300.00300000');
    settleFunding(state, market, e8('0.0001'));
    assert.equal(format(market.isolatedWallet), '299.40300000');
    accept(state, request('SELL', '0.05'));
    assert.equal(format(market.isolatedWallet), '149.70150000');
    accept(state, request('SELL', '0.05'));
    assert.equal(market.isolatedWallet, 0n);
    assert.equal(walletError(state), 0n);
  });
});

describe('liquidation', () => {
  it('takes an isolated position over and never costs more than its margin', () => {
    const state = createExchange();
    const market = marketOf(state);
    changeMarginType(state, market, 'ISOLATED');
    accept(state, request('BUY', '0.1', '60000.6'));
    const afterFee = state.wallet;
    const stop = accept(state, request('BUY', '0.01', '50000', { side: 'BUY' }));
    setMark(state, '57300');
    assert.equal(state.liquidations.length, 0);
    setMark(state, '57200');
    assert.equal(state.liquidations.length, 1);
    assert.deepEqual([position(state), stop.status], ['0.000', 'CANCELED']);
    assert.equal(afterFee - state.wallet, e8('300.003'));
    assert.equal(walletError(state), 0n);
  });

  it('lets the insurance fund pay what a gap costs beyond the margin', () => {
    const state = createExchange();
    changeMarginType(state, marketOf(state), 'ISOLATED');
    accept(state, request('SELL', '0.1', '59999.4'));
    const afterFee = state.wallet;
    setMark(state, '70000');
    const [liquidation] = state.liquidations;
    assert.equal(format(liquidation?.insurance ?? 0n), '700.06300000');
    assert.equal(afterFee - state.wallet, e8('299.997'));
  });

  it('takes all cross positions when the account falls to its maintenance margin, and leaves nothing negative', () => {
    const state = createExchange('1000');
    accept(state, request('BUY', '0.15'));
    accept(state, request('BUY', '1', undefined, { symbol: 'ETHUSDT' }));
    setMark(state, '53000');
    assert.equal(state.liquidations.length, 2);
    assert.deepEqual([position(state), position(state, 'ETHUSDT')], ['0.000', '0.000']);
    assert.ok(state.wallet >= 0n);
    assert.equal(walletError(state), 0n);
  });
});
