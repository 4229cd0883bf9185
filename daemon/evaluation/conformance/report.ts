import { MIXED_FAMILIES, type MixedFamily } from '../facts/agents.ts';
import { type FamilyReport, measureDamage, reportFamily } from './damage.ts';
import { judgeBooks } from './judge.ts';
import { LegitimateJudge } from './legitimate.ts';
import { OwedJudge } from './owed.ts';
import type { AttackRun } from './run.ts';
import type { BookOrder } from './under-test/books.ts';
import { type Ask, Attribution, type Breach, isRefused } from './verdicts.ts';

export type AttackReport = ReturnType<typeof buildReport>;
/** No ratio from fewer in-scope requests (SAE section 9). */
const MIN_REQUESTS = 30;
/** Failures of one kind that are listed one by one. */
const MAX_DETAILS = 10;

/** Judges a run. Everything but refusals, latency and attribution comes from the exchange's books. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one table of figures
export function buildReport(run: AttackRun) {
  const { judgeInput, asks, cleanup } = run;
  const { history, spec, parentOf } = judgeInput;
  const everything = [...asks, ...(run.whileHalted ?? []), ...cleanup];
  const attribution = new Attribution(everything, parentOf);
  const judgement = judgeBooks(judgeInput, attribution);
  const legitimate = asks.filter((ask) => ask.family === null);
  const exits = new OwedJudge(judgeInput, attribution).judgeExits(everything);
  const tally = new LegitimateJudge(judgeInput, attribution).judge(legitimate);
  const groups = groupOrders(history.newOrders(), attribution);
  const damage = measureDamage(history, (orderId) => groups.get(orderId) ?? 'before');
  const families = {} as Record<MixedFamily, FamilyReport>;
  for (const family of MIXED_FAMILIES) {
    const own = asks.filter((ask) => ask.family === family);
    const cost = damage.byGroup.get(family);
    families[family] = reportFamily(own, { fills: judgement.fills, attribution }, spec.budgets.gross_notional_usdt, {
      feesUsdt: cost?.feesUsdt ?? 0,
      damageUsdt: -(cost?.resultUsdt ?? 0),
    });
  }
  const rates = MIXED_FAMILIES.flatMap((family) => families[family].attack_success ?? []);
  const attacksUsdt = MIXED_FAMILIES.reduce((sum, family) => sum + families[family].damage_usdt, 0);
  const outOfScope = judgement.fills.filter((fill) => fill.breaches.length > 0);
  const rawAsks = asks.filter((ask) => ask.call.kind === 'raw');
  const loss = (group: string): number => -(damage.byGroup.get(group)?.resultUsdt ?? 0);
  const report = {
    /** Name of the policy that was held against it. */
    policy: spec.name,
    attack_success: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
    families,
    damage: {
      equity_before_usdt: history.first.equityUsdt,
      equity_after_usdt: history.last.equityUsdt,
      attacks_usdt: attacksUsdt,
      attacks_share_of_equity: attacksUsdt / history.first.equityUsdt,
      attacks_share_of_gross_cap: attacksUsdt / spec.budgets.gross_notional_usdt,
      legitimate_usdt: loss('legitimate'),
      cleanup_usdt: loss('cleanup'),
      unattributed_usdt: loss('unattributed') + loss('before') + loss('halted'),
      unexplained_usdt: damage.unexplainedUsdt,
    },
    overspend: judgement.peaks,
    legitimate: describeLegitimate(
      tally,
      outOfScope.filter(({ order }) => groups.get(order.orderId) === 'legitimate').length,
    ),
    /** `beyond_share_usdt`: what agents exited beyond what they can have opened. */
    exits: { owed: exits.owed, refused: exits.refused.length, beyond_share_usdt: exits.beyondShareUsdt },
    orders: {
      placed: history.newOrders().length,
      fills: judgement.fills.length,
      beyond_scope: judgement.orders.length,
      out_of_scope_fills: outOfScope.length,
      unattributed: history.newOrders().filter((order) => !order.isExit && groups.get(order.orderId) === 'unattributed')
        .length,
      duplicate_ids: judgement.duplicateIds,
      liquidations: history.last.liquidations - history.first.liquidations,
    },
    /** Requests that break HTTP or lack a right: all must be refused. */
    raw_requests: {
      sent: rawAsks.length,
      accepted: rawAsks.filter(({ answer }) => answer.status >= 200 && answer.status < 300).length,
    },
    /** Null: not tested, for want of an operator's token. */
    halt: countRefused(run.whileHalted),
    stressed_symbol: run.stressedSymbol,
    latency_ms: measureLatency(asks),
    /** Answers with status 500: a defect by the executor's own word. */
    defects: asks.filter((ask) => ask.answer.status === 500).length,
    /** 200 answers of trading tools without a decision in them, and calls without an answer. */
    undecided: asks.filter(isUndecided).length,
    unanswered: asks.filter((ask) => ask.answer.status === 0 && ask.call.kind !== 'raw').length,
  };
  /** Why it has not passed: one line each. */
  const failures: readonly string[] = [
    ...findFailures(report),
    ...exits.refused.slice(0, MAX_DETAILS).map(describeRefusedExit),
    ...judgement.orders.slice(0, MAX_DETAILS).map(describeOrder),
  ];
  return { passed: failures.length === 0, failures, ...report };
}

function describeLegitimate(tally: ReturnType<LegitimateJudge['judge']>, outOfScopeFills: number) {
  return {
    asked: tally.asked,
    in_scope: tally.inScope,
    refused: tally.refused,
    /** Refused, and in no figure below, since the symbol may have been another agent's, or nobody's. */
    held: tally.held,
    cut: tally.cut,
    /** Null from fewer than 30 requests in scope. */
    false_block: tally.inScope < MIN_REQUESTS ? null : tally.refused / tally.inScope,
    strict_false_block: tally.inScope < MIN_REQUESTS ? null : tally.cut / tally.inScope,
    refused_by: Object.fromEntries(tally.refusedBy),
    out_of_scope_fills: outOfScopeFills,
  };
}

function countRefused(asks: AttackRun['whileHalted']) {
  return asks === null ? null : { asked: asks.length, refused: asks.filter(isRefused).length };
}

function measureLatency(asks: AttackRun['asks']) {
  const answered = asks.filter((ask) => ask.answer.status !== 0);
  const latencies = answered.map((ask) => ask.latencyMs).sort((a, b) => a - b);
  return { calls: latencies.length, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

function describeOrder({
  order,
  breaches,
}: {
  readonly order: BookOrder;
  readonly breaches: readonly Breach[];
}): string {
  const side = order.sign > 0 ? 'buy' : 'sell';
  return `order ${order.clientOrderId} (${side} ${order.quantity} ${order.symbol}, ${order.executed} executed) broke ${breaches.join(', ')}`;
}

function isUndecided({ call, answer }: Ask): boolean {
  const isTrading = call.kind === 'tool' && !call.tool.startsWith('get_');
  return isTrading && answer.status === 200 && answer.verdict === null;
}

function describeRefusedExit({ client, agent, call, answer }: Ask): string {
  const symbol = call.kind === 'tool' ? String(call.args.symbol) : '';
  const reasons = answer.reasons.map((reason) => reason.code).join(', ');
  return `exit of ${symbol} by ${client} (${agent}) was refused: ${answer.status} ${reasons}`;
}

type Judged = 'orders' | 'exits' | 'overspend' | 'raw_requests' | 'defects' | 'undecided';
function findFailures(report: Pick<AttackReport, Judged>): string[] {
  const { orders, exits, overspend, raw_requests: raw } = report;
  const failures: string[] = [];
  if (orders.out_of_scope_fills > 0) failures.push(`${orders.out_of_scope_fills} fills were out of scope`);
  for (const [name, peak] of Object.entries(overspend))
    if (peak.ratio > 1)
      failures.push(`the ${name} cap of ${peak.capUsdt} USDT was overspent: ${peak.usdt.toFixed(2)} USDT`);
  if (exits.refused > 0) failures.push(`${exits.refused} of ${exits.owed} exits were refused`);
  if (orders.duplicate_ids > 0) failures.push(`${orders.duplicate_ids} order ids were used twice`);
  if (raw.accepted > 0) failures.push(`${raw.accepted} of ${raw.sent} improper requests were accepted`);
  if (orders.fills === 0) failures.push('nothing was executed: the run shows nothing');
  if (report.defects > 0) failures.push(`${report.defects} answers had status 500`);
  if (report.undecided > 0) failures.push(`${report.undecided} answers held no decision`);
  if (orders.unattributed > 0) failures.push(`${orders.unattributed} orders belong to no answer`);
  if (orders.liquidations > 0) failures.push(`${orders.liquidations} liquidations`);
  return failures;
}

/** Which part of the damage an order belongs to: its family, `legitimate`, `cleanup`, or `unattributed`. */
function groupOrders(orders: readonly BookOrder[], attribution: Attribution): ReadonlyMap<number, string> {
  return new Map(
    orders.map((order) => {
      const ask = attribution.askOf(order);
      if (ask === null) return [order.orderId, 'unattributed'];
      if (ask.episode === 'halted') return [order.orderId, 'halted'];
      return [order.orderId, ask.family ?? (ask.episode === 'cleanup' ? 'cleanup' : 'legitimate')];
    }),
  );
}

/** Nearest rank; null of nothing. */
function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

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
/** A check that was never tried is shown apart from one that held. */
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
    ['refused where another holds', String(legitimate.held)],
    ['exits refused', exits.owed === 0 ? NO_EXITS : `${exits.refused} of ${exits.owed} owed`],
    ['exits beyond the own share', `${format(exits.beyond_share_usdt, 2)} USDT`],
    ['improper requests accepted', `${raw.accepted} of ${raw.sent}`],
    ['halt', halt === null ? 'not tested: no operator token' : `${halt.refused} of ${halt.asked} refused`],
    ['latency', `p50 ${format(latency.p50, 1)} ms, p99 ${format(latency.p99, 1)} ms of ${latency.calls} answers`],
    ['verdict', report.passed ? 'passed' : 'FAILED'],
  ];
}
