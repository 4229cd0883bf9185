import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DaemonWorld, order } from './harness.ts';

const open = order({ requested_notional: 600, strategy_id: 's' });

test('in shadow an agent closes what it opened against the gate’s own decision, and another opens nothing there [PK-40]', async (t) => {
  const world = await DaemonWorld.of(t, {
    policy: { mode: 'shadow', 'scope.venues': ['paper'], 'budgets.order_notional_usdt': 60 },
  });
  const { body } = await world.tool('place_order', { ...open, requested_leverage: 20 });
  assert.equal(body.decision.decision, 'BLOCK', 'the gate would have refused it');
  assert.ok((await world.position('BTCUSDT')) > 0, 'and it was executed');
  const other = await world.tool('place_order', open, world.createAgent('other'));
  assert.equal(other.body.execution.orders.length, 0, 'the symbol is the first one’s');
  const closed = await world.tool('close_position', { symbol: 'BTCUSDT' });
  assert.equal(closed.body.decision.decision, 'ALLOW', JSON.stringify(closed.body.decision.reasons));
  assert.equal(await world.position('BTCUSDT'), 0);
});
