import type { Regime } from '../policy.ts';
import { highestRegime, REGIME_RANK } from './market.ts';

/**
 * The regime in force, with what it takes to leave it. Plain data, to be stored in a ledger event.
 * `bars_below_*` counts closed bars in a row whose raw regime lay below that one; -1 while the running bar has
 * reached it, so that the close of this very bar does not count as a calm one.
 */
export interface RegimeHold {
  readonly regime: Regime;
  /** Close time of the bar at which the regime in force was entered, ms. */
  readonly since_ms: number;
  /** Close time of the last closed bar taken in, ms. */
  readonly bars_as_of_ms: number;
  readonly bars_below_volatile: number;
  readonly bars_below_extreme: number;
}

/** Counts stop here: longer than any hold, and the state no longer changes at every calm bar. */
const COUNT_CEILING = 10_000;

export interface RegimeObservation {
  readonly raw: Regime;
  /** Close time of the last closed bar behind `raw`, ms (`MarketFeatures.bars_as_of_ms`). */
  readonly bars_as_of_ms: number;
  /** True for the features of a bar that has just closed, false for features with a running bar. */
  readonly is_closed: boolean;
}

function stepCount(count: number, isReached: boolean, isClosed: boolean): number {
  if (isClosed) return isReached ? 0 : Math.min(COUNT_CEILING, count + 1);
  return isReached ? -1 : count;
}

/**
 * Upgrades take effect at once. A regime is left after `holdBars` closed bars in a row below it: what remains in force
 * is the highest raw regime of those bars. Only a closed bar that is newer than the last one counts, so a repeated or
 * late observation can raise the regime but not lower it; missing bars are not calm bars. `holdBars` is of the bars in
 * use (scaled). Returns the same object when nothing changed.
 */
export function stepRegimeHold(state: RegimeHold | null, observation: RegimeObservation, holdBars: number): RegimeHold {
  const rank = REGIME_RANK[observation.raw];
  const asOf = observation.bars_as_of_ms;
  if (state === null) {
    return {
      regime: observation.raw,
      since_ms: asOf,
      bars_as_of_ms: asOf,
      bars_below_volatile: stepCount(COUNT_CEILING, rank >= 1, observation.is_closed),
      bars_below_extreme: stepCount(COUNT_CEILING, rank >= 2, observation.is_closed),
    };
  }
  const isNewBar = observation.is_closed && asOf > state.bars_as_of_ms;
  const belowVolatile = stepCount(state.bars_below_volatile, rank >= 1, isNewBar);
  const belowExtreme = stepCount(state.bars_below_extreme, rank >= 2, isNewBar);
  const held: Regime = belowExtreme < holdBars ? 'extreme' : belowVolatile < holdBars ? 'volatile' : 'calm';
  // Between closes nothing is left, whatever the hold.
  const floor = isNewBar ? observation.raw : highestRegime(state.regime, observation.raw);
  const regime = highestRegime(held, floor);
  const barsAsOf = isNewBar ? asOf : state.bars_as_of_ms;
  if (
    regime === state.regime &&
    barsAsOf === state.bars_as_of_ms &&
    belowVolatile === state.bars_below_volatile &&
    belowExtreme === state.bars_below_extreme
  ) {
    return state;
  }
  return {
    regime,
    since_ms: regime === state.regime ? state.since_ms : asOf,
    bars_as_of_ms: barsAsOf,
    bars_below_volatile: belowVolatile,
    bars_below_extreme: belowExtreme,
  };
}
