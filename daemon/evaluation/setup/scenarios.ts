import { PROFILES, STRATEGY_NAMES } from '../agents/strategies/index.ts';
import { ATTACK_SIDES, type AttackIntensity, type AttackSides } from '../facts/agents.ts';

/** Under what an account is run: which attack, whose sides, and the caps of R times what. */
export interface Scenario {
  readonly attack: AttackIntensity;
  readonly sides: AttackSides;
  readonly capsScale: number;
  /** The policy reserves no symbol; of the shared account alone. Else the symbols are reserved for its agents in turn. */
  readonly isUnreserved?: boolean;
}
/** Caps at which the trade of safety against use is shown (SAE.md section 8, "Reading the table"). */
export const CAPS_SCALES = [0.1, 0.25, 1, 5] as const;
/** Caps at which AttackSuccess is judged. */
const SUCCESS_SCALES = [1, 5] as const;
export const PLAIN: Scenario = { attack: 'none', sides: 'random', capsScale: 1 };
/**
 * The persistent churner asks up to 40 times an hour: it is let loose on one agent's account, for two weeks and a day.
 */
export const CHURN_AGENT = 'narrative/within-budget';
const CHURN_SPAN_MS = 15 * 86_400_000;
/** All strategies in one account. */
export const SHARED_AGENT = 'shared';
/** A squatter keeps symbols from the other agents of an account, where the policy reserves them and where it does not. */
const SQUATTING: readonly Scenario[] = [
  { ...PLAIN, isUnreserved: true },
  { attack: 'squat', sides: 'random', capsScale: 1 },
  { attack: 'squat', sides: 'random', capsScale: 1, isUnreserved: true },
];

export type AttackChoice = 'light' | 'heavy' | 'squat' | 'all';

/**
 * Every scenario requested, the run without attacks of each scale first: damage and utility are measured against it.
 */
export function buildScenarios(choice: AttackChoice): readonly Scenario[] {
  const scenarios: Scenario[] = [];
  if (choice === 'light') return [PLAIN, { attack: 'light', sides: 'random', capsScale: 1 }];
  if (choice === 'heavy') return [PLAIN, ...everySide('heavy', 1)];
  if (choice === 'squat') return [PLAIN, ...SQUATTING];
  for (const scale of CAPS_SCALES) {
    scenarios.push(plain(scale), { attack: 'light', sides: 'random', capsScale: scale });
    if (scale === 1) scenarios.push({ attack: 'light', sides: 'clairvoyant', capsScale: 1 }, ...everySide('heavy', 1));
    else scenarios.push({ attack: 'heavy', sides: 'clairvoyant', capsScale: scale });
    if (scale === 1) scenarios.push({ attack: 'churn', sides: 'random', capsScale: 1 }, ...SQUATTING);
    else if (SUCCESS_SCALES.some((known) => known === scale))
      scenarios.push({ attack: 'heavy', sides: 'random', capsScale: scale });
  }
  return scenarios;
}

function plain(capsScale: number): Scenario {
  return capsScale === 1 ? PLAIN : { attack: 'none', sides: 'random', capsScale };
}
function everySide(attack: 'light' | 'heavy', capsScale: number): readonly Scenario[] {
  return ATTACK_SIDES.map((sides) => ({ attack, sides, capsScale }));
}

/** Whether an account is run in a scenario. */
export function isRunIn(agent: string, { attack, isUnreserved = false }: Scenario): boolean {
  if (attack === 'squat' || isUnreserved) return agent === SHARED_AGENT;
  return attack !== 'churn' || agent === CHURN_AGENT;
}
/** How many bars of it are run; undefined: all. */
export function barsOf({ attack }: Scenario, barMs: number): number | undefined {
  return attack === 'churn' ? Math.ceil(CHURN_SPAN_MS / barMs) : undefined;
}

/** Names of the accounts that are run: each strategy in each profile alone, and all of them in one. */
export function listAgents(): readonly string[] {
  return [...STRATEGY_NAMES.flatMap((name) => PROFILES.map((profile) => `${name}/${profile}`)), SHARED_AGENT];
}

/** Attacks from the heaviest on, each with the sides under which its curves are drawn. */
const DRAWN = [
  { attack: 'heavy', sides: 'clairvoyant' },
  { attack: 'light', sides: 'random' },
  { attack: 'none', sides: 'random' },
] as const satisfies readonly Omit<Scenario, 'capsScale'>[];

/** The scenario whose curves the report draws: the heaviest attack at caps x 1; null: none of these is run. */
export function findDrawnScenario(scenarios: readonly Scenario[]): Scenario | null {
  for (const { attack, sides } of DRAWN) {
    const found = scenarios.find(
      (scenario) => scenario.attack === attack && scenario.sides === sides && scenario.capsScale === 1,
    );
    if (found !== undefined) return found;
  }
  return null;
}
