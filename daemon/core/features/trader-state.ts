import type { TraderStateSection } from '../policy.ts';
import { insertInOrder } from './order-statistic.ts';
import type { TradeRecord } from './round-trips.ts';
import { measureTrader, TRADER_FEATURE_NAMES, type TraderFeatures, type TraderStateModel } from './trader-features.ts';
import { TRADER_STATE_MODEL } from './trader-state-data.ts';

export interface TraderRisk {
  /** p_t of SAE section 2: calibrated probability of risk escalation, shrunk to the base rate; in [0, 1]. */
  readonly p_risk: number;
  /** Trades it rests on. */
  readonly trade_count: number;
  readonly score: number;
  /** Before shrinking. */
  readonly calibrated: number;
  readonly features: TraderFeatures;
}

/** Trades at which own evidence and base rate weigh the same (DESIGN section 3, "Trader state"). */
const SHRINK_TRADES = 20;

function compareByOpening(a: TradeRecord, b: TradeRecord): number {
  if (a.opened_at_ms !== b.opened_at_ms) return a.opened_at_ms - b.opened_at_ms;
  if (a.symbol !== b.symbol) return a.symbol < b.symbol ? -1 : 1;
  // Of two that opened in the same millisecond, the open one is the later.
  return (a.closed_at_ms ?? Number.MAX_VALUE) - (b.closed_at_ms ?? Number.MAX_VALUE);
}

/** The agent's last `window_trades` trades that are open or closed within `max_age_ms`, ordered by their opening. */
export function selectTrades(
  trades: readonly TradeRecord[],
  nowMs: number,
  section: Pick<TraderStateSection, 'window_trades' | 'max_age_ms'>,
): TradeRecord[] {
  const oldest = nowMs - section.max_age_ms;
  const recent: TradeRecord[] = [];
  for (let i = 0; i < trades.length; i++) {
    const trade = trades[i]!;
    if (trade.closed_at_ms === null || trade.closed_at_ms > oldest) insertInOrder(recent, trade, compareByOpening);
  }
  return recent.length <= section.window_trades ? recent : recent.slice(recent.length - section.window_trades);
}

/** Score in (0, 1): ranks, but is not yet a probability. */
export function scoreTrader(features: TraderFeatures, model: TraderStateModel): number {
  let z = model.intercept;
  for (const name of TRADER_FEATURE_NAMES) z += model.weights[name] * features[name];
  return 1 / (1 + Math.exp(-z));
}

/** The isotonic map. NaN stays NaN, which `computeTraderRisk` takes for certain escalation. */
export function calibrateScore(score: number, model: TraderStateModel): number {
  const { knots } = model;
  if (Number.isNaN(score)) return score;
  const next = knots.findIndex(([at]) => at >= score);
  if (next === 0) return knots[0]![1];
  if (next < 0) return knots.at(-1)![1];
  const [low, lowValue] = knots[next - 1]!;
  const [high, highValue] = knots[next]!;
  return lowValue + ((highValue - lowValue) * (score - low)) / (high - low);
}

/**
 * p_t of one agent from its round trips; the order of `trades` does not matter. With no trades it is exactly the base
 * rate. Anything that is not a probability (a trade without a size) counts as certain escalation: never as calm.
 */
export function computeTraderRisk(
  trades: readonly TradeRecord[],
  nowMs: number,
  section: Pick<TraderStateSection, 'window_trades' | 'max_age_ms' | 'base_rate'>,
  model: TraderStateModel = TRADER_STATE_MODEL,
): TraderRisk {
  const selected = selectTrades(trades, nowMs, section);
  const features = measureTrader(selected);
  const score = scoreTrader(features, model);
  const calibrated = calibrateScore(score, model);
  const count = selected.length;
  const baseWeight = SHRINK_TRADES / (SHRINK_TRADES + count);
  const shrunk = count === 0 ? section.base_rate : baseWeight * section.base_rate + (1 - baseWeight) * calibrated;
  return {
    p_risk: shrunk >= 0 && shrunk <= 1 ? shrunk : 1,
    trade_count: count,
    score,
    calibrated,
    features,
  };
}
