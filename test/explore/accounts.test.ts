import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatePlan } from '../../scripts/explore/generate.ts';
import { type History, readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan } from '../../scripts/explore/plan.ts';
import { findAccountBreaches } from '../../scripts/explore/promises/accounts.ts';
import { OPERATOR } from '../../scripts/explore/records.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

/** Income is read once a minute. */
const READ_MS = 150_000;
const WORLDS = 12;
/** Equity is read a moment before the marks are, USDT. */
const CENT_OF_MARKS = 0.5;

async function play(plan: Plan, judge: (history: History, world: World) => void): Promise<void> {
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, { ...plan, setup: { ...plan.setup, settleMs: READ_MS } });
    judge(readHistory(world, plan), world);
  } finally {
    world.close();
  }
}

test(`accounts of ${WORLDS} and more random days with faults, crashes, funding and people add up to the exchange's books`, async () => {
  let judged = 0;
  let booked = 0;
  // A day's bookings are as random as the day: more days are played until enough of them were judged.
  for (let seed = 1; seed <= WORLDS || (booked <= WORLDS * 10 && seed <= 3 * WORLDS); seed += 1)
    await play(generatePlan(seed), (history, world) => {
      assert.deepEqual(findAccountBreaches(history), [], `npm run explore -- --replay ${seed}`);
      const accounts = world.gate?.core.state.accounts;
      if (world.homes.restores.length > 0 || accounts === undefined) return;
      const { income } = world.exchange.world.state;
      if (!income.every(({ timeMs }) => timeMs <= (accounts.incomeReadToMs ?? 0))) return;
      judged += 1;
      booked += income.length;
    });
  assert.ok(judged > WORLDS / 2 && booked > WORLDS * 10, `${judged} worlds with ${booked} bookings were judged whole`);
});

const open = { kind: 'open', symbol: 'BTCUSDT', side: 'buy', usdt: 900 } as const;
const DAY: Plan = {
  seed: 1,
  setup: PLAIN_SETUP,
  steps: [
    { gap: 0, do: { ...open, agent: 'alpha' } },
    { gap: 3_000, do: { kind: 'funding', symbol: 'BTCUSDT', bps: 75 } },
    { gap: 3_000, do: { kind: 'close', agent: 'alpha', symbol: 'BTCUSDT' } },
    { gap: 3_000, do: { ...open, agent: 'beta', usdt: 600 } },
    { gap: 5_000, do: { kind: 'funding', symbol: 'BTCUSDT', bps: -30 } },
    { gap: 3_000, do: { kind: 'foreign', symbol: 'ETHUSDT', side: 'buy', lots: 20 } },
    { gap: 3_000, do: { kind: 'foreign', symbol: 'BTCUSDT', side: 'sell', lots: 4 } },
    { gap: 3_000, do: { kind: 'transfer', usdt: 500 } },
    { gap: 3_000, do: { kind: 'away', forMs: 26 * 3_600_000 } },
    { gap: 5_000, do: { ...open, agent: 'gamma' } },
  ],
};
const usdt = (rows: readonly { readonly amount: bigint }[]): number =>
  rows.reduce((sum, { amount }) => sum + Number(amount) / 1e8, 0);
const near = (reported: number | undefined, due: number, what: string): void =>
  assert.ok(Math.abs((reported ?? Number.NaN) - due) < 1e-6, `${what}: ${reported} told, ${due} due`);

test('funding goes to who held at its instant, a hand at the exchange counts where its lots were, over midnight too', async () => {
  await play(DAY, (history, world) => {
    assert.deepEqual(findAccountBreaches(history), []);
    const { income, trades } = world.exchange.world.state;
    const gate = world.gate;
    assert.ok(gate !== null);
    const total = (name: string) => gate.getAgent(OPERATOR, name)?.account.total;
    const [first, ...later] = income.filter(({ symbol, type }) => type === 'FUNDING_FEE' && symbol === 'BTCUSDT');
    assert.ok(first !== undefined && later.length > 1, 'also while the daemon was away');
    near(total('alpha')?.funding_usdt, usdt([first]), 'alpha held at the first');
    near(total('beta')?.funding_usdt, usdt(later), 'beta held at all others');
    // What the owner sold was of beta, and at its cost.
    const hand = trades.find(({ clientOrderId, symbol }) => symbol === 'BTCUSDT' && !history.orders.has(clientOrderId));
    assert.ok(hand !== undefined);
    const opened = trades.find(({ clientOrderId }) => history.orders.get(clientOrderId)?.decision.agent === 'beta');
    const cost = Number(opened?.price) / 1e8;
    near(total('beta')?.realised_usdt, (Number(hand.quantity) / 1e8) * (Number(hand.price) / 1e8 - cost), 'beta');
    const eth = gate.getAgents(OPERATOR).others;
    assert.equal(eth?.positions[0]?.symbol, 'ETHUSDT');
    // An agent sees itself, and no books.
    const beta = { role: 'agent', agent: 'beta', tokenId: 'b', skillSha256: null } as const;
    assert.deepEqual(
      gate.getAgents(beta).agents.map(({ agent }) => agent),
      ['beta'],
    );
    assert.equal(gate.getAgent(beta, 'alpha'), null);
    const own = gate.getReport(beta, { kind: 'day', name: '2025-03-03' });
    assert.deepEqual([own?.agents.map(({ agent }) => agent), own?.books], [['beta'], null]);
    // Both days make the week, and its profit is what equity gained.
    const week = gate.getReport(OPERATOR, { kind: 'week', name: '2025-W10' });
    const days = ['2025-03-03', '2025-03-04'].map((name) => gate.getReport(OPERATOR, { kind: 'day', name }));
    near(
      week?.total.profit_usdt,
      days.reduce((sum, day) => sum + (day?.total.profit_usdt ?? 0), 0),
      'the week',
    );
    near(week?.books?.booked_usdt, usdt(income.filter(({ type }) => type !== 'TRANSFER')), 'the books');
    near(week?.books?.transfers_usdt, 500, 'transfers');
    const { equity_usdt: equity } = gate.getAccount();
    const began = Number(world.exchange.world.state.openingBalance) / 1e8;
    assert.ok(Math.abs((week?.total.profit_usdt ?? 0) - ((equity ?? 0) - began - 500)) < CENT_OF_MARKS);
    for (const name of ['2025-03-02', '2025-03-09'])
      assert.equal(gate.getReport(OPERATOR, { kind: 'day', name }), null, name);
  });
});
