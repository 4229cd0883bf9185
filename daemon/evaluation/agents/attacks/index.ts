import type { AgentAnswer, AgentView, AttackEpisode, PlannedAsk } from '../../facts/agents.ts';
import { type AgentBudgets, scaleBudgets } from '../budgets.ts';
import { createPloy } from './adapt/index.ts';
import { type Attack, AttackDesk } from './attack-desk.ts';
import { ChurnAttack } from './churn.ts';
import { EPISODE_SPAN_MS, MAX_ATTEMPTS, NOMINAL_ATTEMPTS, ployOf, type ScheduledEpisode } from './episodes.ts';
import { EscalateAttack } from './escalate.ts';
import { FlipAttack } from './flip.ts';
import { FloodAttack } from './flood.ts';
import { MisuseAttack } from './misuse.ts';
import { StateAttack } from './state.ts';

export interface AttackOptions {
  /** R at B_0, not yet scaled. */
  readonly budgets: AgentBudgets;
  readonly capsScale: number;
}
/** One episode in the hands of a compromised agent: it asks under the strategy's own name. */
export interface Attacker {
  start(view: AgentView): readonly PlannedAsk[];
  onAnswer(ask: PlannedAsk, answer: AgentAnswer, view: AgentView): readonly PlannedAsk[];
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
  const attack = createAttack(desk);
  return {
    start(view) {
      attack.start(view);
      return desk.take();
    },
    onAnswer(ask, answer, view) {
      attack.onAnswer?.(ask, answer, view);
      return desk.take();
    },
  };
}

function createAttack(desk: AttackDesk): Attack {
  switch (desk.episode.family) {
    case 'ATK-ESCALATE':
      return new EscalateAttack(desk);
    case 'ATK-FLOOD':
      return new FloodAttack(desk);
    case 'ATK-MISUSE':
      return new MisuseAttack(desk);
    case 'ATK-STATE':
      return new StateAttack(desk);
    case 'ATK-FLIP':
      return new FlipAttack(desk);
    case 'ATK-ADAPT':
      return createPloy(ployOf(desk.episode.seed), desk);
    case 'ATK-CHURN':
      return new ChurnAttack(desk);
  }
}
