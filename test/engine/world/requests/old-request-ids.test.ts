import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DecisionEvent } from '../../../../daemon/engine/records/decisions.ts';
import { isPermitted } from '../../../bypasses/attempts.ts';
import { order } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

/** As many as the views remember; what is older only the ledger finds. */
const REMEMBERED = 100_000;

describe('request ids that have left the views (BY-11, BY-12)', () => {
  const world = suiteWorld({ policy: UNPACED });
  const forgetAll = (): void => {
    const { requests } = world.daemon.gate.core.state;
    for (let i = 0; i < REMEMBERED; i += 1) {
      const decision = { kind: 'tool', request_id: `other-${i}`, decision_id: 'd', effective: null };
      const event = { agent: 'another', body_hash: 'x', decision, request: { symbol: null }, route: 'place_order' };
      requests.apply(event as unknown as DecisionEvent, 0);
    }
  };
  const buy = order({ request_id: 'r-1', requested_notional: 120 });

  it('an id that two tools had is never a second order', async () => {
    const cancel = { client_order_id: 'nothing', request_id: 'r-1' };
    assert.equal((await world.tool('cancel_order', cancel)).status, 200);
    assert.ok(isPermitted(await world.tool('place_order', buy)), 'each tool has ids of its own');
    const held = await world.position('BTCUSDT');
    assert.ok(held > 0);
    forgetAll();
    assert.equal((await world.tool('cancel_order', cancel)).status, 200, 'the ledger finds the first');
    const again = await world.tool('place_order', buy);
    assert.equal(again.status, 409, JSON.stringify(again.body));
    assert.equal(await world.position('BTCUSDT'), held, 'nothing was bought a second time');
  });

  it('an id that is remembered for one tool is new for another', async () => {
    const id = { request_id: 'r-2' };
    assert.equal((await world.tool('cancel_order', { client_order_id: 'nothing', ...id })).status, 200);
    assert.ok(isPermitted(await world.place({ requested_notional: 180, ...id })));
  });
});
