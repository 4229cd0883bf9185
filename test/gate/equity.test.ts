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
});
