import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import { BTC_RULES } from '../engine/fold-fixture.ts';
import {
  answerJson,
  connectVenue,
  exchangeSymbol,
  FakeExchange,
  order,
  orderAnswer,
  SEND_WITHIN_MS,
  stop,
} from './fake-exchange.ts';

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
      answerJson(
        response,
        orderAnswer({
          ...params,
          side: 'BUY',
          quantity: '0.010',
          price: '60000.1',
          origClientOrderId: params.origClientOrderId ?? 'o-1',
        }),
      ),
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

  it('an order is looked up without any rules, and what cannot be read of it is a failure, as data', async () => {
    assert.equal((await venue.fetchRules(['BTCUSDT'])).kind, 'failed');
    exchange.scripts.set('GET /fapi/v1/algoOrder', (_, response) => answerJson(response, { symbol: 'BTCUSDT' }));
    assert.deepEqual(await venue.lookupOrder('BTCUSDT', 'o-1', 'algo'), {
      kind: 'failed',
      detail: 'closePosition is not a flag',
    });
    const found = await venue.lookupOrder('BTCUSDT', 'o-1', 'regular');
    assert.ok(found.kind === 'found' && found.order.quantityE8 === 1_000_000, JSON.stringify(found));
    assert.equal((await venue.lookupByVenueId('BTCUSDT', '4711')).kind, 'found');
  });

  it('orders are looked up, listed and their trades read by the fees that the ledger holds', async () => {
    venue.noteRules([BTC_RULES]);
    const found = await venue.lookupOrder('BTCUSDT', 'o-1', 'regular');
    assert.ok(found.kind === 'found', JSON.stringify(found));
    assert.deepEqual([found.order.quantityE8, found.order.priceE8], [1_000_000, 6_000_010_000_000]);
    const open = await venue.fetchOpenOrders(['BTCUSDT']);
    assert.ok(open.kind === 'ok', JSON.stringify(open));
    assert.deepEqual(
      open.value.rows.map(({ clientOrderId, quantityE8 }) => [clientOrderId, quantityE8]),
      [['o-1', 1_000_000]],
    );
    assert.deepEqual(await venue.fetchTrades('BTCUSDT', null, Date.now()), {
      kind: 'ok',
      value: { rows: [], unreadable: [] },
    });
  });

  it('what does not fit those steps is read all the same, and of a symbol without any nothing is sent', async () => {
    venue.noteRules([{ ...BTC_RULES, lotScale: 10 }]);
    const found = await venue.lookupOrder('BTCUSDT', 'o-1', 'regular');
    assert.ok(found.kind === 'found' && found.order.quantityE8 === 1_000_000, JSON.stringify(found));
    assert.equal((await venue.submit(order({ symbol: 'ETHUSDT' }), SEND_WITHIN_MS)).kind, 'rejected');
    assert.deepEqual(exchange.sent('POST /fapi/v1/order'), []);
  });

  it('BY-51 an exit, its stop, an amend and cancels go out in those steps', async () => {
    venue.noteRules([BTC_RULES]);
    const answer = (name: string, extra: Record<string, unknown> = {}) =>
      exchange.scripts.set(name, ({ params }, response) =>
        answerJson(response, orderAnswer({ side: 'SELL', quantity: '0.010', price: '60000.1', ...params }, extra)),
      );
    answer('POST /fapi/v1/order');
    answer('PUT /fapi/v1/order', { clientOrderId: 'o-1' });
    answer('DELETE /fapi/v1/order', { clientOrderId: 'o-1', status: 'CANCELED' });
    const exit = order({ clientOrderId: 'o-1', side: 'sell', reduceOnly: true });
    const exited = await venue.submit(exit, SEND_WITHIN_MS);
    assert.equal(exited.kind, 'accepted', JSON.stringify(exited));
    assert.equal((await venue.amend(exit, SEND_WITHIN_MS)).kind, 'accepted');
    assert.equal((await venue.cancel('BTCUSDT', 'o-1', 'regular')).kind, 'canceled');
    for (const path of ['POST /fapi/v1/leverage', 'DELETE /fapi/v1/allOpenOrders', 'DELETE /fapi/v1/algoOpenOrders'])
      exchange.scripts.set(path, (_, response) => answerJson(response, { code: 200, msg: 'done' }));
    assert.equal((await venue.setLeverage('BTCUSDT', 2)).kind, 'accepted');
    assert.equal((await venue.cancelAll('BTCUSDT')).kind, 'ok');
    await venue.submitStop(stop());
    assert.equal(exchange.sent('POST /fapi/v1/algoOrder').length, 1);
    assert.deepEqual(exchange.sent('GET /fapi/v1/exchangeInfo'), []);
  });

  it('unread brackets and fees leave the filters fresh, and the rules as old as what is known of them', async () => {
    exchange.scripts.delete('GET /fapi/v1/exchangeInfo');
    for (const path of ['GET /fapi/v1/leverageBracket', 'GET /fapi/v1/commissionRate'])
      exchange.scripts.set(path, (_, response) => answerJson(response, 'down', 500));
    const first = await venue.fetchRules(['BTCUSDT']);
    assert.ok(first.kind === 'ok', JSON.stringify(first));
    const [unknown] = first.value.rules;
    assert.deepEqual(
      [unknown?.lotScale, unknown?.observedAtMs, unknown?.brackets],
      [1000, 0, []],
      'lot and tick are known, and nothing may be opened',
    );
    assert.deepEqual(
      first.value.unread.map(({ what }) => what),
      ['the leverage brackets', 'the commission rate of BTCUSDT'],
    );
    assert.equal((await venue.fetchTrades('BTCUSDT', null, Date.now())).kind, 'failed', 'fees are not known');

    const old = { ...BTC_RULES, lotScale: 10, observedAtMs: Date.now() - 3_000_000 };
    await venue.close();
    venue = await connectVenue(exchange.url);
    venue.noteRules([old]);
    const second = await venue.fetchRules(['BTCUSDT']);
    assert.ok(second.kind === 'ok', JSON.stringify(second));
    const [kept] = second.value.rules;
    assert.deepEqual(
      [kept?.lotScale, kept?.observedAtMs, kept?.brackets, kept?.takerFee],
      [1000, old.observedAtMs, old.brackets, old.takerFee],
    );
  });

  it('brackets and fees that were read recently are not read again with the filters', async () => {
    exchange.scripts.delete('GET /fapi/v1/exchangeInfo');
    venue.noteRules([{ ...BTC_RULES, observedAtMs: Date.now() - 60_000 }]);
    assert.equal((await venue.fetchRules(['BTCUSDT'])).kind, 'ok');
    for (const path of ['GET /fapi/v1/leverageBracket', 'GET /fapi/v1/commissionRate'])
      assert.deepEqual(exchange.sent(path), [], path);
  });
});
