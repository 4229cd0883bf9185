import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type E8, e8 } from '../../daemon/exchange-sim/core/fixed.ts';
import {
  accountMargin,
  marginBalance,
  positionLiquidationPrice,
} from '../../daemon/exchange-sim/core/orders/account.ts';
import { amendOrder, cancelOrder, placeOrder } from '../../daemon/exchange-sim/core/orders/orders.ts';
import { isRejection } from '../../daemon/exchange-sim/core/orders/rejections.ts';
import { changeMarginType } from '../../daemon/exchange-sim/core/orders/settings.ts';
import { moveMark, settleFunding } from '../../daemon/exchange-sim/core/orders/settlement.ts';
import type { ExchangeState, Trade } from '../../daemon/exchange-sim/core/state.ts';
import { forAll } from '../for-all.ts';
import { createExchange, marketOf, request, setMark, walletError } from './engine-fixture.ts';

type Action =
  | { kind: 'order'; symbol: string; isBuy: boolean; lots: number; offset: number; tif: number; reduceOnly: boolean }
  | { kind: 'mark'; symbol: string; bps: number }
  | { kind: 'funding'; symbol: string; rate: number }
  | { kind: 'cancel'; pick: number }
  | { kind: 'amend'; pick: number; lots: number; offset: number };

const symbol = fc.constantFrom('BTCUSDT', 'ETHUSDT');
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      symbol,
      isBuy: fc.boolean(),
      lots: fc.integer({ min: 1, max: 400 }),
      offset: fc.integer({ min: -100, max: 100 }),
      tif: fc.integer({ min: 0, max: 4 }),
      reduceOnly: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('mark' as const), symbol, bps: fc.integer({ min: -150, max: 150 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('funding' as const),
      symbol,
      rate: fc.integer({ min: -30000, max: 30000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat(50) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('amend' as const),
      pick: fc.nat(50),
      lots: fc.integer({ min: 1, max: 400 }),
      offset: fc.integer({ min: -100, max: 100 }),
    }),
  },
);

/** Mark moved by bps, on the tick. */
function priceNear(state: ExchangeState, name: string, bps: number): E8 {
  const { mark, instrument } = marketOf(state, name);
  return ((mark * BigInt(10_000 + bps)) / 10_000n / instrument.tick) * instrument.tick;
}

let id = 0;

function run(state: ExchangeState, a: Action): void {
  state.nowMs += 1000;
  switch (a.kind) {
    case 'order': {
      const isMarket = a.tif === 4;
      const price = priceNear(state, a.symbol, a.offset);
      const timeInForce = (['GTC', 'IOC', 'FOK', 'GTX', 'GTC'] as const)[a.tif] ?? 'GTC';
      placeOrder(state, {
        ...request(a.isBuy ? 'BUY' : 'SELL', '0.001'),
        symbol: a.symbol,
        type: isMarket ? 'MARKET' : 'LIMIT',
        timeInForce,
        price,
        quantity: BigInt(a.lots) * e8('0.001'),
        reduceOnly: a.reduceOnly,
        clientOrderId: `p${id++}`,
      });
      return;
    }
    case 'mark': {
      const price = priceNear(state, a.symbol, a.bps);
      setMark(state, (Number(price) / 1e8).toFixed(2), a.symbol);
      return;
    }
    case 'funding':
      settleFunding(state, marketOf(state, a.symbol), BigInt(a.rate));
      return;
    case 'cancel':
      cancelOrder(state, [...state.orders.values()][a.pick]);
      return;
    case 'amend': {
      const order = [...state.orders.values()][a.pick];
      if (order !== undefined)
        amendOrder(state, order, BigInt(a.lots) * e8('0.001'), priceNear(state, order.symbol, a.offset));
    }
  }
}

const actions = fc.array(action, { minLength: 5, maxLength: 120 });

function signed(trade: Trade): bigint {
  return trade.side === 'BUY' ? trade.quantity : -trade.quantity;
}

function checkBooks(state: ExchangeState): void {
  for (const [name, market] of state.markets) {
    const filled = state.trades.filter((t) => t.symbol === name).reduce((sum, trade) => sum + signed(trade), 0n);
    assert.equal(market.position.quantity, filled, `${name}: position is the sum of fills`);
    if (market.position.quantity === 0n) assert.equal(market.position.cost, 0n);
    assert.ok(market.isolatedWallet >= 0n || market.position.quantity !== 0n);
  }
  assert.equal(walletError(state), 0n, 'wallet is the opening balance and every recorded change');
  // Cash view: what was paid for the fills, at the marks of now, must give the same margin balance.
  let cash = state.openingBalance;
  for (const trade of state.trades) cash -= trade.side === 'BUY' ? trade.quote : -trade.quote;
  for (const entry of state.income) if (entry.type !== 'REALIZED_PNL') cash += entry.amount;
  for (const market of state.markets.values()) cash += (market.position.quantity * market.mark) / 100_000_000n;
  assert.equal(marginBalance(state), cash, 'realised and unrealised profit add up to the cash flows');
}

describe('the books under random sequences', () => {
  for (const mode of ['CROSSED', 'ISOLATED'] as const) {
    it(`conserve positions and money exactly (${mode})`, () => {
      forAll([actions], { seed: 21, numRuns: 150 }, (list) => {
        const state = createExchange('2000');
        for (const market of state.markets.values()) changeMarginType(state, market, mode);
        for (const a of list) run(state, a);
        checkBooks(state);
      });
    });
  }

  it('never let a reduce-only order cross zero or open', () => {
    let seen = 0;
    forAll([actions], { seed: 22, numRuns: 500 }, (list) => {
      const state = createExchange('20000');
      for (const a of list) run(state, a);
      for (const trade of state.trades) {
        if (state.orders.get(trade.orderId)?.reduceOnly !== true) continue;
        seen += 1;
        const [before, after] = [trade.positionBefore, trade.positionAfter];
        assert.ok(before > 0n ? after >= 0n && after < before : after <= 0n && after > before);
      }
    });
    assert.ok(seen > 50, `only ${seen} reduce-only fills were seen`);
  });

  it('keep executed quantities within order quantities and statuses consistent', () => {
    forAll([actions], { seed: 23, numRuns: 150 }, (list) => {
      const state = createExchange('20000');
      for (const a of list) run(state, a);
      for (const order of state.orders.values()) {
        assert.ok(order.executed >= 0n && order.executed <= order.quantity);
        assert.equal(order.status === 'FILLED', order.executed === order.quantity);
        const isListed = marketOf(state, order.symbol).openOrders.has(order.orderId);
        assert.equal(isListed, order.status === 'NEW' || order.status === 'PARTIALLY_FILLED');
      }
    });
  });

  it('never accept an order whose margin exceeds what is available', () => {
    forAll([fc.integer({ min: 1, max: 120_000 }), fc.boolean()], { seed: 24, numRuns: 200 }, (lots, isBuy) => {
      const state = createExchange('10000');
      const outcome = placeOrder(state, {
        ...request(isBuy ? 'BUY' : 'SELL', '0.001'),
        quantity: BigInt(lots) * e8('0.001'),
      });
      const isAffordable = lots * 3 * 1.01 <= 10_000;
      if (isAffordable) assert.equal(isRejection(outcome), false);
      if (lots * 3 > 10_000) assert.equal(isRejection(outcome) && outcome.code, -2019);
    });
  });
});

describe('the liquidation price that an account is shown', () => {
  for (const mode of ['CROSSED', 'ISOLATED'] as const) {
    it(`is where it is liquidated, to the tick (${mode})`, () => {
      let seen = 0;
      const lots = fc.integer({ min: 50, max: 3000 });
      const leverage = fc.integer({ min: 2, max: 50 });
      forAll(
        [lots, leverage, fc.boolean(), fc.boolean()],
        { seed: 31, numRuns: 200 },
        (lot, times, isLong, hasOther) => {
          const state = createExchange('12000');
          const market = marketOf(state);
          changeMarginType(state, market, mode);
          market.leverage = times;
          if (hasOther) placeOrder(state, { ...request('SELL', '1.5'), symbol: 'ETHUSDT' });
          const asked = { ...request(isLong ? 'BUY' : 'SELL', '0.001'), quantity: BigInt(lot) * e8('0.001') };
          if (isRejection(placeOrder(state, asked))) return;
          const price = positionLiquidationPrice(market, accountMargin(state));
          if (price === null) return;
          seen += 1;
          const { tick } = market.instrument;
          const below = (price / tick) * tick;
          // A tick on the safe side of the price keeps the position, the next one on the other side takes it.
          moveMark(state, market, isLong ? below + tick : below);
          assert.equal(state.liquidations.length, 0, 'liquidated too early');
          moveMark(state, market, isLong ? below : below + tick);
          assert.ok(state.liquidations.length > 0, 'not liquidated');
        },
      );
      assert.ok(seen > 60, `only ${seen} positions had a price`);
    });
  }
});
