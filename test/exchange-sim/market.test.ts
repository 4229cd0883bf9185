import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { e8, format } from '../../daemon/exchange-sim/core/fixed.ts';
import { INSTRUMENTS } from '../../daemon/exchange-sim/core/instruments.ts';
import { changeMarginType } from '../../daemon/exchange-sim/core/orders/settings.ts';
import { createState } from '../../daemon/exchange-sim/core/state.ts';
import { type Bar, pathTicks } from '../../daemon/exchange-sim/market/bars.ts';
import { buildKlines } from '../../daemon/exchange-sim/market/klines.ts';
import { PREHISTORY_BARS, SYNTHETIC_BAR_MS, SyntheticMarket } from '../../daemon/exchange-sim/market/synthetic.ts';
import { readTapes, TapeError } from '../../daemon/exchange-sim/market/tape.ts';
import { advanceTo, createWorld, type World } from '../../daemon/exchange-sim/market/world.ts';
import { MARKET_FOLDER, WARMUP_BARS, WINDOW_BARS, WINDOW_END_MS, WINDOW_START_MS } from '../fixtures/recorded.ts';
import { tempFolder } from '../temp-folder.ts';
import { accept, marketOf, position, request } from './engine-fixture.ts';

const WINDOW = 60;
const BASELINE = 2880;

/** sqrt of the sum of squared log returns over the last 60 bars that end at each index; NaN before there are 60. */
function sigmas(closes: readonly number[]): readonly number[] {
  const squares = closes.map((close, i) => (i === 0 ? 0 : Math.log(close / (closes[i - 1] ?? close)) ** 2));
  return closes.map((_, i) =>
    i < WINDOW ? Number.NaN : Math.sqrt(squares.slice(i - WINDOW + 1, i + 1).reduce((sum, s) => sum + s, 0)),
  );
}

function nearestRank(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(q * sorted.length) - 1] ?? Number.NaN;
}

/** Why the last bar would not read calm; empty when it does. */
function notCalm(bars: readonly Bar[]): string[] {
  const closes = bars.map((bar) => bar.close);
  const sigma = sigmas(closes);
  const last = bars.length - 1;
  const now = sigma[last] ?? Number.NaN;
  const before = sigma.slice(0, last).filter(Number.isFinite).slice(-BASELINE);
  const problems: string[] = [];
  if (!(now < nearestRank(before, 0.75))) problems.push(`sigma ${now} is not below its quantile`);
  if (!(now < 0.025)) problems.push(`sigma ${now} is above the floor`);
  const bar = bars[last];
  const lastClose = closes[last - 1] ?? 0;
  // The running bar may show any mark of its path, so its extremes count too.
  const move = Math.max(...[bar?.high, bar?.low].map((price) => Math.abs(Math.log((price ?? 0) / lastClose))));
  if (move >= (6 * (sigma[last - 1] ?? 0)) / Math.sqrt(WINDOW)) problems.push(`a jump of ${move}`);
  let ema = bars[0]?.volume ?? 0;
  const ratios = bars.map((b, i) => {
    ema += (2 / (WINDOW + 1)) * (b.volume - ema);
    return ema / ((sigma[i] ?? 0) + 1e-12);
  });
  const past = ratios.slice(0, last).filter(Number.isFinite).slice(-BASELINE);
  if (!((ratios[last] ?? 0) > nearestRank(past, 0.02))) problems.push('liquidity is in its lowest 2 %');
  return problems;
}

describe('the synthetic market', () => {
  it('is the same for the same seed and another for another', () => {
    const tape = (seed: number) => {
      const source = new SyntheticMarket(INSTRUMENTS, seed, 1_740_960_000_000).sources.get('BTCUSDT');
      return JSON.stringify(Array.from({ length: 3500 }, (_, index) => source?.bar(index)));
    };
    assert.equal(tape(5), tape(5));
    assert.notEqual(tape(5), tape(6));
  });

  it('does not depend on the order in which its symbols and bars are asked for', () => {
    const market = new SyntheticMarket(INSTRUMENTS, 5, 1_740_960_000_000);
    const other = new SyntheticMarket(INSTRUMENTS, 5, 1_740_960_000_000);
    const far = market.sources.get('ETHUSDT')?.bar(3400);
    for (let index = 0; index <= 3400; index++) other.sources.get('BTCUSDT')?.bar(index);
    assert.deepEqual(other.sources.get('ETHUSDT')?.bar(3400), far);
  });

  it('opens at the start price after 3,000 sound bars', () => {
    const market = new SyntheticMarket(INSTRUMENTS, 9, 1_740_960_123_456);
    for (const [symbol, ticks] of [
      ['BTCUSDT', 600_000],
      ['ETHUSDT', 300_000],
    ] as const) {
      const source = market.sources.get(symbol);
      assert.equal(source?.bar(PREHISTORY_BARS)?.open, ticks);
      assert.equal(source?.indexAt(1_740_960_123_456), PREHISTORY_BARS);
      for (let index = 0; index < PREHISTORY_BARS + 500; index++) {
        const bar = source?.bar(index);
        assert.ok(bar !== undefined && bar.low > 0 && bar.volume > 0);
        assert.ok(bar.low <= Math.min(bar.open, bar.close) && bar.high >= Math.max(bar.open, bar.close));
        if (index > 0) assert.equal(bar.open, source?.bar(index - 1)?.close);
      }
    }
  });

  it('reads calm for its first 30 minutes, for 50 seeds', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const market = new SyntheticMarket(INSTRUMENTS, seed, 1_740_960_000_000 + 14 * 60_000);
      for (const [symbol, source] of market.sources) {
        const bars = Array.from({ length: PREHISTORY_BARS + 4 }, (_, index) => source.bar(index) as Bar);
        // 14 minutes into a bar, 30 minutes reach into the third bar after the prehistory.
        for (let running = PREHISTORY_BARS; running < PREHISTORY_BARS + 3; running++) {
          assert.deepEqual(notCalm(bars.slice(0, running + 1)), [], `${symbol}, seed ${seed}, bar ${running}`);
        }
      }
    }
  });

  it('brings volatile stretches and jumps later on', () => {
    const source = new SyntheticMarket(INSTRUMENTS, 4, 1_740_960_000_000).sources.get('BTCUSDT');
    const closes = Array.from({ length: 8000 }, (_, index) => source?.bar(index)?.close ?? 0);
    const live = sigmas(closes).slice(PREHISTORY_BARS);
    assert.ok(live.filter((sigma) => sigma > 0.025).length > 200);
    assert.ok(live.filter((sigma) => sigma < 0.02).length > 200);
  });
});

describe('the path within a bar', () => {
  const bar: Bar = { openMs: 0, open: 1000, high: 1140, low: 930, close: 1060, volume: 10 };

  it('reaches both extremes exactly, the adverse one first, and ends at the close', () => {
    const down = Array.from({ length: 21 }, (_, step) => pathTicks(bar, true, step));
    assert.deepEqual([down[0], down[7], down[14], down[20]], [1000, 930, 1140, 1060]);
    const up = Array.from({ length: 21 }, (_, step) => pathTicks(bar, false, step));
    assert.deepEqual([up[0], up[7], up[14], up[20]], [1000, 1140, 930, 1060]);
    assert.equal(Math.max(...down), 1140);
    assert.equal(Math.min(...up), 930);
  });
});

const START_MS = 1_700_000_100_000 - (1_700_000_100_000 % 900_000);

/** Writes a tape of BTCUSDT: 120 flat bars at 60,000, then the given ones. */
function withTape(rows: readonly (readonly [number, number, number, number])[], run: (world: World) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'tape-'));
  try {
    const flat = Array.from({ length: 120 }, () => [60_000, 60_000, 60_000, 60_000] as const);
    const lines = [...flat, ...rows].map((row, i) => `${START_MS + i * 900_000},${row.join(',')},100`);
    writeFileSync(join(folder, 'BTCUSDT-15m.csv'), `open_time_ms,open,high,low,close,volume\n${lines.join('\n')}\n`);
    const [tape] = readTapes(folder);
    assert.ok(tape !== undefined);
    const state = createState([tape.instrument], e8('10000'), START_MS + 119 * 900_000);
    run(createWorld(state, new Map([['BTCUSDT', tape.source]])));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('walking the tape', () => {
  // Falls to 55,000 and rises to 65,000 before it closes where it opened.
  const wild = [60_000, 65_000, 55_000, 60_000] as const;

  for (const side of ['BUY', 'SELL'] as const) {
    it(`liquidates a 20x ${side === 'BUY' ? 'long' : 'short'} at the adverse extreme, which comes first`, () => {
      withTape([wild], ({ ...world }) => {
        const market = marketOf(world.state);
        changeMarginType(world.state, market, 'ISOLATED');
        accept(world.state, request(side, '0.1'));
        advanceTo(world, START_MS + 120 * 900_000 + 7 * 45_000);
        assert.equal(format(market.mark, 0), side === 'BUY' ? '55000' : '65000');
        assert.equal(world.state.liquidations.length, 1);
        assert.equal(position(world.state), '0.000');
      });
    });
  }

  it('is the same in one leap and in many small ones', () => {
    const results: string[] = [];
    for (const stepMs of [900_000 * 3, 1234, 45_000]) {
      withTape([wild, [60_000, 61_000, 59_000, 60_500]], (world) => {
        accept(world.state, request('BUY', '0.02', '58000', { clientOrderId: 'low' }));
        accept(world.state, request('SELL', '0.01', '62000', { clientOrderId: 'high' }));
        const end = START_MS + 122 * 900_000;
        for (let at = world.state.nowMs; at < end; at += stepMs) advanceTo(world, Math.min(end, at));
        advanceTo(world, end);
        const text = JSON.stringify([world.state.trades, world.state.income], (_key, value: unknown) =>
          typeof value === 'bigint' ? value.toString() : value,
        );
        results.push(text);
      });
    }
    assert.ok((results[0]?.length ?? 0) > 200);
    assert.equal(results[1], results[0]);
    assert.equal(results[2], results[0]);
  });

  it('settles funding at 00, 08 and 16 UTC', () => {
    withTape(
      Array.from({ length: 100 }, () => [60_000, 60_000, 60_000, 60_000] as const),
      (world) => {
        accept(world.state, request('BUY', '0.1'));
        advanceTo(world, START_MS + 219 * 900_000);
        const rows = world.state.income.filter((entry) => entry.type === 'FUNDING_FEE');
        assert.equal(rows.length, 3);
        for (const row of rows) {
          assert.equal(row.timeMs % (8 * 3_600_000), 0);
          assert.equal(format(row.amount), '-0.60000000');
        }
      },
    );
  });

  it('shows no mark before it has been walked, at any kline length', () => {
    withTape([wild], (world) => {
      advanceTo(world, START_MS + 120 * 900_000 + 3 * 45_000);
      const market = marketOf(world.state);
      for (const intervalMs of [60_000, 300_000, 900_000, 3_600_000]) {
        const bars = buildKlines(world, market, { intervalMs, fromMs: undefined, toMs: undefined, limit: 5 });
        const last = bars?.at(-1);
        assert.equal(last?.close, Number(market.mark / market.instrument.tick), `${intervalMs}`);
        assert.ok((last?.low ?? 0) >= (last?.close ?? 1) && (last?.high ?? 0) <= 600_000);
      }
    });
  });
});

describe('recorded tapes', () => {
  it('say which line is not a bar', (t) => {
    const folder = tempFolder(t, 'tape');
    const path = join(folder, 'BTCUSDT-15m.csv');
    writeFileSync(path, 'open_time_ms,open,high,low,close,volume\n0,1,2,1,2,3\n900000,100,90,80,95,1\n');
    assert.throws(
      () => readTapes(folder),
      (error) => error instanceof TapeError && error.message.includes('csv:3'),
    );
    writeFileSync(path, 'time,price\n');
    assert.throws(() => readTapes(folder), TapeError);
    rmSync(path);
    assert.throws(() => readTapes(folder), TapeError);
  });

  it('merge warm-up and main files and start where the main file does', () => {
    const tapes = readTapes(MARKET_FOLDER);
    assert.deepEqual(
      tapes.map((tape) => tape.instrument.symbol),
      ['BTCUSDT', 'ETHUSDT'],
    );
    for (const { source, startMs } of tapes) {
      assert.equal(startMs, WINDOW_START_MS);
      assert.equal(source.barMs, SYNTHETIC_BAR_MS);
      assert.equal(source.indexAt(startMs), WARMUP_BARS);
      assert.equal(source.bar(WARMUP_BARS + WINDOW_BARS - 1)?.openMs, WINDOW_END_MS - SYNTHETIC_BAR_MS);
      assert.equal(source.bar(WARMUP_BARS + WINDOW_BARS), undefined);
      // Stamped up to 16 ms late by the exchange; a settlement belongs to the full hour.
      assert.equal(source.nextFunding(startMs)?.atMs, startMs + 8 * 3_600_000);
    }
  });

  it('walk two weeks of two symbols, each settlement paid', () => {
    const tapes = readTapes(MARKET_FOLDER);
    const state = createState(
      tapes.map((tape) => tape.instrument),
      e8('10000'),
      tapes[0]?.startMs ?? 0,
    );
    const world = createWorld(state, new Map(tapes.map((tape) => [tape.instrument.symbol, tape.source])));
    accept(state, request('BUY', '0.001'));
    advanceTo(world, WINDOW_END_MS);
    assert.equal(state.income.filter((entry) => entry.type === 'FUNDING_FEE').length, 41);
    assert.equal(
      format(marketOf(state).mark, 1),
      format(BigInt(tapes[0]?.source.bar(WARMUP_BARS + WINDOW_BARS - 1)?.close ?? 0) * e8('0.1'), 1),
    );
  });
});
