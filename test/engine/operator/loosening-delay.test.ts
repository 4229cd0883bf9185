import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GateCore } from '../../../daemon/driver/driver.ts';
import { LooseningDelay } from '../../../daemon/engine/operator/loosening-delay.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';

const DELAY_MS = 600_000;

/** Whether each request, made so many ms after the start, takes effect. */
function ask(venue: string, atMs: readonly number[]): readonly boolean[] {
  let nowMs = 0;
  const core = {
    settings: { venue },
    nowMs: () => nowMs,
    passedMs: () => nowMs,
    state: new GateState(),
    policySpec: { loosen_delay_ms: DELAY_MS },
  };
  const delay = new LooseningDelay(core as unknown as GateCore);
  return atMs.map((ms) => {
    nowMs = ms;
    try {
      delay.requireWaited('to end this');
      return true;
    } catch (error) {
      assert.match(String(error), /on binance-live to end this waits: ask again after/);
      return false;
    }
  });
}

test('on live a loosening takes effect when it is asked for again after the delay, once [TM-52 PK-72]', () => {
  assert.deepEqual(ask('binance-live', [0, DELAY_MS - 1, DELAY_MS, DELAY_MS + 1]), [false, false, true, false]);
});
test('a first request is good for an hour after the delay, not for weeks', () => {
  assert.deepEqual(ask('binance-live', [0, DELAY_MS + 3_600_000]), [false, true]);
  const late = DELAY_MS + 3_600_001;
  assert.deepEqual(ask('binance-live', [0, late, late + DELAY_MS]), [false, false, true]);
});
test('elsewhere nothing waits', () => {
  assert.deepEqual(ask('paper', [0, 0]), [true, true]);
});
