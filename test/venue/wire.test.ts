import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import fc from 'fast-check';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import { lotE8, readE8, tickE8 } from '../../daemon/engine/records/units.ts';
import type { SymbolRules } from '../../daemon/engine/records/venue.ts';
import { formatE8 } from '../../daemon/venue/wire/exact-fields.ts';
import {
  API_KEY,
  answerJson,
  connectVenue,
  exchangeSymbol,
  FakeExchange,
  order,
  orderAnswer,
  SEND_WITHIN_MS,
  stop,
} from './fake-exchange.ts';

const fake = new FakeExchange();
let venue: VenuePort;
before(async () => {
  await fake.start();
  venue = await connectVenue(fake.url);
  assert.equal((await venue.fetchRules(['BTCUSDT'])).kind, 'ok');
});
afterEach(() => {
  fake.seen.length = 0;
  fake.scripts.clear();
});
after(async () => {
  await venue.close();
  await fake.close();
});

/** The parameters of the only request to `key`, without those that signing adds. */
function onlySent(key: string): Record<string, string> {
  const requests = fake.sent(key);
  assert.equal(requests.length, 1, key);
  const [request] = requests;
  assert.ok(request?.isSigned, 'signed');
  assert.equal(request.headers['x-mbx-apikey'], API_KEY);
  assert.equal(request.headers['user-agent'], 'holdfast/0.1.0');
  assert.equal(request.params.recvWindow, '5000');
  assert.ok(Math.abs(Number(request.params.timestamp) - Date.now()) < 60_000, 'timestamp is domain time');
  const { timestamp: _timestamp, recvWindow: _window, signature: _signature, ...rest } = request.params;
  return rest;
}

test('an opening order goes out as LIMIT IOC with exactly the decided parameters', async () => {
  const outcome = await venue.submit(order(), SEND_WITHIN_MS);
  assert.equal(outcome.kind, 'accepted');
  assert.deepEqual(onlySent('POST /fapi/v1/order'), {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'IOC',
    quantity: '0.002',
    price: '60000.1',
    newClientOrderId: 'hf0000001',
    newOrderRespType: 'RESULT',
  });
});

test('an order that is good till a date is GTD, with that date in ms', async () => {
  const goodTillMs = 1_740_963_660_000;
  await venue.submit(order({ timeInForce: 'GTC', goodTillMs }), SEND_WITHIN_MS);
  const { goodTillDate, timeInForce } = onlySent('POST /fapi/v1/order');
  assert.deepEqual([timeInForce, goodTillDate], ['GTD', String(goodTillMs)]);
  fake.seen.length = 0;
});

test('an exit carries reduceOnly, a market exit neither price nor time in force, none a position side', async () => {
  await venue.submit(
    order({ side: 'sell', reduceOnly: true, priceE8: readE8('60000'), timeInForce: 'GTC' }),
    SEND_WITHIN_MS,
  );
  assert.deepEqual(onlySent('POST /fapi/v1/order'), {
    symbol: 'BTCUSDT',
    side: 'SELL',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.002',
    price: '60000',
    reduceOnly: 'true',
    newClientOrderId: 'hf0000001',
    newOrderRespType: 'RESULT',
  });
  fake.seen.length = 0;
  await venue.submit(
    order({ side: 'sell', reduceOnly: true, orderType: 'market', priceE8: null, timeInForce: null }),
    500,
  );
  assert.deepEqual(onlySent('POST /fapi/v1/order'), {
    symbol: 'BTCUSDT',
    side: 'SELL',
    type: 'MARKET',
    quantity: '0.002',
    reduceOnly: 'true',
    newClientOrderId: 'hf0000001',
    newOrderRespType: 'RESULT',
  });
});

test('a protective stop goes to the algo service and closes the position on the mark', async () => {
  await venue.submitStop(stop());
  assert.deepEqual(onlySent('POST /fapi/v1/algoOrder'), {
    algoType: 'CONDITIONAL',
    symbol: 'BTCUSDT',
    side: 'SELL',
    type: 'STOP_MARKET',
    triggerPrice: '54000',
    closePosition: 'true',
    workingType: 'MARK_PRICE',
    clientAlgoId: 'hf000000s',
    newOrderRespType: 'RESULT',
  });
});

test('an amendment is one PUT by client id with the new total and price', async () => {
  fake.scripts.set('PUT /fapi/v1/order', (request, response) => answerJson(response, orderAnswer(request.params)));
  const outcome = await venue.amend(
    order({ quantityE8: readE8('0.007'), priceE8: readE8('59999.9'), timeInForce: 'GTC' }),
    SEND_WITHIN_MS,
  );
  assert.equal(outcome.kind, 'accepted');
  assert.deepEqual(onlySent('PUT /fapi/v1/order'), {
    symbol: 'BTCUSDT',
    side: 'BUY',
    quantity: '0.007',
    price: '59999.9',
    origClientOrderId: 'hf0000001',
  });
});

test('cancels name the order by client id at its own service, cancelAll asks both services', async () => {
  fake.scripts.set('DELETE /fapi/v1/order', (request, response) =>
    answerJson(response, orderAnswer(request.params, { status: 'CANCELED', side: 'BUY', origQty: '0.002' })),
  );
  fake.scripts.set('DELETE /fapi/v1/algoOrder', (_request, response) =>
    answerJson(response, { algoId: 1, clientAlgoId: 'hf000000s', code: '200', msg: 'success' }),
  );
  const done = { code: 200, msg: 'The operation of cancel all open order is done.' };
  fake.scripts.set('DELETE /fapi/v1/allOpenOrders', (_request, response) => answerJson(response, done));
  fake.scripts.set('DELETE /fapi/v1/algoOpenOrders', (_request, response) => answerJson(response, done));
  assert.equal((await venue.cancel('BTCUSDT', 'hf0000001', 'regular')).kind, 'canceled');
  assert.equal((await venue.cancel('BTCUSDT', 'hf000000s', 'algo')).kind, 'canceled');
  assert.equal((await venue.cancelAll('BTCUSDT')).kind, 'ok');
  assert.deepEqual(onlySent('DELETE /fapi/v1/order'), { symbol: 'BTCUSDT', origClientOrderId: 'hf0000001' });
  assert.deepEqual(onlySent('DELETE /fapi/v1/algoOrder'), { symbol: 'BTCUSDT', clientAlgoId: 'hf000000s' });
  assert.deepEqual(onlySent('DELETE /fapi/v1/allOpenOrders'), { symbol: 'BTCUSDT' });
  assert.deepEqual(onlySent('DELETE /fapi/v1/algoOpenOrders'), { symbol: 'BTCUSDT' });
});

test('a countdown is one POST of symbol and milliseconds, believed when the answer repeats both', async () => {
  fake.scripts.set('POST /fapi/v1/countdownCancelAll', (request, response) => answerJson(response, request.params));
  assert.equal((await venue.setCountdown('BTCUSDT', 120_000)).kind, 'ok');
  assert.deepEqual(onlySent('POST /fapi/v1/countdownCancelAll'), { symbol: 'BTCUSDT', countdownTime: '120000' });
  for (const answer of [{ symbol: 'BTCUSDT', countdownTime: '1' }, { symbol: 'ETHUSDT', countdownTime: '0' }, []]) {
    fake.scripts.set('POST /fapi/v1/countdownCancelAll', (_request, response) => answerJson(response, answer));
    assert.equal((await venue.setCountdown('BTCUSDT', 0)).kind, 'failed');
  }
});

test('open orders are listed by symbol, where a list weighs 1; without symbols of the whole account', async () => {
  for (const path of ['GET /fapi/v1/openOrders', 'GET /fapi/v1/openAlgoOrders'])
    fake.scripts.set(path, (_request, response) => answerJson(response, []));
  assert.equal((await venue.fetchOpenOrders(['BTCUSDT'])).kind, 'ok');
  assert.equal((await venue.fetchOpenOrders([])).kind, 'ok');
  for (const path of ['GET /fapi/v1/openOrders', 'GET /fapi/v1/openAlgoOrders'])
    assert.deepEqual(
      fake.sent(path).map(({ params }) => params.symbol),
      ['BTCUSDT', undefined],
      path,
    );
});

test('marks and books of six symbols at once are read in two lists, those of five by symbol', async () => {
  const names = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'BNBUSDT', 'ADAUSDT'];
  const index = (symbol: string, i: number) => ({
    symbol,
    markPrice: `${100 + i}`,
    indexPrice: '1',
    lastFundingRate: '0.0001',
    nextFundingTime: 1740988800000,
    time: 1740960000000,
  });
  const book = (symbol: string, i: number) => ({
    symbol,
    bidPrice: `${100 + i}`,
    bidQty: '1',
    askPrice: `${101 + i}`,
    askQty: '1',
    time: 1740960000000,
  });
  const serve = (path: string, row: (symbol: string, i: number) => object): void => {
    fake.scripts.set(path, ({ params: { symbol } }, response) =>
      answerJson(response, symbol === undefined ? names.map(row) : row(symbol, names.indexOf(symbol))),
    );
  };
  serve('GET /fapi/v1/premiumIndex', index);
  serve('GET /fapi/v1/ticker/bookTicker', book);
  fake.scripts.set('GET /fapi/v1/fundingInfo', (_request, response) => answerJson(response, []));
  const ask = async (symbols: readonly string[]): Promise<readonly unknown[]> => {
    const quotes = await Promise.all(symbols.map((symbol) => venue.fetchQuote(symbol)));
    return quotes.map((quote) =>
      quote.kind === 'ok' ? [quote.value.symbol, quote.value.mark, quote.value.bid] : quote,
    );
  };
  const expected = names.map((name, i) => [name, 100 + i, 100 + i]);
  assert.deepEqual(await ask(names), expected);
  assert.deepEqual(
    fake.sent('GET /fapi/v1/premiumIndex').map(({ params }) => params.symbol),
    [undefined],
  );
  assert.deepEqual(
    fake.sent('GET /fapi/v1/ticker/bookTicker').map(({ params }) => params.symbol),
    [undefined],
  );
  assert.deepEqual(await ask(names.slice(0, 5)), expected.slice(0, 5));
  assert.equal(fake.sent('GET /fapi/v1/premiumIndex').length, 6);
  assert.equal(
    ((await ask([...names.slice(0, 5), 'NOTUSDT'])) as { kind?: string }[])[5]?.kind,
    'failed',
    'a row that is not there is no price',
  );
});

test('cancelAll fails when one of the two services refuses, and still asks the other', async () => {
  const refuse = { code: -1008, msg: 'Server is currently overloaded with other requests.' };
  fake.scripts.set('DELETE /fapi/v1/allOpenOrders', (_request, response) =>
    answerJson(response, refuse, 503, { 'retry-after': '3' }),
  );
  fake.scripts.set('DELETE /fapi/v1/algoOpenOrders', (_request, response) =>
    answerJson(response, { code: 200, msg: 'ok' }),
  );
  const outcome = await venue.cancelAll('BTCUSDT');
  assert.equal(outcome.kind, 'failed');
  assert.equal(outcome.kind === 'failed' && outcome.cause, 'busy');
  assert.equal(outcome.kind === 'failed' && outcome.retryAfterMs, 3000);
  assert.equal(fake.sent('DELETE /fapi/v1/algoOpenOrders').length, 1);
});

test('leverage is set with a symbol and an integer, nothing else', async () => {
  fake.scripts.set('POST /fapi/v1/leverage', (_request, response) =>
    answerJson(response, { leverage: 3, maxNotionalValue: '1000', symbol: 'BTCUSDT' }),
  );
  assert.deepEqual(await venue.setLeverage('BTCUSDT', 3), { kind: 'accepted', order: null });
  assert.deepEqual(onlySent('POST /fapi/v1/leverage'), { symbol: 'BTCUSDT', leverage: '3' });
});

const ODD_STEPS = [
  ['0.10', '0.001'],
  ['0.01', '1'],
  ['0.00001', '10'],
  ['0.25', '0.05'],
  ['0.0000001', '1'],
  ['5', '0.00000001'],
] as const;
/** Orders of many sizes: what is on the wire is exactly what was asked for, or in whole steps the next less of it. */
async function checkWritten(by: VenuePort, rule: SymbolRules): Promise<void> {
  const cases = fc.record({ lots: fc.integer({ min: 1, max: 1e6 }), ticks: fc.integer({ min: 1, max: 1e6 }) });
  const [lot, tick] = [lotE8(rule), tickE8(rule)];
  for (const { lots, ticks } of fc.sample(cases, { seed: 13, numRuns: 20 })) {
    const [quantity, price] = [formatE8(BigInt(lots * lot)), formatE8(BigInt(ticks * tick))];
    for (const [beyondLot, beyondTick] of [
      [0, 0],
      [lot - 1, tick - 1],
    ] as const) {
      fake.seen.length = 0;
      const asked = order({ quantityE8: lots * lot + beyondLot, priceE8: ticks * tick + beyondTick });
      const outcome = await by.submit(asked, SEND_WITHIN_MS);
      assert.equal(outcome.kind, 'accepted', JSON.stringify({ rule, lots, ticks, outcome }));
      const sent = onlySent('POST /fapi/v1/order');
      assert.deepEqual([sent.quantity, sent.price], [quantity, price]);
    }
  }
}
async function fetchRule(by: VenuePort): Promise<SymbolRules> {
  const rules = await by.fetchRules(['BTCUSDT']);
  const rule = rules.kind === 'ok' ? rules.value.rules[0] : undefined;
  assert.ok(rule !== undefined);
  return rule;
}

test('for every tick, lot and amount the strings on the wire are the exact decimals, unrounded by ccxt', async () => {
  for (const [tick, lot] of ODD_STEPS) {
    fake.symbols = [exchangeSymbol('BTCUSDT', tick, lot)];
    await checkWritten(venue, await fetchRule(venue));
  }
  fake.symbols = [exchangeSymbol('BTCUSDT')];
  await venue.fetchRules(['BTCUSDT']);
});

test('BY-51 so they are by recorded steps, while the exchange says nothing of its symbols', async () => {
  for (const [tick, lot] of ODD_STEPS) {
    fake.symbols = [exchangeSymbol('BTCUSDT', tick, lot)];
    const rule = await fetchRule(venue);
    const restarted = await connectVenue(fake.url);
    restarted.noteRules([rule]);
    await checkWritten(restarted, rule);
    assert.deepEqual(fake.sent('GET /fapi/v1/exchangeInfo'), []);
    await restarted.close();
  }
  fake.symbols = [exchangeSymbol('BTCUSDT')];
  await venue.fetchRules(['BTCUSDT']);
});

test('an order decided in other steps is written in those of the last fetch: less of it, at a price no worse', async () => {
  fake.symbols = [exchangeSymbol('BTCUSDT', '0.50', '0.01')];
  await fetchRule(venue);
  const asked = { quantityE8: readE8('0.014'), priceE8: readE8('60000.3'), timeInForce: 'GTC' } as const;
  for (const [side, price] of [
    ['buy', '60000'],
    ['sell', '60000.5'],
  ] as const) {
    fake.seen.length = 0;
    await venue.submit(order({ ...asked, side, reduceOnly: side === 'sell' }), SEND_WITHIN_MS);
    const sent = onlySent('POST /fapi/v1/order');
    assert.deepEqual([sent.quantity, sent.price], ['0.01', price]);
  }
  for (const [side, triggerPrice] of [
    ['buy', '60000.5'],
    ['sell', '60000'],
  ] as const) {
    fake.seen.length = 0;
    await venue.submitStop(stop({ side, triggerE8: asked.priceE8 }));
    assert.equal(onlySent('POST /fapi/v1/algoOrder').triggerPrice, triggerPrice, 'it does not fire before its price');
  }
  fake.seen.length = 0;
  const less = await venue.submit(order({ ...asked, quantityE8: readE8('0.009') }), SEND_WITHIN_MS);
  assert.deepEqual(less.kind === 'rejected' && less.rejection.cause, 'rules_differ', 'it is less than a lot');
  assert.equal(fake.seen.length, 0);
  fake.symbols = [exchangeSymbol('BTCUSDT')];
  await fetchRule(venue);
});

test('a contradictory or unknown order is refused before anything leaves', async () => {
  const bad = [
    order({ orderType: 'market' }),
    order({ priceE8: null }),
    order({ timeInForce: null }),
    order({ quantityE8: 0 }),
    order({ quantityE8: -2 }),
    order({ quantityE8: 1.5 }),
    order({ quantityE8: Number.NaN }),
    order({ symbol: 'NOSUCHUSDT' }),
  ];
  for (const instruction of bad) {
    const outcome = await venue.submit(instruction, SEND_WITHIN_MS);
    assert.equal(outcome.kind, 'rejected', JSON.stringify(instruction));
    assert.equal(outcome.kind === 'rejected' && outcome.rejection.cause, 'rules_differ');
  }
  for (const deadlineMs of [Date.now() + 500, Number.NaN]) {
    assert.equal((await venue.submit(order(), deadlineMs)).kind, 'rejected');
  }
  assert.equal(fake.seen.length, 0);
});

test('before the rules are known nothing is sent', async () => {
  const fresh = await connectVenue(fake.url);
  fake.seen.length = 0;
  assert.equal((await fresh.submit(order(), SEND_WITHIN_MS)).kind, 'rejected');
  assert.equal((await fresh.cancel('BTCUSDT', 'a', 'regular')).kind, 'rejected');
  assert.equal((await fresh.cancelAll('BTCUSDT')).kind, 'failed');
  assert.equal(fake.seen.length, 0);
  await fresh.close();
});

test('markets are loaded once for many orders', async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => venue.submit(order({ clientOrderId: `hf${index}` }), SEND_WITHIN_MS)),
  );
  assert.equal(fake.sent('POST /fapi/v1/order').length, 20);
  assert.equal(fake.seen.length, 20);
  const ids = new Set(fake.sent('POST /fapi/v1/order').map((request) => request.params.newClientOrderId));
  assert.equal(ids.size, 20);
});
