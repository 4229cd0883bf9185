import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DaemonWorld } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';

/** Losses after which the size doubles, three times over. */
const SIZES = [...Array<number>(12).fill(100), ...[100, 200, 400, 800], ...[100, 200, 400, 800], ...[100, 200, 400]];

describe('p_t of an agent whose losing trades are closed', () => {
  const riskAfter = async (how: 'itself' | 'operator' | 'stop'): Promise<{ risk: number; closed: number }> => {
    const world = await DaemonWorld.start({
      policy: (spec) => {
        editPolicy(spec, UNPACED);
        spec.account.concentration = { share: 0.99, floor_usdt: 3_000 };
        spec.account.daily_loss.tiers = [];
        spec.account.drawdown.tiers = [];
        const { calm } = spec.market.regimes;
        spec.market.regimes = { calm, volatile: { ...calm }, extreme: { ...calm } };
        if (how === 'stop') spec.protection = { required: true, stop_bps: 50 };
      },
    });
    try {
      let closed = 0;
      for (const usdt of SIZES) {
        await world.setMark('BTCUSDT', 60_000);
        await world.advance(3_000);
        await world.mustPlace('filled', { requested_notional: usdt });
        await world.advance(3_000);
        await world.sleep(500);
        await world.setMark('BTCUSDT', 59_500);
        const token = how === 'operator' ? world.token('operator') : undefined;
        if (how !== 'stop') await world.tool('close_position', { symbol: 'BTCUSDT' }, token);
        await world.advance(3_000);
        await world.sleep(1_500);
        await world.advance(2_000);
        if ((await world.position('BTCUSDT')) === 0) closed += 1;
      }
      const { core } = world.daemon.gate;
      return { risk: core.state.trades.risk('agent', core.nowMs(), core.policyFor('agent').traderState), closed };
    } finally {
      await world.close();
    }
  };

  it('rises with them, whoever closes them', async () => {
    const own = await riskAfter('itself');
    assert.equal(own.closed, SIZES.length);
    assert.ok(own.risk > 0.4, `${own.risk} after its own closes`);
    for (const how of ['operator', 'stop'] as const) {
      const { closed, risk } = await riskAfter(how);
      assert.equal(closed, SIZES.length);
      assert.ok(Math.abs(risk - own.risk) < 0.02, `${risk} when the ${how} closes, ${own.risk} when the agent does`);
    }
  });
});
