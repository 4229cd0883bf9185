import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { e8 } from '../../daemon/exchange-sim/core/fixed.ts';
import { placeAlgoOrder } from '../../daemon/exchange-sim/core/orders/conditional.ts';
import type { OrderRequest } from '../../daemon/exchange-sim/core/orders/orders.ts';
import { type RejectionName, reject } from '../../daemon/exchange-sim/core/orders/rejections.ts';
import { readFixture } from '../fixtures/recorded.ts';
import { accept, createExchange, marketOf, refuse, request, setMark } from './engine-fixture.ts';

type FilterCase = readonly [name: string, asked: OrderRequest, code: number | null, msg?: string];

// Limit orders at 60,000 rest or fill; the triples stand just inside, on and outside each bound.
const CASES: readonly FilterCase[] = [
  ['price on the tick', request('BUY', '0.001', '59999.9'), null],
  ['price off the tick', request('BUY', '0.001', '59999.95'), -4014, 'Price not increased by tick size.'],
  [
    'price with too many decimals',
    request('BUY', '0.001', '59999.951'),
    -1111,
    'Precision is over the maximum defined for this asset.',
  ],
  ['price of zero', request('BUY', '0.001', '0'), -4001, 'Price less than 0.'],
  ['price above the maximum', request('BUY', '0.001', '4529764.1'), -4002, 'Price greater than max price.'],
  ['price below the minimum', request('BUY', '1', '556.7'), -4013, 'Price less than min price.'],
  ['quantity with too many decimals', request('BUY', '0.0015', '60000'), -1111],
  ['quantity of zero', request('BUY', '0', '60000'), -4003, 'Quantity less than zero.'],
  ['limit quantity above LOT_SIZE', request('BUY', '1000.001', '60000'), -4005, 'Quantity greater than max quantity.'],
  ['market quantity above MARKET_LOT_SIZE', request('BUY', '120.001'), -4005],
  ['market quantity at MARKET_LOT_SIZE', request('BUY', '120'), -2019],
  ['buy at the upper multiplier', request('BUY', '0.001', '63000'), null],
  [
    'buy above the upper multiplier',
    request('BUY', '0.001', '63000.1'),
    -4016,
    'Price is higher than mark price multiplier cap.',
  ],
  ['sell at the lower multiplier', request('SELL', '0.001', '57000'), null],
  [
    'sell below the lower multiplier',
    request('SELL', '0.001', '56999.9'),
    -4024,
    'Price is lower than mark price multiplier floor.',
  ],
  ['notional at the minimum', request('BUY', '0.001', '50000'), null],
  [
    'notional below the minimum',
    request('BUY', '0.001', '49999.9'),
    -4164,
    "Order's notional must be no smaller than 50 (unless you choose reduce only)",
  ],
  [
    'client id with a space',
    request('BUY', '0.001', '50000', { clientOrderId: 'a b' }),
    -4015,
    'Client order id is not valid.',
  ],
  ['client id of 37 characters', request('BUY', '0.001', '50000', { clientOrderId: 'x'.repeat(37) }), -4015],
  ['client id of 36 characters', request('BUY', '0.001', '50000', { clientOrderId: 'x'.repeat(36) }), null],
  ['margin beyond the balance', request('BUY', '3.4', '60000'), -2019, 'Margin is insufficient.'],
  ['margin within the balance', request('BUY', '3.3', '60000'), null],
];

describe('order filters', () => {
  for (const [name, asked, code, msg] of CASES) {
    it(`${name} -> ${code === null ? 'accepted' : code}`, () => {
      const state = createExchange();
      marketOf(state).leverage = 20;
      if (code === null) {
        accept(state, asked);
        return;
      }
      const refused = refuse(state, asked);
      assert.equal(refused.code, code);
      if (msg !== undefined) assert.equal(refused.msg, msg);
    });
  }

  it('refuses a position above the bracket of the leverage with -2027', () => {
    const state = createExchange('1000000');
    marketOf(state).leverage = 125;
    accept(state, request('BUY', '4.9', '59999'));
    const refused = refuse(state, request('BUY', '0.2', '59999'));
    assert.equal(refused.code, -2027);
    assert.equal(refused.msg, 'Exceeded the maximum allowable position at current leverage.');
  });

  it('exempts reduce-only orders from the minimum notional', () => {
    const state = createExchange();
    marketOf(state, 'BTCUSDT').leverage = 1;
    accept(state, request('BUY', '0.001', '60010', { timeInForce: 'IOC' }));
    setMark(state, '30000');
    assert.equal(refuse(state, request('SELL', '0.001')).code, -4164);
    assert.equal(accept(state, request('SELL', '0.001', undefined, { reduceOnly: true })).status, 'FILLED');
  });

  it('refuses a client id only while an open order carries it', () => {
    const state = createExchange();
    const resting = accept(state, request('BUY', '0.001', '59000', { clientOrderId: 'same' }));
    const refused = refuse(state, request('BUY', '0.001', '60100', { clientOrderId: 'same' }));
    assert.deepEqual([refused.code, refused.msg], [-4116, 'clientOrderId is duplicated']);
    setMark(state, '58900');
    assert.equal(resting.status, 'FILLED');
    assert.equal(accept(state, request('BUY', '0.001', undefined, { clientOrderId: 'same' })).status, 'FILLED');
  });

  it('refuses the 201st open order with -2025', () => {
    const state = createExchange('100000');
    for (let index = 0; index < 200; index++) accept(state, request('BUY', '0.001', '59000'));
    const refused = refuse(state, request('BUY', '0.001', '59000'));
    assert.deepEqual([refused.code, refused.msg], [-2025, 'Reach max open order limit.']);
  });

  it('refuses the eleventh conditional order of a symbol with -4045', () => {
    const state = createExchange();
    const codes = Array.from({ length: 11 }, (_, index) => {
      const outcome = placeAlgoOrder(state, {
        symbol: 'BTCUSDT',
        side: 'SELL',
        type: 'STOP_MARKET',
        timeInForce: 'GTC',
        quantity: e8('0.001'),
        price: 0n,
        triggerPrice: e8('59000'),
        activatePrice: 0n,
        callbackRate: 0n,
        workingType: 'MARK_PRICE',
        priceProtect: false,
        reduceOnly: true,
        closePosition: false,
        clientAlgoId: `a${index}`,
      });
      return 'code' in outcome ? outcome.code : 0;
    });
    assert.deepEqual(codes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -4045]);
  });

  it('refuses a market order whose best price is outside the band with -4131', () => {
    const state = createExchange();
    marketOf(state).bookOffset = e8('0.06');
    const refused = refuse(state, request('BUY', '0.001'));
    assert.equal(refused.code, -4131);
    assert.equal(refused.msg, "The counterparty's best price does not meet the PERCENT_PRICE filter limit");
    assert.equal(accept(state, request('SELL', '0.001')).status, 'FILLED');
  });

  it('words every refusal as the exchange documents it', () => {
    const file = readFixture<{ errors: { code: number; messages: string[] }[] }>(
      'binance-samples/error-codes-2025-11-30.json',
    );
    const documented = new Map(file.errors.map((entry) => [entry.code, entry.messages]));
    const names: readonly RejectionName[] = [
      'INVALID_TIMESTAMP',
      'TIMESTAMP_AHEAD',
      'INVALID_SIGNATURE',
      'BAD_PRECISION',
      'BAD_SYMBOL',
      'NO_SUCH_ORDER',
      'BAD_API_KEY_FORMAT',
      'REJECTED_KEY',
      'MARGIN_NOT_SUFFICIENT',
      'WOULD_TRIGGER',
      'REDUCE_ONLY_REJECT',
      'MAX_LEVERAGE_RATIO',
      'PRICE_OFF_TICK',
      'CLIENT_ID_INVALID',
      'PRICE_ABOVE_CAP',
      'PRICE_BELOW_FLOOR',
      'QUANTITY_OFF_STEP',
      'MAX_STOP_ORDERS',
      'MARGIN_TYPE_SET',
      'MARGIN_TYPE_ORDERS',
      'MARGIN_TYPE_POSITION',
      'POSITION_MODE_SET',
      'POSITION_MODE_ORDERS',
      'POSITION_MODE_POSITION',
      'DUPLICATE_CLIENT_ID',
      'MARKET_OUT_OF_BAND',
      'ISOLATED_LEVERAGE',
      'FOK_REJECT',
      'GTX_REJECT',
    ];
    for (const name of names) {
      const { code, msg } = reject(name);
      assert.ok(documented.get(code)?.includes(msg), `${name}: ${code} "${msg}"`);
    }
  });
});
