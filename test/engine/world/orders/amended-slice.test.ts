import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('the amend of one slice while others wait', () => {
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.market.regimes.calm.slices = 4;
      spec.staging.spacing_ms = 2_000;
      // What opens is held to half of the caps; later slices are not tightened by it again.
      spec.trader_state = { ...spec.trader_state, base_rate: 0.6, limit_at: 0.5, multiplier: 0.5 };
      spec.budgets.order_notional_usdt = 2_000;
      spec.budgets.symbol_notional_usdt = 1_000;
    },
  });

  it('is judged beside them: they go out as well [PK-8]', async () => {
    const asked = { order_type: 'limit', limit_price: 59_900, requested_notional: 480, requested_leverage: 3 };
    const { decision, execution } = await world.mustPlace('staging', asked);
    assert.equal(execution.orders.length, 4, JSON.stringify(decision.reasons));
    const id = execution.orders.find(({ slice }) => slice === 0)?.client_order_id;
    const amend = { client_order_id: id, requested_notional: 480 };
    const refused = (await world.tool('modify_order', amend)).body.decision;
    for (let i = 0; i < 5; i += 1) await world.advance(2_000);
    const lots = openOrders(await world.books()).reduce((sum, { quantity }) => sum + Number(quantity), 0);
    assert.ok(lots * 60_000 <= 500, `${lots} of BTC rest, the cap of what the agent opens is 500 USDT`);
    assert.equal(refused.decision, 'BLOCK', JSON.stringify(refused.effective));
  });
});
