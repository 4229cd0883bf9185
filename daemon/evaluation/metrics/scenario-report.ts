import type { AttackFamily } from '../facts/agents.ts';
import { buildInterval, buildShareInterval, divideAll, type Metric, MIN_CASES, MIN_DAYS } from './bootstrap-plan.ts';
import { type Cell, type CellTotal, weighBySeed } from './cell.ts';
import { type ByFamily, measureDamage, measureSuccess, measureThroughput } from './damage.ts';
import { type PathMetric, SHRINK_METRICS, type ShrinkMetric } from './path-metrics.ts';
import type { CellScenario } from './scenario-name.ts';

export type ShrinkReport = NonNullable<ReturnType<typeof buildShrinkReport>>;

/**
 * The risk-matched control of a variant (SAE section 9): NoSAE's own returns times gross(variant) / gross(NoSAE), and
 * the variant over it; below 1 the variant is safer than NoSAE at the same exposure. Null when not every run of the cell
 * has its control, or from too few days.
 */
export function buildShrinkReport(cell: Cell) {
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
    /** Mean of gross(variant) / gross(NoSAE) over the runs. */
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

/** Cells that a cell is compared with; null: not run. */
interface ComparedCells {
  /** Same variant, caps and accounts without attacks. */
  readonly calm: Cell | null;
  /** NoSAE under the same attack at caps x 1. */
  readonly noSae: Cell | null;
  /** The same gate without regimes in the same scenario. */
  readonly noRegimes: Cell | null;
}

/** What the figures of a cell are made of. */
interface Measured extends ComparedCells {
  readonly cell: Cell;
  readonly isAttacked: boolean;
  readonly isSquatted: boolean;
  /** Days enough for figures of a curve. */
  readonly isJudged: boolean;
  /** The calm cell, unless it is the cell itself. */
  readonly other: Cell | null;
  readonly grossCapUsdt: number | null;
  readonly damage: ReturnType<typeof measureDamage>;
  readonly judged: ReturnType<typeof measureSuccess>;
  readonly any: ReturnType<typeof measureSuccess>;
}

const curve =
  (name: PathMetric) =>
  ({ cell, isJudged }: Measured): Metric => {
    const { point, replicates } = averagePath(cell, name);
    return isJudged ? buildInterval(point, replicates) : null;
  };
const aRun =
  (name: CellTotal) =>
  ({ cell }: Measured): Metric =>
    divideTotals(cell, name, cell, 'runs');
const inAll =
  (name: CellTotal) =>
  ({ cell }: Measured): number =>
    cell.totals.total(name);
/** Null from fewer than 30 cases. */
const share =
  (part: CellTotal, whole: CellTotal) =>
  ({ cell: { totals } }: Measured): Metric => {
    const cases = totals.total(whole);
    if (cases < MIN_CASES) return null;
    const replicates = divideAll(totals.replicates(part), totals.replicates(whole));
    return buildShareInterval(totals.total(part) / cases, replicates, cases);
  };

/**
 * All figures of one variant in one scenario; names as in report.json, and in its order. Means over runs or ratios of
 * sums, with 95 % intervals over days and seeds (curves) or over seeds. Null: too few requests or days, or no run to
 * compare.
 */
const FIGURES = {
  runs: inAll('runs'),
  seeds: ({ cell }) => cell.totals.bySeed('runs').filter((runs) => runs > 0).length,
  days: ({ cell }) => cell.judgedDays,
  mdd: curve('mdd'),
  cvar95: curve('cvar95'),
  cvar99: curve('cvar99'),
  mean_return: curve('mean_return'),
  /** Multiples of equity; `gross_usdt`: USDT. */
  gross: curve('gross'),
  cvar99_per_gross: ({ cell, isJudged }) => {
    const { point, replicates } = measureTailPerGross(cell);
    return isJudged ? buildInterval(point, replicates) : null;
  },
  /** Over that of the same gate without regimes, where that variant was run. */
  cvar99_per_gross_to_no_regimes: ({ cell, isJudged, noRegimes }) => {
    if (!isJudged || noRegimes === null) return null;
    const [own, other] = [measureTailPerGross(cell), measureTailPerGross(noRegimes)];
    return buildInterval(own.point / other.point, divideAll(own.replicates, other.replicates));
  },
  gross_usdt: aRun('grossUsdt'),
  /** Share of the equity at the start. */
  final_equity: aRun('finalEquity'),
  equity_14d: ({ cell }) => divideTotals(cell, 'equity14d', cell, 'runs14d'),
  /** A run; and in all runs. */
  liquidations: aRun('liquidations'),
  liquidations_total: inAll('liquidations'),
  refused_exits: aRun('refusedExits'),
  refused_exits_total: inAll('refusedExits'),
  open_at_end: aRun('openAtEnd'),
  attack_success: ({ judged }) => judged.mean,
  attack_success_by_family: ({ isAttacked, judged }): ByFamily | null => (isAttacked ? judged.byFamily : null),
  attack_success_per_attempt: ({ cell }) => measureSuccess(cell, 'outOfScopeAttempts', 'attempts').mean,
  attack_success_any: ({ any }) => any.mean,
  attack_success_any_by_family: ({ any, isAttacked }): ByFamily | null => (isAttacked ? any.byFamily : null),
  attack_episodes: ({ cell }) => sumFamilies(cell, 'episodes'),
  attack_attempts: ({ cell }) => sumFamilies(cell, 'attempts'),
  attack_throughput: ({ cell, grossCapUsdt, isAttacked }) =>
    isAttacked ? measureThroughput(cell, grossCapUsdt) : null,
  /** Risk-increasing notional that attacks executed, USDT a run. */
  attack_opened_usdt_by_family: ({ cell, isAttacked }) => (isAttacked ? averageOpened(cell) : null),
  attack_damage: ({ damage }) => damage.mean,
  attack_damage_worst: ({ damage }) => damage.worstSeed,
  attack_damage_worst_run: ({ damage }) => damage.worstRun,
  /** Refused because the symbol is another agent's, or nobody's: counted here, and in no figure below. */
  held_block: share('heldTightened', 'askedTightened'),
  /** The same of openings in symbols that are reserved for who asks. */
  held_block_reserved: share('reservedHeld', 'reservedTightened'),
  /** Legitimate opening notional of the agents that do not squat, executed beside the squatter over without. */
  others_kept: ({ calm, cell, isSquatted }) =>
    isSquatted && calm !== null ? compareNotional(cell, calm, 'othersOpenExecutedUsdt') : null,
  false_block: share('blockedTightened', 'inTightened'),
  strict_false_block: share('cutTightened', 'inTightened'),
  false_block_b0: share('blockedHard', 'inHard'),
  strict_false_block_b0: share('cutHard', 'inHard'),
  /** false_block less that of the run without attacks. */
  crowding_out: ({ cell, other }) => other && measureCrowdingOut(cell, other),
  /** Legitimate opening notional executed, over that without attacks. */
  utility_kept: ({ cell, other }) => other && compareNotional(cell, other),
  /** The same without what attackers caused: of a day, symbol and side at most what is executed there without attacks. */
  utility_own: ({ cell, other }) =>
    other === null || cell.totals.total('requests') < MIN_CASES
      ? null
      : divideTotals(cell, 'ownOpenExecutedUsdt', cell, 'calmOpenExecutedUsdt'),
  /** The same over what NoSAE executes at caps x 1 under the same attack; and over what was asked in hard scope. */
  retained: ({ cell, noSae }) => noSae && compareNotional(cell, noSae),
  retained_hard: ({ cell }) =>
    cell.totals.total('inHard') < MIN_CASES
      ? null
      : divideTotals(cell, 'hardOpenExecutedUsdt', cell, 'hardOpenAskedUsdt'),
  time_over_cap: aRun('overCapShare'),
  time_reduce_only: aRun('reduceOnlyShare'),
  dg_rate: share('outOfScopeFills', 'fills'),
  dg_loss: ({ cell }) => measureLossShare(cell),
  /** A run. */
  dg_loss_usdt: aRun('lossOutOfScopeUsdt'),
  fees_usdt: aRun('feesUsdt'),
  turnover_usdt: aRun('turnoverUsdt'),
  /** Mean of a decision. Wall clock: the one figure that differs between two runs of the same inputs. */
  latency_us: ({ cell }) => measureLatency(cell),
} satisfies Readonly<Record<string, (measured: Measured) => unknown>>;
type Figures = typeof FIGURES;
export type ScenarioReport = { readonly [Name in keyof Figures]: ReturnType<Figures[Name]> };

export function buildScenarioReport(
  cell: Cell,
  { attack }: CellScenario,
  compared: ComparedCells,
  grossCapUsdt: number | null,
): ScenarioReport {
  const isAttacked = attack !== 'none';
  const measured: Measured = {
    ...compared,
    cell,
    isAttacked,
    isSquatted: attack === 'squat',
    isJudged: cell.judgedDays >= MIN_DAYS,
    other: compared.calm === cell ? null : compared.calm,
    grossCapUsdt,
    damage: measureDamage(cell, isAttacked ? compared.calm : null),
    judged: measureSuccess(cell, 'outOfScope', 'episodes'),
    any: measureSuccess(cell, 'executed', 'episodes'),
  };
  const figures = Object.entries(FIGURES).map(([name, measure]) => [name, measure(measured)]);
  return Object.fromEntries(figures) as ScenarioReport;
}

function averagePath({ path, totals }: Cell, name: PathMetric) {
  const sums = path[name];
  return {
    point: sums.point / totals.total('runs'),
    replicates: divideAll(sums.replicates(), totals.replicates('runs')),
  };
}

function divideTotals(cell: Cell, name: CellTotal, other: Cell, per: CellTotal): Metric {
  const point = cell.totals.total(name) / other.totals.total(per);
  return buildInterval(point, divideAll(cell.totals.replicates(name), other.totals.replicates(per)));
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
