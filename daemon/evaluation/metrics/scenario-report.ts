import type { AttackFamily } from '../facts/agents.ts';
import { type ByFamily, measureSuccess, measureThroughput } from './attack-success.ts';
import { buildInterval, buildShareInterval, divideAll, type Metric, MIN_CASES, MIN_DAYS } from './bootstrap-plan.ts';
import { type Cell, type CellTotal, weighBySeed } from './cell.ts';
import { measureDamage } from './damage.ts';
import { type PathMetric, SHRINK_METRICS, type ShrinkMetric } from './path-metrics.ts';
import type { CellScenario } from './scenario-name.ts';

/**
 * The risk-matched control of a variant (SAE section 9): NoSAE's own returns times gross(variant) / gross(NoSAE), and
 * the variant over it; below 1 the variant is safer than NoSAE at the same exposure.
 */
export interface ShrinkReport {
  /** Mean of gross(variant) / gross(NoSAE) over the runs. */
  readonly factor: Metric;
  readonly mdd: Metric;
  readonly cvar95: Metric;
  readonly cvar99: Metric;
  readonly mdd_ratio: Metric;
  readonly cvar95_ratio: Metric;
  readonly cvar99_ratio: Metric;
}

/** Null when not every run of the cell has its control, or from too few days. */
export function buildShrinkReport(cell: Cell): ShrinkReport | null {
  const runs = cell.totals.total('runs');
  if (cell.totals.total('shrinkRuns') !== runs || cell.judgedDays < MIN_DAYS) return null;
  const counts = cell.totals.replicates('runs');
  const level = (name: ShrinkMetric): Metric =>
    buildInterval(cell.shrink[name].point / runs, divideAll(cell.shrink[name].replicates(), counts));
  const ratio = (name: ShrinkMetric): Metric =>
    buildInterval(
      cell.path[name].point / cell.shrink[name].point,
      divideAll(cell.path[name].replicates(), cell.shrink[name].replicates()),
    );
  const [mdd, cvar95, cvar99] = SHRINK_METRICS;
  return {
    factor: buildInterval(
      cell.totals.total('shrinkFactor') / runs,
      divideAll(cell.totals.replicates('shrinkFactor'), counts),
    ),
    mdd: level(mdd),
    cvar95: level(cvar95),
    cvar99: level(cvar99),
    mdd_ratio: ratio(mdd),
    cvar95_ratio: ratio(cvar95),
    cvar99_ratio: ratio(cvar99),
  };
}

/**
 * All figures of one variant in one scenario; names as in report.json. Means over runs or ratios of sums, with 95 %
 * intervals over days and seeds (curves) or over seeds. Null: too few requests or days, or no run to compare.
 */
export interface ScenarioReport {
  readonly runs: number;
  readonly seeds: number;
  readonly days: number;
  readonly mdd: Metric;
  readonly cvar95: Metric;
  readonly cvar99: Metric;
  readonly mean_return: Metric;
  /** Multiples of equity, and USDT. */
  readonly gross: Metric;
  readonly gross_usdt: Metric;
  readonly cvar99_per_gross: Metric;
  /** cvar99_per_gross over that of the same gate without regimes, where that variant was run. */
  readonly cvar99_per_gross_to_no_regimes: Metric;
  /** Share of the equity at the start. */
  readonly final_equity: Metric;
  readonly equity_14d: Metric;
  /** A run; and in all runs. */
  readonly liquidations: Metric;
  readonly liquidations_total: number;
  readonly refused_exits: Metric;
  readonly refused_exits_total: number;
  readonly open_at_end: Metric;
  readonly attack_success: Metric;
  readonly attack_success_by_family: ByFamily | null;
  readonly attack_success_per_attempt: Metric;
  readonly attack_success_any: Metric;
  readonly attack_success_any_by_family: ByFamily | null;
  readonly attack_episodes: number;
  readonly attack_attempts: number;
  readonly attack_throughput: Metric;
  /** Risk-increasing notional that attacks executed, USDT a run. */
  readonly attack_opened_usdt_by_family: Readonly<Record<AttackFamily, number>> | null;
  readonly attack_damage: Metric;
  readonly attack_damage_worst: Metric;
  readonly attack_damage_worst_run: Metric;
  /** Refused because the symbol is another agent's, or nobody's: counted here, and in no figure below. */
  readonly held_block: Metric;
  /** The same of openings in symbols that are reserved for who asks. */
  readonly held_block_reserved: Metric;
  /** Legitimate opening notional of the agents that do not squat, executed beside the squatter over without. */
  readonly others_kept: Metric;
  readonly false_block: Metric;
  readonly strict_false_block: Metric;
  readonly false_block_b0: Metric;
  readonly strict_false_block_b0: Metric;
  /** false_block less that of the run without attacks. */
  readonly crowding_out: Metric;
  /** Legitimate opening notional executed, over that without attacks. */
  readonly utility_kept: Metric;
  /** The same without what attackers caused: of a day, symbol and side at most what is executed there without attacks. */
  readonly utility_own: Metric;
  /** The same over what NoSAE executes at caps x 1 under the same attack; and over what was asked in hard scope. */
  readonly retained: Metric;
  readonly retained_hard: Metric;
  readonly time_over_cap: Metric;
  readonly time_reduce_only: Metric;
  readonly dg_rate: Metric;
  readonly dg_loss: Metric;
  /** A run. */
  readonly dg_loss_usdt: Metric;
  readonly fees_usdt: Metric;
  readonly turnover_usdt: Metric;
  /** Mean of a decision. Wall clock: the one figure that differs between two runs of the same inputs. */
  readonly latency_us: Metric;
}
/** Cells that a cell is compared with; null: not run. */
export interface ComparedCells {
  /** Same variant, caps and accounts without attacks. */
  readonly calm: Cell | null;
  /** NoSAE under the same attack at caps x 1. */
  readonly noSae: Cell | null;
  /** The same gate without regimes in the same scenario. */
  readonly noRegimes: Cell | null;
}

export function buildScenarioReport(
  cell: Cell,
  scenario: CellScenario,
  compared: ComparedCells,
  grossCapUsdt: number | null,
): ScenarioReport {
  const isAttacked = scenario.attack !== 'none';
  const damage = measureDamage(cell, isAttacked ? compared.calm : null);
  const judged = measureSuccess(cell, 'outOfScope', 'episodes');
  const any = measureSuccess(cell, 'executed', 'episodes');
  const { totals } = cell;
  return {
    runs: totals.total('runs'),
    seeds: totals.bySeed('runs').filter((runs) => runs > 0).length,
    days: cell.judgedDays,
    ...buildCurveFigures(cell, compared.noRegimes),
    gross_usdt: averageRuns(cell, 'grossUsdt'),
    final_equity: averageRuns(cell, 'finalEquity'),
    equity_14d: divideTotals(cell, 'equity14d', cell, 'runs14d'),
    liquidations: averageRuns(cell, 'liquidations'),
    liquidations_total: totals.total('liquidations'),
    refused_exits: averageRuns(cell, 'refusedExits'),
    refused_exits_total: totals.total('refusedExits'),
    open_at_end: averageRuns(cell, 'openAtEnd'),
    attack_success: judged.mean,
    attack_success_by_family: isAttacked ? judged.byFamily : null,
    attack_success_per_attempt: measureSuccess(cell, 'outOfScopeAttempts', 'attempts').mean,
    attack_success_any: any.mean,
    attack_success_any_by_family: isAttacked ? any.byFamily : null,
    attack_episodes: sumFamilies(cell, 'episodes'),
    attack_attempts: sumFamilies(cell, 'attempts'),
    attack_throughput: isAttacked ? measureThroughput(cell, grossCapUsdt) : null,
    attack_opened_usdt_by_family: isAttacked ? averageOpened(cell) : null,
    attack_damage: damage.mean,
    attack_damage_worst: damage.worstSeed,
    attack_damage_worst_run: damage.worstRun,
    ...buildLegitFigures(cell, scenario, compared),
    time_over_cap: averageRuns(cell, 'overCapShare'),
    time_reduce_only: averageRuns(cell, 'reduceOnlyShare'),
    dg_rate: measureShare(cell, 'outOfScopeFills', 'fills'),
    dg_loss: measureLossShare(cell),
    dg_loss_usdt: averageRuns(cell, 'lossOutOfScopeUsdt'),
    fees_usdt: averageRuns(cell, 'feesUsdt'),
    turnover_usdt: averageRuns(cell, 'turnoverUsdt'),
    latency_us: measureLatency(cell),
  };
}

function buildCurveFigures(cell: Cell, noRegimes: Cell | null) {
  const ofCurve = (name: PathMetric): Metric => (cell.judgedDays < MIN_DAYS ? null : averagePath(cell, name));
  const perGross = measureTailPerGross(cell);
  const other = noRegimes === null ? null : measureTailPerGross(noRegimes);
  const isJudged = cell.judgedDays >= MIN_DAYS;
  return {
    mdd: ofCurve('mdd'),
    cvar95: ofCurve('cvar95'),
    cvar99: ofCurve('cvar99'),
    mean_return: ofCurve('mean_return'),
    gross: ofCurve('gross'),
    cvar99_per_gross: isJudged ? buildInterval(perGross.point, perGross.replicates) : null,
    cvar99_per_gross_to_no_regimes:
      isJudged && other !== null
        ? buildInterval(perGross.point / other.point, divideAll(perGross.replicates, other.replicates))
        : null,
  };
}

function buildLegitFigures(cell: Cell, { attack }: CellScenario, { calm, noSae }: ComparedCells) {
  return {
    held_block: measureShare(cell, 'heldTightened', 'askedTightened'),
    held_block_reserved: measureShare(cell, 'reservedHeld', 'reservedTightened'),
    others_kept: attack !== 'squat' || calm === null ? null : compareNotional(cell, calm, 'othersOpenExecutedUsdt'),
    false_block: measureShare(cell, 'blockedTightened', 'inTightened'),
    strict_false_block: measureShare(cell, 'cutTightened', 'inTightened'),
    false_block_b0: measureShare(cell, 'blockedHard', 'inHard'),
    strict_false_block_b0: measureShare(cell, 'cutHard', 'inHard'),
    crowding_out: calm === null || calm === cell ? null : measureCrowdingOut(cell, calm),
    utility_kept: calm === null || calm === cell ? null : compareNotional(cell, calm),
    utility_own:
      calm === null || calm === cell || cell.totals.total('requests') < MIN_CASES
        ? null
        : divideTotals(cell, 'ownOpenExecutedUsdt', cell, 'calmOpenExecutedUsdt'),
    retained: noSae === null ? null : compareNotional(cell, noSae),
    retained_hard:
      cell.totals.total('inHard') < MIN_CASES
        ? null
        : divideTotals(cell, 'hardOpenExecutedUsdt', cell, 'hardOpenAskedUsdt'),
  };
}

export function averagePath(cell: Cell, name: PathMetric): Metric {
  const sums = cell.path[name];
  const runs = cell.totals.total('runs');
  return buildInterval(sums.point / runs, divideAll(sums.replicates(), cell.totals.replicates('runs')));
}

function averageRuns(cell: Cell, name: CellTotal): Metric {
  return divideTotals(cell, name, cell, 'runs');
}

function divideTotals(cell: Cell, name: CellTotal, other: Cell, per: CellTotal): Metric {
  const point = cell.totals.total(name) / other.totals.total(per);
  return buildInterval(point, divideAll(cell.totals.replicates(name), other.totals.replicates(per)));
}

/** Null from fewer than 30 cases. */
function measureShare(cell: Cell, part: CellTotal, whole: CellTotal): Metric {
  const cases = cell.totals.total(whole);
  if (cases < MIN_CASES) return null;
  const replicates = divideAll(cell.totals.replicates(part), cell.totals.replicates(whole));
  return buildShareInterval(cell.totals.total(part) / cases, replicates, cases);
}

/** DG_loss (SAE section 8): 0 when nothing was lost at all. */
function measureLossShare(cell: Cell): Metric {
  if (cell.totals.total('fills') < MIN_CASES) return null;
  if (cell.totals.total('lossAllUsdt') === 0) return { mean: 0, lo: 0, hi: 0 };
  return divideTotals(cell, 'lossOutOfScopeUsdt', cell, 'lossAllUsdt');
}

function measureTailPerGross(cell: Cell): { readonly point: number; readonly replicates: Float64Array } {
  const { cvar99, gross } = cell.path;
  return { point: cvar99.point / gross.point, replicates: divideAll(cvar99.replicates(), gross.replicates()) };
}

function measureCrowdingOut(cell: Cell, calm: Cell): Metric {
  if (Math.min(cell.totals.total('inTightened'), calm.totals.total('inTightened')) < MIN_CASES) return null;
  const share = ({ totals }: Cell) => totals.total('blockedTightened') / totals.total('inTightened');
  const shares = ({ totals }: Cell) =>
    divideAll(totals.replicates('blockedTightened'), totals.replicates('inTightened'));
  const calmShares = shares(calm);
  const differences = shares(cell).map((value, b) => value - calmShares[b]!);
  return buildInterval(share(cell) - share(calm), differences);
}

/** Executed legitimate opening notional over that of another cell; null unless both hold runs of the same seeds. */
function compareNotional(cell: Cell, other: Cell, name: CellTotal = 'openExecutedUsdt'): Metric {
  const runs = other.totals.bySeed('runs');
  const isPaired = cell.totals.bySeed('runs').every((count, s) => count === runs[s]);
  if (!isPaired || cell.totals.total('requests') < MIN_CASES) return null;
  return divideTotals(cell, name, other, name);
}

/** Null without decisions, and where no clock ran. */
function measureLatency({ decisions, decideNs, plan }: Cell): Metric {
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  if (!(sum(decisions) > 0 && sum(decideNs) > 0)) return null;
  const replicates = divideAll(weighBySeed(decideNs, plan), weighBySeed(decisions, plan));
  return buildInterval(
    sum(decideNs) / sum(decisions) / 1000,
    replicates.map((ns) => ns / 1000),
  );
}

function sumFamilies(cell: Cell, name: 'episodes' | 'attempts'): number {
  let sum = 0;
  for (const counts of cell.families.values()) sum += counts.total(name);
  return sum;
}

function averageOpened(cell: Cell): Readonly<Record<AttackFamily, number>> {
  const runs = cell.totals.total('runs');
  const averages = [...cell.families].map(([family, counts]) => [family, counts.total('openedUsdt') / runs]);
  return Object.fromEntries(averages) as Record<AttackFamily, number>;
}
