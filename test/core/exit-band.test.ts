import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EffectiveAction } from '../../daemon/core/decision.ts';
import { type Change, decideWith, NOW } from './decision-fixture.ts';

/** Ten lots long of the agent's own, and a close of them; the mark is 60,000 and the band of the venue 5 % either way. */
const LONG: Change = {
  request: { intent: 'close', side: 'sell', max_slippage_bps: null },
  context: { exposure: { long_lots: 10, long_units: 6_000_000 }, agent: { share_lots: 10 } },
};
const SHORT: Change = {
  request: { intent: 'close', side: 'buy', max_slippage_bps: null },
  context: { exposure: { short_lots: 10, short_units: 6_000_000 }, agent: { share_lots: -10 } },
};
function exitAt(bid: number, ...changes: readonly Change[]): EffectiveAction {
  const { effective } = decideWith(...changes, { context: { market: { bid, ask: bid } } });
  assert.ok(effective !== null && effective.action === 'exit', 'an exit passes');
  return effective;
}

test('SAE-PROJ a rung that would leave the price band goes out at its edge, on both sides', () => {
  assert.equal(exitAt(57_060, LONG).price_ticks, 570_000, 'a sale: 20 bps below the bid is 56,945.9');
  assert.equal(exitAt(62_940, SHORT).price_ticks, 630_000, 'a purchase: 20 bps above the ask is 63,065.9');
  assert.equal(exitAt(57_060, LONG, { context: { exit_rung: 3 } }).price_ticks, 570_000, 'and so does the last rung');
});

test('SAE-PROJ a rung inside the band stays as it is', () => {
  assert.equal(exitAt(59_000, LONG).price_ticks, 588_820);
  assert.equal(exitAt(61_000, SHORT).price_ticks, 611_220);
});

test('SAE-PROJ the band never keeps an exit away from the best quote', () => {
  // The quote lies outside: the mark that we know may be behind it, and only the venue knows the band of this instant.
  assert.equal(exitAt(56_900, LONG).price_ticks, 567_862);
  assert.equal(exitAt(63_100, SHORT).price_ticks, 632_262);
  for (const mark_at_ms of [null, 0])
    assert.equal(exitAt(57_060, LONG, { context: { market: { mark_at_ms } } }).price_ticks, 569_459, 'an old mark');
});

test("SAE-PROJ a caller's aggressive limit is drawn back to the edge of the band as well", () => {
  const limit = (price: number): Change => ({ request: { order_type: 'limit', limit_price: price } });
  assert.equal(exitAt(57_060, LONG, limit(50_000)).price_ticks, 570_000);
  assert.equal(exitAt(62_940, SHORT, limit(70_000)).price_ticks, 630_000);
  assert.equal(exitAt(57_060, LONG, limit(57_500)).price_ticks, 575_000, 'a passive one is not touched');
});

test('BY-14 an exit is not refused for a price that the venue does not take: it goes out at the nearest one', () => {
  const limit = (price: number): Change => ({ request: { order_type: 'limit', limit_price: price } });
  assert.equal(exitAt(60_000, LONG, limit(9_999_999)).price_ticks, 45_297_640, 'a take-profit above the highest');
  assert.equal(exitAt(60_000, SHORT, limit(1)).price_ticks, 5_568, 'and one below the lowest');
  const range = { market: { rules: { min_price_ticks: 599_500, max_price_ticks: 600_500 } } };
  assert.equal(exitAt(60_000, LONG, { context: { ...range, exit_rung: 3 } }).price_ticks, 599_500, 'a rung');
  assert.equal(exitAt(60_000, SHORT, { context: { ...range, exit_rung: 3 } }).price_ticks, 600_500);
  assert.equal(exitAt(60_000, LONG, limit(59_000), { context: range }).price_ticks, 599_500, 'an aggressive limit');
});

test("BY-15 a caller's limit is held to a fresh quote, not to one that the market may have left behind", () => {
  const limit = (price: number): Change => ({ request: { order_type: 'limit', limit_price: price } });
  const quoted = (ageMs: number | null): Change => ({
    context: { market: { mark_at_ms: null, quote_at_ms: ageMs === null ? null : NOW - ageMs } },
  });
  for (const [ageMs, sold, bought] of [
    [4_999, 582_000, 618_000],
    [5_000, 582_000, 618_000],
    [5_001, 520_000, 680_000],
    [null, 520_000, 680_000],
  ] as const) {
    assert.equal(exitAt(60_000, LONG, limit(52_000), quoted(ageMs)).price_ticks, sold, `sold after ${ageMs} ms`);
    assert.equal(exitAt(60_000, SHORT, limit(68_000), quoted(ageMs)).price_ticks, bought, `bought after ${ageMs} ms`);
  }
  const seen = { context: { market: { quote_at_ms: NOW - 60_000 } } };
  assert.equal(exitAt(60_000, LONG, limit(52_000), seen).price_ticks, 570_000, 'the band of a fresh mark still holds');
});
