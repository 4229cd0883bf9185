import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeverageBracket, VenueOrder } from '../../daemon/engine/records/venue.ts';
import { InstrumentTable } from '../../daemon/venue/tables/instruments.ts';
import {
  parseBalances,
  parsePositions,
  parseSymbolSettings,
  parseTransfer,
} from '../../daemon/venue/tables/parse-account.ts';
import { parseBars, parseBrackets, parseFundingIntervals, parseQuote } from '../../daemon/venue/tables/parse-market.ts';
import {
  asTriggered,
  findUnreportedActual,
  parseAlgoOrder,
  parseRegularOrder,
  parseTrade,
} from '../../daemon/venue/tables/parse-orders.ts';
import { readEachRow } from '../../daemon/venue/tables/rows.ts';
import { splitClosing } from '../../daemon/venue/tables/write-order.ts';
import { MalformedAnswerError, parseStep } from '../../daemon/venue/wire/exact-fields.ts';
import { readFixture } from '../fixtures/recorded.ts';
import { exchangeSymbol } from './fake-exchange.ts';

const sample = (name: string) => readFixture<Record<string, unknown>>(`binance-samples/${name}`);
const POSITION = {
  symbol: 'BTCUSDT',
  positionSide: 'BOTH',
  positionAmt: '-0.003',
  entryPrice: '60000.123',
  markPrice: '60001.5',
  unRealizedProfit: '-0.0045',
  liquidationPrice: '0',
  isolatedMargin: '60.5',
  maintMargin: '0.72',
  updateTime: 1,
};
const FEES = { takerFee: 0.0005, makerFee: 0.0002 };
const SETTINGS = new Map([['BTCUSDT', { symbol: 'BTCUSDT', leverage: 3, isIsolated: true }]]);

test('filters of recorded exchangeInfo files become whole lots and ticks', () => {
  const recorded = sample('exchangeInfo-mainnet-2024-05-07-BTCUSDT-ETHUSDT.json');
  const newer = sample('exchangeInfo-mainnet-2026-09-15-BTCUSDT.json');
  const old = new InstrumentTable(recorded, 5);
  const { raw: _raw, ...btc } = old.require('BTCUSDT');
  assert.deepEqual(btc, {
    symbol: 'BTCUSDT',
    isTrading: true,
    tick: { mantissa: 1, scale: 10 },
    lot: { mantissa: 1, scale: 1000 },
    minLots: 1,
    maxLots: 1_000_000,
    maxMarketLots: 120_000,
    minPriceTicks: 5_568,
    maxPriceTicks: 45_297_640,
    minNotionalUsdt: 100,
    multiplierUp: 1.05,
    multiplierDown: 0.95,
    maxOrders: 200,
  });
  assert.deepEqual(old.require('ETHUSDT').tick, { mantissa: 1, scale: 100 });
  assert.equal(new InstrumentTable(newer, 5).require('BTCUSDT').minNotionalUsdt, 50);
});

test('recorded live answers of the market are read', () => {
  const live = sample('live-responses-mainnet-2026-09-15.json');
  const intervals = parseFundingIntervals(live['GET /fapi/v1/fundingInfo (rows)']);
  const premium = live['GET /fapi/v1/premiumIndex?symbol=BTCUSDT'];
  const book = live['GET /fapi/v1/ticker/bookTicker?symbol=BTCUSDT'];
  assert.deepEqual(parseQuote('BTCUSDT', premium, book, intervals), {
    symbol: 'BTCUSDT',
    mark: 76916.95122464,
    markAtMs: 1789478303000,
    bid: 76914.9,
    ask: 76915,
    bidQuantity: 4.218,
    askQuantity: 6.128,
    quoteAtMs: 1789478303376,
    fundingRate: 0.00008972,
    fundingIntervalMs: 28_800_000,
    nextFundingAtMs: 1789488000000,
  });
  const bars = parseBars(live['GET /fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=3'], 60_000);
  assert.equal(bars.length, 3);
  assert.deepEqual(bars[0], {
    openTimeMs: 1789478160000,
    open: 76936.2,
    high: 76965.5,
    low: 76936.1,
    close: 76965.4,
    volume: 20.68,
  });
});

test('documented answers of the account and of orders are read', () => {
  const documented = sample('documented-responses-2025-11-30.json');
  const endpoints = documented.endpoints as Record<string, { response_examples: unknown[] }[]>;
  const example = (key: string) => endpoints[key]?.[0]?.response_examples[0] ?? assert.fail(key);
  assert.equal(parseBalances(example('GET /fapi/v3/account')).walletUsdt, 103.12345678);
  const order = { ...(example('GET /fapi/v1/order') as object), symbol: 'BTCUSDT' };
  const parsed = parseRegularOrder(order);
  assert.deepEqual(
    [parsed.quantityE8, parsed.triggerE8, parsed.priceE8, parsed.status],
    [40_000_000, 930_000_000_000, null, 'working'],
  );
  const settings = parseSymbolSettings(example('GET /fapi/v1/symbolConfig'));
  assert.deepEqual(settings.rows[0], { symbol: 'BTCUSDT', leverage: 21, isIsolated: false });
  assert.equal(bracketsOf(example('GET /fapi/v1/leverageBracket'), 'ETHUSDT')[0]?.maintenanceRate, 0.0065);
  const income = (example('GET /fapi/v1/income') as unknown[])[0];
  assert.deepEqual(parseTransfer(income).value, { transferId: '9689322392', amountUsdt: -0.375, atMs: 1570608000000 });
});

test('positions are signed; flat rows are left out, other agents of the account are not', () => {
  const rows = [POSITION, { ...POSITION, symbol: 'ETHUSDT', positionAmt: '0.000' }];
  assert.deepEqual(parsePositions(rows, SETTINGS).rows, [
    {
      symbol: 'BTCUSDT',
      quantityE8: -300_000,
      entryPrice: 60000.123,
      markPrice: 60001.5,
      liquidationPrice: null,
      leverage: 3,
      isolatedMarginUsdt: 60.5,
      maintenanceMarginUsdt: 0.72,
      unrealisedPnlUsdt: -0.0045,
      updatedAtMs: 1,
    },
  ]);
});

test('a position that cannot be trusted is named, and says nothing about another symbol', () => {
  const eth = { ...POSITION, symbol: 'ETHUSDT', positionAmt: '2.5' };
  const bad: readonly (readonly [string, unknown[]])[] = [
    ['a number', [{ ...POSITION, positionAmt: 0.003 }]],
    ['beyond the range', [{ ...POSITION, positionAmt: '90071992.54740992' }]],
    ['a ninth decimal', [{ ...POSITION, positionAmt: '0.000000001' }]],
    ['hedge mode', [{ ...POSITION, positionSide: 'LONG' }]],
    ['twice', [POSITION, POSITION]],
    ['no entry', [{ ...POSITION, entryPrice: '0' }]],
    ['no margin', [{ ...POSITION, maintMargin: undefined }]],
  ];
  for (const [label, rows] of bad) {
    const { rows: read, unreadable } = parsePositions([...rows, eth], SETTINGS);
    assert.deepEqual(
      [read.map(({ symbol }) => symbol), unreadable.map(({ symbol }) => symbol)],
      [['ETHUSDT'], ['BTCUSDT']],
      label,
    );
  }
  for (const rows of [[null], [{ ...POSITION, symbol: 7 }]])
    assert.throws(() => parsePositions([...rows, eth], SETTINGS), MalformedAnswerError, 'it may concern any symbol');
  assert.throws(() => parsePositions({}, SETTINGS), MalformedAnswerError);
});

test('an odd row of filters, brackets or funding intervals says nothing about another symbol', () => {
  const symbols = [null, { status: 'TRADING' }, exchangeSymbol('BTCUSDT')];
  assert.equal(new InstrumentTable({ symbols }, 0).require('BTCUSDT').symbol, 'BTCUSDT');
  const hours = [
    null,
    { symbol: 'NEWUSDT', fundingIntervalHours: null },
    { symbol: 'BTCUSDT', fundingIntervalHours: 4 },
  ];
  assert.deepEqual([...parseFundingIntervals(hours)], [['BTCUSDT', 14_400_000]]);
  assert.deepEqual([...parseBrackets([null, { symbol: 'BTCUSDT', brackets: null }]).keys()], ['BTCUSDT']);
});

test('in an emergency a row that names no symbol is told, and every other one is read', () => {
  const read = readEachRow([null, { symbol: 7 }, POSITION], ({ symbol }) => {
    if (typeof symbol !== 'string') throw new MalformedAnswerError('symbol is no text');
    return symbol;
  });
  assert.deepEqual(read.rows, ['BTCUSDT']);
  assert.deepEqual(
    read.unreadable.map(({ symbol }) => symbol),
    ['', ''],
  );
});

test('a closing of any size is at most a hundred orders a call, and without a largest one it is one', () => {
  const lots = {
    symbol: 'BTCUSDT',
    tick: parseStep('0.1', 'tick'),
    lot: parseStep('0.001', 'lot'),
    minLots: 1,
    maxMarketLots: 120_000,
  };
  const parts = splitClosing(10n ** 28n, lots);
  assert.deepEqual([parts.length, parts[0]], [100, 12_000_000_000]);
  assert.deepEqual(splitClosing(10_000_000_000n, { ...lots, maxMarketLots: 0 }), [10_000_000_000]);
  assert.deepEqual(splitClosing(24_000_050_000n, lots), [12_000_000_000, 12_000_000_000, 100_000]);
});

test('a position off the lot is read, and so is one in a symbol without filters', () => {
  const rows = [
    { ...POSITION, positionAmt: '0.00350001' },
    { ...POSITION, symbol: 'XUSDT', positionAmt: '7' },
  ];
  const read = parsePositions(rows, SETTINGS);
  assert.deepEqual(
    read.rows.map(({ quantityE8, symbol }) => [symbol, quantityE8]),
    [
      ['BTCUSDT', 350_001],
      ['XUSDT', 700_000_000],
    ],
  );
  assert.deepEqual(read.unreadable, []);
});

test('an order whose status is not known is a working one', () => {
  const order = {
    orderId: 1,
    symbol: 'BTCUSDT',
    clientOrderId: 'adl_autoclose',
    price: '0',
    origQty: '0.0035',
    executedQty: '0',
    type: 'LIQUIDATION',
    reduceOnly: false,
    closePosition: false,
    side: 'SELL',
    stopPrice: '0',
    updateTime: 1,
  };
  for (const status of ['NEW_ADL', 'NEW_INSURANCE', 'toString'])
    assert.equal(parseRegularOrder({ ...order, status }).status, 'working');
});

function bracketsOf(answer: unknown, symbol: string): readonly LeverageBracket[] {
  const found = parseBrackets(answer).get(symbol);
  if (found instanceof Error) throw found;
  return found ?? [];
}

test('brackets that leave a gap, overlap, or are missing are refused', () => {
  const row = (floor: number, cap: number) => ({
    initialLeverage: 10,
    notionalFloor: floor,
    notionalCap: cap,
    maintMarginRatio: 0.01,
    cum: 0,
  });
  const brackets = (...list: unknown[]) => [{ symbol: 'BTCUSDT', brackets: list }];
  assert.equal(bracketsOf(brackets(row(100, 200), row(0, 100)), 'BTCUSDT')[1]?.notionalFloor, 100);
  for (const list of [[row(0, 100), row(101, 200)], [row(0, 100), row(99, 200)], [row(5, 100)], [row(0, 0)], []]) {
    const answer = [...brackets(...list), { symbol: 'ETHUSDT', brackets: [row(0, 100)] }, { brackets: 7 }];
    assert.throws(() => bracketsOf(answer, 'BTCUSDT'), MalformedAnswerError);
    assert.equal(bracketsOf(answer, 'ETHUSDT').length, 1, 'it says nothing about another symbol');
  }
});

test('a quote that is crossed, of another symbol or without a price is refused', () => {
  const premium = { symbol: 'BTCUSDT', markPrice: '1', lastFundingRate: '0', nextFundingTime: 9, time: 1 };
  const book = { symbol: 'BTCUSDT', bidPrice: '1', askPrice: '2', time: 1 };
  const parse = (p: object, b: object) => parseQuote('BTCUSDT', { ...premium, ...p }, { ...book, ...b }, new Map());
  assert.equal(parse({}, {}).fundingIntervalMs, 28_800_000);
  const none: object = {};
  for (const [p, b] of [
    [none, { bidPrice: '3' }],
    [none, { symbol: 'ETHUSDT' }],
    [none, { askPrice: '0' }],
    [none, { time: undefined }],
    [{ markPrice: '' }, none],
    [{ markPrice: '0' }, none],
    [{ lastFundingRate: null }, none],
  ] as const) {
    assert.throws(() => parse(p, b), MalformedAnswerError);
  }
});

test('bars off their grid, out of order, doubled or impossible are refused; a gap is not', () => {
  const bar = (openTimeMs: number, high = '2') => [openTimeMs, '1', high, '1', '1.5', '3', openTimeMs + 59_999];
  assert.equal(parseBars([bar(60_000), bar(240_000)], 60_000).length, 2);
  for (const rows of [
    [bar(60_001)],
    [bar(120_000), bar(60_000)],
    [bar(60_000), bar(60_000)],
    [bar(60_000, '1.2')],
    [[60_000]],
  ]) {
    assert.throws(() => parseBars(rows, 60_000), MalformedAnswerError);
  }
});

test('a fee in another asset is counted at the taker rate, a trade of another symbol is refused', () => {
  const trade = {
    symbol: 'BTCUSDT',
    id: 9,
    orderId: 8,
    side: 'SELL',
    price: '60000',
    qty: '0.002',
    realizedPnl: '1.5',
    commission: '0.0001',
    commissionAsset: 'BNB',
    maker: true,
    time: 7,
  };
  assert.deepEqual(parseTrade(trade, 'BTCUSDT', FEES), {
    tradeId: '9',
    symbol: 'BTCUSDT',
    venueOrderId: '8',
    side: 'sell',
    quantityE8: 200_000,
    price: 60000,
    feeUsdt: 0.06,
    realisedPnlUsdt: 1.5,
    isMaker: true,
    atMs: 7,
  });
  assert.equal(parseTrade({ ...trade, commissionAsset: 'USDT' }, 'BTCUSDT', FEES).feeUsdt, 0.0001);
  const paid = { ...trade, commissionAsset: 'USDT', commission: '-0.0781901' };
  assert.equal(parseTrade({ ...paid, maker: false }, 'BTCUSDT', FEES).feeUsdt, 0.0781901, 'nobody is paid to take');
  assert.equal(parseTrade(paid, 'BTCUSDT', FEES).feeUsdt, 0.0781901, 'nor to make, at this rate');
  assert.equal(parseTrade(paid, 'BTCUSDT', { ...FEES, makerFee: -0.0001 }).feeUsdt, -0.0781901);
  assert.throws(() => parseTrade({ ...trade, symbol: 'ETHUSDT' }, 'BTCUSDT', FEES), MalformedAnswerError);
});

test('a conditional order is alive until the exchange says what became of it', () => {
  const algo = {
    algoId: 5,
    clientAlgoId: 'hf1',
    symbol: 'BTCUSDT',
    side: 'SELL',
    orderType: 'STOP_MARKET',
    quantity: '0.000',
    price: '0.00',
    triggerPrice: '54000.00',
    reduceOnly: false,
    closePosition: true,
    updateTime: 3,
  };
  const rows = [
    ['NEW', {}, 'working', 0],
    ['TRIGGERING', {}, 'working', 0],
    ['TRIGGERED', {}, 'working', 0],
    ['FINISHED', {}, 'filled', 0],
    ['FINISHED', { actualQty: '0.004' }, 'filled', 400_000],
    ['FINISHED', { actualQty: '0.000' }, 'expired', 0],
    ['CANCELED', {}, 'canceled', 0],
    ['EXPIRED', {}, 'expired', 0],
    ['REJECTED', {}, 'rejected', 0],
    ['MAYBE', {}, 'working', 0],
  ] as const;
  for (const [algoStatus, more, status, executedE8] of rows) {
    const order = parseAlgoOrder({ ...algo, algoStatus, ...more });
    assert.deepEqual(
      [order.status, order.executedE8, order.triggerE8],
      [status, executedE8, 5_400_000_000_000],
      algoStatus,
    );
  }
});

test('a finished conditional order names the order that it became where it does not say what that executed', () => {
  const became = (more: object): string | null =>
    findUnreportedActual({ algoStatus: 'FINISHED', actualOrderId: '77', ...more });
  assert.equal(became({}), '77');
  assert.equal(became({ actualQty: '' }), '77');
  assert.equal(became({ actualQty: '0.004' }), null, 'it is told');
  assert.equal(became({ actualOrderId: '' }), null, 'it became none');
  assert.equal(became({ algoStatus: 'CANCELED' }), null);
});

test('a conditional order has ended as the order that it became has', () => {
  const stop = { kind: 'algo', quantityE8: 0, executedE8: 0, averagePrice: null, status: 'filled' } as VenueOrder;
  for (const [status, executedE8, expected] of [
    ['filled', 4, 'filled'],
    ['expired', 3, 'filled'],
    ['expired', 0, 'expired'],
    ['working', 0, 'working'],
  ] as const) {
    const ended = asTriggered(stop, { ...stop, kind: 'regular', status, executedE8, averagePrice: 54_000 });
    assert.deepEqual([ended.kind, ended.status, ended.executedE8], ['algo', expected, executedE8]);
  }
});

test('an exchangeInfo without USDT perpetuals or with a missing filter is refused when it matters', () => {
  assert.throws(() => new InstrumentTable({ symbols: [] }, 0), MalformedAnswerError);
  assert.throws(() => new InstrumentTable([], 0), MalformedAnswerError);
  const broken = { ...exchangeSymbol('XUSDT'), filters: [] };
  const mixed = new InstrumentTable({ symbols: [broken, exchangeSymbol('BTCUSDT')] }, 0);
  assert.equal(mixed.require('BTCUSDT').symbol, 'BTCUSDT');
  assert.throws(() => mixed.find('XUSDT'), MalformedAnswerError);
  assert.equal(mixed.find('YUSDT'), null);
});
