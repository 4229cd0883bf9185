import type { Agent } from '../../facts/agents.ts';
import { type AgentBudgets, scaleBudgets } from '../../intents/budgets.ts';
import { Draws } from '../../intents/draws.ts';
import { SIGNALS } from './signals.ts';
import { createSizing, type ProfileName, type StrategyName } from './sizing.ts';
import { Trader } from './trader.ts';

export { PROFILES, type ProfileName, STRATEGY_NAMES, type StrategyName } from './sizing.ts';

export interface StrategyOptions {
  readonly seed: number;
  /** Multiplier of the caps on notional. */
  readonly capsScale: number;
  /** R at B_0, not yet scaled. */
  readonly budgets: AgentBudgets;
}

/** A seeded strategy that trades every symbol of the market; it knows the market from the views it is given alone. */
export function createStrategy(name: StrategyName, profile: ProfileName, options: StrategyOptions): Agent {
  const { seed, capsScale, budgets } = options;
  const sizing = createSizing(name, profile, scaleBudgets(budgets, capsScale));
  const stream = `strategy:${name}`;
  return new Trader(name, sizing, new Draws(seed, `${stream}:trader:${profile}`), (symbol, barMs) =>
    SIGNALS[name](new Draws(seed, `${stream}:${symbol}`), barMs),
  );
}
