import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bar, type MarketFeatures, scaleBarCount } from '../../../daemon/core/features/market.ts';
import { MAX_JUMP_RATIO, MarketFeatureWindow } from '../../../daemon/core/features/market-window.ts';
import { forAll } from '../../for-all.ts';
import { market, withWindows } from './market-section.ts';
import { barsOfCloses, syntheticBars } from './synthetic-bars.ts';

const BAR_MS = 900_000;

function featuresOf(bars: readonly Bar[], section = market): MarketFeatures[] {
  const window = new MarketFeatureWindow(BAR_MS, section);
  return bars.map((bar) => {
    assert.equal(window.applyBar(bar).kind, 'applied');
    return window.readClosed()!;
  });
}

/** The definition of SAE section 4 written out over the whole series, quadratic and without state. */
function sigmaAt(bars: readonly Bar[], t: number, window: number): number {
  let sum = 0;
  for (let i = Math.max(1, t - window + 1); i <= t; i++) sum += Math.log(bars[i]!.close / bars[i - 1]!.close) ** 2;
  return Math.sqrt(sum);
}
function rank(values: readonly number[], q: number): number | null {
  return [...values].sort((a, b) => a - b)[Math.ceil(q * values.length) - 1] ?? null;
}

test('SAE-VOL: sigma, its baseline and the jump equal the written-out definition to the bit [AN-105 PK-77 PK-78 PK-79]', () => {
  const section = withWindows({ window_bars: 10, baseline_bars: 40 });
  const bars = syntheticBars(11, 400, BAR_MS);
  const features = featuresOf(bars, section);
  for (let t = 1; t < bars.length; t++) {
    const seen = features[t]!;
    assert.equal(seen.sigma, sigmaAt(bars, t, 10));
    const before: number[] = [];
    for (let i = Math.max(10, t - 40); i < t; i++) before.push(sigmaAt(bars, i, 10));
    assert.equal(seen.history_count, before.length);
    assert.equal(seen.sigma_baseline, rank(before, 0.75));
    const move = Math.abs(Math.log(bars[t]!.close / bars[t - 1]!.close));
    const expected = t === 1 ? 0 : move / (sigmaAt(bars, t - 1, 10) / Math.sqrt(Math.min(10, t - 1)));
    assert.equal(seen.jump_ratio, expected);
    assert.equal(seen.bars_as_of_ms, bars[t]!.open_time_ms + BAR_MS);
  }
});

test('SAE-LIQ: liquidity is the volume average over sigma, its floor the low quantile of the bars before [PK-88 PK-89 PK-90]', () => {
  const section = withWindows({ window_bars: 5, baseline_bars: 30, ema_bars: 3 });
  const bars = syntheticBars(12, 200, BAR_MS);
  const features = featuresOf(bars, section);
  let ema = bars[0]!.volume;
  const liquidities: number[] = [];
  bars.forEach((bar, t) => {
    if (t > 0) ema += (2 / 4) * (bar.volume - ema);
    const liquidity = ema / (sigmaAt(bars, t, 5) + 1e-7);
    assert.equal(features[t]!.liquidity, liquidity);
    assert.equal(features[t]!.liquidity_floor, rank(liquidities.slice(-30), 0.02));
    if (t >= 5) liquidities.push(liquidity);
  });
});

test('sigma does not drift: after 100,000 bars it is that of the last window alone, bit for bit', () => {
  const bars = syntheticBars(13, 100_000, BAR_MS);
  const last = featuresOf(bars).at(-1)!;
  const fresh = featuresOf(bars.slice(-61)).at(-1)!;
  assert.equal(last.sigma, fresh.sigma);
  assert.equal(last.sigma, sigmaAt(bars, bars.length - 1, 60));
});

test('reading in between, at any bar, never changes a later feature', () => {
  const bars = syntheticBars(14, 300, BAR_MS);
  const undisturbed = featuresOf(bars).at(-1);
  forAll(
    [fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { maxLength: 300 })],
    { seed: 3, numRuns: 40 },
    (marks) => {
      const window = new MarketFeatureWindow(BAR_MS, market);
      bars.forEach((bar, i) => {
        window.applyBar(bar);
        if (marks[i] !== undefined) window.readLive(marks[i]);
      });
      assert.deepEqual(window.readClosed(), undisturbed);
    },
  );
});

test('no look-ahead: changing a bar changes no feature of an earlier one', () => {
  const bars = syntheticBars(15, 250, BAR_MS);
  const before = featuresOf(bars, withWindows({ window_bars: 10, baseline_bars: 50 }));
  forAll(
    [fc.integer({ min: 1, max: 249 }), fc.double({ min: 0.5, max: 2, noNaN: true })],
    { seed: 5, numRuns: 60 },
    (at, factor) => {
      const close = bars[at]!.close * factor;
      const changed = {
        ...bars[at]!,
        close,
        high: Math.max(close, bars[at]!.high),
        low: Math.min(close, bars[at]!.low),
      };
      const after = featuresOf(bars.with(at, changed), withWindows({ window_bars: 10, baseline_bars: 50 }));
      assert.deepEqual(after.slice(0, at), before.slice(0, at));
      // The baseline of a bar does not contain the bar itself either.
      assert.equal(after[at]!.sigma_baseline, before[at]!.sigma_baseline);
    },
  );
});

test('live features equal the closed ones at the last close and only rise as the mark moves away', () => {
  const bars = syntheticBars(16, 400, BAR_MS);
  const window = new MarketFeatureWindow(BAR_MS, market);
  for (const bar of bars) window.applyBar(bar);
  const closed = window.readClosed()!;
  const close = bars.at(-1)!.close;
  assert.deepEqual(window.readLive(close), closed);
  for (const direction of [1, -1]) {
    let last = closed;
    for (let step = 1; step <= 50; step++) {
      const live = window.readLive(close * (1 + direction * step * 0.001))!;
      assert.ok(live.sigma > last.sigma);
      assert.ok(live.jump_ratio >= last.jump_ratio);
      assert.ok(live.liquidity < last.liquidity);
      assert.equal(live.sigma_baseline, closed.sigma_baseline);
      last = live;
    }
  }
});

test('live sigma adds the squared move of the running bar to the whole window', () => {
  const window = new MarketFeatureWindow(BAR_MS, withWindows({ window_bars: 2 }));
  for (const bar of barsOfCloses([100, 101, 99], BAR_MS)) window.applyBar(bar);
  const moves = [Math.log(101 / 100), Math.log(99 / 101), Math.log(103 / 99)].map((move) => move * move);
  assert.equal(window.readLive(103)!.sigma, Math.sqrt(moves[0]! + moves[1]! + moves[2]!));
  const sigma = window.readClosed()!.sigma;
  assert.equal(window.readLive(103)!.jump_ratio, Math.log(103 / 99) / (sigma / Math.sqrt(2)));
});

test('the running bar is a jump before it closes, and the closed one keeps the ratio [AN-105]', () => {
  const quiet = syntheticBars(17, 140, BAR_MS);
  const window = new MarketFeatureWindow(BAR_MS, market);
  for (const bar of quiet) window.applyBar(bar);
  const crash = quiet.at(-1)!.close * 0.95;
  const live = window.readLive(crash)!.jump_ratio;
  assert.ok(live >= 6, `jump ratio ${live}`);
  window.applyBar({
    open_time_ms: quiet.at(-1)!.open_time_ms + BAR_MS,
    open: quiet.at(-1)!.close,
    high: quiet.at(-1)!.close,
    low: crash,
    close: crash,
    volume: 1,
  });
  assert.equal(window.readClosed()!.jump_ratio, live);
});

test('a missing bar is reported, the window starts anew and the baseline stays until it is too old', () => {
  const section = withWindows({ window_bars: 5, baseline_bars: 20 });
  const bars = syntheticBars(18, 60, BAR_MS);
  const window = new MarketFeatureWindow(BAR_MS, section);
  for (const bar of bars.slice(0, 40)) window.applyBar(bar);
  const before = window.readClosed()!;
  assert.equal(before.history_count, 20);
  assert.deepEqual(window.applyBar(bars[43]!), { kind: 'applied_after_gap', missing_bars: 3 });
  const after = window.readClosed()!;
  assert.equal(after.bar_count, 1);
  assert.equal(after.sigma, 0);
  assert.equal(after.jump_ratio, 0);
  // Three of twenty places are a hole in time: 20 - 3 values remain, not 20.
  assert.equal(after.history_count, 17);
  for (const bar of bars.slice(44, 49)) assert.deepEqual(window.applyBar(bar), { kind: 'applied' });
  assert.equal(window.readClosed()!.bar_count, 6);
  assert.equal(window.readClosed()!.sigma, sigmaAt(bars.slice(43, 49), 5, 5));
});

test('the average of volume goes on across a gap (SAE-LIQ)', () => {
  const section = withWindows({ window_bars: 5, baseline_bars: 30, ema_bars: 3 });
  const bars = syntheticBars(25, 60, BAR_MS).filter((_, t) => t < 40 || t >= 43);
  const window = new MarketFeatureWindow(BAR_MS, section);
  let ema = bars[0]!.volume;
  for (const [t, bar] of bars.entries()) {
    window.applyBar(bar);
    if (t > 0) ema += (2 / 4) * (bar.volume - ema);
    const { liquidity, sigma } = window.readClosed()!;
    assert.ok(Math.abs(liquidity / (ema / (sigma + 1e-7)) - 1) < 1e-9, `bar ${t}: ${liquidity}`);
  }
});

test('a gap longer than the baseline leaves no history', () => {
  const section = withWindows({ window_bars: 5, baseline_bars: 20 });
  const bars = syntheticBars(19, 100, BAR_MS);
  const window = new MarketFeatureWindow(BAR_MS, section);
  for (const bar of bars.slice(0, 40)) window.applyBar(bar);
  assert.equal(window.applyBar(bars[70]!).kind, 'applied_after_gap');
  assert.equal(window.readClosed()!.history_count, 0);
  assert.equal(window.readClosed()!.sigma_baseline, null);
  assert.equal(window.readClosed()!.liquidity_floor, null);
});

test('a bar that is late, repeated, misaligned or no bar is rejected and leaves no trace', () => {
  const bars = syntheticBars(20, 80, BAR_MS);
  const window = new MarketFeatureWindow(BAR_MS, market);
  for (const bar of bars) window.applyBar(bar);
  const before = window.readClosed();
  const last = bars.at(-1)!;
  const next = { ...last, open_time_ms: last.open_time_ms + BAR_MS };
  assert.deepEqual(window.applyBar(last), { kind: 'rejected', reason: 'not_newer' });
  assert.deepEqual(window.applyBar(bars[3]!), { kind: 'rejected', reason: 'not_newer' });
  assert.deepEqual(window.applyBar({ ...next, open_time_ms: next.open_time_ms + 1 }), {
    kind: 'rejected',
    reason: 'misaligned',
  });
  const broken: Partial<Bar>[] = [
    { close: Number.NaN },
    { close: 0, low: 0 },
    { close: -1, low: -1 },
    { close: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    { high: last.low - 1 },
    { volume: -1 },
    { volume: Number.NaN },
    { open_time_ms: next.open_time_ms + 0.5 },
  ];
  for (const part of broken) {
    assert.deepEqual(window.applyBar({ ...next, ...part }), { kind: 'rejected', reason: 'implausible' });
  }
  assert.deepEqual(window.readClosed(), before);
});

test('without a bar, or with a mark that is no price, there are no features', () => {
  const window = new MarketFeatureWindow(BAR_MS, market);
  assert.equal(window.readClosed(), null);
  assert.equal(window.readLive(60_000), null);
  window.applyBar(syntheticBars(21, 1, BAR_MS)[0]!);
  for (const mark of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(window.readLive(mark), null);
});

test('a move after a window without any is a jump of the largest ratio, and every feature stays finite', () => {
  const window = new MarketFeatureWindow(BAR_MS, withWindows({ window_bars: 3 }));
  for (const bar of barsOfCloses([100, 100, 100, 100, 100], BAR_MS, 0)) window.applyBar(bar);
  assert.equal(window.readClosed()!.jump_ratio, 0);
  const live = window.readLive(100.1)!;
  assert.equal(live.jump_ratio, MAX_JUMP_RATIO);
  for (const value of Object.values(live)) assert.ok(value === null || Number.isFinite(value));
});

test('window counts are of policy bars: other bar lengths cover the same time, at least two bars [PK-76]', () => {
  const cases = [
    [900_000, 60],
    [300_000, 180],
    [3_600_000, 15],
    [14_400_000, 4],
    [86_400_000, 2],
  ] as const;
  for (const [barMs, expected] of cases) assert.equal(new MarketFeatureWindow(barMs, market).windowBars, expected);
  assert.throws(() => new MarketFeatureWindow(0, market), RangeError);
});

test('SAE-LIQ: a quantile of 0 is never reached, also by a new low [PK-89]', () => {
  const section = withWindows({ window_bars: 5, baseline_bars: 30, ema_bars: 3 });
  const never = { ...section, liquidity: { ...section.liquidity, below_quantile: 0 } };
  const bars = syntheticBars(13, 120, BAR_MS).map((bar, t) => (t > 100 ? { ...bar, volume: bar.volume / 1000 } : bar));
  const features = featuresOf(bars, never);
  for (const { history_count, liquidity, liquidity_floor } of features) {
    assert.equal(liquidity_floor, history_count === 0 ? null : 0, 'unknown without a past, else out of reach');
    assert.ok(liquidity! >= (liquidity_floor ?? 0), 'never below');
  }
  assert.ok(
    featuresOf(bars, section).some(({ liquidity, liquidity_floor }) => liquidity! < (liquidity_floor ?? 0)),
    'the new lows are there to be seen',
  );
});

test('counts of bars are those of the policy on bars of its own length, and at least 2 on others [PK-76]', () => {
  const table: readonly [count: number, actualMs: number, expected: number][] = [
    [1, BAR_MS, 1],
    [4, BAR_MS, 4],
    [4, 4 * BAR_MS, 2],
    [1, 4 * BAR_MS, 2],
    [1, BAR_MS / 15, 15],
    [60, 300_000, 180],
  ];
  for (const [count, actualMs, expected] of table)
    assert.equal(scaleBarCount(count, BAR_MS, actualMs), expected, `${count} bars, now of ${actualMs} ms`);
});
