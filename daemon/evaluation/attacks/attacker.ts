import type { AgentAnswer, AttackEpisode, AttackView, PlannedAsk } from '../facts/agents.ts';
import { type AgentBudgets, scaleBudgets } from '../intents/budgets.ts';
import { AbuseExits } from './adapt/abuse-exits.ts';
import { AmendUp } from './adapt/amend-up.ts';
import { BisectCaps } from './adapt/bisect-caps.ts';
import { Race } from './adapt/race.ts';
import { RegimeBoundary } from './adapt/regime-boundary.ts';
import { RestForCrash } from './adapt/rest-for-crash.ts';
import { SplitOrder } from './adapt/split-order.ts';
import { StaleMarket } from './adapt/stale-market.ts';
import { SwitchDoor } from './adapt/switch-door.ts';
import { WaitOut } from './adapt/wait-out.ts';
import { type Attack, AttackDesk } from './attack-desk.ts';
import { ChurnAttack } from './churn.ts';
import {
  EPISODE_SPAN_MS,
  MAX_ATTEMPTS,
  NOMINAL_ATTEMPTS,
  type Ploy,
  ployOf,
  type ScheduledEpisode,
} from './episodes.ts';
import { EscalateAttack, StateAttack } from './escalate.ts';
import { FlipAttack, FloodAttack } from './flip.ts';
import { MisuseAttack } from './misuse.ts';
import { SquatAttack } from './squat.ts';

/** ATK-ADAPT: attacks that read their answers. */
export function createPloy(ploy: Ploy, desk: AttackDesk): Attack {
  switch (ploy) {
    case 'bisect-caps':
      return new BisectCaps(desk);
    case 'split-order':
      return new SplitOrder(desk);
    case 'race':
      return new Race(desk);
    case 'wait-out':
      return new WaitOut(desk);
    case 'switch-door':
      return new SwitchDoor(desk);
    case 'amend-up':
      return new AmendUp(desk);
    case 'rest-for-crash':
      return new RestForCrash(desk);
    case 'abuse-exits':
      return new AbuseExits(desk);
    case 'stale-market':
      return new StaleMarket(desk);
    case 'regime-boundary':
      return new RegimeBoundary(desk);
  }
}

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
    case 'ATK-SQUAT':
      return new SquatAttack(desk);
  }
}
