import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { suiteWorld } from './suite-world.ts';

describe('one execution through every layer (SAE-NONBYPASS, SAE-DEC)', () => {
  const world = suiteWorld({ real: true });

  it('allows an order inside the policy and fills it at the exchange [AN-44 MI-1 MI-2]', async () => {
    const { status, body } = await world.place();
    assert.equal(status, 200);
    assert.equal(body.decision.decision, 'ALLOW');
    assert.equal(body.execution.state, 'filled');
    assert.equal(await world.position('BTCUSDT'), Number(body.decision.effective?.quantity));
  });

  it('cuts an oversized order down to the budget that binds [TD-1 TD-3 TD-25 MI-3]', async () => {
    const before = await world.position('BTCUSDT');
    const { body } = await world.place({ requested_notional: 5000, requested_leverage: 5 });
    assert.equal(body.decision.decision, 'LIMIT');
    assert.ok(body.decision.reasons.some((reason) => reason.code === 'BUDGET_NOTIONAL'));
    const bought = (await world.position('BTCUSDT')) - before;
    assert.ok(bought > 0 && bought * 60_000 <= 1000.01, `bought ${bought}`);
  });

  it('blocks a symbol that is not in scope, and sends nothing [MI-1 MI-4]', async () => {
    const sent = (await world.books()).orders.length;
    const { status, body } = await world.place({ symbol: 'DOGEUSDT' });
    assert.equal(status, 200);
    assert.equal(body.decision.decision, 'BLOCK');
    assert.deepEqual(body.decision.reasons[0]?.code, 'SCOPE_SYMBOL');
    assert.equal((await world.books()).orders.length, sent);
  });

  it('exits the whole position while reducing and refuses to open [AN-45]', async () => {
    await world.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'test' });
    const opening = await world.place({ symbol: 'ETHUSDT' });
    assert.equal(opening.body.decision.reasons[0]?.code, 'STATE_REDUCING');
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.notEqual(body.decision.decision, 'BLOCK');
    assert.equal(body.execution.state, 'filled');
    assert.equal(await world.position('BTCUSDT'), 0);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
  });

  it('keeps positions and trading state over a restart', async () => {
    await world.advance(60_000);
    await world.place({ symbol: 'ETHUSDT' });
    const held = await world.position('ETHUSDT');
    assert.ok(held > 0);
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'over night' });
    await world.restart();
    const positions = await world.positions();
    assert.equal(Number(positions.find((position) => position.symbol === 'ETHUSDT')?.quantity), held);
    assert.equal((await world.tradingState()).state, 'halted');
    const refused = await world.place();
    assert.equal(refused.body.decision.reasons[0]?.code, 'STATE_HALTED');
  });
});
