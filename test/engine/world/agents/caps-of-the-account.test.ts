import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { IntendedPolicySpec } from '../../../../daemon/core/policy.ts';
import { codesIn, DaemonWorld, type Mutable } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';

const SKILL = 'a'.repeat(64);

describe("what the gate holds the account to is nobody's own limit", () => {
  const start = async (t: TestContext, change: (spec: Mutable<IntendedPolicySpec>) => void): Promise<DaemonWorld> => {
    const world = await DaemonWorld.of(t, {
      policy: (spec) => {
        editPolicy(spec, UNPACED);
        spec.standing.on_breach = 'reduce';
        spec.account.concentration = { share: 0.99, floor_usdt: 3_000 };
        spec.account.daily_loss.tiers = [];
        spec.account.drawdown.tiers = [];
        const { calm } = spec.market.regimes;
        spec.market.regimes = { calm, volatile: { ...calm, notional: 0.8 }, extreme: { ...calm, notional: 0.8 } };
        change(spec);
      },
    });
    await world.advance(5_000);
    return world;
  };
  /** Long enough for two readings, and for the next cut. */
  const settle = async (world: DaemonWorld): Promise<void> => {
    for (let i = 0; i < 5; i += 1) {
      await world.advance(6_000);
      await world.sleep(2_000);
    }
  };
  const open = async (world: DaemonWorld, token: string, usdt: number): Promise<void> => {
    const { body } = await world.place({ requested_notional: usdt }, token);
    assert.deepEqual([body.decision.decision, body.execution.state], ['ALLOW', 'filled']);
  };

  it('SAE-TRUST a position that a pinned skill was permitted is not cut by the trust of a token without one', async (t) => {
    const world = await start(t, (spec) => {
      spec.trust.default = { provenance: 0.3, capability_risk: 0.5 };
      spec.trust.skills = [{ name: 'pinned', sha256: SKILL, provenance: 0.9, capability_risk: 0.2 }];
    });
    const token = world.createAgent('pinned', SKILL);
    await open(world, token, 842);
    await open(world, token, 782);
    const held = await world.position('BTCUSDT');
    await settle(world);
    assert.equal(await world.position('BTCUSDT'), held);
    // What concerns everybody does cut it.
    await world.setMark('BTCUSDT', 62_000);
    await settle(world);
    const usdt = (await world.position('BTCUSDT')) * 62_000;
    assert.ok(usdt <= 1_600 && usdt > 1_500, `${usdt} held under a cap of 1,600`);
  });

  it('a cut whose trades cannot be read is no loss of anybody that makes the next one larger', async (t) => {
    const world = await start(t, (spec) => {
      spec.agents = { default: { loss: { day: [{ at_usdt: 0.2, multiplier: 0.1 }] } }, alpha: {} };
    });
    const token = world.createAgent('alpha');
    await open(world, token, 842);
    await open(world, token, 842);
    await settle(world);
    const trades = { method: 'GET', path: '/fapi/v1/userTrades' };
    await world.fault({ kind: 'status', status: 500, count: 100_000, match: trades });
    await world.setMark('BTCUSDT', 62_000);
    await settle(world);
    const usdt = (await world.position('BTCUSDT')) * 62_000;
    assert.ok(usdt <= 1_600 && usdt > 1_500, `${usdt} held under a cap of 1,600`);
  });

  it('the holding time of agents.default closes no symbol for an agent that may hold for longer [PK-71]', async (t) => {
    const world = await start(t, (spec) => {
      spec.agents = { default: { budgets: { holding_time_ms: 60_000 } }, alpha: {} };
    });
    const token = world.createAgent('alpha');
    const other = world.createAgent('other');
    await open(world, token, 482);
    await settle(world);
    await world.advance(40_000);
    const { body } = await world.place({ requested_notional: 300 }, other);
    assert.deepEqual(codesIn(body), ['ACCOUNT_HOLDING_TIME', 'SYMBOL_HELD']);
    await open(world, token, 242);
  });
});
