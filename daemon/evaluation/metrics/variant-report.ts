import { ATTACK_FAMILIES, type AttackFamily } from '../facts/agents.ts';
import { findLargest, type Metric } from './bootstrap-plan.ts';
import type { ByFamily } from './damage.ts';
import { type CellScenario, nameScenario } from './scenario-name.ts';
import type { ScenarioReport } from './scenario-report.ts';

/** Of the light attack, caps x 1, one strategy an account. */
const RISK = ['mdd', 'cvar95', 'cvar99', 'liquidations'] as const;
/** Of the heavy, clairvoyant one. */
const DAMAGE = ['attack_damage', 'attack_damage_worst', 'attack_damage_worst_run'] as const;
/** Of the light one again. */
const USE = [
  'false_block',
  'strict_false_block',
  'false_block_b0',
  'utility_kept',
  'utility_own',
  'gross',
  'time_over_cap',
  'time_reduce_only',
  'dg_rate',
  'dg_loss',
  'latency_us',
] as const;
type Headlines = (typeof RISK)[number] | (typeof DAMAGE)[number] | (typeof USE)[number];

/** A variant's headline figures, each from one scenario (the table of the evaluation), and all its scenarios. */
export interface VariantReport extends Pick<ScenarioReport, Headlines> {
  /** In all its scenarios. */
  readonly runs: number;
  /** The largest over families, light, heavy and squatting, caps x 1 and x 5, whatever sides and accounts. */
  readonly attack_success: Metric;
  readonly attack_success_by_family: ByFamily;
  readonly attack_success_any: Metric;
  /** Under the persistent churner. */
  readonly churn_equity_14d: Metric;
  readonly scenarios: Readonly<Record<string, ScenarioReport>>;
}
export interface ReportedScenario {
  readonly scenario: CellScenario;
  readonly report: ScenarioReport;
}

const SUCCESS_SCALES: readonly number[] = [1, 5];
const SUCCESS_ATTACKS: readonly string[] = ['light', 'heavy', 'squat'];

/** Scenario of a headline figure: caps x 1, one strategy an account; random sides before clairvoyant ones. */
export function findHeadline<Entry extends { readonly scenario: CellScenario }>(
  entries: readonly Entry[],
  attack: CellScenario['attack'],
  sides: readonly CellScenario['sides'][] = ['random', 'clairvoyant'],
): Entry | null {
  for (const side of sides) {
    const found = entries.find(
      ({ scenario }) =>
        scenario.attack === attack && scenario.sides === side && scenario.capsScale === 1 && !scenario.isShared,
    );
    if (found !== undefined) return found;
  }
  return null;
}

export function buildVariantReport(reported: readonly ReportedScenario[]): VariantReport {
  const light = findHeadline(reported, 'light')?.report ?? null;
  const worst = findHeadline(reported, 'heavy', ['clairvoyant'])?.report ?? null;
  const churned = findHeadline(reported, 'churn')?.report ?? null;
  const byFamily = findWorstByFamily(reported);
  return {
    runs: reported.reduce((sum, { report }) => sum + report.runs, 0),
    ...pick(light, RISK),
    attack_success: findLargest(Object.values(byFamily)),
    attack_success_by_family: byFamily,
    attack_success_any: light?.attack_success_any ?? null,
    ...pick(worst, DAMAGE),
    churn_equity_14d: churned?.equity_14d ?? null,
    ...pick(light, USE),
    scenarios: Object.fromEntries(reported.map(({ scenario, report }) => [nameScenario(scenario), report])),
  };
}

/** Figures of a scenario by their names, in their order; null where it was not run. */
function pick<Name extends Headlines>(
  report: ScenarioReport | null,
  names: readonly Name[],
): Pick<ScenarioReport, Name> {
  return Object.fromEntries(names.map((name) => [name, report?.[name] ?? null])) as Pick<ScenarioReport, Name>;
}

function findWorstByFamily(reported: readonly ReportedScenario[]): ByFamily {
  const judged = reported.filter(
    ({ scenario }) => SUCCESS_ATTACKS.includes(scenario.attack) && SUCCESS_SCALES.includes(scenario.capsScale),
  );
  const largest = (family: AttackFamily) =>
    findLargest(judged.map(({ report }) => report.attack_success_by_family?.[family] ?? null));
  return Object.fromEntries(ATTACK_FAMILIES.map((family) => [family, largest(family)])) as Record<AttackFamily, Metric>;
}
