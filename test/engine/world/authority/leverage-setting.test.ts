import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TradingArgs } from '../../../../daemon/contract/types/trading-calls.ts';
import { order } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const SKILL = 'a'.repeat(64);

describe('what opens is judged by the leverage that its symbol has at the venue (DESIGN 12.1, LEVERAGE_LOCKED)', () => {
  const world = suiteWorld({
    policy: (spec) => {
      spec.trust.skills = [{ name: 'trusted', sha256: SKILL, provenance: 0.9, capability_risk: 0.1 }];
      const tighter = { leverage: '1/3', notional: 1, order_rate: 1, slippage: 1 };
      spec.trust.tiers = [{ provenance_below: 0.8, multiplier: tighter }];
    },
  });
  const call = async (skillSha256: string | null, args: TradingArgs) => {
    const { tokens } = world.daemon.ledger;
    const tokenId = tokens.listTokens().find(({ role }) => role === 'agent')?.id ?? '';
    const caller = { role: 'agent', agent: 'agent', tokenId, skillSha256 } as const;
    const outcome = await world.run(world.daemon.gate.runTool(caller, args));
    assert.equal(outcome.kind, 'decided');
    return JSON.parse((outcome as { text: string }).text) as Awaited<ReturnType<typeof world.tool>>['body'];
  };

  it('PK-6 no token makes an order larger that rests at more leverage than it may open with', async () => {
    const asked = order({ order_type: 'limit', limit_price: 59_000, requested_notional: 240, requested_leverage: 3 });
    const { decision, execution } = await call(SKILL, { tool: 'place_order', args: asked } as TradingArgs);
    assert.equal(decision.effective?.leverage, 3, JSON.stringify(decision.reasons));
    const id = execution.orders[0]?.client_order_id ?? '';
    const amend = { tool: 'modify_order', args: { client_order_id: id, requested_notional: 590 } } as const;
    const refused = (await call(null, amend)).decision;
    assert.equal(refused.decision, 'BLOCK', JSON.stringify(refused.effective));
    assert.ok(
      refused.reasons.some(({ code }) => code === 'LEVERAGE_LOCKED'),
      JSON.stringify(refused.reasons),
    );
    const permitted = (await call(SKILL, amend)).decision;
    assert.equal(permitted.decision, 'ALLOW', JSON.stringify(permitted.reasons));
  });

  describe('two orders that are decided before either is sent', () => {
    const rest = { order_type: 'limit', limit_price: 59_000 };
    const place = (skillSha256: string | null, leverage: number, usdt: number) => {
      const args = order({ ...rest, requested_leverage: leverage, requested_notional: usdt });
      return call(skillSha256, { tool: 'place_order', args } as TradingArgs);
    };
    const setting = async (): Promise<number | undefined> =>
      (await world.books()).positions.find(({ symbol }) => symbol === 'BTCUSDT')?.leverage;
    /** Flat, with that leverage left of an earlier order. */
    const begin = async (leverage: number): Promise<void> => {
      await world.tool('cancel_all', {});
      await world.advance(61_000);
      const { execution } = await place(SKILL, leverage, 120);
      assert.equal(execution.state, 'working');
      await world.tool('cancel_all', {});
      assert.equal(await setting(), leverage);
    };

    it('PK-6 the first one sets its own leverage, whatever waits behind it', async () => {
      await begin(3);
      const [first, second] = await Promise.all([place(null, 1, 240), place(SKILL, 3, 300)]);
      assert.equal(first.execution.state, 'working', JSON.stringify(first.decision.reasons));
      assert.equal(second.execution.state, 'working', JSON.stringify(second.execution));
      assert.equal(await setting(), 1);
    });

    it('PK-6 the second one is not sent where the first one has set more than it was permitted with', async () => {
      await begin(1);
      const [first, second] = await Promise.all([place(SKILL, 3, 240), place(null, 1, 300)]);
      assert.equal(first.execution.state, 'working', JSON.stringify(first.decision.reasons));
      assert.equal(await setting(), 3);
      assert.equal(second.execution.state, 'rejected', JSON.stringify(second.execution));
    });
  });
});
