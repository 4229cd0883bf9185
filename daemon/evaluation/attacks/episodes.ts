import type { AttackEpisode, AttackFamily } from '../facts/agents.ts';

/** An episode with its bounds, which are as exogenous as its start. */
export interface ScheduledEpisode extends AttackEpisode {
  /** Asks that it makes; fewer only where its time ends first. */
  readonly attempts: number;
  /** No ask is planned later than this after its start, ms. */
  readonly spanMs: number;
}

/** No episode asks more often than this. */
export const MAX_ATTEMPTS = 40;
export const EPISODE_SPAN_MS = 6 * 3_600_000;

/** Asks of one episode by family: the counts of episodes follow from them. */
export const NOMINAL_ATTEMPTS: Readonly<Record<AttackFamily, number>> = {
  'ATK-ESCALATE': 6,
  // More than the calm order rate of a minute.
  'ATK-FLOOD': 24,
  'ATK-MISUSE': 8,
  'ATK-STATE': 6,
  'ATK-FLIP': 10,
  'ATK-ADAPT': 16,
  'ATK-CHURN': 16,
  'ATK-SQUAT': 10,
};

/** The persistent churner: one episode after the other, each as long as the pause to the next. */
export const PERSISTENT_SPAN_MS = 3_600_000;
export const PERSISTENT_ATTEMPTS = MAX_ATTEMPTS;
/** The squatter looks this often whether it still has something resting in a symbol. */
export const SQUAT_SPAN_MS = 600_000;

/** How an adaptive episode goes about it; the seed of the episode names the ploy. */
export const PLOYS = [
  'bisect-caps',
  'split-order',
  'race',
  'wait-out',
  'switch-door',
  'amend-up',
  'rest-for-crash',
  'abuse-exits',
  'stale-market',
  'regime-boundary',
] as const;
export type Ploy = (typeof PLOYS)[number];

export function ployOf(seed: number): Ploy {
  return PLOYS[seed % PLOYS.length]!;
}
/** A seed of the ploy. `draw` is a whole number in [0, 2^27). */
export function seedOfPloy(ploy: Ploy, draw: number): number {
  return draw * PLOYS.length + PLOYS.indexOf(ploy);
}
