import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VenuePort } from '../../../../daemon/driver/ports.ts';
import { ownE8, unownedE8 } from '../../../../daemon/engine/orders/holding.ts';
import { everyLiveOrder, type OrderState } from '../../../../daemon/engine/orders/orders.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

describe('an order that no lookup finds (BY-12, BY-38)', () => {
  const world = suiteWorld({
    answerWithinMs: 300,
    policy: { protection: { required: true, stop_bps: 300 }, 'standing.on_breach': 'hold' },
  });
  const core = () => world.daemon.gate.core;
  const known = (id: string | undefined): OrderState => {
    const found = core().state.orders.all.get(id ?? '');
    assert.ok(found !== undefined, `order ${id} is known`);
    return found;
  };
  const stops = async (): Promise<readonly string[]> =>
    (await world.books()).algo_orders
      .filter((algo) => algo.status === 'NEW')
      .map((algo) => `${algo.symbol} ${algo.side}`);
  /** Past the time in which an order may still arrive. */
  const pastHorizon = () => world.advance(2 * core().ports.venue.acceptanceHorizonMs);

  it('has filled as its own trades say, once the venue had acknowledged it', async () => {
    await world.fault({
      kind: 'not-found-after-accept',
      queries: 100_000,
      match: { method: 'POST', path: '/fapi/v1/order' },
    });
    const { body } = await world.place({ order_type: 'limit', limit_price: 59_000, requested_notional: 900 });
    const resting = known(body.execution.orders[0]?.client_order_id);
    assert.equal(resting.status, 'working', 'acknowledged');
    await world.advance(2_000);
    await world.setMark('BTCUSDT', 58_900);
    assert.equal(await world.position('BTCUSDT'), 0.015, 'filled');
    await world.advance(2_000);
    await pastHorizon();
    await until('its end', () => resting.status !== 'working', 15_000);
    assert.deepEqual([resting.status, inLots(resting.executedE8), resting.averagePrice], ['filled', 15, 59_000]);
    await world.advance(2_000);
    const position = core().state.position('BTCUSDT');
    assert.deepEqual([inLots(position.quantityE8), inLots(ownE8(position))], [15, 15], 'its agent holds it');
    await world.setMark('BTCUSDT', 58_000);
    const close = await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.equal(close.body.decision.decision, 'ALLOW', JSON.stringify(close.body.decision.reasons));
  });

  it('has ended unfilled, as the list of all orders says: no trade and no open order told of it', async () => {
    const venue = core().ports.venue as { -readonly [K in keyof VenuePort]: VenuePort[K] };
    const { fetchPlacedOrders, lookupOrder, submit } = venue;
    let [isListed, asked] = [false, 0];
    const odd = { kind: 'ok', value: { rows: [], unreadable: [{ symbol: 'ETHUSDT', detail: 'odd' }] } } as const;
    venue.lookupOrder = async () => ({ kind: 'not_found' });
    venue.fetchPlacedOrders = async (symbol, sinceMs) => {
      asked += 1;
      if (isListed) return fetchPlacedOrders(symbol, sinceMs);
      if (asked % 2 === 0) return odd;
      return { kind: 'failed', detail: 'no answer', cause: 'other', retryAfterMs: null };
    };
    venue.submit = async (...sent) => {
      await submit(...sent);
      return { kind: 'unknown', detail: 'its answer is lost' };
    };
    await world.fault({ kind: 'partial-fill', fraction: 0, match: { method: 'POST', path: '/fapi/v1/order' } });
    const { body } = await world.place({ symbol: 'ETHUSDT', requested_notional: 300 });
    const unknown = known(body.execution.orders[0]?.client_order_id);
    await pastHorizon();
    await until('the list of all orders is read', () => asked > 1, 15_000);
    assert.equal(unknown.status, 'unknown', 'a list that was not read proves nothing, nor one with an odd row');
    isListed = true;
    await until('its end', () => unknown.status !== 'unknown', 15_000);
    assert.deepEqual([unknown.status, inLots(unknown.executedE8)], ['expired', 0]);
    Object.assign(venue, { fetchPlacedOrders, lookupOrder, submit });
  });

  it('was not placed though somebody else bought meanwhile: whose trade it is, that trade’s order tells', async () => {
    const venue = core().ports.venue as { -readonly [K in keyof VenuePort]: VenuePort[K] };
    const { lookupByVenueId } = venue;
    let isAnswered = false;
    let asked = 0;
    venue.lookupByVenueId = async (symbol, id) => {
      asked += 1;
      return isAnswered ? lookupByVenueId(symbol, id) : { kind: 'failed', detail: 'no answer' };
    };
    await world.fault({ kind: 'drop-before', match: { method: 'POST', path: '/fapi/v1/order' } });
    const { body } = await world.place({ symbol: 'ETHUSDT', requested_notional: 300 });
    const lost = known(body.execution.orders[0]?.client_order_id);
    await world.hand('POST', '/fapi/v1/order', { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.5' });
    await world.advance(2_000);
    // Sooner than ten seconds, however many answers there were.
    assert.equal((await stops()).length, 0, 'a position that was only just shown is not protected');
    await pastHorizon();
    await until('the trade is looked up', () => asked > 0, 15_000);
    assert.equal(lost.status, 'unknown', 'until its order is known the trade may be ours');
    assert.equal(inLots(core().state.position('ETHUSDT').quantityE8), 0, 'and nothing is adopted');
    for (let i = 0; i < 3; i += 1) await world.advance(5_000);
    assert.deepEqual(await stops(), ['ETHUSDT SELL'], 'what the venue goes on showing is');
    isAnswered = true;
    await until('its end', () => lost.status !== 'unknown', 15_000);
    assert.equal(lost.status, 'not_placed');
    for (let i = 0; i < 5; i += 1) await world.advance(4_000);
    const position = core().state.position('ETHUSDT');
    assert.deepEqual(
      [inLots(position.quantityE8), inLots(position.disputedE8), inLots(unownedE8(position))],
      [500, null, 500],
      'it is adopted, for nobody',
    );
    assert.equal(core().state.layers.get('breaker|symbol|ETHUSDT')?.state ?? 'active', 'active', 'the symbol is open');
    const left = everyLiveOrder(core().state.orders);
    assert.deepEqual(
      left.map((one) => one.protective),
      [true],
      'nothing is reserved',
    );
    assert.deepEqual(await stops(), ['ETHUSDT SELL'], 'the stop is the same one');
  });
});
