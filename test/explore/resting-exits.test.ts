import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAIN_SETUP, type Plan, type Step } from '../../scripts/explore/plan.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const alpha = { agent: 'alpha', symbol: 'ETHUSDT' } as const;
const after = (gap: Step['gap'], action: Step['do']): Step => ({ gap, do: action });

test('a take-profit for which an older one left nothing rests once its agent has opened more', async () => {
  const plan: Plan = {
    seed: 1,
    setup: { ...PLAIN_SETUP, exitRate: { max: 1, windowMs: 10_000 } },
    steps: [
      after('answered', { kind: 'open', ...alpha, side: 'sell', usdt: 300 }),
      after('answered', { kind: 'exit', ...alpha, share: 1, limitBps: -10 }),
      after('answered', { kind: 'exit', ...alpha, share: 0.5, limitBps: -10 }),
      after('answered', { kind: 'open', ...alpha, side: 'sell', usdt: 600 }),
    ],
  };
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    const resting = [...world.exchange.world.state.orders.values()]
      .filter(({ reduceOnly, status }) => reduceOnly && status === 'NEW')
      .map(({ quantity }) => Number(quantity));
    assert.equal(resting.length, 2, JSON.stringify(resting));
    // Whole units of 1e-8 ETH; a lot is 0.001.
    assert.equal(resting.reduce((sum, units) => sum + units, 0) / 1e5, 99 + 49);
  } finally {
    world.close();
  }
});
