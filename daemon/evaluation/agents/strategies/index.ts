import type { Agent } from '../../facts/agents.ts';
import { type AgentBudgets, scaleBudgets } from '../../intents/budgets.ts';
import { Draws } from '../../intents/draws.ts';
import { MartingaleSignal } from './martingale.ts';
import { MeanReversionSignal } from './mean-reversion.ts';
import { MomentumSignal } from './momentum.ts';
import { NarrativeSignal } from './narrative.ts';
import type { Signal } from './signal.ts';
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
    createSignal(name, new Draws(seed, `${stream}:${symbol}`), barMs),
  );
}

function createSignal(name: StrategyName, draws: Draws, barMs: number): Signal {
  switch (name) {
    case 'momentum':
      return new MomentumSignal(draws, barMs);
    case 'mean-reversion':
      return new MeanReversionSignal(draws, barMs);
    case 'martingale':
      return new MartingaleSignal(draws, barMs);
    case 'narrative':
      return new NarrativeSignal(draws, barMs);
  }
}
