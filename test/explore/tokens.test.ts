import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readHistory } from '../../scripts/explore/history.ts';
import {
  type Action,
  PLAIN_SETUP,
  type Plan,
  type Setup,
  type Step,
  type TokenAct,
} from '../../scripts/explore/plan.ts';
import { judge } from '../../scripts/explore/promises.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

/** Outcomes of all calls, once the plan is over and no promise is broken. */
async function play(
  t: TestContext,
  steps: readonly Step[],
  setup: Partial<Setup> = {},
): Promise<{ world: World; outcomes: readonly string[] }> {
  const plan: Plan = { seed: 3, setup: { ...PLAIN_SETUP, tokens: { each: 1 }, ...setup }, steps };
  const world = new World(plan.seed, plan.setup);
  t.after(() => world.close());
  await playPlan(world, plan);
  assert.deepEqual(judge(readHistory(world, plan)), []);
  return { world, outcomes: world.calls.map(({ outcome }) => outcome) };
}

const answered = (action: Action): Step => ({ gap: 'answered', do: action });
/** Each in a symbol of its own. */
const open = (agent: 'alpha' | 'beta', limitBps?: number): Step =>
  answered({
    ...{ kind: 'open', agent, symbol: agent === 'alpha' ? 'BTCUSDT' : 'ETHUSDT', side: 'buy', usdt: 300 },
    ...(limitBps === undefined ? {} : { limitBps }),
  });
const token = (act: TokenAct, gap: Step['gap'] = 'answered'): Step => ({
  gap,
  do: { kind: 'token', agent: 'alpha', ...act },
});
const restingOf = (world: World, symbol = 'BTCUSDT'): number =>
  world.exchange.world.state.markets.get(symbol)?.openOrders.size ?? 0;

test('a revoked token is heard no more, another agent is, and a new token is heard at once', async (t) => {
  const { outcomes } = await play(t, [
    token({ what: 'revoke', by: 'entrance', pick: 'all' }),
    open('alpha'),
    open('beta'),
    token({ what: 'create', by: 'entrance' }),
    token({ what: 'use', pick: 0 }, 100),
    open('alpha'),
  ]);
  assert.deepEqual(outcomes, ['unauthenticated', 'decided', 'decided']);
});

test('one that was revoked while no daemon ran is not heard by the next, which asks back what its agent left', async (t) => {
  const { world, outcomes } = await play(t, [
    open('alpha', -40),
    open('beta', -40),
    answered({ kind: 'crash', downMs: 2_000 }),
    token({ what: 'revoke', by: 'command', pick: 'all' }, 1_000),
    { gap: 9_000, do: { kind: 'close', agent: 'alpha', symbol: 'BTCUSDT' } },
  ]);
  assert.deepEqual(outcomes, ['decided', 'decided', 'unauthenticated']);
  assert.deepEqual([restingOf(world), restingOf(world, 'ETHUSDT')], [0, 1], 'that of the other agent');
});

test('a token is heard until it expires, and a rotated one through its overlap', async (t) => {
  const { outcomes } = await play(t, [
    token({ what: 'rotate', overlapMs: 5_000 }, 0),
    open('alpha', -40),
    { ...open('alpha', -40), gap: 6_000 },
    token({ what: 'use', pick: 0 }),
    open('alpha', -40),
    token({ what: 'create', by: 'command', ttlMs: 3_000 }),
    token({ what: 'use', pick: 0 }),
    open('alpha', -40),
    { ...open('alpha', -40), gap: 4_000 },
  ]);
  assert.deepEqual(outcomes, ['decided', 'unauthenticated', 'decided', 'decided', 'unauthenticated']);
});

test('an operator closes what an agent without a token holds', async (t) => {
  const { world } = await play(t, [
    open('alpha'),
    token({ what: 'revoke', by: 'entrance', pick: 'all' }),
    { gap: 3_000, do: { kind: 'flatten', symbol: 'BTCUSDT' } },
  ]);
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
});

for (const what of ['token', 'passkey'] as const)
  test(`what rests on an approval ends with the ${what} that approved it [AP-25]`, async (t) => {
    const approver = (act: 'token' | 'passkey' | 'end'): Step =>
      answered({ kind: 'approver', who: 'operator', what: act, by: 'entrance' });
    const steps = [
      approver(what),
      open('alpha', -40),
      answered({ kind: 'approve', pick: 0, times: 1 }),
      { gap: 2_000, do: approver('end').do },
    ];
    const approvals = { aboveUsdt: 100, windowMs: 120_000, quorum: 1 } as const;
    const { world } = await play(t, steps, { approvals });
    assert.deepEqual(
      world.wire.records.filter(({ path }) => path === '/fapi/v1/order').map(({ method, status }) => [method, status]),
      [
        ['POST', 200],
        ['DELETE', 200],
      ],
    );
  });
