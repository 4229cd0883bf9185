import {
  classifyFeatures,
  fundingRatePer8h,
  type MarketFeatures,
  REGIME_RANK,
  readClosedFeatures,
  readLiveFeatures,
  scaleBarCount,
  type WindowSnapshot,
} from '../../core/features/market.ts';
import { type RegimeHold, stepRegimeHold } from '../../core/features/regime-hold.ts';
import type { MarketSection } from '../../core/policy.ts';
import { pathTicks, STEPS_PER_BAR, type Bar as TickBar } from '../../exchange-sim/market/bars.ts';
import type { FundingPoint, ReplayInstrument } from '../facts/markets.ts';

/** Marks of one bar: step 0 to step 20, both ends included. */
export const MARKS_PER_BAR = STEPS_PER_BAR + 1;
/** What holds while no bar has closed yet, as the gate takes it. */
const RANK_WITHOUT_BARS = REGIME_RANK.extreme;

/**
 * One symbol's held regime as the gate's feed steps it: at every closed bar, at the last quote once more after it, and
 * at every quote of the running bar (SAE-SAME-CODE: classification and hold are the core's).
 */
export class RegimeWalk {
  readonly #section: MarketSection;
  readonly #holdBars: number;
  readonly #barMs: number;
  readonly #instrument: ReplayInstrument;
  readonly #funding: SettledFunding;
  #hold: RegimeHold | null = null;

  constructor(section: MarketSection, barMs: number, instrument: ReplayInstrument, funding: SettledFunding) {
    this.#section = section;
    this.#holdBars = scaleBarCount(section.regime_hold_bars, section.bar_ms, barMs);
    this.#barMs = barMs;
    this.#instrument = instrument;
    this.#funding = funding;
  }

  /** Rank of the regime in force. */
  get rank(): number {
    return this.#hold === null ? RANK_WITHOUT_BARS : REGIME_RANK[this.#hold.regime];
  }

  /** A closed bar of the history before the first quote, which has no funding of its own. */
  closeHistory(after: WindowSnapshot): void {
    const features = readClosedFeatures(after);
    this.#hold = this.#step(this.#hold, features, 0, true);
    // As the feed does: the label stands through the bar that begins with this close.
    this.#hold = this.#step(this.#hold, features, 0, false);
  }

  /** A closed bar whose last quote was its close; the feed reads that quote again against the new window. */
  closeQuoted(after: WindowSnapshot, closeTicks: number): void {
    const rate = this.#funding.rate8hAt(after.bars_as_of_ms);
    this.#hold = this.#step(this.#hold, readClosedFeatures(after), rate, true);
    this.#hold = this.#live(this.#hold, after, closeTicks, rate);
  }

  /**
   * The running bar, `before` being the window as it opens: ranks at its 21 marks into `lowFirst` and `highFirst`, and
   * the hold at its end. That end is the same for both directions: both pass through the same open, low, high and
   * close, the raw regime only rises with the distance from the last close, and the hold keeps the highest of what it
   * has seen.
   */
  run(before: WindowSnapshot | null, bar: TickBar, lowFirst: Uint8Array, highFirst: Uint8Array): void {
    if (before === null) {
      lowFirst.fill(RANK_WITHOUT_BARS);
      highFirst.fill(RANK_WITHOUT_BARS);
      return;
    }
    if (this.#isUneventful(before, bar)) {
      lowFirst.fill(this.rank);
      highFirst.fill(this.rank);
      return;
    }
    const low = this.#path(before, bar, true, lowFirst);
    const high = this.#path(before, bar, false, highFirst);
    if (!isSameHold(low, high)) {
      throw new Error(`the regime after the bar at ${bar.openMs} depends on which extreme came first`);
    }
    this.#hold = low;
  }

  /**
   * Most bars: neither extreme reaches beyond the regime in force, so it stays; their effect on the hold is taken in.
   */
  #isUneventful(before: WindowSnapshot, bar: TickBar): boolean {
    if (this.#funding.indexAt(bar.openMs) !== this.#funding.indexAt(bar.openMs + this.#barMs)) return false;
    const rate = this.#funding.rate8hAt(bar.openMs);
    const afterLow = this.#live(this.#hold, before, bar.low, rate);
    const hold = this.#live(afterLow, before, bar.high, rate);
    if (hold === null || REGIME_RANK[hold.regime] !== this.rank) return false;
    this.#hold = hold;
    return true;
  }

  #path(before: WindowSnapshot, bar: TickBar, lowFirst: boolean, ranks: Uint8Array): RegimeHold | null {
    let hold = this.#hold;
    for (let step = 0; step < MARKS_PER_BAR; step++) {
      const rate = this.#funding.rate8hAt(bar.openMs + (step * this.#barMs) / STEPS_PER_BAR);
      hold = this.#live(hold, before, pathTicks(bar, lowFirst, step), rate);
      ranks[step] = hold === null ? RANK_WITHOUT_BARS : REGIME_RANK[hold.regime];
    }
    return hold;
  }

  #live(hold: RegimeHold | null, window: WindowSnapshot, ticks: number, rate: number): RegimeHold | null {
    const { tickMantissa, tickScale } = this.#instrument;
    const features = readLiveFeatures(window, (ticks * tickMantissa) / tickScale);
    return features === null ? hold : this.#step(hold, features, rate, false);
  }

  #step(hold: RegimeHold | null, features: MarketFeatures, rate8h: number, isClosed: boolean): RegimeHold {
    const { regime } = classifyFeatures(features, rate8h, this.#section);
    const observation = { raw: regime, bars_as_of_ms: features.bars_as_of_ms, is_closed: isClosed };
    return stepRegimeHold(hold, observation, this.#holdBars);
  }
}

function isSameHold(a: RegimeHold | null, b: RegimeHold | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.regime === b.regime &&
    a.since_ms === b.since_ms &&
    a.bars_as_of_ms === b.bars_as_of_ms &&
    a.bars_below_volatile === b.bars_below_volatile &&
    a.bars_below_extreme === b.bars_below_extreme
  );
}

const HOUR_MS = 3_600_000;

/** Settled funding of one symbol, to be asked for any instant. */
export class SettledFunding {
  readonly #atMs: Float64Array;
  readonly #rate8h: Float64Array;

  /** `points`: oldest first. */
  constructor(points: readonly FundingPoint[]) {
    this.#atMs = Float64Array.from(points, (point) => point.atMs);
    this.#rate8h = Float64Array.from(points, (point) => fundingRatePer8h(point.rate, point.intervalMs / HOUR_MS));
  }

  /** Index of the last settlement at or before an instant; -1 before the first. */
  indexAt(atMs: number): number {
    let low = 0;
    let high = this.#atMs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#atMs[middle]! <= atMs) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The last settled rate, a fraction per 8 hours (SAE-FUND); 0 before the first. */
  rate8hAt(atMs: number): number {
    const index = this.indexAt(atMs);
    return index < 0 ? 0 : this.#rate8h[index]!;
  }
}
