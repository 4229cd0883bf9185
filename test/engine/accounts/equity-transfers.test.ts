import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EquityHistory } from '../../../daemon/engine/accounts/equity.ts';

const T0 = 1_740_960_000_000;
const HOUR = 3_600_000;
const WINDOW = 30 * 24 * HOUR;

describe('equity net of transfers (SAE-DD)', () => {
  it('takes a deposit that the account showed before the transfer list did for no gain', () => {
    const equity = new EquityHistory();
    equity.add(T0, 10_000);
    equity.add(T0 + 60_000, 15_000);
    equity.add(T0 + 62_000, 15_000);
    equity.addTransfer(5_000, T0 + 59_000, T0 + 62_500);
    assert.equal(equity.drawdown(T0 + 63_000, 15_000, WINDOW), 0);
    assert.equal(equity.dailyLoss(T0 + 63_000, 15_000), 0);
    assert.ok(Math.abs(equity.drawdown(T0 + 63_000, 14_000, WINDOW) - 0.1) < 1e-12, 'a loss of 1,000 of 10,000');
  });

  it('keeps the peak of the hour before the deposit', () => {
    const equity = new EquityHistory();
    equity.add(T0, 11_000);
    equity.add(T0 + 60_000, 10_000);
    equity.add(T0 + 120_000, 15_000);
    equity.addTransfer(5_000, T0 + 119_000, T0 + 125_000);
    assert.ok(Math.abs(equity.drawdown(T0 + 130_000, 15_000, WINDOW) - (1 - 10_000 / 11_000)) < 1e-12);
  });

  it('takes a withdrawal for no loss, and brings back no peak from before a rebase', () => {
    const equity = new EquityHistory();
    equity.add(T0, 20_000);
    equity.rebase(T0 + 1_000, 10_000);
    equity.add(T0 + 60_000, 7_000);
    equity.addTransfer(-3_000, T0 + 59_000, T0 + 59_500);
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
      equity.addTransfer(-3_000, T0 + 59_000, T0 + 59_500);
      equity.add(requestedMs, 10_000);
      equity.add(T0 + 61_000, 7_000);
      // Net of the withdrawal, requested after it, 10,000 are 13,000; and 7,000 are 10,000.
      const lost = equity.drawdown(T0 + 62_000, 7_000, WINDOW);
      assert.ok(Math.abs(lost - (isPeak ? 1 - 10_000 / 13_000 : 0)) < 1e-12, String(lost));
    });

  for (const [what, movedUsdt, shownUsdt] of [
    ['a withdrawal that it does not show', -3_000, 10_000],
    ['a withdrawal that it shows', -3_000, 7_000],
    ['a deposit that it does not show', 3_000, 10_000],
    ['a deposit that it shows', 3_000, 13_000],
  ] as const)
    for (const [where, movedMs] of [
      ['just before it, by the clock', 59_900],
      ['amid it', 60_030],
      ['just after it', 60_160],
    ] as const)
      it(`takes a reading for neither peak nor reference that was under way beside ${what}, ${where}`, () => {
        const equity = new EquityHistory();
        equity.add(T0, 10_000);
        equity.add(T0 + 60_000, shownUsdt, { shownAtMs: T0 + 60_060 });
        equity.add(T0 + 62_000, 10_000 + movedUsdt, { shownAtMs: T0 + 62_060 });
        equity.addTransfer(movedUsdt, T0 + movedMs, T0 + 90_000);
        assert.equal(equity.drawdown(T0 + 91_000, 10_000 + movedUsdt, WINDOW), 0);
        assert.equal(equity.dailyReference(T0 + 60_500 + 24 * HOUR), 10_000);
      });

  for (const [movedMs, clockErrorMs, lost] of [
    [63_800, 3_800, 0],
    [63_961, 3_800, 1 - 10_000 / 15_000],
    // Nothing says that the clock was off: it is what the reading does not contain.
    [63_800, undefined, 1 - 10_000 / 15_000],
  ] as const)
    it(`a deposit ${movedMs - 60_000} ms later by the venue's clock, which the reading shows: off by ${clockErrorMs} ms`, () => {
      const equity = new EquityHistory();
      equity.add(T0, 10_000);
      equity.add(T0 + 60_000, 15_000, { clockErrorMs, shownAtMs: T0 + 60_060 });
      equity.addTransfer(5_000, T0 + movedMs, T0 + 90_000);
      assert.equal(equity.drawdown(T0 + 91_000, 15_000, WINDOW), lost);
    });

  it('measures drawdown anew from the next reading where something was moved as an operator asked for it', () => {
    const equity = new EquityHistory();
    equity.add(T0, 10_000, { shownAtMs: T0 + 60 });
    equity.rebase(T0 + 5_000, 10_000, T0);
    equity.add(T0 + 6_000, 7_000, { shownAtMs: T0 + 6_060 });
    equity.addTransfer(-3_000, T0 + 4_000, T0 + 60_000);
    assert.equal(equity.drawdown(T0 + 61_000, 7_000, WINDOW), 0);
    equity.add(T0 + 62_000, 8_000, { shownAtMs: T0 + 62_060 });
    assert.ok(equity.drawdown(T0 + 63_000, 7_000, WINDOW) > 0.09);
  });

  it('takes what was known before a reading for contained in it, also where the clock is behind', () => {
    const equity = new EquityHistory();
    equity.add(T0, 10_000, { shownAtMs: T0 + 60 });
    equity.addTransfer(5_000, T0 + 10_050, T0 + 10_000);
    equity.add(T0 + 10_020, 15_000, { shownAtMs: T0 + 10_080 });
    assert.equal(equity.drawdown(T0 + 20_000, 15_000, WINDOW), 0);
  });

  it('knows what a reading does not contain of what is told, and where it may or may not contain it', () => {
    const equity = new EquityHistory();
    equity.addTransfer(-3_000, T0, T0 + 500);
    equity.addTransfer(500, T0 + 10, T0 + 500);
    for (const [atMs, missing] of [
      [T0 - 1, -2_500],
      [T0, 500],
      [T0 + 9, 500],
      [T0 + 10, 0],
    ] as const)
      assert.equal(equity.moves.since(atMs), missing, String(atMs - T0));
    const isUnclear = (fromMs: number, toMs: number, known = [] as EquityHistory['moves']['list']): boolean =>
      equity.moves.isUnclear(known, { fromMs: T0 + fromMs, toMs: T0 + toMs });
    assert.deepEqual(
      [isUnclear(-900, -101), isUnclear(-900, -100), isUnclear(50, 60), isUnclear(110, 200), isUnclear(111, 200)],
      [false, true, true, true, false],
      'within as much as clocks are apart',
    );
    assert.ok(!isUnclear(-5, 20, equity.moves.list), 'a reading that was requested when both were known shows both');
    const known = equity.moves.list;
    equity.addTransfer(1, T0 + 20, T0 + 500);
    assert.ok(isUnclear(-5, 20, known), 'but not the next one');
  });
});
