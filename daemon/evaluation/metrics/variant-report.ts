import { ATTACK_FAMILIES, type AttackFamily } from '../facts/agents.ts';
import type { ByFamily } from './attack-success.ts';
import { findLargest, type Metric } from './bootstrap-plan.ts';
import { type CellScenario, nameScenario } from './scenario-name.ts';
import type { ScenarioReport } from './scenario-report.ts';

/** A variant's headline figures, each from one scenario (the table of the evaluation), and all its scenarios. */
export interface VariantReport {
  /** In all its scenarios. */
  readonly runs: number;
  readonly mdd: Metric;
  readonly cvar95: Metric;
  readonly cvar99: Metric;
  readonly liquidations: Metric;
  /** The largest over families, light, heavy and squatting, caps x 1 and x 5, whatever sides and accounts. */
  readonly attack_success: Metric;
  readonly attack_success_by_family: ByFamily;
  readonly attack_success_any: Metric;
  /** Heavy and clairvoyant. */
  readonly attack_damage: Metric;
  readonly attack_damage_worst: Metric;
  readonly attack_damage_worst_run: Metric;
  /** Under the persistent churner. */
  readonly churn_equity_14d: Metric;
  readonly false_block: Metric;
  readonly strict_false_block: Metric;
  readonly false_block_b0: Metric;
  readonly utility_kept: Metric;
  readonly utility_own: Metric;
  readonly gross: Metric;
  readonly time_over_cap: Metric;
  readonly time_reduce_only: Metric;
  readonly dg_rate: Metric;
  readonly dg_loss: Metric;
  readonly latency_us: Metric;
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
    mdd: light?.mdd ?? null,
    cvar95: light?.cvar95 ?? null,
    cvar99: light?.cvar99 ?? null,
    liquidations: light?.liquidations ?? null,
    attack_success: findLargest(Object.values(byFamily)),
    attack_success_by_family: byFamily,
    attack_success_any: light?.attack_success_any ?? null,
    attack_damage: worst?.attack_damage ?? null,
    attack_damage_worst: worst?.attack_damage_worst ?? null,
    attack_damage_worst_run: worst?.attack_damage_worst_run ?? null,
    churn_equity_14d: churned?.equity_14d ?? null,
    false_block: light?.false_block ?? null,
    strict_false_block: light?.strict_false_block ?? null,
    false_block_b0: light?.false_block_b0 ?? null,
    utility_kept: light?.utility_kept ?? null,
    utility_own: light?.utility_own ?? null,
    gross: light?.gross ?? null,
    time_over_cap: light?.time_over_cap ?? null,
    time_reduce_only: light?.time_reduce_only ?? null,
    dg_rate: light?.dg_rate ?? null,
    dg_loss: light?.dg_loss ?? null,
    latency_us: light?.latency_us ?? null,
    scenarios: Object.fromEntries(reported.map(({ scenario, report }) => [nameScenario(scenario), report])),
  };
}

function findWorstByFamily(reported: readonly ReportedScenario[]): ByFamily {
  const judged = reported.filter(
    ({ scenario }) => SUCCESS_ATTACKS.includes(scenario.attack) && SUCCESS_SCALES.includes(scenario.capsScale),
  );
  const largest = (family: AttackFamily) =>
    findLargest(judged.map(({ report }) => report.attack_success_by_family?.[family] ?? null));
  return Object.fromEntries(ATTACK_FAMILIES.map((family) => [family, largest(family)])) as Record<AttackFamily, Metric>;
}
