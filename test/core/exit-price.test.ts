import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Change, codesOf, decideWith } from './decision-fixture.ts';
import { LONG_TEN, SHORT_TEN } from './table-row.ts';

/** Each quote is 40 bps from the middle, 60,000. */
const WIDE: Change = { context: { market: { bid: 59_760, ask: 60_240 } } };
const close = (side: 'sell' | 'buy', bps: number | null = null): Change => ({
  request: { intent: 'close', side, requested_notional: null, max_slippage_bps: bps },
});
const SIDES = [
  ['sell', LONG_TEN, -1],
  ['buy', SHORT_TEN, 1],
] as const;

for (const [side, held, sign] of SIDES) {
  const priceOf = (...changes: readonly Change[]) =>
    decideWith(held, close(side), ...changes).effective as { readonly price_ticks: number | null };
  const away = (bps: number): number => 600_000 + sign * 60 * bps;

  test(`an exit’s bound is counted from the middle of the book, never from the best quote [DESIGN 12.5] (${side}) [EX-40 EX-41 PK-54 TD-7 TD-27 TF-14]`, () => {
    const near: Change = { context: { market: { bid: 59_994, ask: 60_006 } } };
    assert.equal(priceOf(near, close(side, 10)).price_ticks, away(10));
    assert.equal(priceOf(near).price_ticks, away(20), 'a rung of the ladder, too');
    assert.equal(priceOf(near, { context: { exit_rung: 2 } }).price_ticks, away(150));
  });

  test(`a rung reaches at least the opposite quote, and a caller’s bound holds it within (${side}) [EX-40 PK-54 PK-55]`, () => {
    assert.equal(priceOf(WIDE).price_ticks, away(40), 'the first rung is 20 bps');
    assert.equal(priceOf(WIDE, { context: { exit_rung: 1 } }).price_ticks, away(60));
    assert.equal(priceOf(WIDE, close(side, 100)).price_ticks, away(40));
    assert.equal(priceOf(WIDE, close(side, 10)).price_ticks, away(10), '10 bps were asked for, and never 50');
    assert.equal(priceOf(WIDE, close(side, 10), { context: { exit_rung: 3 } }).price_ticks, away(10));
  });

  test(`where the bound does not reach the quote, the answer says so (${side}) [EX-41 TF-14]`, () => {
    const decision = decideWith(held, WIDE, close(side, 10));
    assert.deepEqual([decision.decision, codesOf(decision)], ['LIMIT', ['BOUND_INSIDE_SPREAD']]);
    const [{ limit, observed, unit } = { limit: null, observed: null, unit: null }] = decision.reasons;
    assert.ok(Math.abs(Number(observed) - 40) < 1e-6);
    assert.deepEqual([limit, unit], [10, 'bps']);
    for (const wider of [40, 41]) assert.deepEqual(codesOf(decideWith(held, WIDE, close(side, wider))), []);
  });

  test(`a bound holds to the end of the ladder, whoever asks; without one an operator’s ends in MARKET (${side}) [EX-43]`, () => {
    const last: Change = { request: { origin: 'operator' }, context: { exit_rung: 4 } };
    assert.equal(priceOf(WIDE, last).price_ticks, null);
    assert.equal(priceOf(WIDE, last, close(side, 10)).price_ticks, away(10));
  });

  test(`off the mark where no fresh book is known, and nothing is said of a spread (${side})`, () => {
    for (const market of [{ bid: null, ask: null }, { quote_at_ms: 0 }]) {
      const decision = decideWith(held, WIDE, close(side, 10), { context: { market } });
      assert.deepEqual(codesOf(decision), []);
      assert.equal(decision.effective?.action === 'exit' ? decision.effective.price_ticks : 0, away(10));
    }
  });

  test(`off the price on record where no feed values the symbol yet: a bound never goes out as MARKET (${side}) [EX-41]`, () => {
    const blind: Change = {
      context: { market: { bid: null, ask: null, mark: null, mark_at_ms: null }, exposure: { recorded_price: 60_000 } },
    };
    assert.equal(priceOf(blind, close(side, 10)).price_ticks, away(10));
    assert.equal(priceOf(blind).price_ticks, null, 'without a bound it closes all the same');
  });
}
