import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { OrderState } from '../../../../daemon/engine/orders/orders.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { type Client, createClient } from '../../../exchange-sim/signed-client.ts';
import { inLots, LOT_E8, TICK_E8 } from '../../fold-fixture.ts';

describe('an order of ours that somebody changed at the venue', () => {
  const world = suiteWorld();
  let human: Client;
  before(async () => {
    human = createClient(world.sim);
  });

  const rest = async (): Promise<OrderState> => {
    await world.tool('cancel_all', {});
    await world.advance(20_000);
    const { body } = await world.place({ order_type: 'limit', limit_price: 59_000, requested_notional: 270 });
    const known = world.daemon.gate.core.state.orders.all.get(body.execution.orders[0]?.client_order_id ?? '');
    assert.ok(known !== undefined, JSON.stringify(body.decision.reasons));
    await world.refresh();
    assert.deepEqual(
      [known.status, inLots(known.quantityE8), known.priceE8],
      ['working', 4, 590_000 * TICK_E8],
      'four lots rest',
    );
    return known;
  };
  const change = async (known: OrderState, quantity: string, price: string): Promise<void> => {
    const answer = await human.send('PUT', '/fapi/v1/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      origClientOrderId: known.clientOrderId,
      quantity,
      price,
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  };
  const reserved = async (): Promise<number> => {
    const line = (await world.limits('BTCUSDT')).symbols[0]?.budgets.find(
      (budget) => budget.component === 'symbol_notional_usdt',
    );
    return Math.round(line?.reserved ?? -1);
  };
  const alerts = (): number => world.daemon.gate.core.state.alerts.count;

  it('counts at once as the larger of both, and in its new form once the venue goes on showing it [TM-45]', async () => {
    const known = await rest();
    const before = alerts();
    assert.equal(await reserved(), 240, 'four lots at the mark');
    await world.advance(10_000);
    await change(known, '0.012', '59500.00');
    await world.refresh();
    assert.equal(await reserved(), 720, 'twelve lots');
    assert.equal(alerts(), before + 1, 'somebody is told');
    assert.deepEqual(
      [inLots(known.quantityE8), known.amend],
      [4, { quantityE8: 12 * LOT_E8, priceE8: 595_000 * TICK_E8 }],
      'both forms count',
    );
    const { body } = await world.place({ requested_notional: 1_000 });
    assert.equal(body.decision.decision, 'LIMIT', 'what it takes is no longer free');
    for (let i = 0; i < 4; i += 1) await world.advance(4_000);
    assert.deepEqual(
      [inLots(known.quantityE8), known.priceE8, known.amend],
      [12, 595_000 * TICK_E8, null],
      'its form from now on',
    );
    assert.equal(alerts(), before + 1, 'one alert');
  });

  it('is told of ten seconds after a change of our own: until then a list may show the form of before', async () => {
    const known = await rest();
    const before = alerts();
    await change(known, '0.012', '59500.00');
    await world.refresh();
    assert.deepEqual([inLots(known.amend?.quantityE8), alerts()], [12, before], 'it counts, and nobody is blamed yet');
    for (let i = 0; i < 4; i += 1) await world.advance(4_000);
    assert.deepEqual([inLots(known.quantityE8), alerts()], [12, before + 1]);
  });

  it('counts as before while a smaller form is not settled', async () => {
    const known = await rest();
    await change(known, '0.002', '59000.00');
    await world.refresh();
    assert.deepEqual([inLots(known.quantityE8), inLots(known.amend?.quantityE8)], [4, 2]);
    await world.advance(9_000);
    await world.advance(900);
    assert.equal(inLots(known.quantityE8), 4, 'shown three times, but not for ten seconds');
    await world.advance(200);
    assert.deepEqual([inLots(known.quantityE8), known.amend], [2, null], 'ten seconds later');
  });

  it('lets the other form go when the venue shows ours again, and takes no amend of ours for a change', async () => {
    const known = await rest();
    await change(known, '0.012', '59000.00');
    await world.refresh();
    assert.equal(inLots(known.amend?.quantityE8), 12);
    await change(known, '0.004', '59000.00');
    await world.refresh();
    assert.deepEqual([inLots(known.quantityE8), known.amend], [4, null], 'as it was');
    const before = alerts();
    const { body } = await world.tool('modify_order', {
      client_order_id: known.clientOrderId,
      requested_notional: 354,
      limit_price: 59_000,
    });
    assert.equal(body.decision.decision, 'ALLOW', JSON.stringify(body.decision.reasons));
    for (let i = 0; i < 3; i += 1) await world.advance(2_000);
    assert.deepEqual(
      [inLots(known.quantityE8), known.amend, alerts()],
      [6, null, before],
      'our own change is none of somebody',
    );
  });

  it('counts a foreign order in the form that its owner gave it, without an alarm', async () => {
    await world.tool('cancel_all', {});
    await human.send('POST', '/fapi/v1/order', {
      symbol: 'ETHUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.100',
      price: '2900.00',
      newClientOrderId: 'web_1',
    });
    await world.refresh();
    const known = world.daemon.gate.core.state.orders.all.get('web_1');
    const before = alerts();
    await human.send('PUT', '/fapi/v1/order', {
      symbol: 'ETHUSDT',
      side: 'BUY',
      origClientOrderId: 'web_1',
      quantity: '0.300',
      price: '2900.00',
    });
    await world.refresh();
    assert.deepEqual([inLots(known?.amend?.quantityE8), alerts()], [300, before]);
  });
});
