import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { PlaceOrderArgs, TradingArgs } from '../../../../daemon/contract/types/trading-calls.ts';
import type { DecisionBody } from '../../../../daemon/engine/records/decisions.ts';
import { order, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const LIMIT = { order_type: 'limit', limit_price: 59_000 };

describe('modify_order races and doubts (BY-07)', () => {
  const world = suiteWorld();
  afterEach(() => world.tool('cancel_all', {}));

  const resting = async (notional: number): Promise<string> => {
    const { body } = await world.place({ ...LIMIT, requested_notional: notional });
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  const openNotional = async (): Promise<number> =>
    (await world.books()).orders
      .filter((entry) => entry.status === 'NEW' || entry.status === 'PARTIALLY_FILLED')
      .reduce((sum, entry) => sum + Number(entry.quantity) * 60_000, 0);

  /** In one event-loop turn, as when two requests are read from one socket buffer. */
  const together = async (calls: readonly TradingArgs[]): Promise<readonly DecisionBody[]> => {
    const caller = { role: 'agent', agent: 'agent', tokenId: 't', skillSha256: null } as const;
    const outcomes = await world.run(Promise.all(calls.map((call) => world.daemon.gate.runTool(caller, call))));
    return outcomes.map((outcome) => {
      assert.equal(outcome.kind, 'decided');
      return (JSON.parse((outcome as { text: string }).text) as { decision: DecisionBody }).decision;
    });
  };

  const sentAmends = async (): Promise<number> =>
    [...world.daemon.ledger.iterateEvents({ kind: 'order_intent' })].filter(
      (event) => (event.payload as { readonly action: string }).action === 'amended',
    ).length;

  it('reserves an amend with its decision, so that two at once cannot exceed a cap', async () => {
    const first = await resting(240);
    const second = await resting(360);
    const decisions = await together(
      [first, second].map((id) => ({
        tool: 'modify_order',
        args: { client_order_id: id, requested_notional: 590, limit_price: 59_000 },
      })),
    );
    assert.deepEqual(decisions.map((decision) => decision.decision).sort(), ['ALLOW', 'BLOCK']);
    assert.ok((await openNotional()) <= 1000, `resting ${await openNotional()}`);
  });

  it('takes one amend of an order at a time', async () => {
    const id = await resting(180);
    const decisions = await together(
      [472, 413].map((notional) => ({
        tool: 'modify_order',
        args: { client_order_id: id, requested_notional: notional },
      })),
    );
    assert.deepEqual(
      decisions.map((decision) => decision.decision).sort(),
      ['ALLOW', 'BLOCK'],
      'the second is decided when the first is proven',
    );
  });

  it('counts an amend that may still arrive, although the order still shows its old form', async () => {
    await world.advance(60_000);
    const id = await resting(240);
    await world.fault({ kind: 'delay', ms: 300, match: { method: 'PUT', path: '/fapi/v1/order' } });
    const quick = world.tool('modify_order', { client_order_id: id, requested_notional: 900, limit_price: 59_000 });
    await until('the amend is on its way', () => world.daemon.gate.core.state.orders.all.get(id)?.amend !== null);
    // In this very turn, so that the amend cannot have arrived.
    const [racing] = await together([
      { tool: 'place_order', args: { ...order({ ...LIMIT, requested_notional: 600 }) } as PlaceOrderArgs },
    ]);
    const reserved = racing?.effective?.notional ?? 0;
    assert.ok(reserved > 0, JSON.stringify(racing?.reasons));
    assert.ok(reserved <= 121, `reserved beside the amend: ${reserved}`);
    await quick;
  });

  it('does not amend what does not rest', async () => {
    const { body } = await world.place({ requested_notional: 120 });
    const id = body.execution.orders[0]?.client_order_id ?? '';
    const answer = await world.tool('modify_order', { client_order_id: id, requested_notional: 300 });
    assert.equal(answer.body.decision.decision, 'BLOCK');
  });

  it("BY-36 paces an agent's amends of its take-profit, of which none keeps a close back", async () => {
    await world.tool('cancel_all', {});
    await world.advance(61_000);
    await world.mustPlace('filled', { requested_notional: 300 });
    const takeProfit = { ...order({ intent: 'close', side: 'sell', requested_notional: 65 }), order_type: 'limit' };
    const placed = await world.tool('place_order', { ...takeProfit, limit_price: 61_000 });
    const id = placed.body.execution.orders[0]?.client_order_id ?? '';
    const { max } = world.daemon.gate.core.policySpec.budgets.order_rate;
    const before = await sentAmends();
    let refused: DecisionBody | null = null;
    for (let i = 0; i <= max && refused === null; i += 1) {
      const { body } = await world.tool('modify_order', { client_order_id: id, limit_price: 61_001 + i });
      if (body.decision.decision === 'BLOCK') refused = body.decision;
    }
    assert.deepEqual(
      refused?.reasons.map((reason) => reason.code),
      ['RATE'],
    );
    assert.ok((refused?.retry_after_ms ?? 0) > 0, 'it is told when');
    // The position's own order took a token as well.
    assert.equal((await sentAmends()) - before, max - 1);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
    assert.equal(await world.position('BTCUSDT'), 0);
  });
});
