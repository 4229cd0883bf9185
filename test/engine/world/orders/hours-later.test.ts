import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DecisionBody } from '../../../../daemon/engine/records/decisions.ts';
import { DaemonWorld, type ToolBody } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { checkAudit } from '../../../recorded/verdicts.ts';

const HOUR_MS = 3_600_000;

describe('orders that ended hours ago', () => {
  it('are told of as they were, and the ledger does not lack them, though the views have let go of them', async (t) => {
    const world = await DaemonWorld.of(t, { wall: true, policy: UNPACED });
    const filled = await world.place({ requested_notional: 200 });
    const closed = await world.tool('close_position', { symbol: 'BTCUSDT' });
    const rested = await world.place({ order_type: 'limit', limit_price: 50_000 });
    await world.tool('cancel_all', {});
    await world.sleep(10_000);
    const reported = async () => {
      const executions: unknown[] = [];
      for (const { body } of [filled, closed, rested]) {
        const path = `/v1/decisions/${body.decision.decision_id}`;
        executions.push((await world.call<ToolBody>('GET', path)).body.execution);
      }
      return { executions, orders: (await world.orders()).filter(({ agent }) => agent !== null) };
    };
    const before = await reported();
    assert.deepEqual(
      before.orders.map(({ status }) => status),
      ['canceled', 'filled', 'filled'],
    );
    await world.daemon.close();
    await world.sleep(3 * HOUR_MS);
    // A start compares what the venue says was placed lately with what the ledger knows.
    await world.startAgain();
    const { all } = world.daemon.gate.core.state.orders;
    const ids = before.orders.map(({ client_order_id: id }) => id);
    assert.deepEqual(
      ids.filter((id) => all.has(id)),
      [ids[0]],
      'the canceled one is of a change that is kept',
    );
    assert.deepEqual(await reported(), before);
    const again = await world.tool('cancel_order', { client_order_id: ids[1] });
    const { decision } = again.body as { readonly decision: DecisionBody };
    assert.deepEqual(
      decision.reasons.map(({ code }) => code),
      ['ORDER_UNKNOWN'],
    );
    checkAudit(world);
  });
});
