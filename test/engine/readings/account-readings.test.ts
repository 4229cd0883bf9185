import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AccountReading, AccountReadings } from '../../../daemon/engine/readings/live-market.ts';

const T0 = 1_740_960_000_000;
const READ_MS = 60;

function readFrom(ms: number): Pick<AccountReading, 'fromMs' | 'observedAtMs' | 'toMs'> {
  const toMs = T0 + ms + READ_MS;
  return { fromMs: T0 + ms, observedAtMs: toMs, toMs };
}
/** Readings of 10,000 USDT that were requested then. */
function readAt(...requestedMs: readonly number[]): AccountReadings {
  const readings = new AccountReadings();
  for (const ms of requestedMs) {
    readings.add({ ...readFrom(ms), availableUsdt: 9_000, marginBalanceUsdt: 10_000, marginRatio: 0 }, 0);
  }
  return readings;
}
function shown(readings: AccountReadings): readonly [number, number, number] | null {
  const { shown: account } = readings;
  return account && [account.observedAtMs - T0 - READ_MS, account.marginBalanceUsdt, account.availableUsdt];
}

describe('the account as decisions see it, beside what is moved (SAE-DD)', () => {
  for (const [usdt, available] of [
    [3_000, 9_000],
    [-3_000, 6_000],
  ] as const)
    for (const [movedMs, expected] of [
      // Clocks may be 100 ms apart.
      [1_899, [2_000, 10_000, 9_000]],
      [1_900, [0, 10_000 + usdt, available]],
      [2_000, [0, 10_000 + usdt, available]],
      [2_030, [0, 10_000 + usdt, available]],
      [2_160, [0, 10_000 + usdt, available]],
      [2_161, [2_000, 10_000 + usdt, available]],
    ] as const)
      it(`${usdt} USDT at ${movedMs} ms: the reading of ${expected[0]} ms counts, with ${expected[1]} USDT`, () => {
        const readings = readAt(0, 2_000);
        let asked = 0;
        readings.onUnclear = () => {
          asked += 1;
        };
        readings.noteMove(usdt, T0 + movedMs);
        assert.deepEqual(shown(readings), expected);
        assert.equal(asked, expected[0] === 0 ? 1 : 0, 'the account is read again where the newest does not count');
      });

  it('keeps to each reading what was moved since, however often it falls back', () => {
    const readings = readAt(0, 2_000, 4_000);
    readings.noteMove(500, T0 + 3_000);
    readings.noteMove(-100, T0 + 4_010);
    assert.deepEqual(shown(readings), [2_000, 10_400, 8_900]);
    readings.noteMove(20, T0 + 2_010);
    assert.deepEqual(shown(readings), [0, 10_420, 8_900]);
  });

  it('takes what was known beforehand and is not in a reading along with it', () => {
    const readings = new AccountReadings();
    readings.add({ ...readFrom(0), availableUsdt: 9_000, marginBalanceUsdt: 10_000, marginRatio: 0 }, -700);
    assert.deepEqual(shown(readings), [0, 9_300, 8_300]);
    readings.forget();
    assert.equal(shown(readings), null);
  });
});
