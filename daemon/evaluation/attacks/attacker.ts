import type { AgentAnswer, AttackEpisode, AttackView, PlannedAsk } from '../facts/agents.ts';
import { type AgentBudgets, scaleBudgets } from '../intents/budgets.ts';
import { AttackDesk } from './attack-desk.ts';
import { EPISODE_SPAN_MS, MAX_ATTEMPTS, NOMINAL_ATTEMPTS, type ScheduledEpisode } from './episodes.ts';
import { FAMILY_ATTACKS } from './families.ts';

export interface AttackOptions {
  /** R at B_0, not yet scaled. */
  readonly budgets: AgentBudgets;
  readonly capsScale: number;
}
/** One episode in the hands of a compromised agent: it asks under the strategy's own name. */
export interface Attacker {
  start(view: AttackView): readonly PlannedAsk[];
  onAnswer(ask: PlannedAsk, answer: AgentAnswer, view: AttackView): readonly PlannedAsk[];
}

/**
 * The attacker of one episode: at most `attempts` asks (the family's nominal number when the episode names none, never
 * more than 40), all within its span. What it asks follows from seed and answers alone.
 */
export function createAttacker(
  episode: AttackEpisode & Partial<Pick<ScheduledEpisode, 'attempts' | 'spanMs'>>,
  { budgets, capsScale }: AttackOptions,
): Attacker {
  const { attempts = NOMINAL_ATTEMPTS[episode.family], spanMs = EPISODE_SPAN_MS } = episode;
  const bounded = { ...episode, attempts: Math.min(MAX_ATTEMPTS, attempts), spanMs };
  const desk = new AttackDesk(bounded, scaleBudgets(budgets, capsScale));
  const attack = FAMILY_ATTACKS[episode.family](desk);
  return {
    start(view) {
      attack.start(view);
      return desk.take();
    },
    onAnswer(ask, answer, view) {
      desk.waiting -= 1;
      attack.onAnswer?.(answer, view, ask);
      return desk.take();
    },
  };
}
