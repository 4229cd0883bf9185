import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Regime } from '../../../daemon/core/policy.ts';
import type { MarketData, SymbolBars } from '../../../daemon/evaluation/facts/markets.ts';
import { buildSyntheticMarket } from '../../../daemon/evaluation/market/synthetic.ts';
import { MarketTrack } from '../../../daemon/evaluation/market/track.ts';
import { market as section } from '../../core/features/market-section.ts';
import { forAll } from '../../for-all.ts';
import { compareWithLiveMarket } from './live-oracle.ts';

const BOTH = ['BTCUSDT', 'ETHUSDT'];
const quarter = { barMs: 900_000, warmupBars: 1500, symbols: BOTH };

function returnsOf({ close }: SymbolBars): number[] {
  return Array.from({ length: close.length - 1 }, (_, i) => Math.log(close[i + 1]! / close[i]!));
}
function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const cross = a.reduce((sum, value, i) => sum + (value - meanA) * (b[i]! - meanB), 0);
  const norm = (values: readonly number[], m: number) => Math.sqrt(values.reduce((sum, v) => sum + (v - m) ** 2, 0));
  return cross / (norm(a, meanA) * norm(b, meanB));
}

test('bars are whole ticks and lots, consistent, without gaps, and open at the close before', () => {
  forAll(
    [fc.integer(), fc.constantFrom(300_000, 900_000, 3_600_000, 43_200_000 * 2)],
    { numRuns: 25, seed: 7 },
    (seed, barMs) => {
      const market = buildSyntheticMarket({ seed, bars: 200, warmupBars: 50, barMs, symbols: BOTH });
      assert.equal(market.endMs - market.startMs, 200 * barMs, 'judged span');
      for (const { instrument, openMs, open, high, low, close, volume, gaps } of market.symbols) {
        assert.deepEqual([openMs.length, openMs[50], gaps.length], [250, market.startMs, 0], 'bars and start');
        for (let i = 0; i < openMs.length; i++) {
          const where = `${instrument.symbol}, seed ${seed}, bar ${i}`;
          for (const price of [open[i]!, high[i]!, low[i]!, close[i]!]) {
            const ticks = Math.round((price * instrument.tickScale) / instrument.tickMantissa);
            assert.equal((ticks * instrument.tickMantissa) / instrument.tickScale, price, `a whole tick: ${where}`);
          }
          assert.ok(low[i]! > 0 && low[i]! <= Math.min(open[i]!, close[i]!), `low: ${where}`);
          assert.ok(high[i]! >= Math.max(open[i]!, close[i]!), `high: ${where}`);
          const lots = Math.round(volume[i]! * instrument.lotScale);
          assert.ok(lots >= 1 && lots / instrument.lotScale === volume[i], `whole lots: ${where}`);
          if (i > 0) assert.deepEqual([openMs[i]! - openMs[i - 1]!, open[i]], [barMs, close[i - 1]], `joins: ${where}`);
        }
      }
    },
  );
});

test('the same seed gives the same market to the bit, another seed another one', () => {
  const build = (seed: number): MarketData => buildSyntheticMarket({ ...quarter, seed, bars: 500 });
  assert.deepEqual(build(11), build(11), 'same seed');
  assert.notEqual(build(11).inputs[0]!.sha256, build(12).inputs[0]!.sha256, 'other seed');
  assert.deepEqual(
    { ...build(11).inputs[0]!, sha256: '' },
    { name: 'synthetic', sha256: '', rows: 4000 },
    'what the report is told',
  );
});

test('more bars leave the bars before as they were', () => {
  const short = buildSyntheticMarket({ ...quarter, seed: 5, bars: 300 }).symbols[0]!;
  const long = buildSyntheticMarket({ ...quarter, seed: 5, bars: 900 }).symbols[0]!;
  assert.deepEqual(long.close.slice(0, short.close.length), short.close, 'a longer market begins alike');
});

test('all regimes occur, symbols move together, volume rises with volatility', (t) => {
  const shares: Record<Regime, number> = { calm: 0, volatile: 0, extreme: 0 };
  const bars = 3000;
  for (const seed of [1, 2, 3]) {
    const market = buildSyntheticMarket({ ...quarter, seed, bars });
    const track = new MarketTrack(market, section);
    for (let bar = 1500; bar < 1500 + bars; bar++) shares[track.held(0, bar, true, 0)] += 1 / (3 * bars);
    const [btc, eth] = market.symbols.map(returnsOf);
    const together = correlation(btc!, eth!);
    assert.ok(together > 0.5 && together < 0.95, `correlation ${together}`);
    const sizes = btc!.map(Math.abs);
    const large = [...sizes].sort((a, b) => a - b)[Math.floor(0.9 * sizes.length)]!;
    const volume = market.symbols[0]!.volume.slice(1);
    const mean = (of: Float64Array) => of.reduce((sum, value) => sum + value, 0) / of.length;
    const ratio = mean(volume.filter((_, i) => sizes[i]! >= large)) / mean(volume.filter((_, i) => sizes[i]! < large));
    assert.ok(ratio > 1.3, `the largest tenth of moves has ${ratio} times the volume of the others`);
  }
  t.diagnostic(
    `calm ${shares.calm.toFixed(3)}, volatile ${shares.volatile.toFixed(3)}, extreme ${shares.extreme.toFixed(3)}`,
  );
  assert.ok(shares.calm > 0.2 && shares.volatile > 0.1 && shares.extreme > 0.01, JSON.stringify(shares));
});

test('SAE-FUND: funding is settled every 8 hours, within its bounds, of either sign', () => {
  const rates: number[] = [];
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const { symbols, endMs } = buildSyntheticMarket({ ...quarter, seed, bars: 4000 });
    for (const { funding, openMs } of symbols) {
      const firstMs = Math.ceil(openMs[0]! / 28_800_000) * 28_800_000;
      assert.equal(funding.length, Math.ceil((endMs - firstMs) / 28_800_000), 'one a settlement, history included');
      for (const [i, { atMs, rate, intervalMs }] of funding.entries()) {
        assert.deepEqual([atMs, intervalMs], [firstMs + i * 28_800_000, 28_800_000], 'every 8 hours');
        assert.ok(rate >= -0.000_05 && rate <= 0.0002, `rate ${rate}`);
      }
      rates.push(...funding.map(({ rate }) => rate));
    }
  }
  const paidByShorts = rates.filter((rate) => rate < 0).length;
  assert.ok(paidByShorts > 100 && rates.length - paidByShorts > 100, `${paidByShorts} of ${rates.length} below 0`);
});

test('SAE-SAME-CODE: the track is the gate on synthetic bars too, either way and mixed', () => {
  const market = buildSyntheticMarket({ ...quarter, seed: 21, bars: 250, warmupBars: 400 });
  const track = new MarketTrack(market, section);
  for (const isLowFirst of [() => true, () => false, (bar: number) => bar % 3 === 0]) {
    for (const symbol of [0, 1]) {
      const { steps } = compareWithLiveMarket(market, section, track, symbol, isLowFirst);
      assert.equal(steps, 250 * 21, 'every mark was compared');
    }
  }
});

test('refuses options that make no market', () => {
  const sound = { ...quarter, seed: 1, bars: 10 };
  for (const [what, wrong] of Object.entries({
    seed: { seed: 0.5 },
    'large seed': { seed: 2 ** 40 },
    bars: { bars: 0 },
    warmup: { warmupBars: 0 },
    length: { barMs: 7 * 60_000 },
    'no symbol': { symbols: [] },
    twice: { symbols: ['BTCUSDT', 'BTCUSDT'] },
    unknown: { symbols: ['XRPUSDT'] },
  })) {
    assert.throws(() => buildSyntheticMarket({ ...sound, ...wrong }), RangeError, what);
  }
});
