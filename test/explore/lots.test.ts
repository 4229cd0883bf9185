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

test('the lot book takes what the owner trades at the exchange where it was traded', async (t) => {
  const { history, world } = await play();
  t.after(() => world.close());
  assert.deepEqual(findLotBreaches(history), []);
  const without = (isGone: (event: Note['event']) => boolean): History => ({
    ...history,
    events: history.events.filter(({ event }) => !isGone(event)),
  });
  const isOwners = (event: Note['event']): boolean => event.kind === 'trade' && event.payload.client_order_id === null;
  const lastSeq = history.events.findLast(({ event }) => isOwners(event))?.seq;
  // The reading that was believed stands in for one trade. Of two it shows the sum, and not whose lots the first one took.
  assert.deepEqual(codesOf(without(({ seq }) => seq === lastSeq)), []);
  assert.deepEqual(codesOf(without(isOwners)), ['lots/books']);
  const isReport = (event: Note['event']): boolean => event.kind === 'order' && event.payload.executed_e8 > 0;
  assert.deepEqual(codesOf(without(isReport)), ['lots/gate']);
});
