import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TradeRecord } from '../../../daemon/core/features/round-trips.ts';
import {
  measureTrader,
  TRADER_FEATURE_NAMES,
  type TraderStateModel,
} from '../../../daemon/core/features/trader-features.ts';
import { calibrateScore, computeTraderRisk, selectTrades } from '../../../daemon/core/features/trader-state.ts';
import { TRADER_STATE_MODEL } from '../../../daemon/core/features/trader-state-data.ts';
import { forAll } from '../../for-all.ts';
import { endOf, type Script, START_MS, scriptTrades } from './trades.ts';

const WEEK_MS = 604_800_000;
const section = { window_trades: 200, max_age_ms: WEEK_MS, base_rate: 0.1 };

function riskOf(script: Script) {
  const trades = scriptTrades(script);
  return computeTraderRisk(trades, endOf(trades), section);
}

test('an agent without trades has exactly the base rate, whatever it is [PK-18]', () => {
  for (const base_rate of [0, 0.1, 0.3333333333333333, 1]) {
    assert.equal(computeTraderRisk([], START_MS, { ...section, base_rate }).p_risk, base_rate);
  }
});

test('own evidence weighs n / (20 + n)', () => {
  for (const count of [1, 20, 60]) {
    const risk = riskOf({ outcomes: 'wl'.repeat(count).slice(0, count) });
    assert.equal(risk.trade_count, count);
    const weight = 20 / (20 + count);
    assert.equal(risk.p_risk, weight * 0.1 + (1 - weight) * risk.calibrated);
  }
});

test('a calm agent lies below the base rate and one that doubles after every loss above the limit [PK-42]', () => {
  const outcomes = 'wllwlwwlll'.repeat(10);
  const calm = riskOf({ outcomes });
  const martingale = riskOf({ outcomes, size: (losses) => 100 * 2 ** losses });
  assert.ok(calm.p_risk < 0.1, `calm ${calm.p_risk}`);
  assert.ok(martingale.p_risk >= 0.5, `martingale ${martingale.p_risk}`);
});

test('an escalation shows at the opening of the larger trade, before it has a result', () => {
  const before = riskOf({ outcomes: `${'wl'.repeat(20)}ll` });
  const after = riskOf({ outcomes: `${'wl'.repeat(20)}llo`, size: (_, i) => (i === 42 ? 800 : 100) });
  assert.ok(after.features.reentry_growth > before.features.reentry_growth);
  assert.ok(after.p_risk > before.p_risk);
});

test('each feature is full where its definition says so and zero without its cause', () => {
  const flat = measureTrader(scriptTrades({ outcomes: 'wl'.repeat(20) }));
  assert.deepEqual(flat, { reentry_growth: 0, reentry_size: 0, loss_streak: 1 / 6, fast_flips: 0, burst: 0 });
  const streaks = ['w', 'l', 'lllll', 'llllll', 'lllllll'].map((end) =>
    measureTrader(scriptTrades({ outcomes: `w${end}` })),
  );
  assert.deepEqual(
    streaks.map((features) => features.loss_streak),
    [0, 1 / 6, 5 / 6, 1, 1],
  );
  const hurried = measureTrader(scriptTrades({ outcomes: 'w'.repeat(40), gap: (i) => (i >= 33 ? 30 / 8 : 30) }));
  assert.equal(hurried.burst, 1);
  const doubled = measureTrader(scriptTrades({ outcomes: 'w'.repeat(40), gap: (i) => (i >= 33 ? 15 : 30) }));
  assert.ok(Math.abs(doubled.burst - 1 / 3) < 1e-12);
});

test('shrinking after losses is not escalation, and slow turns are not flips', () => {
  const shrinking = measureTrader(scriptTrades({ outcomes: 'lllw'.repeat(10), size: (losses) => 100 / 2 ** losses }));
  assert.equal(shrinking.reentry_growth, 0);
  assert.equal(shrinking.reentry_size, 0);
  const turning: Script = { outcomes: 'w'.repeat(30), side: (i) => (i % 2 === 0 ? 'long' : 'short') };
  assert.equal(measureTrader(scriptTrades(turning)).fast_flips, 0);
  const fast = measureTrader(scriptTrades({ ...turning, gap: (i) => (i >= 20 ? 5 : 30) }));
  assert.ok(fast.fast_flips > 0.5, `${fast.fast_flips}`);
});

test('only trades open or closed within the age count, and of those the last of the window [PK-16 PK-17]', () => {
  const trades = scriptTrades({ outcomes: 'wlwlwo', gap: () => 60 });
  const third = trades[2]!.closed_at_ms!;
  const selected = selectTrades(trades, third + WEEK_MS, section);
  assert.deepEqual(selected, trades.slice(3));
  assert.deepEqual(selectTrades(trades, third + WEEK_MS - 1, section), trades.slice(2));
  assert.deepEqual(selectTrades(trades, third, { ...section, window_trades: 2 }), trades.slice(-2));
  const long = scriptTrades({ outcomes: 'wl'.repeat(150), gap: () => 1 });
  assert.equal(computeTraderRisk(long, endOf(long), section).trade_count, 200);
});

test('p_t is a probability, deterministic, and blind to the order of the list', () => {
  const trade = fc.record({
    symbol: fc.constantFrom('BTCUSDT', 'ETHUSDT'),
    side: fc.constantFrom<TradeRecord['side']>('long', 'short'),
    opened_at_ms: fc.integer({ min: START_MS, max: START_MS + WEEK_MS }),
    held: fc.option(fc.integer({ min: 0, max: 3_600_000 })),
    notional_usdt: fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
    pnl: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  });
  const list = fc.uniqueArray(trade, { selector: (one) => one.opened_at_ms, maxLength: 60 });
  forAll([list], { seed: 71, numRuns: 300 }, (drawn) => {
    const trades: TradeRecord[] = drawn.map(({ held, pnl, ...rest }) => ({
      ...rest,
      closed_at_ms: held === null ? null : rest.opened_at_ms + held,
      pnl_usdt: held === null ? null : pnl,
    }));
    const copy = structuredClone(trades);
    const risk = computeTraderRisk(trades, START_MS + WEEK_MS, section);
    assert.deepEqual(trades, copy);
    assert.ok(risk.p_risk >= 0 && risk.p_risk <= 1);
    for (const name of TRADER_FEATURE_NAMES) assert.ok(risk.features[name] >= 0 && risk.features[name] <= 1, name);
    // Closings in the same millisecond have no order of their own; all others do.
    const closings = trades.map((one) => one.closed_at_ms).filter((at) => at !== null);
    if (new Set(closings).size === closings.length) {
      assert.deepEqual(computeTraderRisk([...trades].reverse(), START_MS + WEEK_MS, section), risk);
    }
  });
});

test('a trade whose figures are no numbers is certain escalation, never calm', () => {
  const trades = scriptTrades({ outcomes: 'll' });
  const broken = [{ ...trades[0]!, notional_usdt: Number.NaN }, trades[1]!];
  assert.equal(computeTraderRisk(broken, endOf(trades), section).p_risk, 1);
});

test('no warning sign lowers the shipped score, and its calibration never falls', () => {
  for (const name of TRADER_FEATURE_NAMES) assert.ok(TRADER_STATE_MODEL.weights[name] > 0, name);
  const { knots } = TRADER_STATE_MODEL;
  assert.ok(knots.length > 1);
  for (let i = 1; i < knots.length; i++) {
    assert.ok(knots[i]![0] > knots[i - 1]![0]);
    assert.ok(knots[i]![1] >= knots[i - 1]![1]);
  }
});

test('the calibration is linear between knots and constant beyond them', () => {
  const model: TraderStateModel = {
    intercept: 0,
    weights: { reentry_growth: 0, reentry_size: 0, loss_streak: 0, fast_flips: 0, burst: 0 },
    knots: [
      [0.2, 0.1],
      [0.4, 0.3],
      [0.8, 0.3],
      [0.9, 0.7],
    ],
  };
  const cases = [
    [0, 0.1],
    [0.2, 0.1],
    [0.3, 0.2],
    [0.4, 0.3],
    [0.6, 0.3],
    [0.9, 0.7],
    [1, 0.7],
  ] as const;
  for (const [score, expected] of cases) assert.ok(Math.abs(calibrateScore(score, model) - expected) < 1e-12);
});
