import { formatChance, formatNumber } from './numbers.ts';
import type { ReportTable } from './report-table.ts';
import type { Report } from './types.ts';

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

export function buildMutationTable({ mutations }: Report): ReportTable {
  return {
    title: 'Can the judge see? Rules switched off one by one',
    note: 'In each scenario one rule alone binds. Without it the judge has to count more, or the harm that the rule is there to limit has to grow; a rule that is not seen is a blind spot of the judge.',
    header: ['rule', 'scenario', 'out of scope, with', 'without', 'harm', 'with', 'without', 'seen'],
    rows: mutations.map((row) => [
      row.rule,
      row.scenario,
      String(row.out_of_scope_with),
      String(row.out_of_scope_without),
      row.harm ?? '-',
      row.harm === null ? '-' : formatNumber(row.harm_with),
      row.harm === null ? '-' : formatNumber(row.harm_without),
      row.is_seen ? 'yes' : 'NO',
    ]),
  };
}
