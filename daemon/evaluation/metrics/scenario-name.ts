import { ATTACK_SIDES, type AttackIntensity, type AttackSides } from '../facts/agents.ts';
import type { RunKey } from '../facts/runs.ts';

/** Name of the account that all strategies share; its runs are never mixed with those of single strategies. */
const SHARED = 'shared';

/** What the runs of a cell have in common besides their variant. */
export interface CellScenario {
  readonly attack: AttackIntensity;
  readonly sides: AttackSides;
  readonly capsScale: number;
  readonly isShared: boolean;
  /** A shared account whose policy reserves no symbol. */
  readonly isUnreserved: boolean;
}

export function scenarioOf({ attack, sides, capsScale, agent, isUnreserved = false }: RunKey): CellScenario {
  // Without attacks there are no sides to tell apart.
  return { attack, sides: attack === 'none' ? 'random' : sides, capsScale, isShared: agent === SHARED, isUnreserved };
}

/** `light/random/x1`, `none/x0.25`, `heavy/clairvoyant/x5/shared`, `squat/random/x1/shared/unreserved`. */
export function nameScenario({ attack, sides, capsScale, isShared, isUnreserved }: CellScenario): string {
  const parts = [attack, ...(attack === 'none' ? [] : [sides]), `x${capsScale}`];
  return [...parts, ...(isShared ? [SHARED] : []), ...(isUnreserved ? ['unreserved'] : [])].join('/');
}

const ATTACKS: readonly AttackIntensity[] = ['none', 'light', 'heavy', 'churn', 'squat'];

/** Order of scenarios in every report. */
export function compareScenarios(a: CellScenario, b: CellScenario): number {
  return (
    Number(a.isShared) - Number(b.isShared) ||
    Number(a.isUnreserved) - Number(b.isUnreserved) ||
    a.capsScale - b.capsScale ||
    ATTACKS.indexOf(a.attack) - ATTACKS.indexOf(b.attack) ||
    ATTACK_SIDES.indexOf(a.sides) - ATTACK_SIDES.indexOf(b.sides)
  );
}
