import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ownE8, unownedE8 } from '../../../../daemon/engine/orders/holding.ts';
import { type ToolBody, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

describe('checks between a decision and its send whose absence nobody would notice', () => {
  const world = suiteWorld({ policy: UNPACED });
  let alice: string;
  before(async () => {
    alice = world.createAgent('alice');
  });

  it('BY-32 what is canceled before it was sent is not sent', async () => {
    await world.fault({ kind: 'delay', ms: 400, match: { method: 'POST', path: '/fapi/v1/leverage' } });
    const { orders } = world.daemon.gate.core.state;
    const asked = world.place({ requested_leverage: 2, requested_notional: 300 }, alice);
    await until('it is decided', () => orders.all.size > 0);
    const [decided] = [...orders.all.values()];
    assert.equal(decided?.status, 'in_flight');
    await world.tool('cancel_order', { client_order_id: decided.clientOrderId }, alice);
    const { body } = await asked;
    assert.equal(body.execution.state, 'canceled', JSON.stringify(body.execution));
    assert.match(body.execution.note ?? '', /canceled before it was sent/);
    const sent = (await world.books()).orders.map((one) => one.client_order_id);
    assert.ok(!sent.includes(decided.clientOrderId), 'the exchange never heard of it');
  });

  it('BY-36 an exit beside nobody’s lots looks at what is held again after it made room: what filled meanwhile is closed already', async () => {
    await world.mustPlace('filled', { requested_notional: 600 }, alice);
    const human = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.010' };
    await world.hand('POST', '/fapi/v1/order', human);
    const view = () => world.daemon.gate.core.state.position('BTCUSDT');
    await until(
      'they are known',
      world.advancing(6_000, () => inLots(unownedE8(view())) === 10),
    );
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 60_100, requested_notional: 5_000 };
    const body = await world.mustPlace('working', exit, alice);
    const id = body.execution.orders[0]?.client_order_id ?? '';
    await world.fault({ kind: 'delay', ms: 600, match: { method: 'DELETE', path: '/fapi/v1/order' } });
    const asked = world.tool('close_position', { symbol: 'BTCUSDT' }, alice);
    const { all } = world.daemon.gate.core.state.orders;
    await until('room is being made', () => all.get(id)?.cancelRequested === true);
    await world.setMark('BTCUSDT', 60_200);
    await asked;
    await until('she is out', () => inLots(ownE8(view())) === 0);
    await until('nothing is on its way', () => world.daemon.gate.openOrderCount() === 0);
    await world.refresh();
    assert.equal(inLots(unownedE8(view())), 10);
    assert.equal(Math.round((await world.position('BTCUSDT')) * 1_000), 10, 'the hand’s lots are there');
  });
});

describe('a slice that would be an exit by now', () => {
  const world = suiteWorld({ policy: { ...UNPACED, 'market.regimes.calm.slices': 4, 'staging.spacing_ms': 5_000 } });

  it('BY-14 is not sent: it was planned without reduceOnly', async () => {
    const body = await world.mustPlace('staging', { requested_notional: 900 });
    const human = { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.009' };
    await world.hand('POST', '/fapi/v1/order', human);
    await until(
      'the position is short',
      world.advancing(500, () => inLots(world.daemon.gate.core.state.position('BTCUSDT').quantityE8) < 0),
    );
    const held = await world.position('BTCUSDT');
    assert.ok(held < 0);
    for (let i = 0; i < 6; i += 1) await world.advance(4_000);
    const path = `/v1/decisions/${body.decision.decision_id}`;
    await until('the plan has ended', async () =>
      (await world.call<ToolBody>('GET', path)).body.execution.orders.every(({ status }) => status !== 'pending_send'),
    );
    assert.equal(await world.position('BTCUSDT'), held, 'nothing was bought');
    const bought = (await world.books()).orders.filter((one) => one.side === 'BUY');
    assert.equal(bought.length, 1, 'slice 0 alone');
  });
});
