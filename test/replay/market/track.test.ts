import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MarketSection } from '../../../daemon/core/policy.ts';
import type { MarketData } from '../../../daemon/evaluation/facts/markets.ts';
import { readMarketData } from '../../../daemon/evaluation/market/read.ts';
import { MarketTrack } from '../../../daemon/evaluation/market/track.ts';
import { market as section, withWindows } from '../../core/features/market-section.ts';
import { MARKET_FOLDER } from '../../fixtures/recorded.ts';
import { forAll } from '../../for-all.ts';
import { compareWithLiveMarket } from './live-oracle.ts';
import { buildWalk, sliceMarket } from './market-kit.ts';

const MINUTE_MS = 60_000;
const CRASH_MS = Date.UTC(2025, 9, 10, 21, 15);

/** Windows that divide by four and three, so that bars of other lengths need no rounding. */
const windows = withWindows({ window_bars: 12, baseline_bars: 48, min_history_bars: 12, ema_bars: 12 });
/** Thresholds between which the made-up walks move, so that every regime is entered and left. */
const short: MarketSection = {
  ...windows,
  volatility: { ...windows.volatility, volatile: 1.2, absolute: { volatile: 0.1, extreme: 0.2 } },
};
const lengths = [
  { barMs: 15 * MINUTE_MS, section: short },
  { barMs: 5 * MINUTE_MS, section: short },
  { barMs: 60 * MINUTE_MS, section: short },
  // Funding settles inside such a bar.
  { barMs: 720 * MINUTE_MS, section: { ...short, bar_ms: 720 * MINUTE_MS } },
] as const;

test('SAE-SAME-CODE: regime and features are those of the gate at every mark, on recorded bars, either way', (t) => {
  const whole = readMarketData(MARKET_FOLDER);
  const crash = whole.symbols[0]!.openMs.indexOf(CRASH_MS);
  const market = sliceMarket(whole, 0, crash + 300, crash - 300);
  const track = new MarketTrack(market, section);
  for (const symbol of [0, 1]) {
    for (const isLowFirst of [() => true, () => false, (bar: number) => (bar * 7919) % 3 === 0]) {
      const { steps, changes } = compareWithLiveMarket(market, section, track, symbol, isLowFirst);
      assert.equal(steps, 600 * 21, 'every mark was compared');
      assert.ok(changes > 10, `the regime changed (${changes} times)`);
      t.diagnostic(`symbol ${symbol}: ${changes} changes of regime in ${steps} marks`);
    }
  }
});

test('SAE-SAME-CODE: the same with gaps, other bar lengths, random directions, and any warm-up', () => {
  let changes = 0;
  forAll(
    [
      fc.record({
        seed: fc.integer({ min: 1, max: 1e6 }),
        length: fc.constantFrom(...lengths),
        warmupBars: fc.integer({ min: 0, max: 60 }),
        holes: fc.array(fc.integer({ min: 1, max: 158 }), { maxLength: 6 }),
        fundingHours: fc.constantFrom(1, 4, 8),
        directions: fc.array(fc.boolean(), { minLength: 160, maxLength: 160 }),
        holdBars: fc.constantFrom(2, 4, 12),
      }),
    ],
    { numRuns: 60, seed: 3 },
    ({ seed, length, warmupBars, holes, fundingHours, directions, holdBars }) => {
      const { barMs } = length;
      const market = buildWalk({ seed, bars: 160, barMs, warmupBars, holes, fundingHours });
      const policy = { ...length.section, regime_hold_bars: holdBars };
      const track = new MarketTrack(market, policy);
      changes += compareWithLiveMarket(market, policy, track, 0, (bar) => directions[bar]!).changes;
    },
  );
  assert.ok(changes > 500, `the regimes changed (${changes} times)`);
});

/** Everything the track says about a bar, as text. */
function describeBar(track: MarketTrack, market: MarketData, bar: number, steps = 21): string {
  const bars = market.symbols[0]!;
  const held = [true, false].map((lowFirst) =>
    Array.from({ length: steps }, (_, step) => track.held(0, bar, lowFirst, step)),
  );
  const openMs = bars.openMs[bar]!;
  const live = track.live(0, bar, bars.open[bar]! * 1.001);
  const place = track.barIndexAt(0, openMs + market.barMs / 2);
  return JSON.stringify([track.closed(0, bar), live, held, place, track.fundingRate8h(0, openMs)]);
}

test('no figure depends on a later bar or settlement', () => {
  forAll(
    [fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 158 }), fc.double({ min: 0.5, max: 2, noNaN: true })],
    { numRuns: 40, seed: 5 },
    (seed, cut, factor) => {
      const market = buildWalk({ seed, bars: 160, barMs: 15 * MINUTE_MS, warmupBars: 20, holes: [40, 41] });
      const track = new MarketTrack(market, short);
      const bars = market.symbols[0]!;
      const from = Math.min(cut, bars.openMs.length - 1);
      const change = (column: Float64Array) => column.map((value, i) => (i > from ? value * factor : value));
      const other: MarketData = {
        ...market,
        symbols: [
          {
            ...bars,
            open: change(bars.open),
            // The running bar may go anywhere from its open on.
            high: change(bars.high).fill(bars.high[from]! * 1.05, from, from + 1),
            low: change(bars.low).fill(bars.low[from]! * 0.9, from, from + 1),
            close: change(bars.close).fill(bars.low[from]! * 0.95, from, from + 1),
            volume: change(bars.volume).fill(bars.volume[from]! * 3, from, from + 1),
            funding: bars.funding.map((point) =>
              point.atMs > bars.openMs[from]! ? { ...point, rate: point.rate + 0.01 } : point,
            ),
          },
        ],
      };
      const changed = new MarketTrack(other, short);
      for (let bar = 0; bar < from; bar++) {
        // The last mark of a bar is at the instant at which the next one opens.
        const steps = bar === from - 1 ? 20 : 21;
        assert.equal(
          describeBar(changed, other, bar, steps),
          describeBar(track, market, bar, steps),
          `bar ${bar} of ${from}`,
        );
      }
      assert.equal(describeBar(changed, other, from, 1), describeBar(track, market, from, 1), 'the open of the bar');
    },
  );
});

test('a bar is found by any instant in it, a gap is none', () => {
  const market = buildWalk({ seed: 1, bars: 10, barMs: 15 * MINUTE_MS, warmupBars: 0, holes: [4, 5] });
  const track = new MarketTrack(market, short);
  const first = market.symbols[0]!.openMs[0]!;
  const at = (bars: number) => track.barIndexAt(0, first + bars * market.barMs);
  assert.deepEqual([-0.001, 0, 0.999, 1, 3.999].map(at), [-1, 0, 0, 1, 3], 'before the gap');
  assert.deepEqual([4, 5.999, 6, 9.999, 10].map(at), [-1, -1, 4, 7, -1], 'from the gap on');
});

test('before the first bar nothing is known and the regime is extreme', () => {
  const market = buildWalk({ seed: 2, bars: 30, barMs: 15 * MINUTE_MS, warmupBars: 0 });
  const track = new MarketTrack(market, short);
  assert.deepEqual([track.closed(0, 0), track.live(0, 0, 60_000)], [null, null], 'no features');
  assert.equal(track.held(0, 0, true, 20), 'extreme', 'held');
  assert.notEqual(track.closed(0, 30), null, 'one past the last bar: all of them have closed');
  assert.equal(track.live(0, 5, Number.NaN), null, 'no mark');
});

test('SAE-FUND: the last settled rate counts, per 8 hours, from its own instant on', () => {
  const market = buildWalk({ seed: 3, bars: 100, barMs: 15 * MINUTE_MS, warmupBars: 0, fundingHours: 4 });
  const track = new MarketTrack(market, short);
  const [first, second] = market.symbols[0]!.funding;
  assert.equal(track.fundingRate8h(0, first!.atMs - 1), 0, 'none before the first');
  assert.equal(track.fundingRate8h(0, first!.atMs), first!.rate * 2, 'at its instant, twice a 4-hour rate');
  assert.equal(track.fundingRate8h(0, second!.atMs - 1), first!.rate * 2, 'until the next');
  assert.equal(
    track.fundingRate8h(0, second!.atMs + 1e9),
    market.symbols[0]!.funding.at(-1)!.rate * 2,
    'the last stays',
  );
});

test('what is not there is an error, not a default', () => {
  const market = buildWalk({ seed: 4, bars: 5, barMs: 15 * MINUTE_MS, warmupBars: 0 });
  const track = new MarketTrack(market, short);
  assert.throws(() => track.held(0, 5, true, 0), RangeError, 'no such bar');
  assert.throws(() => track.held(0, 1, true, 21), RangeError, 'no such step');
  assert.throws(() => track.held(0, 1, true, -1), RangeError, 'no such step');
  assert.throws(() => track.fundingRate8h(1, 0), RangeError, 'no such symbol');
});

test('the recorded market is prepared once and fast', (t) => {
  const market = readMarketData(MARKET_FOLDER);
  const began = performance.now();
  const track = new MarketTrack(market, section);
  t.diagnostic(
    `${Math.round(performance.now() - began)} ms for two symbols of ${market.symbols[0]!.openMs.length} bars`,
  );
  const crash = market.symbols[0]!.openMs.indexOf(CRASH_MS);
  assert.equal(track.held(0, crash, true, 7), 'extreme', 'the crash of 2025-10-10 is extreme at its low');
});
