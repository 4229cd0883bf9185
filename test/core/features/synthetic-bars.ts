import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Bar } from '../../../daemon/core/features/market.ts';

/** A seeded walk with bursts of volatility; bars are contiguous from `startMs`. */
export function syntheticBars(seed: number, count: number, barMs: number, startMs = 1_756_684_800_000): Bar[] {
  const rng = xoroshiro128plus(seed);
  const bars: Bar[] = [];
  let close = 60_000;
  for (let i = 0; i < count; i++) {
    const scale = Math.floor(i / 150) % 3 === 2 ? 0.006 : 0.0015;
    const open = close;
    close = open * Math.exp(scale * (uniformFloat64(rng) + uniformFloat64(rng) + uniformFloat64(rng) - 1.5));
    const volume = 1000 * (0.5 + uniformFloat64(rng));
    const low = Math.min(open, close) * 0.999;
    const high = Math.max(open, close) * 1.001;
    bars.push({ open_time_ms: startMs + i * barMs, open, high, low, close, volume });
  }
  return bars;
}

/** Bars that only tell their closes. */
export function barsOfCloses(closes: readonly number[], barMs: number, volume = 100): Bar[] {
  return closes.map((close, i) => ({ open_time_ms: i * barMs, open: close, high: close, low: close, close, volume }));
}
