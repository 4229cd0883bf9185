import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { order } from '../daemon/harness.ts';
import { UNPACED } from '../daemon/policy-edits.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import { codesOf, isBlocked, isMalformed, leavesTheBooksAlone, newOrders, tryEveryDoor } from './attempts.ts';

describe('ways around a gate: sizes and prices', () => {
  const world = suiteWorld({ policy: UNPACED });

  async function flat(): Promise<void> {
    await world.tool('cancel_all', {});
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    assert.equal(await world.position('BTCUSDT'), 0);
  }

  for (const [name, args] of [
    ['limit_price', { limit_price: 5 }],
    ['price', { price: 5 }],
    ['a price in words', { limit_price: 'null' }],
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
    ['a quantity with its unit', { requested_notional: undefined, quantity: '0.01 BTC' }],
    ['a notional in another unit', { requested_notional: undefined, requested_notional_btc: 0.01 }],
    ['a notional with its unit', { requested_notional: '300 USDT' }],
    ['an amount object', { requested_notional: { value: 300, unit: 'USDT' } }],
    ['a percentage', { requested_notional: '10%' }],
    ['slippage as a fraction beside bps', { max_slippage: 0.01 }],
    ['leverage as text', { requested_leverage: '3x' }],
  ] as const) {
    it(`BY-03 takes one size, in USDT or in the base asset: ${name} is refused`, async () => {
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
        const malformed = field === 'requested_notional' ? NOT_JSON : [];
        for (const value of [...NEVER, ...positive, ...huge, ...malformed]) {
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
  for (const fraction of [0, -1, 1.0001, 1e308, '0.5', 'null', [1]] as const) {
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

const WHOLE = JSON.stringify(order());
const PATHS = ['/v1/tools/place_order', '/v1/dry-run/place_order', '/v1/intercept'] as const;
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
/** The body of an order with one more member, at each door. */
const withMember = (member: string): string => `{${member},${WHOLE.slice(1)}`;

describe('ways around a gate: bodies', () => {
  const world = suiteWorld({ real: true, policy: UNPACED });

  for (const field of [
    'max_slipage_bps',
    'max_slippage',
    'Symbol',
    'requestedNotional',
    'leverage',
    'limitPrice',
    'dry_run',
    'enforce',
    'mode',
    'bypass',
    'force',
    'confirm',
    'role',
    'agent',
    'policy',
    'constructor',
    'prototype',
    'toString',
    '',
  ]) {
    it(`BY-05 refuses the unknown or misspelt field ${JSON.stringify(field)}`, async () => {
      await isMalformed(world, 'place_order', order({ [field]: 1 }), field);
      await isMalformed(world, 'close_position', { symbol: 'BTCUSDT', [field]: 1 }, field);
    });
  }

  const wrapped = (body: string, path: string): string =>
    path === '/v1/intercept' ? `{"tool":"place_order","args":${body}}` : body;
  for (const [name, body, status] of [
    ['__proto__', withMember('"__proto__":{"requested_notional":1}'), 400],
    ['an escaped __proto__', withMember('"\\u005f_proto__":{"a":1}'), 400],
    ['constructor.prototype', withMember('"constructor":{"prototype":{"a":1}}'), 400],
    ['a duplicated key', withMember('"requested_notional":100000'), 400],
    ['a key duplicated by escapes', withMember('"requested_notiona\\u006c":100000'), 400],
    ['a duplicated key inside meta', withMember('"meta":{"skill":{"name":"a","name":"b"}}'), 400],
    ['a depth of 60', withMember(`"meta":${nested(60)}`), 400],
    ['a depth of 10000', withMember(`"meta":${nested(10_000)}`), 400],
    ['an array of orders', `[${WHOLE},${WHOLE}]`, 400],
    ['two bodies', `${WHOLE}${WHOLE}`, 400],
    ['a tail', `${WHOLE}x`, 400],
    ['a comment', `/* */${WHOLE}`, 400],
    ['a trailing comma', `${WHOLE.slice(0, -1)},}`, 400],
    ['single quotes', WHOLE.replaceAll('"', "'"), 400],
    ['a string', JSON.stringify(WHOLE), 400],
    ['null', 'null', 400],
    ['nothing', '', 400],
    ['10 MB of text', withMember(`"rationale":"${'x'.repeat(10_000_000)}"`), 413],
    ['10 MB of spaces', `${' '.repeat(10_000_000)}${WHOLE}`, 413],
  ] as const) {
    it(`BY-05 refuses a body with ${name}`, async () => {
      await leavesTheBooksAlone(world, name, async () => {
        for (const path of PATHS) {
          const answer = await world.call<{ readonly decision?: { readonly decision: string } }>(
            'POST',
            path,
            wrapped(body, path),
          );
          // What an intercepted call carries is judged, not run: it may be a BLOCK.
          const isRefused = answer.status === status || answer.body.decision?.decision === 'BLOCK';
          assert.ok(path === '/v1/intercept' ? isRefused : answer.status === status, `${path}: ${answer.status}`);
        }
      });
    });
  }
  it('BY-05 refuses bytes that are no UTF-8 and a compressed body', async () => {
    await leavesTheBooksAlone(world, 'bytes', async () => {
      const send = (body: Uint8Array, headers: Record<string, string>): Promise<Response> =>
        fetch(`${world.daemon.url}/v1/tools/place_order`, {
          method: 'POST',
          body,
          headers: { Authorization: `Bearer ${world.token('agent')}`, 'Content-Type': 'application/json', ...headers },
        });
      const broken = Buffer.from(WHOLE.replace('"test"', '"te\u0000st"'));
      broken[broken.indexOf(0)] = 0xff;
      assert.equal((await send(broken, {})).status, 400);
      assert.equal((await send(Buffer.from(WHOLE), { 'Content-Encoding': 'gzip' })).status, 415);
      assert.equal((await send(Buffer.from(WHOLE), { 'Content-Type': 'text/plain' })).status, 415);
      assert.equal(
        (await send(Buffer.from(WHOLE), { 'Content-Type': 'application/x-www-form-urlencoded' })).status,
        415,
      );
    });
  });

  for (const [field, value] of [
    ['params', { reduceOnly: false }],
    ['positionSide', 'LONG'],
    ['closePosition', true],
    ['quoteOrderQty', 100_000],
    ['stopPrice', 59_000],
    ['activationPrice', 59_000],
    ['callbackRate', 1],
    ['timeInForce', 'GTX'],
    ['newClientOrderId', 'mine'],
    ['clientOrderId', 'mine'],
    ['priceMatch', 'OPPONENT'],
    ['selfTradePreventionMode', 'NONE'],
    ['goodTillDate', 1],
    ['workingType', 'MARK_PRICE'],
    ['reduceOnly', false],
    ['marginMode', 'cross'],
    ['recvWindow', 60_000],
    ['hedged', true],
    ['type', 'STOP_MARKET'],
    ['quantity', 1],
  ] as const) {
    it(`BY-06 has no way through for the exchange's own parameter ${field}`, async () => {
      await isMalformed(world, 'place_order', order({ [field]: value }), field);
      await isMalformed(world, 'close_position', { symbol: 'BTCUSDT', [field]: value }, field);
      await isMalformed(world, 'modify_order', { client_order_id: 'x', limit_price: 1, [field]: value }, field);
    });
  }
});
