import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan, type Step } from '../../scripts/explore/plan.ts';
import { judge } from '../../scripts/explore/promises.ts';
import { LOT_E8 } from '../../scripts/explore/records.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

async function play(
  steps: readonly Step[],
  setup = PLAIN_SETUP,
): Promise<{ readonly world: World; readonly codes: readonly string[] }> {
  const plan: Plan = { seed: 3, setup, steps };
  const world = new World(plan.seed, plan.setup);
  await playPlan(world, plan);
  return { world, codes: judge(readHistory(world, plan)).map((breach) => breach.code) };
}

const OPEN: Step = { gap: 0, do: { kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 300 } };
const CLOSE: Step = { gap: 'answered', do: { kind: 'close', agent: 'alpha', symbol: 'BTCUSDT' } };

test('an order is decided, recorded, sent and filled, without a socket and without real time', async (t) => {
  const startedMs = performance.now();
  const { world, codes } = await play([OPEN]);
  t.after(() => world.close());
  assert.equal(world.calls[0]?.answer?.execution.state, 'filled');
  assert.equal(world.venue.heldE8('BTCUSDT'), 4 * LOT_E8);
  assert.deepEqual(codes, []);
  assert.ok(world.time.nowMs > 30_000);
  assert.ok(performance.now() - startedMs < world.time.nowMs, 'faster than real time, at the least');
});

test('a crash at a commit loses what was not committed, and the exchange lives on', async (t) => {
  const crash: Step = {
    gap: 'parallel',
    do: { kind: 'crash', at: { what: 'commit', n: 1, after: false }, downMs: 500 },
  };
  const { world, codes } = await play([OPEN, crash, { gap: 3_000, do: { kind: 'repeat', agent: 'alpha' } }]);
  t.after(() => world.close());
  assert.equal(world.calls[0]?.outcome, 'died');
  assert.equal(world.calls[1]?.outcome, 'decided');
  assert.equal(world.life, 2);
  assert.equal(world.venue.heldE8('BTCUSDT'), 4 * LOT_E8);
  assert.deepEqual(codes, []);
});

test('a crash after a request left leaves the order at the exchange, and its repeat finds it', async (t) => {
  const crash: Step = {
    gap: 'parallel',
    do: { kind: 'crash', at: { what: 'request', n: 2, after: true }, downMs: 500 },
  };
  const { world, codes } = await play([OPEN, crash, { gap: 6_000, do: { kind: 'repeat', agent: 'alpha' } }]);
  t.after(() => world.close());
  assert.equal(world.calls[0]?.outcome, 'died');
  assert.equal(world.venue.heldE8('BTCUSDT'), 4 * LOT_E8);
  assert.equal(world.calls[1]?.answer?.execution.state, 'filled');
  assert.deepEqual(codes, []);
});

test('parallel calls are made in one turn of the event loop', async (t) => {
  const { world } = await play([OPEN, { ...CLOSE, gap: 2_000 }, { ...CLOSE, gap: 'parallel' }]);
  t.after(() => world.close());
  assert.equal(world.calls[1]?.askedAtMs, world.calls[2]?.askedAtMs);
  assert.equal(world.calls[1]?.askedAtSeq, world.calls[2]?.askedAtSeq);
});

test('a restart in order cancels opening orders and goes on with the same account', async (t) => {
  const rest: Step = {
    gap: 0,
    do: { kind: 'open', agent: 'beta', symbol: 'ETHUSDT', side: 'buy', usdt: 300, limitBps: -40 },
  };
  const { world, codes } = await play([
    OPEN,
    rest,
    { gap: 2_000, do: { kind: 'restart', downMs: 300 } },
    { ...CLOSE, gap: 4_000 },
  ]);
  t.after(() => world.close());
  assert.equal(world.life, 2);
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
  assert.deepEqual(codes, []);
});
