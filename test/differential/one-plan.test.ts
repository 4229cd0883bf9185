import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReplayRun } from '../../daemon/evaluation/run/run.ts';
import { playGate } from './gate-side.ts';
import { findDifference } from './played.ts';
import { playReplay } from './replay-side.ts';
import { drawWorld } from './worlds.ts';

/** `HOLDFAST_DIFFERENTIAL_WORLDS=5000` plays more of them, `HOLDFAST_DIFFERENTIAL_SEED` others. */
const WORLDS = Number(process.env.HOLDFAST_DIFFERENTIAL_WORLDS ?? 200);
const SEED = Number(process.env.HOLDFAST_DIFFERENTIAL_SEED ?? 1);

/** What happened in the worlds of a run, by words of the records: a test that saw none of it proves nothing about it. */
const SEEN: { readonly [what: string]: RegExp } = {
  'a later slice that is sent': / decision \["slice","\w+","place_order","\w+","\w+",.*"action":"open"/,
  'an exit that rests again': / decision \["slice","\w+","place_order","\w+","\w+",.*"action":"exit"/,
  'an exit that goes up the ladder': / decision \["slice","\w+","close_position"/,
  'an order against the position': /"AGAINST_POSITION"/,
  'an opening where another agent holds': /"SYMBOL_HELD"/,
  'an opening beside an exit': /"EXIT_IN_PROGRESS"/,
  'a cut': /exit_target .*"cut"/,
  'a stop that is moved': /makes room for a closer stop/,
  'a stop of a position that is gone': /the position that it protects is gone/,
  'a resting order that no longer fits': /no longer fits the tightened policy/,
  'a resting order whose time is over': /resting time to live is over/,
  'a tier of the account that ends opening': /state \["condition",.*tier/,
  'a condition of a symbol': /held for longer than holding_time_ms/,
  'an amend': / amend /,
  'a cancel of everything': /"cancel_all"/,
};

describe('SAE-SAME-CODE the same inputs give the same effects in the daemon and in a replay', () => {
  const seen: string[] = [];

  it(`records, and requests at the venue: ${WORLDS} worlds from ${SEED}`, async () => {
    for (let seed = SEED; seed < SEED + WORLDS; seed++) {
      const gate = await playGate(drawWorld(seed));
      assert.equal(findDifference(gate, playReplay(drawWorld(seed), ReplayRun)), null, `world ${seed}`);
      seen.push(...gate);
    }
  });

  it('these worlds have all that is compared in them', () => {
    const missing = Object.keys(SEEN).filter((what) => !seen.some((line) => SEEN[what]!.test(line)));
    assert.deepEqual(missing, []);
  });
});
