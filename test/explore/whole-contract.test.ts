import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generatePlan } from '../../scripts/explore/generate.ts';
import { type History, readHistory } from '../../scripts/explore/history.ts';
import type { Extra } from '../../scripts/explore/plans/mishaps.ts';
import { judge } from '../../scripts/explore/promises.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const WORLDS = 4;

/** How often in a few worlds of a kind that happened which it is for. */
async function play(extra: Extra, count: (history: History) => number): Promise<number> {
  let times = 0;
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const plan = generatePlan(seed, { extras: [extra] });
    const world = new World(plan.seed, plan.setup);
    try {
      await playPlan(world, plan);
      const history = readHistory(world, plan);
      assert.deepEqual(judge(history), [], `npm run explore -- --replay ${seed} --with ${extra}`);
      times += count(history);
    } finally {
      world.close();
    }
  }
  return times;
}

describe('worlds on request', () => {
  it('alerts: messages come to receivers, some of which fail', async () => {
    let failed = 0;
    const taken = await play('alerts', ({ world: { receivers } }) => {
      const all = receivers?.delivered ?? [];
      failed += all.filter(({ takenAtMs }) => takenAtMs === null).length;
      return all.length;
    });
    assert.ok(taken > failed && failed > 0, `${taken} messages, ${failed} of them not taken`);
  });

  it('live: somebody arms and signs, and agents open', async () => {
    const signed = await play('live', ({ decisions, events }) =>
      [...decisions.values()].some(({ event }) => event.orders.some((order) => !order.reduce_only))
        ? events.filter(({ event }) => event.kind === 'arming_signed').length
        : 0,
    );
    assert.ok(signed > 0);
  });

  it('disks: the reserve of a full disk comes into use', async () => {
    const told = await play(
      'disks',
      ({ events }) => events.filter(({ event }) => event.kind === 'alert' && event.payload.code === 'DISK_FULL').length,
    );
    assert.ok(told > 0);
  });

  it('wires: sockets come too late', async () => {
    const late = await play(
      'wires',
      ({ world: { wire } }) => wire.records.filter(({ failure }) => failure === 'SEND_DEADLINE').length,
    );
    assert.ok(late > 0);
  });

  it('shadow: what a decision refuses goes out', async () => {
    const sent = await play(
      'shadow',
      ({ decisions }) =>
        [...decisions.values()].filter(({ event }) => event.decision.decision === 'BLOCK' && event.orders.length > 0)
          .length,
    );
    assert.ok(sent > 0);
  });
});
