import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan } from '../../scripts/explore/plan.ts';
import { judge } from '../../scripts/explore/promises.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';
import { codesIn } from '../daemon/harness.ts';

const open = { kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 300 } as const;
const PLAN: Plan = {
  seed: 1,
  setup: { ...PLAIN_SETUP, settleMs: 15_000 },
  steps: [
    { gap: 0, do: { kind: 'dry_run', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 300 } },
    { gap: 0, do: { kind: 'dry_run', isIntercepted: true, agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 200 } },
    { gap: 'answered', do: { ...open, says: { rationale: 'because' } } },
    { gap: 2_000, do: { ...open, limitBps: -30 } },
    { gap: 'answered', do: { kind: 'erase', agent: 'alpha' } },
    { gap: 2_000, do: { kind: 'release', symbol: 'BTCUSDT', forMs: 5_000 } },
    { gap: 2_000, do: { ...open, usdt: 200 } },
    { gap: 5_000, do: { kind: 'adopt', symbol: 'BTCUSDT', agent: 'beta' } },
    { gap: 2_000, do: { ...open, usdt: 250 } },
    { gap: 2_000, do: { kind: 'close', agent: 'beta', symbol: 'BTCUSDT' } },
    // Somebody is told of that.
    { gap: 5_000, do: { kind: 'fault', fault: { kind: 'clock-jump', by_ms: 2_500 } } },
    { gap: 10_000, do: { kind: 'acknowledge' } },
  ],
};

it("an operator's acts in a plan, and a dry run, are carried out, and what they name holds", async () => {
  const world = new World(PLAN.seed, PLAN.setup);
  try {
    await playPlan(world, PLAN);
    const acts = world.operatorCalls.map(({ answeredAtMs, failure, what }) => [what, answeredAtMs !== null, failure]);
    assert.deepEqual(
      acts,
      ['dry_run', 'dry_run', 'erase', 'release', 'adopt', 'acknowledge'].map((what) => [what, true, null]),
    );
    const refused = world.calls.flatMap(({ answer }) => (answer?.decision.decision === 'BLOCK' ? codesIn(answer) : []));
    assert.deepEqual(refused, ['SYMBOL_HELD', 'SYMBOL_HELD']);
    assert.equal(world.venue.heldE8('BTCUSDT'), 0, 'the new holder has closed it');
    assert.deepEqual(judge(readHistory(world, PLAN)), []);
  } finally {
    world.close();
  }
});
