import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { TradeRecord } from '../../daemon/core/features/round-trips.ts';

/** A range that a trader's own constant is drawn from, uniformly. */
type Range = readonly [number, number];

/**
 * A population of traders with a latent state. A trader is *composed* or *on tilt*; a loss may tip it over, the more
 * losses in a row the likelier, and every trade (a win more than a loss) may bring it back. On tilt it re-enters
 * larger after each loss, sooner, and more often on the other side. `discipline` traders never tip; `martingale`
 * ones multiply after every loss by rule.
 */
export interface PopulationParameters {
  readonly seed: number;
  readonly traders: number;
  readonly share: { readonly discipline: number; readonly martingale: number };
  readonly winRate: Range;
  /** Spread of the log of a composed trade's size. */
  readonly sizeSpread: Range;
  /** Median time between a close and the next opening, minutes. */
  readonly paceMinutes: Range;
  readonly flipRate: Range;
  /** Chance to tip over at a loss, per loss in the row. */
  readonly tipRate: Range;
  readonly recoverAfterLoss: Range;
  readonly recoverAfterWin: Range;
  /** Size multiplier per loss on tilt. */
  readonly tiltGrowth: Range;
  readonly tiltSpeedUp: Range;
  readonly tiltFlipRate: Range;
}

/** What the model is fitted on. */
export const FIT_POPULATION: PopulationParameters = {
  seed: 20_260_310,
  traders: 6000,
  share: { discipline: 0.45, martingale: 0.04 },
  winRate: [0.42, 0.6],
  sizeSpread: [0.1, 0.45],
  paceMinutes: [8, 90],
  flipRate: [0.15, 0.5],
  tipRate: [0.002, 0.02],
  recoverAfterLoss: [0.01, 0.05],
  recoverAfterWin: [0.08, 0.25],
  tiltGrowth: [1.4, 2.2],
  tiltSpeedUp: [1.5, 6],
  tiltFlipRate: [0.4, 0.8],
};

/** What it is judged on: worse luck, noisier sizes, other tempers. Every range differs. */
export const SHIFTED_POPULATION: PopulationParameters = {
  seed: 97,
  traders: 4000,
  share: { discipline: 0.35, martingale: 0.05 },
  winRate: [0.36, 0.56],
  sizeSpread: [0.2, 0.55],
  paceMinutes: [3, 60],
  flipRate: [0.1, 0.6],
  tipRate: [0.004, 0.015],
  recoverAfterLoss: [0.02, 0.08],
  recoverAfterWin: [0.05, 0.3],
  tiltGrowth: [1.2, 2.4],
  tiltSpeedUp: [1, 4],
  tiltFlipRate: [0.2, 0.9],
};

/** Trades simulated per trader; the longest history seen is that less the horizon. */
const TRADES = 220;
/** Trades after the observation in which the outcome is looked for. */
export const HORIZON_TRADES = 20;
/** Moments at which each trader is observed. */
const OBSERVATIONS = 3;
const MIN_HISTORY = 3;
const MINUTE_MS = 60_000;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
const MAX_MULTIPLE = 16;

export interface Observation {
  readonly trades: readonly TradeRecord[];
  readonly now_ms: number;
  /** The outcome to be predicted, from trades after `now_ms` only. */
  readonly escalates: boolean;
}

function draw(rng: RandomGenerator, [low, high]: Range): number {
  return low + (high - low) * uniformFloat64(rng);
}
/** Approximately standard normal: the sum of twelve uniforms, no tails beyond 6. */
function drawNormal(rng: RandomGenerator): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += uniformFloat64(rng);
  return sum;
}

function drawTemper(rng: RandomGenerator, parameters: PopulationParameters) {
  const kind = uniformFloat64(rng);
  const { discipline, martingale } = parameters.share;
  return {
    hasDiscipline: kind < discipline,
    isMartingale: kind >= 1 - martingale,
    baseUsdt: 500 * Math.exp(drawNormal(rng)),
    winRate: draw(rng, parameters.winRate),
    sizeSpread: draw(rng, parameters.sizeSpread),
    paceMs: draw(rng, parameters.paceMinutes) * MINUTE_MS,
    flipRate: draw(rng, parameters.flipRate),
    tipRate: draw(rng, parameters.tipRate),
    recoverAfterLoss: draw(rng, parameters.recoverAfterLoss),
    recoverAfterWin: draw(rng, parameters.recoverAfterWin),
    tiltGrowth: draw(rng, parameters.tiltGrowth),
    tiltSpeedUp: draw(rng, parameters.tiltSpeedUp),
    tiltFlipRate: draw(rng, parameters.tiltFlipRate),
  };
}

/** One trader's life: trades one after the other. */
function simulateTrader(rng: RandomGenerator, parameters: PopulationParameters): TradeRecord[] {
  const temper = drawTemper(rng, parameters);
  const trades: TradeRecord[] = [];
  let now = 1_760_000_000_000;
  let losses = 0;
  let isOnTilt = false;
  let multiple = 1;
  let side: TradeRecord['side'] = 'long';
  for (let i = 0; i < TRADES; i++) {
    const speedUp = isOnTilt ? temper.tiltSpeedUp : 1;
    now += Math.ceil((temper.paceMs / speedUp) * Math.exp(0.8 * drawNormal(rng)));
    const flips = uniformFloat64(rng) < (isOnTilt ? temper.tiltFlipRate : temper.flipRate);
    if (flips) side = side === 'long' ? 'short' : 'long';
    const notional = temper.baseUsdt * multiple * Math.exp(temper.sizeSpread * drawNormal(rng));
    const opened = now;
    now += Math.ceil((temper.paceMs / (2 * speedUp)) * Math.exp(0.8 * drawNormal(rng)));
    const hasWon = uniformFloat64(rng) < temper.winRate;
    trades.push({
      symbol: SYMBOLS[uniformFloat64(rng) < 0.7 ? 0 : 1]!,
      side,
      opened_at_ms: opened,
      closed_at_ms: now,
      notional_usdt: notional,
      pnl_usdt: notional * (hasWon ? 0.004 : -0.004) * (0.25 + uniformFloat64(rng)),
    });
    losses = hasWon ? 0 : losses + 1;
    if (isOnTilt) {
      isOnTilt = uniformFloat64(rng) >= (hasWon ? temper.recoverAfterWin : temper.recoverAfterLoss);
    } else if (!temper.hasDiscipline && !hasWon) {
      isOnTilt = uniformFloat64(rng) < temper.tipRate * losses;
    }
    if (temper.isMartingale) multiple = hasWon ? 1 : Math.min(MAX_MULTIPLE, multiple * 2);
    else if (!isOnTilt) multiple = 1;
    else if (!hasWon) multiple = Math.min(MAX_MULTIPLE, multiple * temper.tiltGrowth);
  }
  return trades;
}

/**
 * *Risk escalation*, defined before anything is fitted: of the next 20 trades at least three open right after a loss at
 * no less than twice the trader's own median size up to now. It looks at what is done, not at the latent state.
 */
export function escalatesAfter(trades: readonly TradeRecord[], count: number): boolean {
  const sizes = trades.slice(0, count).map((trade) => trade.notional_usdt);
  const median = sizes.sort((a, b) => a - b)[Math.ceil(sizes.length / 2) - 1] ?? Number.POSITIVE_INFINITY;
  let found = 0;
  for (let i = count; i < Math.min(trades.length, count + HORIZON_TRADES); i++) {
    const isAfterLoss = i > 0 && (trades[i - 1]!.pnl_usdt ?? 0) < 0;
    if (isAfterLoss && trades[i]!.notional_usdt >= 2 * median) found += 1;
  }
  return found >= 3;
}

/** Observations of a whole population. Half of them are taken while the last trade is still open. */
export function observePopulation(parameters: PopulationParameters): Observation[] {
  const rng = xoroshiro128plus(parameters.seed);
  const observations: Observation[] = [];
  for (let i = 0; i < parameters.traders; i++) {
    const trades = simulateTrader(rng, parameters);
    for (let k = 0; k < OBSERVATIONS; k++) {
      const count = uniformInt(rng, MIN_HISTORY, TRADES - HORIZON_TRADES);
      const last = trades[count - 1]!;
      const isOpen = uniformFloat64(rng) < 0.5;
      const seen = trades.slice(0, count);
      if (isOpen) seen[count - 1] = { ...last, closed_at_ms: null, pnl_usdt: null };
      observations.push({
        trades: seen,
        now_ms: isOpen ? last.opened_at_ms : (last.closed_at_ms ?? last.opened_at_ms),
        escalates: escalatesAfter(trades, count),
      });
    }
  }
  return observations;
}
