import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { order, type ToolBody } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { DAY } from '../../fold-fixture.ts';

describe('a daemon whose views have let an order go', () => {
  const world = suiteWorld();

  it('BY-11 answers get_decision and the repeated request as before, also after a restart, and audits whole', async () => {
    const ask = order({ request_id: 'r-1' });
    const first = (await world.tool('place_order', ask)).body;
    assert.equal(first.execution.state, 'filled', JSON.stringify(first.decision.reasons));
    await world.refresh();
    const path = `/v1/decisions/${first.decision.decision_id}`;
    const held = (await world.call<ToolBody>('GET', path)).body;
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    for (let part = 0; part < 8; part += 1) await world.advance(DAY / 8);
    const isHeld = (): boolean => world.daemon.gate.core.state.orders.byDecision.has(first.decision.decision_id);
    assert.equal(isHeld(), false, 'its hours are over');
    for (const when of ['before a restart', 'after a restart']) {
      assert.deepEqual((await world.call<ToolBody>('GET', path)).body, held, `get_decision ${when}`);
      const again = (await world.tool('place_order', ask)).body;
      assert.deepEqual(again, held, `the repeated request ${when}`);
      assert.equal(await world.position('BTCUSDT'), 0, `nothing is bought again ${when}`);
      await world.restart();
      assert.equal(isHeld(), false, 'a restart forgets the same');
    }
  });
});
