import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codesIn, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('margin that the last reading of the balance does not contain', () => {
  const world = suiteWorld({ policy: UNPACED, sim: { balance: 300 } });
  const open = (symbol: string, usdt: number, leverage: number, more: object = {}) =>
    world.place({ symbol, requested_notional: usdt, requested_leverage: leverage, ...more });

  it('BY-39 is reserved at the leverage that the venue keeps, not at a higher one that was asked for', async () => {
    const first = await open('ETHUSDT', 100, 1);
    assert.equal(first.body.execution.state, 'filled', JSON.stringify(first.body.decision.reasons));
    await world.refresh();
    const second = await open('ETHUSDT', 190, 3);
    assert.equal(second.body.execution.state, 'filled', JSON.stringify(second.body.decision.reasons));
    const third = await open('BTCUSDT', 120, 1);
    const codes = codesIn(third.body);
    assert.deepEqual([third.body.decision.decision, codes], ['BLOCK', ['BUDGET_MARGIN']]);
    assert.equal(third.body.execution.state, 'none', 'nothing is sent that the venue would refuse');
  });

  it('rule 15 is not counted against the order that it is held for, nor against the amend of it', async () => {
    await world.tool('close_position', { symbol: 'ETHUSDT' });
    await world.advance(2_000);
    const { body } = await open('ETHUSDT', 200, 1, { order_type: 'limit', limit_price: 2_900 });
    assert.equal(body.execution.state, 'working', JSON.stringify(body.decision.reasons));
    await world.advance(2_000);
    const signal = { kind: 'narrative', scope: { symbol: 'ETHUSDT' }, severity: 1, ttl_ms: 1_000 };
    const { status } = await world.call('POST', '/v1/signals', signal, world.token('monitor'));
    assert.equal(status, 200, 'a reason to review');
    await world.advance(2_000);
    const [resting] = await world.orders('?open=true');
    assert.equal(resting?.status, 'working', 'more than half of the balance is held for it');
    const amend = { client_order_id: resting.client_order_id, requested_notional: 232 };
    const { decision } = (await world.tool('modify_order', amend)).body;
    assert.equal(decision.decision, 'ALLOW', JSON.stringify(decision.reasons));
    const more = { client_order_id: resting.client_order_id, requested_notional: 320 };
    const refused = (await world.tool('modify_order', more)).body.decision;
    assert.equal(refused.decision, 'BLOCK');
    assert.ok(
      refused.reasons.some(({ code }) => code === 'BUDGET_MARGIN'),
      JSON.stringify(refused.reasons),
    );
  });

  it('grows with an amend until the balance is read again', async () => {
    const answer = await open('BTCUSDT', 65, 1);
    assert.deepEqual([answer.body.decision.decision, codesIn(answer.body)], ['BLOCK', ['BUDGET_MARGIN']]);
  });

  it('rule 15 credits an amend with the whole lots that are held for the order, and with no part of one', async () => {
    await world.control('set-instrument', { symbol: 'ETHUSDT', lot: 0.03, min_quantity: 0.03 });
    const { keeper, core } = world.daemon.gate;
    keeper.schedule.dueNow('rules');
    await until(
      'the lot and the balance are read',
      world.advancing(
        2_000,
        () => core.state.rules.get('ETHUSDT')?.lotMantissa === 3 && (core.state.account?.available_usdt ?? 0) < 70,
      ),
    );
    const [resting] = await world.orders('?open=true');
    assert.equal(resting?.quantity, '0.08');
    // Of the 232 USDT that are held for it 174 count, beside some 68 that are available; three lots need 270.
    const amend = { client_order_id: resting.client_order_id, requested_notional: 262 };
    const { decision } = (await world.tool('modify_order', amend)).body;
    assert.equal(decision.decision, 'BLOCK');
    assert.equal(decision.reasons[0]?.code, 'BUDGET_MARGIN');
  });
});
