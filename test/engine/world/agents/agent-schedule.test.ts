import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { order } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const MINUTE = 60_000;

describe('an agent with hours', () => {
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.account.concentration = { share: 0.99, floor_usdt: 3_000 };
      // The world begins on a Monday at 00:00 UTC.
      spec.agents = {
        default: {},
        agent: {
          schedule: {
            utc_offset: '+01:00',
            hours: [{ days: ['mon'], from: '01:00', to: '01:30' }],
            blackouts: [{ from: '2025-03-03T01:10', to: '2025-03-03T01:20' }],
          },
        },
      };
    },
  });
  let other: string;
  before(async () => {
    other = world.createAgent('other');
  });
  const limit = (price: number, symbol = 'BTCUSDT'): object =>
    order({ symbol, order_type: 'limit', limit_price: price, requested_notional: 190 });

  it('SAE-T opens within them, and what rests is canceled when they end; another agent is not concerned [PK-153 PK-155]', async () => {
    await world.mustPlace('filled', { requested_notional: 250 });
    assert.equal((await world.tool('place_order', limit(59_400))).body.execution.state, 'working');
    assert.equal((await world.tool('place_order', limit(2_900, 'ETHUSDT'), other)).body.execution.state, 'working');
    await world.advance(9 * MINUTE);
    assert.equal(openOrders(await world.books()).length, 2, 'both rest within the hours');
    for (let i = 0; i < 4; i += 1) await world.advance(MINUTE / 2);
    assert.deepEqual(
      openOrders(await world.books()).map(({ price }) => Number(price)),
      [2_900],
      'in the blackout only that of the other agent rests',
    );
    const held = await world.position('BTCUSDT');
    await world.setMark('BTCUSDT', 59_350);
    assert.equal(await world.position('BTCUSDT'), held, 'nothing of the first one was filled');
  });

  it('SAE-T is told how long to wait outside, whatever it requests, and may exit [PK-156]', async () => {
    const now = world.nowMs();
    const refused = await world.place({ requested_notional: 190 });
    const { decision, reasons, retry_after_ms: wait, bound_by: boundBy } = refused.body.decision;
    assert.deepEqual([decision, reasons[0]?.code, boundBy], ['BLOCK', 'AGENT_SCHEDULE', 'AGENT_SCHEDULE']);
    assert.ok(Math.abs((wait ?? 0) - (Date.UTC(2025, 2, 3, 0, 20) - now)) < 1000, `${wait} ms`);
    const [symbol] = (await world.limits('BTCUSDT')).symbols;
    assert.deepEqual(symbol?.opening.buy.blocked_by, ['AGENT_SCHEDULE'], 'limits say the same');
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    const others = await world.place({ symbol: 'ETHUSDT', requested_notional: 200 }, other);
    assert.notEqual(others.body.decision.decision, 'BLOCK', JSON.stringify(others.body.decision.reasons));
  });

  it('SAE-T opens again after the wait that it was told, and the record is derived again', async () => {
    const { retry_after_ms: wait } = (await world.dryRun('place_order', order())).body.decision;
    await world.advance((wait ?? 0) - 1_000);
    assert.equal((await world.dryRun('place_order', order())).body.decision.decision, 'BLOCK');
    await world.advance(1_100);
    const opened = await world.place({ requested_notional: 180 });
    assert.notEqual(opened.body.decision.decision, 'BLOCK', JSON.stringify(opened.body.decision.reasons));
  });
});
