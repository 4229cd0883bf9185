import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { DecisionEvent, OrderEvent } from '../../daemon/engine/records/decisions.ts';
import { readHistory } from '../../scripts/explore/history.ts';
import { type Action, PLAIN_SETUP, type Plan, type Setup, type Step } from '../../scripts/explore/plan.ts';
import { judge } from '../../scripts/explore/promises.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const ASKED = { agent: 'alpha', symbol: 'BTCUSDT' } as const;
const OPEN = { ...ASKED, kind: 'open', side: 'buy', usdt: 400 } as const;
const REST = { ...OPEN, limitBps: -150 } as const;
/** All that the caps could hold, while an outcome may be open still. */
const PRESS = { ...OPEN, usdt: 5_000 } as const;
const SETUP: Setup = { ...PLAIN_SETUP, caps: { order: 1_000, symbol: 1_000, gross: 1_500 } };

const MANY = Array.from(
  { length: 8 },
  (_, nr) => ({ ...OPEN, usdt: 70 + 25 * nr, symbol: nr % 2 === 0 ? 'BTCUSDT' : 'ETHUSDT' }) as const,
);
const AMEND = { kind: 'amend', agent: 'alpha', pick: 0, limitBps: -100, factor: 2 } as const;
const CANCEL = { kind: 'cancel', agent: 'alpha', pick: 0 } as const;
const CLOSE = { ...ASKED, kind: 'close', fraction: 0.4 } as const;
/** The request reaches the exchange after the restart, or never. */
const late = (method: string): Action => ({
  kind: 'fault',
  fault: { kind: 'delay', ms: 1_500, match: { method, path: '/fapi/v1/order' } },
});
const dropped: Action = { kind: 'fault', fault: { kind: 'drop-before', match: { method: 'DELETE' } } };

interface Killed {
  /** What there is before, and what the process is killed over. */
  readonly before: readonly Action[];
  readonly over: readonly Action[];
  readonly setup?: Setup;
}
const KILLED: Readonly<Record<string, Killed>> = {
  'an opening': { before: [], over: [OPEN] },
  'slices of an opening': { before: [], over: [{ ...OPEN, usdt: 900 }], setup: { ...SETUP, regime: 'volatile' } },
  'an opening that comes to rest': { before: [], over: [REST] },
  'an opening that arrives after the restart': { before: [late('POST')], over: [OPEN] },
  'an amend': { before: [REST], over: [AMEND] },
  'an amend that arrives after the restart': { before: [REST, late('PUT')], over: [AMEND] },
  'a cancel': { before: [REST], over: [CANCEL] },
  'a cancel that never arrives': { before: [REST, dropped], over: [CANCEL] },
  'an exit of a share': { before: [{ ...OPEN, usdt: 900 }], over: [CLOSE] },
  'an exit that arrives after the restart': { before: [{ ...OPEN, usdt: 900 }, late('POST')], over: [CLOSE] },
  'many at once': { before: [], over: MANY },
};
const INSTANTS = (['commit', 'request'] as const).flatMap((what) =>
  [1, 2].flatMap((n) => [false, true].map((after) => ({ what, n, after }))),
);
type Instant = (typeof INSTANTS)[number];

/** Killed at an instant; the next process is asked for the same again, for all that the caps hold, and to leave. */
function planOf({ before, over, setup = SETUP }: Killed, at: Instant, then: readonly Action[]): Plan {
  const steps: Step[] = [
    ...before.map((action) => ({ gap: 1_000, do: action })),
    { gap: 6_000, do: { kind: 'crash', at, downMs: 200 } },
    ...over.map((action, index): Step => ({ gap: index === 0 ? 0 : 'parallel', do: action })),
    ...then.map((action) => ({ gap: 2_000, do: action })),
  ];
  return { seed: 13, setup, steps };
}
async function play(t: TestContext, plan: Plan): Promise<World> {
  const world = new World(plan.seed, plan.setup);
  t.after(() => world.close());
  await playPlan(world, plan);
  return world;
}
const orderRecords = ({ ledger }: World): readonly OrderEvent[] =>
  [...ledger.iterateEvents({ kind: 'order' })].map(({ payload }) => payload as OrderEvent);
const sentBy = ({ wire }: World, life: number): number =>
  wire.records.filter((record) => record.life === life && record.method === 'POST' && record.clientId !== null).length;

describe('BY-13 a process that is killed over what it was asked for, judged from the books', () => {
  for (const [what, killed] of Object.entries(KILLED))
    it(`${what}: nothing twice, nothing beyond a cap, and the ledger tells which [TM-43]`, async (t) => {
      let kills = 0;
      for (const at of INSTANTS) {
        const plan = planOf(killed, at, [{ kind: 'repeat', agent: 'alpha' }, PRESS, { ...ASKED, kind: 'close' }]);
        const world = await play(t, plan);
        assert.deepEqual(judge(readHistory(world, plan)), [], JSON.stringify(at));
        kills += world.lives.length - 1;
      }
      assert.ok(kills >= INSTANTS.length / 2, `${kills} kills`);
    });

  it('between the record and the send: nothing is sent after that, and the ledger says so [AP-36]', async (t) => {
    const plan = planOf({ before: [], over: [OPEN] }, { what: 'request', n: 1, after: false }, []);
    const world = await play(t, plan);
    assert.deepEqual([world.lives.length, sentBy(world, 1), sentBy(world, 2)], [2, 0, 0]);
    assert.equal(orderRecords(world).at(-1)?.status, 'not_placed');
  });

  it('between two slices: those that were not sent are never sent', async (t) => {
    const plan = planOf(KILLED['slices of an opening']!, { what: 'request', n: 2, after: true }, [
      { kind: 'repeat', agent: 'alpha' },
    ]);
    const world = await play(t, plan);
    assert.equal(world.lives.length, 2);
    assert.ok(sentBy(world, 1) >= 1 && sentBy(world, 1) < 4, `${sentBy(world, 1)} were sent`);
    assert.equal(sentBy(world, 2), 0);
    const ends = new Map(orderRecords(world).map((record) => [record.client_order_id, record.status]));
    const [decided] = [...world.ledger.iterateEvents({ kind: 'decision' })].map(
      ({ payload }) => payload as DecisionEvent,
    );
    const slices = decided?.orders.map(({ client_order_id: id }) => ends.get(id)) ?? [];
    assert.ok(slices.length === 4 && slices.includes('canceled'), slices.join());
    assert.ok(
      slices.every((end) => end === 'filled' || end === 'canceled'),
      slices.join(),
    );
  });
});
