import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { describe, it } from 'node:test';
import type { ReplayRun } from '../../daemon/evaluation/run/run.ts';
import { playGate } from './gate-side.ts';
import { findDifference } from './played.ts';
import { playReplay } from './replay-side.ts';
import { drawWorld } from './worlds.ts';

type Planted = readonly [file: string, from: string, to: string];
/** The engine is one; what can part are its drivers. */
const PLANTED: readonly Planted[] = [
  ['exchange/feeds.ts', 'this.market.refresh();', ''],
  ['engine/driver.ts', '=> this.engine.sender.isUnsent(order);', '=> true || order;'],
  ['engine/driver.ts', 'this.engine.executor.noteCancel(decided);', ''],
  ['engine/driver.ts', 'wakeExitsAt: (atMs) => this.#wakeExitsAt(atMs)', 'wakeExitsAt: nothing'],
  ['engine/driver.ts', "(due.kind === 'wait') {", "(due.kind === 'wait' && due.id % 2 === 0) {"],
  ['engine/driver.ts', 'later(this.nowMs() + effect.ms,', 'later(this.nowMs() + effect.ms + 1,'],
  ['engine/driver.ts', 'if (this.#exitsAtMs > this.nowMs()) return;', 'return;'],
  ['engine/driver.ts', 'if (order !== null && fill !== null) this.#recordTrade(order, fill);', ''],
  [
    'engine/driver.ts',
    'if (fill !== null) this.#recordTrade(order, fill);\n  }\n\n  /** The exchange takes',
    '}\n\n  /** The exchange takes',
  ],
  ['engine/driver.ts', '    proof.adopt(order, report, proof.ask());', ''],
  ['engine/driver.ts', 'isAtVenue(report)) this.#parts', 'false) this.#parts'],
  [
    'engine/driver.ts',
    '!order.reduceOnly) this.#parts.onOpening(order)',
    'order.reduceOnly) this.#parts.onOpening(order)',
  ],
  ['engine/driver.ts', 'outcome: venue.cancel(effect.key.clientOrderId, effect.key.kind)', 'outcome: undefined'],
  ['engine/keeper.ts', 'health.sweepLayers();', ''],
  ['engine/keeper.ts', 'upkeep.exits();', ''],
  ['engine/keeper.ts', 'upkeep.reviewStanding();', ''],
  ['engine/keeper.ts', 'upkeep.endAuthorities();', ''],
  ['engine/keeper.ts', 'upkeep.protect(isOpen);', ''],
  ['engine/keeper.ts', 'upkeep.cutBack(isOpen);', ''],
  ['engine/keeper.ts', 'this.#later(this.#readAtMs);', ''],
  ['run/quiet-legs.ts', 'return tiers === this.tiersAt(atEndUsdt) && ', 'return '],
  ['run/quiet-legs.ts', 'if (ageLimitMs <= clock.timeOf(to)) return false;', ''],
];
const MAX_WORLDS = 300;
const EVALUATION = new URL('../../daemon/evaluation/', import.meta.url).href;
const planted = new Map<string, Planted>();

registerHooks({
  // Whatever a planted module imports of the replay is its own, too.
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const query = /\?planted=\d+$/.exec(context.parentURL ?? '')?.[0];
    const isOwn = query !== undefined && /^(engine|run|exchange)\/[^?]*$/.test(resolved.url.replace(EVALUATION, ''));
    return isOwn ? { ...resolved, url: `${resolved.url}${query}` } : resolved;
  },
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const mistake = planted.get(url);
    if (mistake === undefined || loaded.source == null) return loaded;
    const parts = String(Buffer.from(loaded.source as Uint8Array)).split(mistake[1]);
    assert.equal(parts.length, 2, `${mistake[0]} has once: ${mistake[1]}`);
    return { ...loaded, source: parts.join(mistake[2]) };
  },
});

describe('a difference planted into the driver of a replay', () => {
  const gates = new Map<number, Promise<readonly string[]>>();
  const gateOf = (seed: number): Promise<readonly string[]> => {
    const gate = gates.get(seed) ?? playGate(drawWorld(seed));
    gates.set(seed, gate);
    return gate;
  };

  for (const [nr, mistake] of PLANTED.entries())
    it(`is found in ${mistake[0]}: ${mistake[2] === '' ? `without ${mistake[1]}` : mistake[2]}`, async () => {
      planted.set(`${EVALUATION}${mistake[0]}?planted=${nr}`, mistake);
      const { ReplayRun: Run } = (await import(`${EVALUATION}run/run.ts?planted=${nr}`)) as {
        ReplayRun: typeof ReplayRun;
      };
      for (let seed = 1; seed <= MAX_WORLDS; seed += 1) if (await isFound(seed, Run, gateOf(seed))) return;
      assert.fail(`no world of ${MAX_WORLDS} shows it`);
    });
});

/** What ends in an error is found as well. */
async function isFound(seed: number, Run: typeof ReplayRun, gate: Promise<readonly string[]>): Promise<boolean> {
  try {
    return findDifference(await gate, playReplay(drawWorld(seed), Run)) !== null;
  } catch {
    return true;
  }
}
