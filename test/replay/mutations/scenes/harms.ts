import type { Harm, SceneOutcome } from '../scene.ts';

/** Quotients of sums in floats err in their last bits: what differs by less is the same. */
const ROUND_TO = 1e6;
const rounded = (value: number): number => Math.round(value * ROUND_TO) / ROUND_TO;

function harm(name: string, measure: (outcome: SceneOutcome) => number): Harm {
  return { name, measure: (outcome) => rounded(measure(outcome)) };
}
export const LARGEST_GROSS: Harm = harm('largest gross exposure at a bar close, USDT', ({ result }) =>
  result.gross.reduce((most, value) => Math.max(most, value), 0),
);
export const OPENED: Harm = harm('opened, USDT', ({ fills }) => fills.reduce((sum, fill) => sum + fill.openedUsdt, 0));
export const LOSS: Harm = harm('loss, USDT', ({ result }) => result.equity[0]! - result.equity.at(-1)!);
export const TURNOVER: Harm = harm('turnover, USDT', ({ result }) => result.turnoverUsdt);
export const FEES: Harm = harm('fees, USDT', ({ result }) => result.feesUsdt);
export const OVER_CAP: Harm = harm('time above a tightened cap, ms', ({ result }) => result.overCapMs);
export const SLIPPAGE: Harm = harm('slippage paid on average, bps', ({ fills }) => {
  const usdt = fills.reduce((sum, fill) => sum + fill.usdt, 0);
  return fills.reduce((sum, fill) => sum + fill.slippageBps * fill.usdt, 0) / usdt;
});
