import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('a halt holds for orders that are on their way (BY-16, BY-32)', () => {
  const world = suiteWorld({ answerWithinMs: 200 });

  const openAtVenue = async (): Promise<number> =>
    (await world.books()).orders.filter((entry) => entry.status === 'NEW' || entry.status === 'PARTIALLY_FILLED')
      .length;
  const noSearches = (): Promise<void> =>
    until(
      'every order is known',
      world.advancing(2_000, () => world.daemon.gate.unknownOrderCount() === 0),
    );

  it('does not send an order that was decided before the halt and waits for its leverage setting', async () => {
    await world.fault({ kind: 'delay', ms: 300, match: { method: 'POST', path: '/fapi/v1/leverage' } });
    const asked = world.place({ requested_leverage: 2 });
    await until('the order is decided', () => world.daemon.gate.openOrderCount() === 1);
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    assert.notEqual((await asked).body.decision.decision, 'BLOCK');
    await until('the order has ended', () => world.daemon.gate.openOrderCount() === 0);
    assert.equal(await world.position('BTCUSDT'), 0);
    assert.equal(await openAtVenue(), 0);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
  });

  it('does not send an order long after its decision', async () => {
    await noSearches();
    await world.advance(20_000);
    await world.fault({ kind: 'delay', ms: 700, match: { method: 'POST', path: '/fapi/v1/leverage' } });
    const { body } = await world.place({ requested_leverage: 1, requested_notional: 440 });
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    await until('the order has ended', () => world.daemon.gate.openOrderCount() === 0);
    assert.equal(await world.position('BTCUSDT'), 0);
  });

  it('cancels a resting order of which the cancel was refused or lost, again until it is gone', async () => {
    await world.advance(20_000);
    const { body } = await world.place({ order_type: 'limit', limit_price: 58_000, requested_notional: 320 });
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    assert.equal(await openAtVenue(), 1);
    await world.fault({
      kind: 'error',
      code: -1001,
      msg: 'Internal error; unable to process your request. Please try again.',
      match: { method: 'DELETE', path: '/fapi/v1/order' },
    });
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    await until('the order is canceled', async () => (await openAtVenue()) === 0);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
  });

  it('cancels an order that reaches the exchange after its cancel was asked for', async () => {
    await noSearches();
    await world.fault({ kind: 'delay', ms: 400, match: { method: 'POST', path: '/fapi/v1/order' } });
    const asked = world.place({ order_type: 'limit', limit_price: 58_000, requested_notional: 380 });
    await until('the order is decided', () => world.daemon.gate.openOrderCount() === 1);
    await world.sleep(100);
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    await asked;
    await until(
      'nothing rests',
      world.refreshing(() => world.daemon.gate.openOrderCount() === 0),
    );
    await world.sleep(400);
    assert.equal(await openAtVenue(), 0);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
  });
});
