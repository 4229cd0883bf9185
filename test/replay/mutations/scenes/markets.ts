import type { FundingPoint } from '../../../../daemon/evaluation/facts/markets.ts';
import { JUDGE_RULES } from '../../../../daemon/evaluation/judge/rules.ts';
import {
  CALM_PAST,
  noise,
  QUIET_MOVE,
  START_MS,
  type SymbolPath,
  VOLATILE_MOVE,
  VOLATILE_PAST,
  VOLATILE_VOLUME,
} from '../market.ts';
import { BTC, ETH, type Scene } from '../scene.ts';

const JUDGED_BARS = 12;
const QUIET = noise(JUDGED_BARS, QUIET_MOVE);

export function calm(symbol: string, instrument: SymbolPath['instrument'] = {}): SymbolPath {
  return { symbol, past: CALM_PAST, judged: QUIET, instrument };
}
export function volatile(symbol: string): SymbolPath {
  return { symbol, past: VOLATILE_PAST, judged: noise(JUDGED_BARS, VOLATILE_MOVE, VOLATILE_VOLUME) };
}

/** A settlement at the first judged open whose rate per 8 h is beyond the extreme threshold of 0.01. */
export const EXTREME_FUNDING: readonly FundingPoint[] = [{ atMs: START_MS, rate: 0.012, intervalMs: 28_800_000 }];
/** Calm in its prices, extreme by its funding. */
export function extreme(symbol: string): SymbolPath {
  return { ...calm(symbol), funding: EXTREME_FUNDING };
}
/** The same path with so little traded that an order of some ten USDT moves the price by its slippage cap. */
export function thin(path: SymbolPath): SymbolPath {
  const shrink = (moves: SymbolPath['past']) => moves.map((move) => (move === null ? null : { ...move, volume: 1 }));
  return { ...path, past: shrink(path.past), judged: shrink(path.judged) };
}

export const CALM_PAIR: readonly SymbolPath[] = [calm(BTC), calm(ETH)];
export const VOLATILE_PAIR: readonly SymbolPath[] = [volatile(BTC), volatile(ETH)];
export const EXTREME_PAIR: readonly SymbolPath[] = [extreme(BTC), extreme(ETH)];

type Shared = 'clauses' | 'market' | 'asks' | 'seenAs';
/** A scene but for what it shares with the others of its table. */
export type SceneRow = Omit<Scene, Shared> & Partial<Pick<Scene, Shared>>;

/** A table of scenes: in calm markets, and a rule of the judge seen as itself, unless the table or a row says otherwise. */
export function scenes(shared: Partial<Scene>, rows: readonly SceneRow[]): readonly Scene[] {
  const defaults = { clauses: [], asks: [], market: CALM_PAIR };
  return rows.map((row) => ({
    ...defaults,
    seenAs: JUDGE_RULES.filter((rule) => rule === row.rule),
    ...shared,
    ...row,
  }));
}
