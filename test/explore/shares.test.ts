import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan, type Step } from '../../scripts/explore/plan.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const symbol = 'BTCUSDT';
const open = (agent: 'alpha' | 'beta', usdt: number): Step => ({
  gap: 5_000,
  do: { kind: 'open', agent, symbol, side: 'buy', usdt },
});
const byHand = (side: 'buy' | 'sell', lots: number): Step => ({
  gap: 5_000,
  do: { kind: 'foreign', symbol, side, lots, reduceOnly: side === 'sell' },
});

/** 8 lots of alpha and 4 of beta, and then what the owner does, whom no record names. */
const CASES: readonly (readonly [string, readonly Step[], readonly [number, number]])[] = [
  ['nobody trades', [], [8, 4]],
  ['what is opened by hand is no agent’s', [byHand('buy', 3)], [8, 4]],
  ['what is closed by hand was opened by hand', [byHand('buy', 3), byHand('sell', 2)], [8, 4]],
  ['all is closed', [byHand('buy', 3), byHand('sell', 15)], [0, 0]],
];

for (const [name, steps, [alpha, beta]] of CASES)
  it(`the explorer counts shares as the gate does: ${name}`, async () => {
    const plan: Plan = { seed: 1, setup: PLAIN_SETUP, steps: [open('alpha', 500), open('beta', 260), ...steps] };
    const world = new World(plan.seed, plan.setup);
    try {
      await playPlan(world, plan);
      const { shareAt, endMs } = readHistory(world, plan);
      assert.deepEqual([shareAt('alpha', symbol, endMs), shareAt('beta', symbol, endMs)], [alpha, beta]);
      const shares = world.gate?.core.state.positions.get(symbol)?.shares;
      assert.deepEqual([shares?.get('alpha') ?? 0, shares?.get('beta') ?? 0], [alpha, beta]);
    } finally {
      world.close();
    }
  });
