import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TradeRecord } from '../../../daemon/core/features/round-trips.ts';
import {
  HORIZON_TRADES,
  labelAll,
  labelEscalation,
} from '../../../daemon/evaluation/metrics/calibration/escalation.ts';
import { escalatesAfter, HORIZON_TRADES as FITTED_HORIZON } from '../../../scripts/calibrate/population.ts';

const HOUR_MS = 3_600_000;

/** Trades one after the other, as in the population that the score was fitted on. */
function life(trades: readonly { readonly size: number; readonly won: boolean }[]): TradeRecord[] {
  return trades.map(({ size, won }, i) => ({
    symbol: i % 3 === 0 ? 'ETHUSDT' : 'BTCUSDT',
    side: 'long',
    opened_at_ms: 2 * i * HOUR_MS,
    closed_at_ms: (2 * i + 1) * HOUR_MS,
    notional_usdt: size,
    pnl_usdt: won ? 1 : -1,
  }));
}
const steady = (count: number, won = false) => Array.from({ length: count }, () => ({ size: 100, won }));
const closeOf = (trades: readonly TradeRecord[], index: number) => trades[index]?.closed_at_ms ?? 0;

describe('risk escalation', () => {
  it('is what the shipped score was fitted to predict', () => {
    assert.equal(HORIZON_TRADES, FITTED_HORIZON, 'the same horizon');
    const trade = fc.record({ size: fc.constantFrom(50, 100, 150, 199, 200, 201, 400, 800), won: fc.boolean() });
    const lives = fc.array(trade, { minLength: 3 + HORIZON_TRADES, maxLength: 80 });
    let escalating = 0;
    fc.assert(
      fc.property(lives, fc.nat(), (drawn, at) => {
        const trades = life(drawn);
        const count = 1 + (at % (trades.length - HORIZON_TRADES));
        const expected = escalatesAfter(trades, count) ? 1 : 0;
        escalating += expected;
        assert.equal(labelEscalation(trades, closeOf(trades, count - 1)), expected, `after trade ${count}`);
      }),
      { seed: 9, numRuns: 300 },
    );
    assert.ok(escalating > 20 && escalating < 280, `both outcomes were seen (${escalating} of 300)`);
  });

  it('takes at least three trades right after a loss at twice the median', () => {
    const doubled = (count: number) =>
      life([...steady(10), ...Array.from({ length: 20 }, (_, i) => ({ size: i < count ? 200 : 199, won: false }))]);
    const label = (trades: readonly TradeRecord[]) => labelEscalation(trades, closeOf(trades, 9));
    assert.equal(label(doubled(2)), 0, 'two are not enough');
    assert.equal(label(doubled(3)), 1, 'three are');
    const winner = life([...steady(10, true), ...Array.from({ length: 20 }, () => ({ size: 500, won: true }))]);
    assert.equal(label(winner), 0, 'a larger trade after a win is no escalation');
  });

  it('is unknown when fewer than twenty trades follow, also when three were found already', () => {
    const trades = life([...steady(10), ...Array.from({ length: 19 }, () => ({ size: 900, won: false }))]);
    assert.equal(labelEscalation(trades, closeOf(trades, 9)), null, '19 follow');
    assert.equal(labelEscalation(trades, closeOf(trades, 8)), 1, '20 follow');
    assert.equal(labelEscalation(trades, -1), null, 'there is no median before the first trade');
  });

  it('looks at the loss that closed last, whatever the symbol and the order of opening', () => {
    const past = life(steady(5, true));
    const base = 20 * HOUR_MS;
    // Opened long before, still open at first: its loss counts only from when it closes.
    const slow: TradeRecord = {
      ...past[0]!,
      symbol: 'ETHUSDT',
      opened_at_ms: base,
      closed_at_ms: base + 31 * HOUR_MS,
      pnl_usdt: -5,
    };
    const quick = Array.from(
      { length: 20 },
      (_, i): TradeRecord => ({
        ...past[0]!,
        symbol: 'BTCUSDT',
        opened_at_ms: base + (2 * i + 1) * HOUR_MS,
        closed_at_ms: base + (2 * i + 2) * HOUR_MS,
        notional_usdt: 300,
        pnl_usdt: 1,
      }),
    );
    const at = closeOf(past, 4);
    assert.equal(labelEscalation([...quick, slow, ...past], at), 0, 'one large trade opens right after the slow loss');
    const losing = quick.map((trade, i) => (i < 3 ? { ...trade, pnl_usdt: -1 } : trade));
    assert.equal(labelEscalation([slow, ...losing, ...past], at), 1, 'and three more after quick ones');
  });

  it('is the same one by one and all at once', () => {
    const trades = life(Array.from({ length: 60 }, (_, i) => ({ size: i % 7 === 0 ? 350 : 100, won: i % 3 === 0 })));
    const instants = trades.map((trade) => trade.closed_at_ms ?? 0);
    assert.deepEqual(
      labelAll(trades, instants),
      instants.map((atMs) => labelEscalation(trades, atMs)),
      'labels',
    );
  });
});
