import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findStopE8, isMarkBeyond, isStopTooFar } from '../../../daemon/engine/protect/stops.ts';
import { fromE8 } from '../../../daemon/engine/records/units.ts';
import type { SymbolRules } from '../../../daemon/engine/records/venue.ts';
import { TICK_E8 } from '../fold-fixture.ts';

/** Ticks of 0.1: an entry at 60,000 and 300 bps are 18,000 ticks, of which 1 % is 180. */
const RULES = { tickMantissa: 1, tickScale: 10 } as SymbolRules;

describe('where a protective stop stands', () => {
  for (const [side, away] of [
    ['sell', -1],
    ['buy', 1],
  ] as const) {
    const wanted = findStopE8(side, 60_000, 300, RULES);
    it(`a ${side} is at its distance from the entry price [PK-65]`, () =>
      assert.equal(wanted, (600_000 + away * 18_000) * TICK_E8));
    it(`a ${side} is too far beyond 1 % of the distance, and never too close`, () => {
      const isFar = (beyond: number) =>
        isStopTooFar({ side, triggerE8: wanted + away * beyond * TICK_E8 }, 60_000, 300, RULES);
      assert.deepEqual([179, 180, 181].map(isFar), [false, false, true]);
      assert.deepEqual([-181, -5_000].map(isFar), [false, false]);
    });
    it(`a ${side} is not moved for two ticks, however small the distance`, () => {
      const close = findStopE8(side, 60_000, 0.1, RULES);
      const isFar = (beyond: number) =>
        isStopTooFar({ side, triggerE8: close + away * beyond * TICK_E8 }, 60_000, 0.1, RULES);
      assert.deepEqual([1, 2, 3].map(isFar), [false, false, true]);
    });
    it(`a ${side} would fire at its trigger and beyond`, () => {
      const price = fromE8(wanted);
      const marks = [price - away * 0.1, price, price + away * 0.1];
      assert.deepEqual(
        marks.map((mark) => isMarkBeyond(side, wanted, mark)),
        [false, true, true],
      );
    });
  }
});
