import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { ApprovalBody, ApprovedBody } from '../../../../daemon/engine/records/approvals.ts';
import { codesIn, order } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('an approval is a ceiling for the leverage that its symbol has at the venue', () => {
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.approvals = { when: [{ notional_above_usdt: 400 }], window_ms: 60_000, expiry_ms: 120_000 };
    },
  });
  beforeEach(async () => {
    await world.tool('cancel_all', {});
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.advance(121_000);
    await world.untilReady();
    assert.equal(await world.position('BTCUSDT'), 0);
  });
  /** At 1x, above the threshold. */
  const ask = async (): Promise<ApprovalBody> => {
    const { body } = await world.tool('place_order', order({ requested_notional: 602, requested_leverage: 1 }));
    assert.deepEqual(codesIn(body), ['APPROVAL_REQUIRED']);
    return (await world.operator<ApprovalBody>('GET', `/v1/approvals/${body.decision.decision_id}`)).body;
  };
  const approve = async ({ approval_id: id, digest }: ApprovalBody) => {
    const { body, status } = await world.operator<ApprovedBody>('POST', `/v1/approvals/${id}`, {
      action: 'approve',
      digest,
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(body.answer !== null);
    return body.answer;
  };
  /** Held at 3x. */
  const hold = async (): Promise<number> => {
    await world.must('filled', 'place_order', order({ requested_notional: 122, requested_leverage: 3 }));
    return await world.position('BTCUSDT');
  };

  it('what was approved at 1x does not open at the 3x of what the agent has opened since [AP-6 AP-30]', async () => {
    const approval = await ask();
    assert.equal(approval.leverage, 1);
    const held = await hold();
    const { decision } = await approve(approval);
    assert.equal(await world.position('BTCUSDT'), held, 'nothing was opened at 3x on the word of who saw 1x');
    assert.equal(decision.decision, 'BLOCK');
    assert.deepEqual(codesIn({ decision }), ['APPROVAL_STALE']);
  });

  it('and who is asked beside what is held at 3x is told so [AP-75]', async () => {
    const held = await hold();
    const approval = await ask();
    assert.equal(approval.leverage, 3);
    const { decision } = await approve(approval);
    assert.notEqual(decision.decision, 'BLOCK', JSON.stringify(decision.reasons));
    assert.ok((await world.position('BTCUSDT')) > held);
  });
});
