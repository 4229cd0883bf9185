import assert from 'node:assert/strict';
import { it } from 'node:test';
import { START_MS } from '../../scripts/explore/market.ts';
import { PLAIN_SETUP, type Plan } from '../../scripts/explore/plan.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

it('a start takes its time from an answer that was seconds late: it asks again soon, and speaks of no jump', async () => {
  const late = { kind: 'late_answer', path: '/fapi/v1/time', count: 2, ms: 6_000 } as const;
  const plan: Plan = {
    seed: 1,
    setup: { ...PLAIN_SETUP, settleMs: 5_000 },
    steps: [
      { gap: 'answered', do: { kind: 'wire', wire: late } },
      { gap: 'answered', do: { kind: 'restart', downMs: 500 } },
      { gap: 15_000, do: { kind: 'clear_faults' } },
    ],
  };
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    const reported = [...world.ledger.iterateEvents({ kind: 'alert' })].map(
      ({ payload }) => (payload as { code: string }).code,
    );
    assert.ok(!reported.includes('CLOCK_JUMP'), reported.join());
    const { core } = world.gate ?? assert.fail('it runs');
    // The first answer of a life, the next one, which is late as well, and a third within seconds of that.
    assert.ok(Math.abs(core.nowMs() - (START_MS + world.time.nowMs)) <= 1_000);
    assert.ok((core.market.clockSkewMs ?? Number.POSITIVE_INFINITY) <= 1_000);
  } finally {
    world.close();
  }
});
