import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  applyTradeFill,
  type OpenTrade,
  recordOfOpenTrade,
  type TradeRecord,
} from '../../../daemon/core/features/round-trips.ts';
import { computeTraderRisk } from '../../../daemon/core/features/trader-state.ts';
import { TradeBook } from '../../../daemon/engine/accounts/trades.ts';
import { loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { forAll } from '../../for-all.ts';

const MINUTE_MS = 60_000;
const SECTION = { ...loadVariant('Holdfast').spec.trader_state, max_age_ms: 10 * MINUTE_MS, window_trades: 20 };

const step = fc.record({
  afterMs: fc.integer({ min: 0, max: 4 * MINUTE_MS }),
  symbol: fc.constantFrom('BTCUSDT', 'ETHUSDT'),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  lots: fc.integer({ min: 1, max: 4 }),
  price: fc.integer({ min: 90, max: 110 }),
  isFill: fc.boolean(),
  lateMs: fc.constantFrom(0, 0, 0, 90_000),
});

describe('trades of an agent in the gate', () => {
  it('p_t is what it would be computed anew, whenever it is asked for, as trades come and age', () => {
    forAll([fc.array(step, { minLength: 1, maxLength: 60 })], { numRuns: 200, seed: 1 }, (steps) => {
      const book = new TradeBook();
      const open = new Map<string, OpenTrade>();
      const closed: TradeRecord[] = [];
      let nowMs = 1_700_000_000_000;
      let isKnown = false;
      for (const { afterMs, symbol, side, lots, price, isFill, lateMs } of steps) {
        nowMs += afterMs;
        if (isFill) {
          const fill = { symbol, side, lots, lot_size: 0.1, price, fee_usdt: 0.01, at_ms: nowMs - lateMs };
          book.addFill('agent', fill);
          const after = applyTradeFill(open.get(symbol) ?? null, fill);
          if (after.closed !== null) closed.push(after.closed);
          if (after.open === null) open.delete(symbol);
          else open.set(symbol, after.open);
          isKnown = true;
        }
        const atMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
        const trades = [...closed, ...[...open.values()].map(recordOfOpenTrade)];
        const expected: number = isKnown ? computeTraderRisk(trades, atMs, SECTION).p_risk : SECTION.base_rate;
        assert.equal(book.risk('agent', nowMs, SECTION), expected, `p_t at ${nowMs}`);
      }
    });
  });
});
