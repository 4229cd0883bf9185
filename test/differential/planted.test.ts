import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findDifference } from './compare.ts';
import { playEngine } from './engine-side.ts';
import { type Played, playGate } from './gate-side.ts';
import { DRIVER_FOLDER, type Planted, plantInDriver } from './plant.ts';
import { planWorld, type WorldPlan } from './worlds.ts';

/** The engine is one; what can part are its drivers. One mistake or more in each file of the replay's. */
const PLANTED: readonly Planted[] = [
  { file: 'core.ts', from: 'this.feeds.refresh();', to: '' },
  { file: 'core.ts', from: 'return this.#hooks.isUnsent(order);', to: 'return true || order;' },
  { file: 'core.ts', from: "kind !== 'account' && kind !== 'rules'", to: "kind === 'decision'" },
  { file: 'driver.ts', from: 'this.engine.executor.noteCancel(decided);', to: '' },
  { file: 'driver.ts', from: 'wakeExitsAt: (atMs) => this.#wakeExitsAt(atMs)', to: 'wakeExitsAt: nothing' },
  { file: 'driver.ts', from: "(due.kind === 'wait') {", to: "(due.kind === 'wait' && due.id % 2 === 0) {" },
  { file: 'driver.ts', from: 'later(clock.nowMs + effect.ms,', to: 'later(clock.nowMs + effect.ms + 1,' },
  { file: 'driver.ts', from: 'if (this.#exitsAtMs > this.core.nowMs()) return;', to: 'return;' },
  { file: 'driver.ts', from: 'this.#recordTrade(order, fill);', to: '{}' },
  { file: 'driver.ts', from: 'this.#recordTrade(this.#known(report.clientOrderId), fill);', to: '{}' },
  { file: 'driver.ts', from: '      this.#adopt(report);', to: '' },
  { file: 'driver.ts', from: 'this.#isOpening(order, outcome)', to: 'false' },
  {
    file: 'driver.ts',
    from: '!order.reduceOnly) this.#parts.onOpening(order)',
    to: 'order.reduceOnly) this.#parts.onOpening(order)',
  },
  {
    file: 'driver.ts',
    from: 'this.#answer(id, venue.cancel(effect.key.clientOrderId, effect.key.kind))',
    to: 'this.#answer(id, DONE)',
  },
  { file: 'keeper.ts', from: 'driver.tickExits();', to: '' },
  { file: 'keeper.ts', from: 'this.#review.followCondition();', to: '' },
  { file: 'keeper.ts', from: 'this.#review.followHoldingTimes();', to: '' },
  { file: 'keeper.ts', from: 'this.#review.follow();', to: '' },
  { file: 'keeper.ts', from: 'this.#authorities.tick();\n    this.#driver', to: 'this.#driver' },
  { file: 'keeper.ts', from: 'this.#protection.tick(', to: 'void (' },
  { file: 'keeper.ts', from: 'this.#driver.begin(this.#protection.cutBack(breach));', to: 'continue;' },
];

const MAX_WORLDS = 400;

describe('a difference planted into the driver of a replay', () => {
  const played = new Map<number, { readonly plan: WorldPlan; readonly gate: Played }>();
  const world = async (seed: number): Promise<{ readonly plan: WorldPlan; readonly gate: Played }> => {
    const known = played.get(seed);
    if (known !== undefined) return known;
    const plan = planWorld(seed);
    const result = { plan, gate: await playGate(plan) };
    played.set(seed, result);
    return result;
  };

  it('stands once in its file', () => {
    for (const { file, from } of PLANTED) {
      const source = readFileSync(join(DRIVER_FOLDER, file), 'utf8');
      assert.equal(source.split(from).length, 2, `${file} has once: ${from}`);
    }
  });

  for (const mistake of PLANTED) {
    it(`is found in ${mistake.file}: ${mistake.to === '' ? `without ${mistake.from}` : mistake.to}`, async () => {
      const Run = await plantInDriver(mistake);
      for (let seed = 1; seed <= MAX_WORLDS; seed += 1) {
        const { plan, gate } = await world(seed);
        if (isFound(gate, () => playEngine(plan, Run))) return;
      }
      assert.fail(`no world of ${MAX_WORLDS} shows it`);
    });
  }
});

/** What ends in an error is found as well. */
function isFound(gate: Played, play: () => Played): boolean {
  let engine: Played;
  try {
    engine = play();
  } catch {
    return true;
  }
  return findDifference(gate, engine) !== null;
}
