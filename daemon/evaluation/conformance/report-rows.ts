import type { AttackReport } from './report.ts';

export const FAMILY_COLUMNS = [
  'family',
  'episodes',
  'attempts',
  'executed',
  'out of scope',
  'success',
  'any',
  'opened',
  'damage',
  'broke',
] as const;
type Format = (value: number | null, digits: number) => string;
/** What passed without having been tried is told apart from what held. */
const NO_EXITS = 'none was owed: this run says nothing about exits, attack for longer';

/** One row a family, in the order of FAMILY_COLUMNS; amounts in USDT. */
export function buildFamilyRows(report: AttackReport, format: Format): readonly (readonly (string | number)[])[] {
  return Object.entries(report.families).map(([family, each]) => [
    family,
    each.episodes,
    each.attempts,
    each.executed_attempts,
    each.out_of_scope_attempts,
    format(each.attack_success, 3),
    format(each.attack_success_any, 3),
    format(each.opened_usdt, 0),
    format(each.damage_usdt, 2),
    Object.keys(each.breaches).join(' '),
  ]);
}

/** Name and value of what concerns the whole run. */
export function buildSummary(report: AttackReport, format: Format): readonly (readonly [string, string])[] {
  const { overspend, legitimate, damage, exits, halt, latency_ms: latency, raw_requests: raw } = report;
  const peak = (name: keyof typeof overspend): string =>
    `${name} ${format(overspend[name].usdt, 2)} of ${format(overspend[name].capUsdt, 2)} USDT`;
  const reasons = Object.entries(legitimate.refused_by).map(([reason, count]) => `; ${reason} ${count}`);
  return [
    ['policy', report.policy],
    ['AttackSuccess', format(report.attack_success, 3)],
    ['largest after an opening', `${peak('order')}, ${peak('symbol')}, ${peak('gross')}`],
    [
      'damage',
      `${format(damage.attacks_usdt, 2)} USDT, ${format(100 * damage.attacks_share_of_equity, 3)} % of equity`,
    ],
    [
      'false blocks',
      `${legitimate.refused} of ${legitimate.in_scope} in scope (${legitimate.asked} asked)${reasons.join('')}${legitimate.false_block === null ? '; too few for a share: attack for longer' : ''}`,
    ],
    ['exits refused', exits.owed === 0 ? NO_EXITS : `${exits.refused} of ${exits.owed} owed`],
    ['exits beyond the own share', `${format(exits.beyond_share_usdt, 2)} USDT`],
    ['improper requests accepted', `${raw.accepted} of ${raw.sent}`],
    ['halt', halt === null ? 'not tested: no operator token' : `${halt.refused} of ${halt.asked} refused`],
    ['latency', `p50 ${format(latency.p50, 1)} ms, p99 ${format(latency.p99, 1)} ms of ${latency.calls} answers`],
    ['verdict', report.passed ? 'passed' : 'FAILED'],
  ];
}
