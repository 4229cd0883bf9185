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
    // As the feed takes none that is not clear of what was moved, it is known to show that.
    ['at', T0 + 59_000, true],
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
      [T0, 500],
      [T0 + 9, 500],
      [T0 + 10, 0],
    ] as const)
      assert.equal(equity.moves.since(atMs), missing, String(atMs - T0));
    const isUnclear = (fromMs: number, toMs: number, known = [] as EquityHistory['moves']['list']): boolean =>
      equity.moves.isUnclear(known, T0 + fromMs, T0 + toMs);
    assert.deepEqual(
      [isUnclear(-900, -101), isUnclear(-900, -100), isUnclear(50, 60), isUnclear(110, 200), isUnclear(111, 200)],
      [false, true, true, true, false],
      'within as much as clocks are apart',
    );
    assert.ok(!isUnclear(-5, 20, equity.moves.list), 'a reading that was requested when both were known shows both');
    const known = equity.moves.list;
    equity.addTransfer(1, T0 + 20);
    assert.ok(isUnclear(-5, 20, known), 'but not the next one');
  });
});
