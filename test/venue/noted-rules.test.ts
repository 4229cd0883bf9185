import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { VenuePort } from '../../daemon/gate/ports.ts';
import { BTC_RULES } from '../gate/fold-fixture.ts';
import { answerJson, connectVenue, exchangeSymbol, FakeExchange, order, orderAnswer } from './fake-exchange.ts';

describe('while the rules of the exchange cannot be fetched', () => {
  const exchange = new FakeExchange();
  let venue: VenuePort;
  before(() => exchange.start());
  after(() => exchange.close());
  beforeEach(async () => {
    exchange.scripts.clear();
    exchange.seen.length = 0;
    exchange.symbols = [exchangeSymbol('BTCUSDT')];
    await venue?.close();
    venue = await connectVenue(exchange.url);
    exchange.scripts.set('GET /fapi/v1/exchangeInfo', (_, response) => answerJson(response, 'down', 500));
    exchange.scripts.set('GET /fapi/v1/order', ({ params }, response) =>
      answerJson(response, orderAnswer({ ...params, side: 'BUY', quantity: '0.010', price: '60000.1' })),
    );
    exchange.scripts.set('GET /fapi/v1/openOrders', ({ params }, response) =>
      answerJson(response, [
        orderAnswer({ ...params, newClientOrderId: 'o-1', side: 'BUY', quantity: '0.010', price: '60000.1' }),
      ]),
    );
    exchange.scripts.set('GET /fapi/v1/openAlgoOrders', (_, response) => answerJson(response, []));
    exchange.scripts.set('GET /fapi/v1/userTrades', (_, response) => answerJson(response, []));
  });
  after(() => venue.close());

  it('a lookup without any rules fails, as data, of either kind and by either id', async () => {
    assert.equal((await venue.fetchRules(['BTCUSDT'])).kind, 'failed');
    exchange.scripts.set('GET /fapi/v1/algoOrder', (_, response) => answerJson(response, { symbol: 'BTCUSDT' }));
    for (const outcome of [
      await venue.lookupOrder('BTCUSDT', 'o-1', 'regular'),
      await venue.lookupOrder('BTCUSDT', 'o-1', 'algo'),
      await venue.lookupByVenueId('BTCUSDT', '4711'),
    ])
      assert.deepEqual(outcome, { kind: 'failed', detail: 'the rules of the exchange have not been fetched' });
  });

  it('orders are looked up, listed and their trades read in the steps that the ledger holds', async () => {
    venue.noteRules([BTC_RULES]);
    const found = await venue.lookupOrder('BTCUSDT', 'o-1', 'regular');
    assert.ok(found.kind === 'found', JSON.stringify(found));
    assert.deepEqual([found.order.lots, found.order.priceTicks], [10, 600_001]);
    const open = await venue.fetchOpenOrders(['BTCUSDT']);
    assert.ok(open.kind === 'ok', JSON.stringify(open));
    assert.deepEqual(
      open.value.map(({ clientOrderId, lots }) => [clientOrderId, lots]),
      [['o-1', 10]],
    );
    assert.deepEqual(await venue.fetchTrades('BTCUSDT', null, Date.now()), { kind: 'ok', value: [] });
  });

  it('what does not fit those steps is not read, and nothing is sent by them', async () => {
    venue.noteRules([{ ...BTC_RULES, lotScale: 10 }]);
    assert.equal((await venue.lookupOrder('BTCUSDT', 'o-1', 'regular')).kind, 'failed');
    assert.equal((await venue.lookupOrder('ETHUSDT', 'o-1', 'regular')).kind, 'failed', 'of ETHUSDT none are known');
    assert.equal((await venue.submit(order(), 500)).kind, 'rejected');
    assert.deepEqual(exchange.sent('POST /fapi/v1/order'), []);
  });

  it("once fetched, the exchange's own count", async () => {
    venue.noteRules([{ ...BTC_RULES, lotScale: 10_000 }]);
    exchange.scripts.delete('GET /fapi/v1/exchangeInfo');
    assert.equal((await venue.fetchRules(['BTCUSDT'])).kind, 'ok');
    const found = await venue.lookupOrder('BTCUSDT', 'o-1', 'regular');
    assert.ok(found.kind === 'found' && found.order.lots === 10);
  });
});
