import { ATTACK_FAMILIES } from '../facts/agents.ts';
import type { PublishedRow } from '../metrics/dominance.ts';
import type { VariantReport } from '../metrics/variant-report.ts';
import { formatChance, formatInterval, formatMetric, formatNumber, formatPercent } from './numbers.ts';
import type { Metric, Report, ReportTable } from './types.ts';

export function buildTestTable({ tests }: Report): ReportTable {
  return {
    title: 'Tests',
    note: 'Two-sided, not corrected for being many. Signed rank: daily returns, seeds and agents averaged, days as pairs. Two proportions: episodes as units; the adjusted p divides z by the root of the design effect of episodes within a seed.',
    header: ['test', 'scenario', 'a', 'b', 'a \u2212 b', 'units', 'p', 'design effect', 'p adjusted'],
    rows: [
      ...tests.wilcoxon.map((found) => [
        'signed rank, daily returns',
        found.scenario,
        found.a,
        found.b,
        formatNumber(found.mean_difference),
        `${found.days} days`,
        formatChance(found.p_value),
        '-',
        '-',
      ]),
      ...tests.two_proportion.map((found) => [
        found.success === 'any' ? 'two proportions, any execution' : 'two proportions, out of scope',
        found.scenario,
        found.a,
        found.b,
        formatNumber(found.share_a - found.share_b),
        `${found.cases_a} and ${found.cases_b} episodes`,
        formatChance(found.p_value),
        formatNumber(found.design_effect),
        formatChance(found.p_value_adjusted),
      ]),
    ],
  };
}

/** Where the flat figures of a variant come from that are not of attacks. */
const HEADLINE = 'light/random/x1';

/** All tables in the order of the report; those that nothing was run for are left out. */
export function buildTables(report: Report) {
  return {
    published: buildPublishedTable(report),
    ours: buildOwnTable(report),
    families: buildFamilyTable(report),
    damage: buildDamageTable(report),
    shared: buildSharedTable(report),
    shrink: buildShrinkTable(report),
    dominance: buildDominanceTable(report),
    contrasts: buildContrastTable(report),
    tests: buildTestTable(report),
  };
}

/** A column: its head, and its cell of a variant. */
type Column = readonly [head: string, cell: (figures: VariantReport, name: string) => string];

function tableOf(variants: Report['variants'], columns: readonly Column[]): Pick<ReportTable, 'header' | 'rows'> {
  return {
    header: ['variant', ...columns.map(([head]) => head)],
    rows: Object.entries(variants).map(([name, figures]) => [name, ...columns.map(([, cell]) => cell(figures, name))]),
  };
}

function buildPublishedTable({ variants, inputs: { published } }: Report): ReportTable {
  const beside = (theirs: keyof PublishedRow, ours: (figures: VariantReport) => Metric): Column[1] => {
    return (figures, name) => {
      const paper = published[name]?.[theirs];
      const text = formatMetric(ours(figures));
      return paper === undefined ? text : `${text} / ${formatNumber(paper)}`;
    };
  };
  const inMs = ({ latency_us: us }: VariantReport): Metric => us && { ...us, mean: us.mean / 1000 };
  return {
    title: 'Beside the published table',
    note: 'Ours / paper. Light attack, caps x 1. The strategies and the attack mix of the paper are not public, so levels differ; what can be compared is how the variants differ. Attack success is the published reading here: an episode counts when anything of it was executed.',
    ...tableOf(variants, [
      ['MDD', beside('mdd', ({ mdd }) => mdd)],
      ['CVaR.95', beside('cvar95', ({ cvar95 }) => cvar95)],
      ['CVaR.99', beside('cvar99', ({ cvar99 }) => cvar99)],
      ['liquidations', beside('liquidations', ({ liquidations }) => liquidations)],
      ['attack success, any execution', beside('attack_success', (figures) => figures.attack_success_any)],
      ['false block', beside('false_block', (figures) => figures.false_block)],
      ['latency, ms', beside('latency_ms', inMs)],
      ['DG rate', beside('dg_rate', (figures) => figures.dg_rate)],
      ['DG loss', beside('dg_loss', (figures) => figures.dg_loss)],
    ]),
  };
}

function buildOwnTable({ variants }: Report): ReportTable {
  const interval = (name: keyof Omit<VariantReport, 'runs' | 'scenarios' | 'attack_success_by_family'>): Column[1] => {
    return (figures) => formatInterval(figures[name]);
  };
  return {
    title: 'What the published table cannot show',
    note: 'Mean and 95 % interval. Attack success is the judge\u2019s: the largest over families, light, heavy and squatting, caps x 1 and x 5. Damage is the equity lost to heavy, clairvoyant attacks as a share of the start. Damage is that of the whole span, in the mean, of the worst seed (its accounts averaged) and of the worst account. Churn is the equity left after 14 days of a persistent in-scope attacker. The rest is under light attack at caps x 1. Utility kept is the legitimate opening notional executed under attack over that without; utility own leaves out what attackers caused: of a day, symbol and side it counts at most what is executed there without attacks. Runs are those of the variant, in all scenarios.',
    ...tableOf(variants, [
      ['runs', ({ runs }) => String(runs)],
      ['attack success', interval('attack_success')],
      ['damage', interval('attack_damage')],
      ['worst seed', interval('attack_damage_worst')],
      ['worst account', interval('attack_damage_worst_run')],
      ['churn, 14 days', interval('churn_equity_14d')],
      ['false block', interval('false_block')],
      ['strict', interval('strict_false_block')],
      ['against B0', interval('false_block_b0')],
      ['utility kept', interval('utility_kept')],
      ['utility own', interval('utility_own')],
      ['gross, x equity', interval('gross')],
      ['time over cap', (figures) => formatMetric(figures.time_over_cap)],
      ['time reduce-only', (figures) => formatMetric(figures.time_reduce_only)],
      ['refused exits', ({ scenarios }) => formatMetric(scenarios[HEADLINE]?.refused_exits ?? null)],
    ]),
  };
}

function buildFamilyTable({ variants }: Report): ReportTable {
  return {
    title: 'Attack success by family',
    note: 'Share of episodes with at least one execution out of scope by the judge, the largest over light, heavy and squatting, caps x 1 and x 5, with its 95 % interval. 0 with an upper bound above 0 means: none seen, in so many episodes.',
    ...tableOf(
      variants,
      ATTACK_FAMILIES.map((family) => [family, (figures) => formatInterval(figures.attack_success_by_family[family])]),
    ),
  };
}

function buildDamageTable({ variants }: Report): ReportTable {
  return {
    title: 'Damage by scenario, caps x 1',
    note: 'Equity lost to the attacks as a share of the equity at the start, mean and 95 % interval over seeds, and the worst seed and run: how far their intervals reach down says how much hangs on single seeds. All families act on one account, so damage cannot be split among them; opened is the risk-increasing notional that attacks executed, a run. Other scales of the caps are in report.json.',
    header: ['variant', 'scenario', 'damage', 'worst seed', 'worst run', 'opened, USDT', 'throughput, cap days'],
    rows: Object.entries(variants).flatMap(([name, { scenarios }]) =>
      Object.entries(scenarios)
        .filter(([name, figures]) => isAtFullCaps(name) && figures.attack_opened_usdt_by_family !== null)
        .map(([scenario, figures]) => [
          name,
          scenario,
          formatInterval(figures.attack_damage),
          formatInterval(figures.attack_damage_worst),
          formatInterval(figures.attack_damage_worst_run),
          formatNumber(Object.values(figures.attack_opened_usdt_by_family!).reduce((sum, usdt) => sum + usdt, 0)),
          formatMetric(figures.attack_throughput),
        ]),
    ),
  };
}

/** Names of scenarios are words between slashes, the scale of the caps among them. */
export function isAtFullCaps(scenario: string): boolean {
  return scenario.split('/').includes('x1');
}

export function isShared(scenario: string): boolean {
  return scenario.split('/').includes('shared');
}

function buildSharedTable({ variants }: Report): ReportTable {
  return {
    title: 'Several agents in one account, caps x 1',
    note: 'One agent holds a symbol, and the others are refused there: held block is the share of legitimate requests in scope that were refused for that alone, and no false block (the requests of the agent that squats are among them). The policy reserves the symbols for the agents in turn, but for the scenarios named unreserved. In reserved: the same of openings in symbols that are reserved for who asks. Others kept: the legitimate opening notional of the agents that do not squat, over that of the same account without the squatter.',
    header: ['variant', 'scenario', 'held block', 'in reserved', 'others kept', 'false block', 'refused exits'],
    rows: Object.entries(variants).flatMap(([name, { scenarios }]) =>
      Object.entries(scenarios)
        .filter(([scenario]) => isAtFullCaps(scenario) && isShared(scenario))
        .map(([scenario, figures]) => [
          name,
          scenario,
          formatInterval(figures.held_block),
          formatInterval(figures.held_block_reserved),
          formatInterval(figures.others_kept),
          formatInterval(figures.false_block),
          formatMetric(figures.refused_exits),
        ]),
    ),
  };
}

function buildShrinkTable({ shrink, variants }: Report): ReportTable {
  const rows = Object.entries(shrink).flatMap(([name, control]) =>
    (['light', 'heavy'] as const).flatMap((attack) => {
      const figures = control[attack];
      if (figures === null) return [];
      return [
        [
          name,
          attack,
          formatInterval(figures.factor),
          formatInterval(figures.mdd_ratio),
          formatInterval(figures.cvar99_ratio),
          formatInterval(
            attack === 'light' ? (variants[name]?.scenarios[HEADLINE]?.cvar99_per_gross_to_no_regimes ?? null) : null,
          ),
        ],
      ];
    }),
  );
  return {
    title: 'At equal exposure',
    note: 'Each variant over Shrink: NoSAE\u2019s own returns scaled to the variant\u2019s exposure. 1 means that only less was held; below 1 the gate itself made it safer. The last column compares the tail per exposure with the same gate without regimes.',
    header: [
      'variant',
      'attack',
      'exposure / NoSAE',
      'MDD / Shrink',
      'CVaR.99 / Shrink',
      'CVaR.99 per gross / no regimes',
    ],
    rows,
  };
}

function buildDominanceTable({ tests: { dominance } }: Report): ReportTable {
  return {
    title: 'Safety and use by scale of the caps',
    note: 'Light attack. Reductions against NoSAE at caps x 1; bold marks where the published contrast is met. Retained is the legitimate opening notional executed over what NoSAE executes at caps x 1; in hard scope: over what was asked in hard scope at that scale.',
    header: ['variant', 'caps x', 'MDD', 'CVaR.99', 'DG loss', 'retained', 'retained, hard scope', 'damage'],
    rows: dominance.rows.map((row) => [
      row.variant,
      String(row.caps_scale),
      ...(['mdd', 'cvar99', 'dg_loss'] as const).map((name) => {
        const text = formatPercent(row.reduction[name] === null ? null : -row.reduction[name].mean);
        return row.is_met[name] ? `**${text}**` : text;
      }),
      formatPercent(row.retained?.mean ?? null),
      formatPercent(row.retained_hard?.mean ?? null),
      formatMetric(row.attack_damage),
    ]),
  };
}

function buildContrastTable({ tests: { dominance } }: Report): ReportTable {
  return {
    title: 'Legitimate notional at the published contrasts',
    note: 'Retained notional where each variant reaches MDD \u221293.1 %, CVaR.99 \u221297.5 % and DG loss \u221297.0 %, by straight lines between the scales that were run; n/a: not reached at any of them. The last columns: the largest scale that meets all three.',
    header: ['variant', 'at the MDD contrast', 'at CVaR.99', 'at DG loss', 'all met at caps x', 'retained there'],
    rows: dominance.met.map((met) => [
      met.variant,
      formatPercent(met.retained_at.mdd),
      formatPercent(met.retained_at.cvar99),
      formatPercent(met.retained_at.dg_loss),
      met.largest_scale_all_met === null ? 'none' : String(met.largest_scale_all_met),
      formatPercent(met.retained_all_met),
    ]),
  };
}
