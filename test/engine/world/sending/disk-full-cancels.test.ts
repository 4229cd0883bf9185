import assert from 'node:assert/strict';
import { it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const world = suiteWorld({ wall: true });

it('on a full disk an agent takes back an exit that is between two of its orders [LE-18]', async () => {
  await world.mustPlace('filled', { requested_notional: 300 });
  const send = { method: 'POST', path: '/fapi/v1/order' };
  await world.fault({ kind: 'status', status: 503, body: 'Service Unavailable.', match: send, count: 1_000_000 });
  const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' });
  const { claims, orders } = world.daemon.gate.core.state;
  const id = body.decision.decision_id;
  world.daemon.gate.onReserveUsed();
  const isBetween = (): boolean =>
    ![...(orders.live.get('BTCUSDT') ?? [])].some(({ agent, reduceOnly }) => agent === 'agent' && reduceOnly);
  await until('no order of it lives', isBetween);
  assert.ok(claims.isOpen(id));
  const canceled = await world.tool('cancel_all', {});
  assert.equal(canceled.status, 200, JSON.stringify(canceled.body));
  assert.ok(!claims.isOpen(id), 'it is over');
  assert.equal((await world.tool('cancel_all', {})).status, 503, 'there is nothing left to cancel');
  await world.control('clear-faults', {});
});
