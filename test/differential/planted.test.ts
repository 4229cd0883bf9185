import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ReplayRun } from '../../daemon/evaluation/run/run.ts';
import { playEngine } from './engine-side.ts';
import { playGate } from './gate-side.ts';
import { findDifference, type Played } from './trace.ts';
import { planWorld, type WorldPlan } from './worlds.ts';

/** One small mistake in one file of the replay's driver. */
type Planted = readonly [file: string, from: string, to: string];

const DRIVER = new URL('../../daemon/evaluation/engine/', import.meta.url).href;
/** Composes it. */
const RUN = new URL('../../daemon/evaluation/run/', import.meta.url).href;
const planted = new Map<string, Planted>();

registerHooks({
  // Whatever a planted module imports of the driver is its own, too.
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const query = context.parentURL === undefined ? null : /\?planted=\d+$/.exec(context.parentURL);
    const isDriver = resolved.url.startsWith(DRIVER) || resolved.url.startsWith(RUN);
    if (query === null || !isDriver) return resolved;
    return resolved.url.includes('?') ? resolved : { ...resolved, url: `${resolved.url}${query[0]}` };
  },
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const mistake = planted.get(url);
    if (mistake === undefined || loaded.source == null) return loaded;
    const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
    return { ...loaded, source: source.replace(mistake[1], () => mistake[2]) };
  },
});

let count = 0;

/** A replay of its own whose driver has the mistake in it; everybody else's is as it was. */
async function plantInDriver(mistake: Planted): Promise<typeof ReplayRun> {
  count += 1;
  planted.set(`${new URL(mistake[0], DRIVER).href}?planted=${count}`, mistake);
  const { ReplayRun: Run } = (await import(`${RUN}run.ts?planted=${count}`)) as { ReplayRun: typeof ReplayRun };
  return Run;
}

const DRIVER_FOLDER = fileURLToPath(DRIVER);

/** The engine is one; what can part are its drivers. One mistake or more in each file of the replay's. */
const PLANTED: readonly Planted[] = [
  ['core.ts', 'this.feeds.refresh();', ''],
  ['core.ts', 'return this.#hooks.isUnsent(order);', 'return true || order;'],
  ['core.ts', "kind !== 'account' && kind !== 'rules'", "kind === 'decision'"],
  ['driver.ts', 'this.engine.executor.noteCancel(decided);', ''],
  ['driver.ts', 'wakeExitsAt: (atMs) => this.#wakeExitsAt(atMs)', 'wakeExitsAt: nothing'],
  ['driver.ts', "(due.kind === 'wait') {", "(due.kind === 'wait' && due.id % 2 === 0) {"],
  ['driver.ts', 'later(clock.nowMs + effect.ms,', 'later(clock.nowMs + effect.ms + 1,'],
  ['driver.ts', 'if (this.#exitsAtMs > this.core.nowMs()) return;', 'return;'],
  ['driver.ts', 'this.#recordTrade(order, fill);', '{}'],
  ['driver.ts', 'this.#recordTrade(this.#known(report.clientOrderId), fill);', '{}'],
  ['driver.ts', '      this.#adopt(report);', ''],
  ['driver.ts', 'this.#isOpening(order, outcome)', 'false'],
  ['driver.ts', '!order.reduceOnly) this.#parts.onOpening(order)', 'order.reduceOnly) this.#parts.onOpening(order)'],
  ['driver.ts', 'this.#answer(id, venue.cancel(effect.key.clientOrderId, effect.key.kind))', 'this.#answer(id, DONE)'],
  ['keeper.ts', 'driver.tickExits();', ''],
  ['keeper.ts', 'this.#review.followCondition();', ''],
  ['keeper.ts', 'this.#review.followHoldingTimes();', ''],
  ['keeper.ts', 'this.#review.follow();', ''],
  ['keeper.ts', 'this.#authorities.tick();\n    this.#driver', 'this.#driver'],
  ['keeper.ts', 'this.#protection.tick(', 'void ('],
  ['keeper.ts', 'this.#driver.begin(this.#protection.cutBack(breach));', 'continue;'],
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
    for (const [file, from] of PLANTED) {
      const source = readFileSync(join(DRIVER_FOLDER, file), 'utf8');
      assert.equal(source.split(from).length, 2, `${file} has once: ${from}`);
    }
  });

  for (const mistake of PLANTED) {
    const [file, from, to] = mistake;
    it(`is found in ${file}: ${to === '' ? `without ${from}` : to}`, async () => {
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
