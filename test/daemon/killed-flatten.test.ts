import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan } from '../../scripts/explore/plan.ts';
import { judge } from '../../scripts/explore/promises.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const open = { kind: 'open', agent: 'alpha', side: 'buy', usdt: 300 } as const;
const INSTANTS = (['commit', 'request'] as const).flatMap((what) =>
  [false, true].flatMap((after) => Array.from({ length: 6 }, (_, index) => ({ what, n: index + 1, after }))),
);

/** Two positions, an order that rests, and a process that dies at an instant of the flatten that is asked for then. */
const diesAt = (at: (typeof INSTANTS)[number]): Plan => ({
  seed: 29,
  setup: PLAIN_SETUP,
  steps: [
    { gap: 0, do: { ...open, symbol: 'BTCUSDT' } },
    { gap: 1_000, do: { ...open, symbol: 'ETHUSDT' } },
    { gap: 1_000, do: { ...open, symbol: 'ETHUSDT', limitBps: -200 } },
    { gap: 5_000, do: { kind: 'crash', at, downMs: 200 } },
    { gap: 0, do: { kind: 'flatten' } },
  ],
});

describe('BY-32 a flatten whose process dies is carried to its end by the next one, unasked', () => {
  for (const at of INSTANTS) {
    const { what, n, after } = at;
    it(`${after ? 'after' : 'before'} ${what} ${n}`, async () => {
      const plan = diesAt(at);
      const world = new World(plan.seed, plan.setup);
      try {
        await playPlan(world, plan);
        assert.deepEqual(judge(readHistory(world, plan)), []);
        assert.equal(world.operatorCalls[0]?.answeredAtMs, null, 'it died before it answered');
        const held = ['BTCUSDT', 'ETHUSDT'].filter((symbol) => world.venue.heldE8(symbol) > 0);
        const resting = [...world.exchange.world.state.orders.values()].filter(({ status }) => status === 'NEW');
        const left = [world.gate?.getTradingState().state, held.length, resting.length];
        // With the first commit the call is on record; without it nobody has asked for anything.
        const isAsked = what !== 'commit' || n > 1 || after;
        assert.deepEqual(left, isAsked ? ['halted', 0, 0] : ['active', 2, 1]);
      } finally {
        world.close();
      }
    });
  }
});
