import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EquityHistory } from '../../daemon/gate/state/equity.ts';

const T0 = 1_740_960_000_000;
const HOUR = 3_600_000;
const WINDOW = 30 * 24 * HOUR;

describe('equity net of transfers (SAE-DD)', () => {
  it('takes a deposit that the account showed before the transfer list did for no gain', () => {
    const equity = new EquityHistory();
    equity.add(T0, 10_000);
    equity.add(T0 + 60_000, 15_000);
    equity.add(T0 + 62_000, 15_000);
    equity.addTransfer(5_000, T0 + 59_000);
    assert.equal(equity.drawdown(T0 + 63_000, 15_000, WINDOW), 0);
    assert.equal(equity.dailyLoss(T0 + 63_000, 15_000), 0);
    assert.ok(Math.abs(equity.drawdown(T0 + 63_000, 14_000, WINDOW) - 0.1) < 1e-12, 'a loss of 1,000 of 10,000');
  });

  it('keeps the peak of the hour before the deposit', () => {
    const equity = new EquityHistory();
    equity.add(T0, 11_000);
    equity.add(T0 + 60_000, 10_000);
    equity.add(T0 + 120_000, 15_000);
    equity.addTransfer(5_000, T0 + 119_000);
    assert.ok(Math.abs(equity.drawdown(T0 + 130_000, 15_000, WINDOW) - (1 - 10_000 / 11_000)) < 1e-12);
  });

  it('takes a withdrawal for no loss, and brings back no peak from before a rebase', () => {
    const equity = new EquityHistory();
    equity.add(T0, 20_000);
    equity.rebase(T0 + 1_000, 10_000);
    equity.add(T0 + 60_000, 7_000);
    equity.addTransfer(-3_000, T0 + 59_000);
    assert.equal(equity.drawdown(T0 + 61_000, 7_000, WINDOW), 0);
  });

  for (const [when, requestedMs, isPeak] of [
    ['before', T0 + 58_999, false],
    ['at', T0 + 59_000, false],
    ['after', T0 + 59_001, true],
  ] as const)
    it(`a reading that comes in after a withdrawal was told, and was requested ${when} it: ${isPeak ? 'a peak' : 'no peak'}`, () => {
      const equity = new EquityHistory();
      equity.add(T0, 10_000);
      equity.addTransfer(-3_000, T0 + 59_000);
      equity.add(requestedMs, 10_000);
      equity.add(T0 + 61_000, 7_000);
      // Net of the withdrawal, requested after it, 10,000 are 13,000; and 7,000 are 10,000.
      const lost = equity.drawdown(T0 + 62_000, 7_000, WINDOW);
      assert.ok(Math.abs(lost - (isPeak ? 1 - 10_000 / 13_000 : 0)) < 1e-12, String(lost));
    });

  it('knows what a reading does not contain of what is told, and where it may or may not contain it', () => {
    const equity = new EquityHistory();
    equity.addTransfer(-3_000, T0);
    equity.addTransfer(500, T0 + 10);
    for (const [atMs, missing] of [
      [T0 - 1, -2_500],
      [T0, -2_500],
      [T0 + 1, 500],
      [T0 + 10, 500],
      [T0 + 11, 0],
    ] as const)
      assert.equal(equity.movedSince(atMs), missing, String(atMs - T0));
    const within = (fromMs: number, toMs: number): boolean => equity.hasMovedWithin(T0 + fromMs, T0 + toMs);
    assert.deepEqual(
      [within(-5, -1), within(-5, 0), within(1, 9), within(1, 10), within(10, 20), within(11, 20)],
      [false, true, false, true, true, false],
    );
  });
});
