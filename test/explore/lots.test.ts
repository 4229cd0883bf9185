import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type History, type Note, readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan, type Step } from '../../scripts/explore/plan.ts';
import { findLotBreaches } from '../../scripts/explore/promises/lots.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const open = { kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 300 } as const;
const STEPS: readonly Step[] = [
  { gap: 0, do: open },
  { gap: 'answered', do: { ...open, usdt: 200 } },
  // The owner sells what the agent holds, and buys again before the account is read.
  { gap: 5_000, do: { kind: 'foreign', symbol: 'BTCUSDT', side: 'sell', lots: 2 } },
  { gap: 10, do: { kind: 'foreign', symbol: 'BTCUSDT', side: 'buy', lots: 3 } },
];
async function play(): Promise<{ readonly world: World; readonly history: History }> {
  const plan: Plan = { seed: 1, setup: { ...PLAIN_SETUP, settleMs: 15_000 }, steps: STEPS };
  const world = new World(plan.seed, plan.setup);
  await playPlan(world, plan);
  return { world, history: readHistory(world, plan) };
}
const codesOf = (history: History): readonly string[] => findLotBreaches(history).map(({ code }) => code);

test('what the gate holds for each is what the exchange’s books say, as far as the gate can know', async (t) => {
  const { history, world } = await play();
  t.after(() => world.close());
  assert.deepEqual(findLotBreaches(history), []);
  // An operator gave the symbol away, and the gate knows nothing of that.
  const given = { agent: 'beta', symbol: 'BTCUSDT', atMs: (history.fills[0]?.atMs ?? 0) + 1, seq: 0 };
  assert.deepEqual(codesOf({ ...history, adoptions: [given] }), ['lots/books']);
  const isReport = ({ event }: Note): boolean => event.kind === 'order' && event.payload.executed_e8 > 0;
  const unreported = history.events.filter((note) => !isReport(note));
  assert.deepEqual(codesOf({ ...history, adoptions: [given], events: unreported }), [], 'it cannot know');
});
