import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DaemonWorld, order } from '../daemon/harness.ts';
import {
  codesOf,
  isBlocked,
  isMalformed,
  leavesTheBooksAlone,
  newOrders,
  tryEveryDoor,
  withoutPacing,
} from './attempts.ts';

describe('ways around a gate: sizes and prices', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({ policy: withoutPacing });
  });
  after(() => world.close());

  async function flat(): Promise<void> {
    await world.tool('cancel_all', {});
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    assert.equal(await world.position('BTCUSDT'), 0);
  }

  for (const [name, args] of [
    ['limit_price', { limit_price: 5 }],
    ['price', { price: 5 }],
    ['a null price', { limit_price: null }],
    ['the mark itself', { limit_price: 60_000 }],
  ] as const) {
    it(`BY-01 refuses a market order that brings its own price (${name})`, async () => {
      await isMalformed(world, 'place_order', order(args), name);
    });
  }
  it("BY-01 values a market order at the gate's own mark: 5 USDT is not a lot", async () => {
    await isBlocked(world, 'place_order', order({ requested_notional: 5 }), 'BELOW_MINIMUM', '5 USDT');
  });

  for (const [side, limitPrice] of [
    ['buy', 600_000],
    ['buy', 66_000],
    ['buy', 1_000_000_000],
    ['sell', 6_000],
    ['sell', 54_000],
    ['sell', 0.01],
  ] as const) {
    it(`BY-02 holds a ${side} limit at ${limitPrice} to the collar and values it at the worse price`, async () => {
      const earlier = await world.books();
      const mark = Number(earlier.positions.find((each) => each.symbol === 'BTCUSDT')?.mark_price);
      const args = order({ side, order_type: 'limit', limit_price: limitPrice, requested_notional: 700 });
      const { tool } = await tryEveryDoor(world, 'place_order', args);
      for (const sent of newOrders(await world.books(), earlier)) {
        const price = Number(sent.price);
        const worst = side === 'buy' ? price <= mark * 1.01 : price >= mark * 0.99;
        assert.ok(worst, `sent at ${price} with the mark at ${mark}`);
        assert.ok(Number(sent.quantity) * Math.max(mark, price) <= 700, `${sent.quantity} lots at ${price}`);
      }
      assert.equal(tool.status, 200);
      await flat();
    });
  }

  for (const [name, change] of [
    ['notional and quantity', { quantity: 0.01 }],
    ['notional and amount', { amount: 0.01 }],
    ['notional and size', { size: '0.01' }],
    ['quantity alone', { requested_notional: undefined, quantity: 0.01 }],
    ['a notional in another unit', { requested_notional: undefined, requested_notional_btc: 0.01 }],
    ['a notional with its unit', { requested_notional: '300 USDT' }],
    ['an amount object', { requested_notional: { value: 300, unit: 'USDT' } }],
    ['a percentage', { requested_notional: '10%' }],
    ['slippage as a fraction beside bps', { max_slippage: 0.01 }],
    ['leverage as text', { requested_leverage: '3x' }],
  ] as const) {
    it(`BY-03 knows one way to say size: ${name} is refused`, async () => {
      await isMalformed(world, 'place_order', order(change), name);
    });
  }

  const NUMBERS = ['requested_notional', 'requested_leverage', 'max_slippage_bps', 'limit_price'] as const;
  const NEVER = ['-1', '-0.0001', '1e308', '-1e308', '"300"', '"NaN"', 'null', '[300]', '{"value":300}', 'true', '""'];
  const NOT_JSON = ['NaN', 'Infinity', '-Infinity', '+1', '0x10', '1_000', '.5', '01'];
  for (const field of NUMBERS) {
    it(`BY-04 refuses everything that is no usable number as ${field}`, async () => {
      const positive = field === 'max_slippage_bps' ? [] : ['0', '-0', '1e-12', '4.9e-324'];
      const huge = field === 'requested_leverage' ? ['1.5', '126', '200', '1e9'] : ['1e10'];
      await leavesTheBooksAlone(world, field, async () => {
        const orders = (await world.orders()).length;
        for (const value of [...NEVER, ...positive, ...huge, ...NOT_JSON]) {
          const body = JSON.stringify(order({ order_type: 'limit', limit_price: 59_000, [field]: 'HERE' })).replace(
            '"HERE"',
            value,
          );
          for (const path of ['/v1/tools/place_order', '/v1/dry-run/place_order'])
            assert.equal((await world.call('POST', path, body)).status, 400, `${path} ${field}: ${value}`);
          const advice = await world.call<{ decision?: { decision: string } }>(
            'POST',
            '/v1/intercept',
            `{"tool":"place_order","args":${body}}`,
          );
          assert.ok(
            advice.status === 400 || advice.body.decision?.decision === 'BLOCK',
            `intercept ${field}: ${value}`,
          );
        }
        assert.equal((await world.orders()).length, orders, 'an order was recorded');
      });
    });
  }
  for (const fraction of [0, -1, 1.0001, 1e308, '0.5', null, [1]] as const) {
    it(`BY-04 refuses ${JSON.stringify(fraction)} as the fraction of a position`, async () => {
      await isMalformed(world, 'close_position', { symbol: 'BTCUSDT', fraction }, String(fraction));
    });
  }

  for (const leverage of [4, 10, 50, 100, 125]) {
    it(`BY-20 caps leverage absolutely: ${leverage}x becomes at most 3x at the exchange`, async () => {
      const { tool } = await tryEveryDoor(world, 'place_order', order({ requested_leverage: leverage }));
      assert.ok(codesOf(tool).includes('BUDGET_LEVERAGE'));
      const books = await world.books();
      assert.ok(books.positions.every((each) => each.symbol !== 'BTCUSDT' || each.leverage <= 3));
      assert.ok(books.orders.every((each) => each.symbol !== 'BTCUSDT' || Number(each.leverage_at_placement) <= 3));
      await flat();
    });
  }

  for (const symbol of [
    'btcusdt',
    'Btcusdt',
    'BTC/USDT:USDT',
    'BTC/USDT',
    'BTC-USDT',
    'BTC_USDT',
    ' BTCUSDT',
    'BTCUSDT ',
    'BTCUSDT\n',
    'BTCUSDT\u0000',
    'BTC\u200BUSDT',
    '\uFEFFBTCUSDT',
    'ВТСUSDT',
    'ＢＴＣＵＳＤＴ',
    'BTCUSDT,ETHUSDT',
    '__proto__',
    '',
    'B',
    'BTCUSDTBTCUSDTBTCUSDT',
  ]) {
    it(`BY-21 takes no other spelling of a symbol: ${JSON.stringify(symbol)}`, async () => {
      await isMalformed(world, 'place_order', order({ symbol }), symbol);
      await isMalformed(world, 'close_position', { symbol }, symbol);
    });
  }
  for (const symbol of ['BTCUSD', 'XBTUSDT', 'BTCUSDC', 'BTCUSDT1', '1000BTCUSDT', 'BTCUSDT250627', 'CONSTRUCTOR']) {
    it(`BY-21 blocks a well-formed symbol that is not in scope: ${symbol}`, async () => {
      await isBlocked(world, 'place_order', order({ symbol }), 'SCOPE_SYMBOL', symbol);
    });
  }
});
