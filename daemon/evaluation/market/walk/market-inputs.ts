import { classifyFeatures, highestRegime } from '../../../core/features/market.ts';
import type { MarketSection, Regime } from '../../../core/policy.ts';
import type { SymbolInputs } from '../../../engine/readings/inputs.ts';
import type { MarketTrack } from '../track.ts';
import type { MarketClock } from './clock.ts';

/** Half of what a quote is wide, and what a taker of nothing pays. */
export const HALF_SPREAD_BPS = 0.5;

/**
 * What the market feeds of the daemon would show at an instant: mark, book, funding, features and regime of every
 * symbol.
 */
export class MarketInputs {
  readonly bySymbol = new Map<string, SymbolInputs>();
  readonly #clock: MarketClock;
  readonly #track: MarketTrack;
  readonly #market: MarketSection;
  readonly #readAtMs: Float64Array;
  #readBarMs = Number.NaN;

  constructor(clock: MarketClock, track: MarketTrack, market: MarketSection) {
    this.#clock = clock;
    this.#track = track;
    this.#market = market;
    this.#readAtMs = new Float64Array(clock.market.symbols.length).fill(-1);
  }

  heldRegime(symbol: number): Regime {
    const clock = this.#clock;
    const bar = clock.barIndex[symbol]!;
    if (bar < 0) return this.bySymbol.get(clock.market.symbols[symbol]!)?.heldRegime ?? 'extreme';
    return this.#track.held(symbol, bar, clock.lowFirst[symbol]!, clock.step);
  }

  /** Reads all symbols at the present instant. */
  refresh(): void {
    const { barOpenMs } = this.#clock;
    // A bar opens at the very instant at which the one before it has ended.
    if (this.#readBarMs !== barOpenMs) this.#readAtMs.fill(-1);
    this.#readBarMs = barOpenMs;
    for (let i = 0; i < this.#readAtMs.length; i++) this.#refresh(i);
  }

  #refresh(symbol: number): void {
    const clock = this.#clock;
    const at = clock.nowMs;
    if (this.#readAtMs[symbol] === at) return;
    this.#readAtMs[symbol] = at;
    const name = clock.market.symbols[symbol]!;
    if (!clock.isLive(symbol)) {
      // In a gap the last mark stands and ages; funding is settled and known all the same.
      const last = this.bySymbol.get(name);
      if (last === undefined) return;
      const fundingRate8h = this.#track.fundingRate8h(symbol, at);
      const raw =
        last.features === null ? last.heldRegime : classifyFeatures(last.features, fundingRate8h, this.#market).regime;
      const heldRegime = highestRegime(last.heldRegime, raw);
      this.bySymbol.set(name, {
        mark: clock.marks[symbol]!,
        markAtMs: last.markAtMs,
        bid: last.bid,
        ask: last.ask,
        quoteAtMs: last.quoteAtMs,
        fundingRate8h,
        fundingAtMs: at,
        features: last.features,
        heldRegime,
      });
      return;
    }
    const mark = clock.marks[symbol]!;
    const half = Math.max(1, Math.round((clock.markTicks[symbol]! * HALF_SPREAD_BPS) / 1e4));
    const bar = clock.barIndex[symbol]!;
    this.bySymbol.set(name, {
      mark,
      // A live symbol's mark and book are as fresh as the feeds keep them.
      markAtMs: at,
      bid: clock.priceOf(symbol, clock.markTicks[symbol]! - half),
      ask: clock.priceOf(symbol, clock.markTicks[symbol]! + half),
      quoteAtMs: at,
      fundingRate8h: this.#track.fundingRate8h(symbol, at),
      fundingAtMs: at,
      features: this.#track.live(symbol, bar, mark),
      heldRegime: this.#track.held(symbol, bar, clock.lowFirst[symbol]!, clock.step),
    });
  }
}
