import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { SymbolBars } from '../../daemon/evaluation/facts/markets.ts';
import { buildRegimeTape, createJudge, type MarketJudge } from '../../daemon/evaluation/judge/judge.ts';
import { RegimeDetector, scaleMarket } from '../../daemon/evaluation/judge/regime-detector.ts';
import { type JudgeScope, readScope } from '../../daemon/evaluation/judge/scope.ts';
import { BAR_MS, instrumentOf, looseScope, openBench, type TestRegime } from './fixture.ts';
import { type PlainBar, plainState } from './plain-regime.ts';

const { market } = readScope();
/** Small counts, so that every window fills and moves within a few hundred bars. */
const SMALL: JudgeScope['market'] = {
  ...market,
  window_bars: 6,
  baseline_bars: 40,
  min_history_bars: 20,
  liquidity: { ema_bars: 5, below_quantile: 0.1, baseline_bars: 30 },
};

function randomBars(seed: number, count: number, barMs: number, gapShare: number): PlainBar[] {
  const generator = xoroshiro128plus(seed);
  const draw = (): number => (generator.next() >>> 0) / 0x1_0000_0000;
  const bars: PlainBar[] = [];
  let close = 100;
  let openMs = 0;
  let spread = 0.004;
  for (let i = 0; i < count; i++) {
    openMs += draw() < gapShare ? barMs * (2 + Math.floor(draw() * 3)) : barMs;
    if (draw() < 0.03) spread = 0.001 + draw() * 0.02;
    // Some bars do not move at all, some jump.
    const move = draw() < 0.1 ? 0 : (draw() - 0.5) * spread * (draw() < 0.02 ? 12 : 1);
    close *= Math.exp(move);
    bars.push({ openMs, close, volume: 1 + draw() * 100 });
  }
  return bars;
}

test('SAE-VOL SAE-LIQ: the moving regime equals the definitions computed anew at every bar, gaps included', () => {
  const seen = new Set<number>();
  for (const [seed, barMs, gapShare] of [
    [1, BAR_MS, 0],
    [2, BAR_MS, 0.02],
    [3, 2 * BAR_MS, 0.01],
    [4, 7 * BAR_MS, 0],
    [5, BAR_MS / 3, 0.005],
  ] as const) {
    const bars = randomBars(seed, 260, barMs, gapShare);
    const detector = new RegimeDetector(scaleMarket(SMALL, barMs));
    for (let i = 0; i < bars.length; i++) {
      const { openMs, close, volume } = bars[i]!;
      detector.push(openMs, close, volume);
      const plain = plainState(bars.slice(0, i + 1), barMs, SMALL);
      const where = `seed ${seed}, bar ${i}`;
      assert.equal(detector.isKnown, plain.sigma !== null, `known: ${where}`);
      assert.equal(detector.label, plain.label, `label: ${where}`);
      if (plain.sigma === null) continue;
      seen.add(plain.label);
      assert.ok(Math.abs(Math.sqrt(detector.sumSquares) - plain.sigma) < 1e-12, `sigma: ${where}`);
      if (plain.quantile === null) assert.ok(Number.isNaN(detector.quantile), `no quantile: ${where}`);
      else assert.ok(Math.abs(detector.quantile - plain.quantile) < 1e-12, `quantile: ${where}`);
    }
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2], 'every label occurred');
});

test('SAE-VOL: counts keep their span of time on other bars, at least 2, and floors follow the span', () => {
  const cases = [
    [900_000, 60, 2880, 240, 4, 0.025],
    [300_000, 180, 8640, 720, 12, 0.025],
    [3_600_000, 15, 720, 60, 2, 0.025],
    [14_400_000, 4, 180, 15, 2, 0.025 * Math.sqrt(16 / 15)],
    [86_400_000, 2, 30, 3, 2, 0.025 * Math.sqrt(48 / 15)],
  ] as const;
  for (const [barMs, windowBars, baselineBars, minHistoryBars, holdBars, floor] of cases) {
    const settings = scaleMarket(market, barMs);
    assert.deepEqual(
      [settings.windowBars, settings.baselineBars, settings.minHistoryBars, settings.holdBars],
      [windowBars, baselineBars, minHistoryBars, holdBars],
      `${barMs} ms`,
    );
    assert.ok(Math.abs(settings.floorVolatile - floor) < 1e-12, `floor at ${barMs} ms`);
    assert.ok(Math.abs(settings.jumpShare - 6 / Math.sqrt(windowBars)) < 1e-12, `jump at ${barMs} ms`);
  }
});

/** A judge of one symbol with the usual history, and what closes the next bar at a price. */
function walk(regime: TestRegime, scope = looseScope({})) {
  const bench = openBench(scope, regime);
  let openMs = bench.startMs;
  const price = 50_000;
  return {
    judge: bench.judge,
    markAt: (at: number) => bench.judge.mark('BTCUSDT', openMs + 1000, at),
    closeAt: (at: number) => {
      bench.judge.bar('BTCUSDT', openMs, at, 1000);
      openMs += BAR_MS;
    },
    price,
    regime: () => bench.judge.regime('BTCUSDT'),
  };
}

test('SAE-VOL: a sigma equal to its quantile is volatile, twice the quantile extreme', () => {
  for (const regime of ['calm', 'volatile', 'extreme'] as const)
    assert.equal(walk(regime).regime(), regime, 'by the ratio');
  const { ratio } = market;
  const label = (share: number): number => {
    // One bar of a larger move among equal ones puts sigma at a chosen multiple of a constant baseline.
    const detector = new RegimeDetector(scaleMarket({ ...market, jump_sigma: 1000, absolute: FAR }, BAR_MS));
    const step = 0.0005;
    let close = 100;
    for (let i = 0; i <= 400; i++) {
      close *= Math.exp(i % 2 === 0 ? step : -step);
      detector.push(i * BAR_MS, close, 1);
    }
    const move = step * Math.sqrt(60 * share * share - 59);
    detector.push(401 * BAR_MS, close * Math.exp(move), 1e9);
    return detector.label;
  };
  assert.equal(label(ratio.volatile * (1 + 1e-6)), 1, 'just above the quantile');
  assert.equal(label(ratio.volatile * (1 - 1e-6)), 0, 'just below the quantile');
  assert.equal(label(ratio.extreme * (1 + 1e-6)), 2, 'just above twice the quantile');
  assert.equal(label(ratio.extreme * (1 - 1e-6)), 1, 'just below twice the quantile');
});
const FAR = { volatile: 100, extreme: 200 };
/** At equal volume a wilder market is a thinner one: without the proxy only sigma speaks. */
const LIQUID = { liquidity: { ...market.liquidity, below_quantile: 0 } };

test('SAE-VOL: the absolute floors bind when the past was as wild', () => {
  const loose = looseScope({});
  const past = { ...loose.market, ...LIQUID, ratio: { volatile: 100, extreme: 200 } };
  // Sigma of the tails: 0.0004, 0.0012 and 0.0024 times sqrt(60).
  for (const [floors, tail, expected] of [
    [{ volatile: 0.0094, extreme: 1 }, 'volatile', 'calm'],
    [{ volatile: 0.0092, extreme: 1 }, 'volatile', 'volatile'],
    [{ volatile: 0.0092, extreme: 0.0184 }, 'extreme', 'extreme'],
  ] as const)
    assert.equal(
      walk(tail, { ...loose, market: { ...past, absolute: floors } }).regime(),
      expected,
      `${tail} ${expected}`,
    );
});

test('SAE-VOL: a mark within the running bar raises the regime at once and never lowers it', () => {
  // Calm: sigma is 0.0031 over 60 bars, so a jump is a move of 0.0024.
  const up = walk('calm');
  up.markAt(up.price * Math.exp(0.00239));
  assert.equal(up.regime(), 'calm', 'just below a jump');
  up.markAt(up.price * Math.exp(-0.0024001));
  assert.equal(up.regime(), 'extreme', 'a jump');
  up.markAt(up.price);
  assert.equal(up.regime(), 'extreme', 'back again');
  const loose = looseScope({});
  const slow = walk('calm', { ...loose, market: { ...loose.market, ...LIQUID, jump_sigma: 1000 } });
  // The baseline is 0.001 * sqrt(60) = 0.00774: the bar must add 0.0071.
  slow.markAt(slow.price * Math.exp(0.007));
  assert.equal(slow.regime(), 'calm', 'below the quantile');
  slow.markAt(slow.price * Math.exp(0.00715));
  assert.equal(slow.regime(), 'volatile', 'above it');
  slow.markAt(slow.price * Math.exp(0.0152));
  assert.equal(slow.regime(), 'extreme', 'above twice of it');
});

test('SAE-VOL: a stricter label seen within a bar is left after four whole bars without it', () => {
  const bench = walk('calm');
  bench.markAt(bench.price * 1.003);
  const swing = (i: number): number => bench.price * (i % 2 === 0 ? 1.0004 : 1);
  bench.closeAt(swing(0));
  for (let i = 1; i <= 4; i++) {
    assert.equal(bench.regime(), 'extreme', `${i - 1} calm bars`);
    bench.closeAt(swing(i));
  }
  assert.equal(bench.regime(), 'calm', 'four calm bars');
});

test('SAE-VOL: the label of a close stands through the bar that begins with it', () => {
  const bench = walk('calm');
  bench.closeAt(bench.price * 1.003);
  const swing = (i: number): number => bench.price * 1.003 * (i % 2 === 0 ? 1.0004 : 1);
  for (let i = 0; i < 5; i++) {
    assert.equal(bench.regime(), 'extreme', `${i} bars after the jump`);
    bench.closeAt(swing(i));
  }
  assert.equal(bench.regime(), 'calm', 'the bar it began, and four more');
});

test('SAE-FUND: funding of one per cent per 8 h is extreme at once, whatever its sign, and held', () => {
  for (const rate of [0.01, -0.01, 0.5]) {
    const bench = walk('calm');
    bench.judge.funding('BTCUSDT', rate, 0);
    assert.equal(bench.regime(), 'extreme', `${rate}`);
    for (let i = 0; i < 8; i++) bench.closeAt(bench.price * (i % 2 === 0 ? 1.0004 : 1));
    assert.equal(bench.regime(), 'extreme', 'while it stands');
    bench.judge.funding('BTCUSDT', 0.0001, 1);
    assert.equal(bench.regime(), 'extreme', 'held');
    for (let i = 0; i < 5; i++) bench.closeAt(bench.price * (i % 2 === 0 ? 1.0004 : 1));
    assert.equal(bench.regime(), 'calm', 'left');
  }
  const below = walk('calm');
  below.judge.funding('BTCUSDT', 0.0099999, 0);
  assert.equal(below.regime(), 'calm', 'just below');
});

test('SAE-LIQ: a market thinner than 98 of 100 of its past bars is volatile', () => {
  const bench = walk('calm');
  bench.judge.bar('ETHUSDT', 20 * 86_400_000, 2501, 1);
  assert.equal(bench.judge.regime('ETHUSDT'), 'calm', 'one thin bar moves the average little');
  for (let i = 1; i < 60; i++) {
    const close = i % 2 === 0 ? 2501 : 2500;
    bench.judge.bar('ETHUSDT', 20 * 86_400_000 + i * BAR_MS, close, 1);
  }
  assert.equal(bench.judge.regime('ETHUSDT'), 'volatile', 'sixty do');
});

test('a tape gives the same regimes as bars that come one by one; another market or scope is refused', () => {
  const bars = randomBars(8, 400, BAR_MS, 0.005);
  const column = (read: (bar: PlainBar) => number): Float64Array => Float64Array.from(bars, read);
  const closes = column((bar) => bar.close);
  const data: SymbolBars = {
    instrument: instrumentOf('BTCUSDT'),
    openMs: column((bar) => bar.openMs),
    open: closes,
    high: closes,
    low: closes,
    close: closes,
    volume: column((bar) => bar.volume),
    funding: [],
    gaps: [],
  };
  const scope = { ...looseScope({}), market: SMALL };
  const setup = { scope, instruments: [data.instrument], barMs: BAR_MS, startEquityUsdt: 1 };
  const tapes = new Map([['BTCUSDT', buildRegimeTape(data, BAR_MS, SMALL)]]);
  const one = createJudge(setup);
  const other = createJudge({ ...setup, tapes });
  const tell = (judge: MarketJudge, bar: PlainBar): string => {
    judge.bar('BTCUSDT', bar.openMs, bar.close, bar.volume);
    judge.mark('BTCUSDT', bar.openMs + BAR_MS + 1, bar.close * 1.004);
    return judge.regime('BTCUSDT');
  };
  const seen = new Set<string>();
  for (const bar of bars) {
    const regime = tell(one, bar);
    assert.equal(tell(other, bar), regime, `bar ${bar.openMs}`);
    seen.add(regime);
  }
  assert.equal(seen.size, 3, 'every regime occurred');
  assert.throws(() => createJudge({ ...setup, barMs: 2 * BAR_MS, tapes }), RangeError, 'another bar length');
  assert.throws(() => createJudge({ ...setup, scope: looseScope({}), tapes }), RangeError, 'another scope');
  const third = createJudge({ ...setup, tapes });
  assert.throws(() => third.bar('BTCUSDT', 5, 1, 1), RangeError, 'another bar');
});
