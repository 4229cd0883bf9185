import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { viewLosses } from '../../../daemon/gate/snapshot/agent-losses.ts';
import type { LiveInputs, SymbolInputs } from '../../../daemon/gate/snapshot/inputs.ts';
import { DAY, T0 } from '../fold-fixture.ts';
import { Told } from './told-accounts.ts';

const HOUR = 3_600_000;
const LONG = { lots: 1_000 };

/** What alice has lost at an instant and a mark. */
function lossesOf(told: Told, nowMs: number, mark: number) {
  const live = { mark, markAtMs: nowMs } as SymbolInputs;
  const inputs: LiveInputs = { nowMs, clockSkewMs: 0, account: null, symbols: new Map([['BTCUSDT', live]]) };
  return viewLosses(told.ledger.state, inputs, 'alice');
}

describe("an agent's own loss", () => {
  test('counts what a position has given back since the week began, though no day of then was read', () => {
    const told = new Told();
    told.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 + 1 });
    // The daemon is away on the second day, on which the week begins, and the position is worth 10,000 more by then.
    told.read(T0 + 2 * DAY + HOUR, [{ ...LONG, mark_price: 70_000 }]);
    told.read(T0 + 7 * DAY + HOUR, [{ ...LONG, mark_price: 61_000 }]);
    assert.deepEqual(lossesOf(told, T0 + 7 * DAY + 2 * HOUR, 60_500), { day_usdt: 500, week_usdt: 9_500 });
  });

  test('is that of today from its first reading on, when nothing older is known', () => {
    const told = new Told();
    told.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 + 1 });
    assert.deepEqual(lossesOf(told, T0 + HOUR, 59_000), { day_usdt: 1_000, week_usdt: 1_000 });
  });

  for (const aheadMs of [DAY, 9 * DAY])
    test(`counts from now on when the clock was ${aheadMs / DAY} days ahead`, () => {
      const told = new Told();
      told.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 + 1 });
      told.read(T0 + aheadMs, [{ ...LONG, mark_price: 59_000 }]);
      told.fill({ agent: 'alice', side: 'sell', lots: 500, price: 58_000, atMs: T0 + aheadMs + 1, fee: 7 });
      told.setBack(T0 + HOUR);
      told.fill({ agent: 'alice', side: 'sell', lots: 500, price: 57_000, atMs: T0 + HOUR + 1, fee: 3 });
      assert.deepEqual(lossesOf(told, T0 + 2 * HOUR, 57_000), { day_usdt: 2_510, week_usdt: 2_510 });
      // The next day begins with nothing.
      told.read(T0 + DAY + HOUR);
      assert.deepEqual(lossesOf(told, T0 + DAY + 2 * HOUR, 57_000), { day_usdt: 0, week_usdt: 2_510 });
    });

  test('counts from the first reading on when that was made by a clock that was ahead', () => {
    const told = new Told();
    told.setBack(T0 - 5 * HOUR);
    told.read(T0 - 5 * HOUR);
    told.fill({ agent: 'alice', side: 'buy', lots: 1_000, price: 60_000, atMs: T0 - 4 * HOUR });
    told.fill({ agent: 'alice', side: 'sell', lots: 1_000, price: 59_000, atMs: T0 - 3 * HOUR });
    assert.deepEqual(lossesOf(told, T0 - 2 * HOUR, 59_000), { day_usdt: 1_000, week_usdt: 1_000 });
  });
});
