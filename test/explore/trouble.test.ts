import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan, type Setup, type Step, type Trouble } from '../../scripts/explore/plan.ts';
import { judge } from '../../scripts/explore/promises.ts';
import { LOT_E8 } from '../../scripts/explore/records.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

interface Played {
  readonly world: World;
  readonly codes: readonly string[];
}

async function play(steps: readonly Step[], setup: Setup = PLAIN_SETUP): Promise<Played> {
  const plan: Plan = { seed: 3, setup, steps };
  const world = new World(plan.seed, plan.setup);
  await playPlan(world, plan);
  return { world, codes: judge(readHistory(world, plan)).map((breach) => breach.code) };
}

const OPEN: Step = { gap: 0, do: { kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 301 } };
const CLOSE: Step = { gap: 'answered', do: { kind: 'close', agent: 'alpha', symbol: 'BTCUSDT' } };
const CLOSE_AT_ONCE: Step = { ...CLOSE, gap: 100 };
const trouble = (what: Trouble, gap: Step['gap'] = 'answered'): Step => ({
  gap,
  do: { kind: 'trouble', trouble: what },
});

test('a full disk: nobody is answered, nothing is sent, and the daemon that is started anew closes [LE-29]', async (t) => {
  const { world, codes } = await play([
    OPEN,
    trouble({ kind: 'disk_full', forMs: 4_000 }),
    { gap: 10, do: { kind: 'flood', agent: 'beta', what: 'scope', count: 120 } },
    { ...CLOSE, gap: 100 },
    { ...CLOSE, gap: 12_000 },
  ]);
  t.after(() => world.close());
  const closes = world.calls.filter((call) => call.tool === 'close_position');
  assert.deepEqual([closes[0]?.outcome, closes[1]?.outcome], ['unavailable', 'decided']);
  assert.equal(world.life, 2);
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
  assert.deepEqual(codes, []);
});

test('a table that cannot be written ends the daemon, and the ledger is whole afterwards [LE-29]', async (t) => {
  const { world, codes } = await play([
    OPEN,
    trouble({ kind: 'failing_table', table: 'decisions_by_agent', forMs: 3_000 }),
    { ...CLOSE, gap: 100 },
    { ...CLOSE, gap: 12_000 },
  ]);
  t.after(() => world.close());
  assert.equal(world.life, 2);
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
  assert.deepEqual(codes, []);
});

test('a file system that turns read-only is answered as unavailable, and is no defect of ours', async (t) => {
  const { world, codes } = await play([
    OPEN,
    trouble({ kind: 'read_only', forMs: 4_000 }),
    { ...CLOSE, gap: 'parallel' },
    { ...CLOSE, gap: 12_000 },
  ]);
  t.after(() => world.close());
  const closes = world.calls.filter((call) => call.tool === 'close_position');
  assert.deepEqual([closes[0]?.outcome, closes[1]?.outcome], ['unavailable', 'decided']);
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
  assert.deepEqual(codes, []);
});

test('a disk that hangs: nobody is answered and nothing is sent; then all are answered, and no old opening is sent [LE-125 LE-126]', async (t) => {
  const { world, codes } = await play([
    OPEN,
    trouble({ kind: 'disk_hangs', forMs: 4_000 }),
    { gap: 0, do: { kind: 'open', agent: 'beta', symbol: 'ETHUSDT', side: 'buy', usdt: 500 } },
    CLOSE_AT_ONCE,
    { ...OPEN, gap: 12_000 },
  ]);
  t.after(() => world.close());
  const [, opened, closed, last] = world.calls;
  for (const call of [opened, closed]) assert.ok((call?.answeredAtMs ?? 0) - (call?.askedAtMs ?? 0) >= 3_900);
  assert.equal(opened?.answer?.decision.decision, 'ALLOW');
  const hangsFromMs = opened?.askedAtMs ?? 0;
  const sent = world.wire.records.filter(({ method, path }) => method === 'POST' && path === '/fapi/v1/order');
  assert.ok(!sent.some(({ sentAtMs }) => sentAtMs > hangsFromMs && sentAtMs < hangsFromMs + 3_900), 'nothing is sent');
  assert.ok(!sent.some(({ params }) => params.text('symbol') === 'ETHUSDT'), 'what was decided before is too old then');
  assert.equal(last?.answer?.decision.decision, 'ALLOW', 'it goes on');
  assert.equal(world.life, 1);
  assert.deepEqual(codes, []);
});

/** Of everything that runs until the test ends: what nobody catches would end the daemon. */
function watchUncaught(t: TestContext): readonly string[] {
  const uncaught: string[] = [];
  const note = (error: unknown): void => void uncaught.push(String(error));
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  t.after(() => {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  });
  return uncaught;
}

test('a ledger that fails while a start offers another policy ends no process', async (t) => {
  const uncaught = watchUncaught(t);
  const { world, codes } = await play([
    OPEN,
    { gap: 'answered', do: { kind: 'crash', downMs: 800 } },
    { gap: 100, do: { kind: 'policy', edit: 'tighter_caps' } },
    trouble({ kind: 'failing_table', table: 'events', forMs: 4_000 }, 100),
    { ...CLOSE, gap: 12_000 },
  ]);
  t.after(() => world.close());
  assert.deepEqual(uncaught, []);
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
  assert.deepEqual(codes, []);
});

test('a ledger that fails with the record that refuses a slice ends no process', async (t) => {
  const uncaught = watchUncaught(t);
  const { world, codes } = await play(
    [
      OPEN,
      { gap: 1_400, do: { kind: 'signal', signal: 'anomaly', symbol: 'BTCUSDT', ttlMs: 60_000 } },
      trouble({ kind: 'failing_table', table: 'decisions_by_agent', forMs: 4_000 }, 100),
      { ...CLOSE, gap: 12_000 },
    ],
    { ...PLAIN_SETUP, regime: 'volatile' },
  );
  t.after(() => world.close());
  assert.equal(world.life, 2, 'a record failed');
  assert.deepEqual(uncaught, []);
  assert.deepEqual(codes, []);
});

test('a clock that jumps by hours moves only the host time of the daemon', async (t) => {
  const { world, codes } = await play([
    OPEN,
    trouble({ kind: 'clock', ms: -26 * 3_600_000 }),
    { ...CLOSE, gap: 5_000 },
  ]);
  t.after(() => world.close());
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
  assert.deepEqual(codes, []);
});

test('what the owner does at the exchange reaches the books past the daemon', async (t) => {
  const { world, codes } = await play([
    { gap: 0, do: { kind: 'foreign', symbol: 'BTCUSDT', side: 'buy', lots: 5 } },
    { gap: 0, do: { kind: 'foreign', symbol: 'ETHUSDT', side: 'sell', lots: 12, limitBps: -40 } },
    { gap: 0, do: { kind: 'transfer', usdt: 500 } },
    { gap: 0, do: { kind: 'funding', symbol: 'BTCUSDT', bps: 10 } },
    { gap: 3_000, do: { kind: 'foreign_cancel', symbol: 'ETHUSDT' } },
  ]);
  t.after(() => world.close());
  assert.equal(world.venue.heldE8('BTCUSDT'), 5 * LOT_E8);
  const statuses = [...world.exchange.world.state.orders.values()].map((order) => order.status);
  assert.deepEqual(statuses, ['FILLED', 'CANCELED']);
  const kinds = [...world.ledger.iterateEvents({ kind: 'account' })].map((event) => event.payload);
  assert.ok(kinds.length > 0);
  assert.deepEqual(codes, []);
});

const codesOf = (world: World): readonly string[] => world.homes.refusals.map(({ code }) => code);

test('a ledger that was put back is refused by the noted head, and comes up halted once it is recovered', async (t) => {
  const { world, codes } = await play([
    OPEN,
    trouble({ kind: 'copy' }),
    CLOSE,
    trouble({ kind: 'restored', downMs: 500 }, 1_500),
    { ...OPEN, gap: 6_000 },
  ]);
  t.after(() => world.close());
  const tools = [...world.ledger.iterateEvents({ kind: 'decision' })].filter(
    ({ payload }) => (payload as { readonly route: string }).route === 'close_position',
  );
  assert.deepEqual(tools, [], 'it is the older one');
  assert.deepEqual(codesOf(world), ['LEDGER_HEAD']);
  assert.deepEqual(
    [world.homes.recoveries.length, world.calls.at(-1)?.answer?.decision.reasons[0]?.code],
    [1, 'STATE_HALTED'],
  );
  assert.equal(world.ledger.tokens.findToken(world.homes.revoked[0]?.secret ?? ''), null);
  assert.deepEqual(codes, []);
});

test('with the noted head put back as well, what was traded since keeps it from opening', async (t) => {
  const { world, codes } = await play([
    OPEN,
    trouble({ kind: 'copy' }),
    { gap: 100, do: { kind: 'open', agent: 'beta', symbol: 'ETHUSDT', side: 'buy', usdt: 500 } },
    trouble({ kind: 'restored', downMs: 500, withHead: true }, 1_500),
    { ...OPEN, gap: 6_000 },
  ]);
  t.after(() => world.close());
  // A comparison of the last half minute counts at a start: here it is the first reading of the account that shows it.
  const alerts = [...world.ledger.iterateEvents({ kind: 'alert' })].map(
    ({ payload }) => (payload as { readonly code: string }).code,
  );
  assert.deepEqual(alerts, ['LEDGER_BEHIND_VENUE']);
  assert.equal(world.calls.at(-1)?.answer?.decision.reasons[0]?.code, 'STATE_REDUCING');
  assert.deepEqual(codes, []);
});

test('of two daemons that begin at once one opens, and both stop where the other has', async (t) => {
  const { world, codes } = await play([
    { gap: 0, do: { kind: 'trouble', trouble: { kind: 'second_daemon', forMs: 40_000, opens: 4 } } },
    { ...OPEN, gap: 2_000 },
    { ...OPEN, gap: 35_000 },
  ]);
  t.after(() => world.close());
  const { homes, wire } = world;
  const second = wire.records.filter(({ life, path }) => homes.isSecond(life) && path === '/fapi/v1/order');
  const reported = [...world.ledger.iterateEvents({ kind: 'alert' })].map(
    ({ payload }) => (payload as { readonly code: string }).code,
  );
  assert.ok(second.length < 4, `the other one sent ${second.length} orders`);
  assert.ok(second.length > 0 || !reported.includes('OTHER_DAEMON'));
  assert.equal(world.calls.at(-1)?.answer?.decision.decision, second.length > 0 ? 'BLOCK' : 'ALLOW');
  assert.deepEqual(codes, []);
});
