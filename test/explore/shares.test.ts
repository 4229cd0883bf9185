import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ownE8Of } from '../../daemon/engine/orders/holding.ts';
import { readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan, type Step } from '../../scripts/explore/plan.ts';
import { LOT_E8 } from '../../scripts/explore/records.ts';
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

/** 8 lots of alpha, whose symbol it is, and then what the owner does, whom no record names. */
const CASES: readonly (readonly [string, readonly Step[], number])[] = [
  ['nobody trades', [], 8],
  ['another agent asks', [open('beta', 260)], 8],
  ['what is opened by hand is no agent’s', [byHand('buy', 3)], 8],
  ['what is closed by hand was opened by hand', [byHand('buy', 3), byHand('sell', 2)], 8],
  ['what is closed beyond that was the holder’s', [byHand('buy', 3), byHand('sell', 5)], 6],
  ['all is closed', [byHand('buy', 3), byHand('sell', 11)], 0],
];

for (const [name, steps, alpha] of CASES)
  it(`the explorer counts what an agent holds as the gate does: ${name}`, async () => {
    const plan: Plan = { seed: 1, setup: PLAIN_SETUP, steps: [open('alpha', 500), ...steps] };
    const world = new World(plan.seed, plan.setup);
    try {
      await playPlan(world, plan);
      const { shareAt, endMs } = readHistory(world, plan);
      const heldE8 = alpha * LOT_E8;
      assert.deepEqual([shareAt('alpha', symbol, endMs), shareAt('beta', symbol, endMs)], [heldE8, 0]);
      const position = world.gate?.core.state.positions.get(symbol);
      assert.deepEqual([ownE8Of(position, 'alpha'), ownE8Of(position, 'beta')], [heldE8, 0]);
    } finally {
      world.close();
    }
  });
