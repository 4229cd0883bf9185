import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ExitFigure, measureExits } from '../../scripts/explore/exit-figures.ts';
import { summarizeExits } from '../../scripts/explore/exit-summary.ts';
import { readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan, type Setup, type Step } from '../../scripts/explore/plan.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const ALPHA = { agent: 'alpha', symbol: 'BTCUSDT' } as const;
const open: Step = { gap: 0, do: { kind: 'open', ...ALPHA, side: 'buy', usdt: 600 } };
const close = (gap: Step['gap'], fraction?: number): Step => ({
  gap,
  do: { kind: 'close', ...ALPHA, ...(fraction === undefined ? {} : { fraction }) },
});

async function play(
  t: TestContext,
  steps: readonly Step[],
  setup: Partial<Setup> = {},
): Promise<readonly ExitFigure[]> {
  const plan: Plan = { seed: 1, setup: { ...PLAIN_SETUP, settleMs: 15_000, ...setup }, steps };
  const world = new World(plan.seed, plan.setup);
  t.after(() => world.close());
  await playPlan(world, plan);
  return measureExits(readHistory(world, plan));
}

test('an exit is closed when its order has filled: one way to the exchange after the call', async (t) => {
  const exits = await play(t, [open, close(2_000, 0.5), close(2_000)]);
  const figure = { asker: 'close_position', ms: 5, orders: 1, cancels: 0 };
  assert.deepEqual(exits, [figure, figure]);
});

test('one that waits for its pace is timed from its call, and what it cancels is its own', async (t) => {
  const resting: Step = { gap: 'answered', do: { kind: 'open', ...ALPHA, side: 'buy', usdt: 300, limitBps: -50 } };
  const steps = [open, close(2_000, 0.5), resting, close('answered')];
  const [first, second] = await play(t, steps, { exitRate: { max: 1, windowMs: 6_000 } });
  assert.deepEqual(first, { asker: 'close_position', ms: 5, orders: 1, cancels: 0 });
  assert.ok(second?.ms != null && second.ms > 5_000 && second.ms < 6_100, `${second?.ms} ms`);
  assert.deepEqual({ orders: second.orders, cancels: second.cancels }, { orders: 1, cancels: 1 });
});

test('one that is canceled while it waits is not closed, whoever closes its lots later', async (t) => {
  const cancel: Step = { gap: 100, do: { kind: 'cancel_all', ...ALPHA } };
  const steps = [open, close(2_000, 0.5), close(100), cancel, close(20_000)];
  const exits = await play(t, steps, { exitRate: { max: 1, windowMs: 6_000 } });
  assert.deepEqual(
    exits.map(({ ms }) => ms),
    [5, null, 5],
  );
});

test('time for which no daemon runs is no time of an exit', async (t) => {
  const down: Step = { gap: 'parallel', do: { kind: 'crash', downMs: 60_000 } };
  const steps = [open, close(2_000, 0.5), close(100), { ...down, gap: 1_000 }, { gap: 70_000, do: { kind: 'wait' } }];
  const [, second] = await play(t, steps as Step[], { exitRate: { max: 1, windowMs: 6_000 } });
  assert.ok(second?.ms != null && second.ms > 1_000 && second.ms < 9_000, `${second?.ms} ms`);
});

test('a flatten is one exit for each symbol that was held', async (t) => {
  const other: Step = { gap: 'answered', do: { ...open.do, symbol: 'ETHUSDT' } as Step['do'] };
  const exits = await play(t, [open, other, { gap: 2_000, do: { kind: 'flatten' } }]);
  assert.deepEqual(
    exits.map(({ asker, orders }) => ({ asker, orders })),
    [
      { asker: 'flatten', orders: 1 },
      { asker: 'flatten', orders: 1 },
    ],
  );
});

test('a summary has the nearest ranks of what was closed, and the requests of all', () => {
  const times = [...Array.from({ length: 19 }, (_, index) => index + 1), 500, null];
  const exits = times.map((ms, seed) => ({ asker: 'gate', ms, orders: 2, cancels: 0, seed }) as const);
  const { all, flatten } = summarizeExits(exits);
  assert.deepEqual(all, {
    asked: 21,
    closed: 20,
    median_ms: 10,
    p95_ms: 19,
    worst_ms: 500,
    worst_seed: 19,
    orders_per_exit: 2,
    cancels_per_exit: 0,
  });
  assert.deepEqual([flatten?.asked, flatten?.median_ms, flatten?.orders_per_exit], [0, null, null]);
});
