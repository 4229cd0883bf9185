import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReplayRun } from '../../daemon/evaluation/run/run.ts';
import { playEngine } from './engine-side.ts';
import { playGate } from './gate-side.ts';
import { describeDifference, findDifference } from './trace.ts';
import { planWorld } from './worlds.ts';

/** `HOLDFAST_DIFFERENTIAL_WORLDS=5000` plays more of them, `HOLDFAST_DIFFERENTIAL_SEED` others. */
const WORLDS = Number(process.env.HOLDFAST_DIFFERENTIAL_WORLDS ?? 200);
const SEED = Number(process.env.HOLDFAST_DIFFERENTIAL_SEED ?? 1);
const PARTS = 4;

/** What happened in the worlds of a run, by words of the records: a test that saw none of it proves nothing about it. */
const SEEN: { readonly [what: string]: RegExp } = {
  'a later slice that is sent': /^\s*\d+ slice of D\d+ \w+ place_order .* -> \[D\d+-[1-9]/,
  'a later slice that is refused': /a later slice was refused/,
  'an exit that goes up the ladder': / slice of D\d+ \w+ close_position .*-0-2 regular/,
  'an exit that waits for its rate': / regular (buy|sell) \d+ at \d+ after \d{3,}\]/,
  'an exit whose place a full close takes': /a full close has taken its place/,
  'an exit that came to rest': /ended: rests/,
  'an exit that the venue refused': /ended: rejected/,
  'an exit that no rung filled': /ended: exhausted/,
  'room that is made for an exit': /makes room for an exit/,
  'an exit that rests again once there is room': / slice of D\d+ \w+ place_order \w+: \w+ \[.*\] exit .* GTC/,
  'an order against the position': /\[.*AGAINST_POSITION.*\] nothing/,
  'an opening where another agent holds': /\[.*SYMBOL_HELD.*\] nothing/,
  'an opening beside an exit': /\[.*EXIT_IN_PROGRESS.*\] nothing/,
  'a cut': / lots cut /,
  'an exit that stands in for a stop': / lots stop /,
  'a stop that is moved': /makes room for a closer stop/,
  'a stop of a position that is gone': /the position that it protects is gone/,
  'a slice that an exit drops': /dropped: an exit closes what it would open again/,
  'an opening that an exit ends': /an exit closes what it would open again\)/,
  'a resting order that no longer fits': /no longer fits the tightened policy/,
  'a resting order whose time is over': /resting time to live is over/,
  'slices dropped by a state': /trading is not active/,
  'a staging plan that ran out': /the staging plan ran out of time/,
  'a breaker of repetition': /state breaker \w+ reducing .* was executed/,
  'a tier of the account that ends opening': /state condition \w+ reducing .*tier/,
  'a condition of a symbol': /held for longer than holding_time_ms/,
  'an amend': / amended /,
  'an amend that the venue refused': / amend_failed /,
  'a cancel of everything': / cancel_all /,
};

describe('SAE-SAME-CODE the gate and a replay on one venue', () => {
  const recorded: string[] = [];
  const size = Math.ceil(WORLDS / PARTS);

  for (let part = 0; part < PARTS; part++) {
    const first = SEED + part * size;
    const end = Math.min(SEED + WORLDS, first + size);
    it(`decide, send, fill and hold the same: worlds ${first} to ${end - 1}`, async () => {
      for (let seed = first; seed < end; seed++) {
        const gate = await playGate(planWorld(seed));
        const difference = findDifference(gate, playEngine(planWorld(seed), ReplayRun));
        assert.equal(difference, null, difference === null ? '' : describeDifference(seed, gate, difference));
        recorded.push(...gate.recorded);
      }
    });
  }

  it('these worlds have all that is compared in them', () => {
    const missing = Object.keys(SEEN).filter((what) => !recorded.some((line) => SEEN[what]!.test(line)));
    assert.deepEqual(missing, []);
  });
});
