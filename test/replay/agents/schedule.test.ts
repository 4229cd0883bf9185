import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { losingSideAt, worstMoment } from '../../../daemon/evaluation/agents/schedule/instants.ts';
import { BOUNDARY_LEAD_MS, buildSchedule } from '../../../daemon/evaluation/agents/schedule/schedule.ts';
import {
  MAX_ATTEMPTS,
  NOMINAL_ATTEMPTS,
  PERSISTENT_SPAN_MS,
  PLOYS,
  ployOf,
  SQUAT_SPAN_MS,
} from '../../../daemon/evaluation/attacks/episodes.ts';
import {
  ATTACK_FAMILIES,
  ATTACK_SIDES,
  type AttackSides,
  MIXED_FAMILIES,
  SQUATTER,
} from '../../../daemon/evaluation/facts/agents.ts';
import type { SymbolBars } from '../../../daemon/evaluation/facts/markets.ts';
import { forAll } from '../../for-all.ts';
import { buildWalk, cutMarket } from './market.ts';

const MARKET = buildWalk({ seed: 11, days: 60, wildDays: [9, 10, 33] });
const SLOTS = ((60 * 86_400_000) / MARKET.barMs) * 2;
const heavy = { seed: 1, market: MARKET, intensity: 'heavy', sides: 'random', legitRequests: 500 } as const;

function barAt(bars: SymbolBars, atMs: number): number {
  return bars.openMs.findIndex((openMs) => openMs <= atMs && atMs < openMs + MARKET.barMs);
}
const barsOf = (symbol: string): SymbolBars => MARKET.symbols.find(({ instrument }) => instrument.symbol === symbol)!;

test('a schedule follows from its seed alone', () => {
  assert.deepEqual(buildSchedule(heavy), buildSchedule(heavy), 'not reproducible');
  assert.notDeepEqual(buildSchedule({ ...heavy, seed: 2 }), buildSchedule(heavy), 'the seed changes nothing');
});

for (const sides of ATTACK_SIDES) {
  test(`heavy ${sides} schedules attempt 6 % of all slots, a seventh each family`, () => {
    const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
    const total = new Map<string, number>();
    for (const seed of seeds) {
      for (const { family, attempts } of buildSchedule({ ...heavy, seed, sides })) {
        total.set(family, (total.get(family) ?? 0) + attempts / seeds.length);
      }
    }
    const all = [...total.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(Math.abs(all / (0.06 * SLOTS) - 1) < 0.1, `${all} attempts of ${0.06 * SLOTS}`);
    for (const family of MIXED_FAMILIES) {
      const share = (total.get(family) ?? 0) / (0.06 * SLOTS);
      assert.ok(Math.abs(share * 7 - 1) < 0.1, `${family}: ${share} instead of a seventh`);
    }
  });
}

test('light schedules attempt 6 % of all requests on average', () => {
  const legitRequests = 400;
  let attempts = 0;
  const seeds = 400;
  for (let seed = 1; seed <= seeds; seed++) {
    for (const episode of buildSchedule({ ...heavy, intensity: 'light', seed, legitRequests }))
      attempts += episode.attempts;
  }
  const share = attempts / seeds / (attempts / seeds + legitRequests);
  assert.ok(Math.abs(share / 0.06 - 1) < 0.1, `${share} of all requests`);
});

test('episodes lie inside the judged span, in order, each with bounds of its own', () => {
  forAll(
    [
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.constantFrom<'light' | 'heavy' | 'churn' | 'squat'>('light', 'heavy', 'churn', 'squat'),
      fc.constantFrom(...ATTACK_SIDES),
    ],
    { seed: 7, numRuns: 25 },
    (seed, intensity, sides) => {
      const episodes = buildSchedule({ seed, market: MARKET, intensity, sides, legitRequests: 3000 });
      assert.equal(new Set(episodes.map(({ id }) => id)).size, episodes.length, 'two episodes with one id');
      for (const [i, episode] of episodes.entries()) {
        assert.ok(
          episode.startMs >= MARKET.startMs && episode.startMs < MARKET.endMs,
          `${episode.id} outside the span`,
        );
        assert.ok(i === 0 || episodes[i - 1]!.startMs <= episode.startMs, 'out of order');
        assert.ok(Number.isInteger(episode.startMs), `${episode.startMs} is not a whole millisecond`);
        assert.ok(episode.attempts > 0 && episode.attempts <= MAX_ATTEMPTS, `${episode.attempts} attempts`);
      }
    },
  );
});

test('starts are sub-bar instants', () => {
  const offsets = buildSchedule(heavy).map(({ startMs }) => startMs % MARKET.barMs);
  assert.ok(new Set(offsets).size > 0.8 * offsets.length, 'the same instant of the bar again and again');
});

test('ATK-STATE starts in the wildest hours or after the worst days', () => {
  const move = ({ close }: SymbolBars, bar: number, back: number): number =>
    Math.abs(Math.log(close[bar - 1]! / close[bar - 1 - back]!));
  const sigma = (bars: SymbolBars, bar: number): number => {
    let sum = 0;
    for (let i = bar - 60; i < bar; i++) sum += Math.log(bars.close[i]! / bars.close[i - 1]!) ** 2;
    return Math.sqrt(sum);
  };
  for (const sides of ATTACK_SIDES) {
    const episodes = buildSchedule({ ...heavy, sides }).filter(({ family }) => family === 'ATK-STATE');
    assert.ok(episodes.length > 10, 'no episodes');
    for (const { symbol, startMs } of episodes) {
      const bars = barsOf(symbol);
      const bar = barAt(bars, startMs);
      const level = sigma(bars, bar);
      const all = Array.from({ length: 800 }, (_, i) => 600 + 7 * i).filter((i) => i < bars.close.length);
      const rank = all.filter((i) => sigma(bars, i) < level).length / all.length;
      const moved = all.filter((i) => move(bars, i, 96) < move(bars, bar, 96)).length / all.length;
      assert.ok(rank > 0.9 || moved > 0.9, `rank of volatility ${rank}, of the day's move ${moved}`);
    }
  }
});

test('a clairvoyant entry loses: bought at the high of a bar that falls, sold at the low of one that rises', () => {
  const loses = (sides: AttackSides): number => {
    const episodes = buildSchedule({ ...heavy, sides }).filter(({ family }) => family !== 'ATK-ADAPT');
    let loss = 0;
    for (const { symbol, startMs, side } of episodes) {
      const bars = barsOf(symbol);
      const bar = barAt(bars, startMs);
      const entry = (bars.high[bar]! + bars.low[bar]!) / 2;
      loss += ((side === 'buy' ? 1 : -1) * (entry - bars.close[bar + 1]!)) / entry / episodes.length;
    }
    return loss;
  };
  assert.ok(loses('clairvoyant') > 0.001, `loses ${loses('clairvoyant')} a bar`);
  assert.ok(Math.abs(loses('random')) < loses('clairvoyant') / 3, `a coin loses ${loses('random')}`);
  const falling = {
    ...barsOf('BTCUSDT'),
    open: Float64Array.of(100, 100),
    high: Float64Array.of(101, 95),
    low: Float64Array.of(94, 89),
    close: Float64Array.of(95, 90),
  };
  assert.deepEqual(
    { ...worstMoment(falling, 0), loss: 0 },
    { bar: 0, share: 0.35, side: 'buy', loss: 0 },
    'a falling bar is bought at its high, which comes first',
  );
});

test('random sides know nothing of what comes', () => {
  const sides = (market: typeof MARKET): unknown =>
    buildSchedule({ ...heavy, market })
      .map(({ id, side }) => [id, side])
      .sort();
  const reversed = {
    ...MARKET,
    symbols: MARKET.symbols.map((bars) => ({ ...bars, close: bars.close.map((close) => 1e9 / close) })),
  };
  assert.deepEqual(sides(reversed), sides(MARKET), 'turning every move around turns a side');
});

test('ATK-ADAPT goes through all its ploys; boundaries lie before a close, stale ones beside a gap', () => {
  const gappy = buildWalk({ seed: 4, days: 60, gapEvery: 300 });
  const adaptive = Array.from({ length: 12 }, (_, i) => i).flatMap((seed) =>
    buildSchedule({ ...heavy, seed, market: gappy }).filter(({ family }) => family === 'ATK-ADAPT'),
  );
  assert.deepEqual([...new Set(adaptive.map(({ seed }) => ployOf(seed)))].sort(), [...PLOYS].sort(), 'ploys left out');
  for (const { seed, startMs, symbol } of adaptive) {
    const toCloseMs = gappy.barMs - ((startMs - gappy.startMs) % gappy.barMs);
    if (ployOf(seed) === 'regime-boundary') assert.equal(toCloseMs, BOUNDARY_LEAD_MS, 'not before the close');
    if (ployOf(seed) !== 'stale-market') continue;
    const { openMs } = gappy.symbols.find(({ instrument }) => instrument.symbol === symbol)!;
    const bar = openMs.findIndex((open) => open <= startMs && startMs < open + gappy.barMs);
    const beside = [openMs[bar]! - openMs[bar - 1]!, openMs[bar + 1]! - openMs[bar]!];
    assert.ok(Math.max(...beside) > gappy.barMs, 'no gap beside the episode');
  }
  const whole = buildSchedule(heavy).filter(({ family }) => family === 'ATK-ADAPT');
  assert.ok(
    whole.every(({ seed }) => ployOf(seed) !== 'stale-market'),
    'rides a gap where there is none',
  );
});

test('ATK-CHURN persists: an episode an hour over the whole span, on both symbols', () => {
  const episodes = buildSchedule({ ...heavy, intensity: 'churn' });
  assert.equal(episodes.length, 60 * 24, 'not one an hour');
  assert.ok(
    episodes.every(({ family }) => family === 'ATK-CHURN'),
    'another family',
  );
  assert.ok(
    episodes.every(({ startMs }, i) => startMs === MARKET.startMs + i * PERSISTENT_SPAN_MS),
    'a pause',
  );
  assert.equal(new Set(episodes.map(({ symbol }) => symbol)).size, 2, 'one symbol only');
});

test('the squatter is one agent, in every symbol from the first instant on, an episode after the other', () => {
  const episodes = buildSchedule({ ...heavy, intensity: 'squat' });
  assert.ok(
    episodes.every(({ agent, family }) => family === 'ATK-SQUAT' && agent === SQUATTER),
    'another family or agent',
  );
  for (const { instrument } of MARKET.symbols) {
    const own = episodes.filter(({ symbol }) => symbol === instrument.symbol);
    assert.deepEqual(
      own.map(({ startMs }) => startMs),
      own.map((_, i) => MARKET.startMs + i * SQUAT_SPAN_MS),
      instrument.symbol,
    );
    assert.ok(own.at(-1)!.startMs + SQUAT_SPAN_MS >= MARKET.endMs, 'to the end');
  }
});

test('every family states how many attempts an episode makes', () => {
  assert.deepEqual(Object.keys(NOMINAL_ATTEMPTS).sort(), [...ATTACK_FAMILIES].sort(), 'families');
  assert.ok(NOMINAL_ATTEMPTS['ATK-FLOOD'] > 20, 'a flood stays below the calm order rate of a minute');
});

test('a market without judged bars is refused', () => {
  const empty = cutMarket(MARKET, MARKET.startMs);
  assert.throws(() => buildSchedule({ ...heavy, market: empty }), RangeError);
});

test('sighted sides lose from the instants that random ones draw', () => {
  const sighted = buildSchedule({ ...heavy, sides: 'sighted' });
  const random = buildSchedule(heavy);
  assert.deepEqual(
    sighted.map(({ side: _, ...episode }) => episode),
    random.map(({ side: _, ...episode }) => episode),
    'but for the side nothing is another',
  );
  const isSame = sighted.filter(({ side }, i) => side === random[i]!.side).length / sighted.length;
  assert.ok(isSame > 0.4 && isSame < 0.6, `a coin finds ${isSame} of the losing sides`);
  // Open 98, low 94 at 7/20, high 101 at 14/20, close 99; the exit is (99 + 97) / 2.
  const rising = {
    ...barsOf('BTCUSDT'),
    open: Float64Array.of(98, 99),
    high: Float64Array.of(101, 99),
    low: Float64Array.of(94, 97),
    close: Float64Array.of(99, 97),
  };
  const sides = [0, 0.1, 0.35, 0.5, 0.6, 0.7, 0.99].map((share) => losingSideAt(rising, 0, share));
  assert.deepEqual(sides, ['sell', 'sell', 'sell', 'sell', 'buy', 'buy', 'buy']);
});
