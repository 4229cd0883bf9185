import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codesIn, order } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { checkAudit } from '../../../recorded/verdicts.ts';
import { teller } from '../../../told.ts';

const RULES = Array.from({ length: 14 }, (_, i) => i + 1);

describe('SAE-AUDIT every rule leaves a verdict in every decision, in the order of the rules', () => {
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.scope.tools = spec.scope.tools.filter((tool) => tool !== 'modify_order');
      spec.intercept = { allow: { shell: { type: 'object' } } };
    },
  });

  it('in openings, exits, cancels and amends, permitted or refused, and in what is only intercepted', async () => {
    const resting = await world.place({ order_type: 'limit', limit_price: 59_000 });
    const id = resting.body.execution.orders[0]?.client_order_id;
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.tool('modify_order', { client_order_id: id, limit_price: 58_900 });
    const unknown = await world.tool('modify_order', { client_order_id: 'x', limit_price: 5 });
    assert.deepEqual(
      codesIn(unknown.body),
      ['SCOPE_TOOL', 'ORDER_UNKNOWN'],
      'a tool that is not permitted is told, whatever its order',
    );
    await world.tool('cancel_order', { client_order_id: id });
    await world.tool('cancel_order', { client_order_id: 'x' });
    await world.tool('cancel_all', {});
    await world.place({ requested_notional: 300 });
    await world.place({ symbol: 'DOGEUSDT' });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    for (const tool of ['shell', 'other']) await world.intercept(tool, {});
    await world.dryRun('place_order', order());
    const tell = teller(world.daemon.ledger);
    const seen = [...world.daemon.ledger.iterateEvents({ kind: 'decision' })].map(({ payload }) => {
      const { decision, route } = tell(payload);
      const rules = decision.verdicts.map(({ rule }) => rule);
      assert.deepEqual([...new Set(rules)], RULES, `${route} ${decision.decision} ${JSON.stringify(decision.reasons)}`);
      return decision;
    });
    assert.ok(seen.length >= 13, `${seen.length} decisions`);
    assert.ok(seen.some(({ decision }) => decision === 'ALLOW') && seen.some(({ decision }) => decision === 'BLOCK'));
    assert.equal(checkAudit(world), seen.length);
  });
});
