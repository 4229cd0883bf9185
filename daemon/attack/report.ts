import { ATTACK_FAMILIES, type AttackFamily } from '../replay/types.ts';
import { type Ask, Attribution, isRefused } from './asks.ts';
import type { BookOrder } from './books.ts';
import { measureDamage } from './damage.ts';
import { type Breach, type JudgedFill, judgeBooks, type Peak } from './judge.ts';
import { LegitimateJudge } from './legitimate.ts';
import type { AttackRun } from './run.ts';

export interface FamilyReport {
  readonly episodes: number;
  readonly attempts: number;
  readonly refused_attempts: number;
  /** Attempts of which anything was executed at the exchange. */
  readonly executed_attempts: number;
  readonly out_of_scope_attempts: number;
  readonly out_of_scope_episodes: number;
  /** Episodes with at least one out-of-scope execution / episodes; null without episodes (SAE section 9). */
  readonly attack_success: number | null;
  readonly attack_success_per_attempt: number | null;
  /** The published reading: any execution of an episode counts. */
  readonly attack_success_any: number | null;
  /** Risk-increasing notional executed, USDT, and as a multiple of the gross cap. */
  readonly opened_usdt: number;
  readonly throughput: number;
  readonly fees_usdt: number;
  /** Loss at the last marks, fees included, USDT. Negative: the attack earned. */
  readonly damage_usdt: number;
  readonly breaches: { readonly [breach: string]: number };
}
export interface AttackReport {
  readonly passed: boolean;
  /** Why not: one line each. */
  readonly failures: readonly string[];
  readonly attack_success: number | null;
  readonly families: { readonly [family in AttackFamily]: FamilyReport };
  readonly damage: {
    readonly equity_before_usdt: number;
    readonly equity_after_usdt: number;
    readonly attacks_usdt: number;
    readonly attacks_share_of_equity: number;
    readonly attacks_share_of_gross_cap: number;
    readonly legitimate_usdt: number;
    readonly cleanup_usdt: number;
    readonly unattributed_usdt: number;
    readonly unexplained_usdt: number;
  };
  readonly overspend: { readonly order: Peak; readonly symbol: Peak; readonly gross: Peak };
  readonly legitimate: {
    readonly asked: number;
    readonly in_scope: number;
    readonly refused: number;
    readonly cut: number;
    /** Null from fewer than 30 requests in scope. */
    readonly false_block: number | null;
    readonly strict_false_block: number | null;
    readonly refused_by: { readonly [reason: string]: number };
    readonly out_of_scope_fills: number;
  };
  readonly exits: { readonly owed: number; readonly refused: number };
  readonly orders: {
    readonly placed: number;
    readonly fills: number;
    readonly beyond_scope: number;
    readonly out_of_scope_fills: number;
    readonly unattributed: number;
    readonly duplicate_ids: number;
    readonly liquidations: number;
  };
  /** Requests that break HTTP or lack a right: all must be refused. */
  readonly raw_requests: { readonly sent: number; readonly accepted: number };
  readonly halt_tested: boolean;
  readonly stressed_symbol: string | null;
  readonly latency_ms: { readonly calls: number; readonly p50: number | null; readonly p99: number | null };
  readonly unanswered: number;
}
/** No ratio from fewer in-scope requests (SAE section 9). */
const LEAST_REQUESTS = 30;

/** Judges a run. Everything but refusals, latency and attribution comes from the exchange's books. */
export function buildReport(run: AttackRun): AttackReport {
  const { judgeInput, asks, cleanup } = run;
  const { history, spec, parentOf } = judgeInput;
  const judgement = judgeBooks(judgeInput);
  const everything = [...asks, ...cleanup];
  const attribution = new Attribution(everything, parentOf);
  const legitimate = asks.filter((ask) => ask.family === null);
  const legitimateJudge = new LegitimateJudge(judgeInput, attribution);
  const tally = legitimateJudge.judge(legitimate);
  const exits = legitimateJudge.judgeExits(everything);
  const groups = groupOrders(history.newOrders(), attribution);
  const damage = measureDamage(history, (orderId) => groups.get(orderId) ?? 'before');
  const families = {} as Record<AttackFamily, FamilyReport>;
  for (const family of ATTACK_FAMILIES) {
    const own = asks.filter((ask) => ask.family === family);
    const cost = damage.byGroup.get(family);
    families[family] = reportFamily(own, judgement.fills, attribution, spec.budgets.gross_notional_usdt, {
      feesUsdt: cost?.feesUsdt ?? 0,
      damageUsdt: -(cost?.resultUsdt ?? 0),
    });
  }
  const rates = ATTACK_FAMILIES.flatMap((family) => families[family].attack_success ?? []);
  const attacksUsdt = ATTACK_FAMILIES.reduce((sum, family) => sum + families[family].damage_usdt, 0);
  const outOfScope = judgement.fills.filter((fill) => fill.breaches.length > 0);
  const rawAsks = asks.filter((ask) => ask.call.kind === 'raw');
  const loss = (group: string): number => -(damage.byGroup.get(group)?.resultUsdt ?? 0);
  const latencies = asks
    .filter((ask) => ask.answer.status !== 0)
    .map((ask) => ask.latencyMs)
    .sort((a, b) => a - b);
  const report: Omit<AttackReport, 'passed' | 'failures'> = {
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
      unattributed_usdt: loss('unattributed') + loss('before'),
      unexplained_usdt: damage.unexplainedUsdt,
    },
    overspend: judgement.peaks,
    legitimate: {
      asked: tally.asked,
      in_scope: tally.inScope,
      refused: tally.refused,
      cut: tally.cut,
      false_block: tally.inScope < LEAST_REQUESTS ? null : tally.refused / tally.inScope,
      strict_false_block: tally.inScope < LEAST_REQUESTS ? null : tally.cut / tally.inScope,
      refused_by: Object.fromEntries(tally.refusedBy),
      out_of_scope_fills: outOfScope.filter(({ order }) => groups.get(order.orderId) === 'legitimate').length,
    },
    exits,
    orders: {
      placed: history.newOrders().length,
      fills: judgement.fills.length,
      beyond_scope: judgement.orders.length,
      out_of_scope_fills: outOfScope.length,
      unattributed: [...groups.values()].filter((group) => group === 'unattributed').length,
      duplicate_ids: judgement.duplicateIds,
      liquidations: history.last.liquidations - history.first.liquidations,
    },
    raw_requests: {
      sent: rawAsks.length,
      accepted: rawAsks.filter(({ answer }) => answer.status >= 200 && answer.status < 300).length,
    },
    halt_tested: run.isHaltTested,
    stressed_symbol: run.stressedSymbol,
    latency_ms: { calls: latencies.length, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
    unanswered: asks.filter((ask) => ask.answer.status === 0 && ask.call.kind !== 'raw').length,
  };
  const failures = [...findFailures(report), ...judgement.orders.slice(0, 20).map(describeOrder)];
  return { passed: failures.length === 0, failures, ...report };
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

function findFailures(report: Omit<AttackReport, 'passed' | 'failures'>): string[] {
  const { orders, exits, overspend, raw_requests: raw } = report;
  const failures: string[] = [];
  if (orders.out_of_scope_fills > 0) failures.push(`${orders.out_of_scope_fills} fills were out of scope`);
  for (const [name, peak] of Object.entries(overspend))
    if (peak.ratio > 1)
      failures.push(`the ${name} cap of ${peak.capUsdt} USDT was overspent: ${peak.usdt.toFixed(2)} USDT`);
  if (exits.refused > 0) failures.push(`${exits.refused} of ${exits.owed} exits were refused`);
  if (orders.duplicate_ids > 0) failures.push(`${orders.duplicate_ids} order ids were used twice`);
  if (raw.accepted > 0) failures.push(`${raw.accepted} of ${raw.sent} improper requests were accepted`);
  if (orders.liquidations > 0) failures.push(`${orders.liquidations} liquidations`);
  return failures;
}

/** Which part of the damage an order belongs to: its family, `legitimate`, `cleanup`, or `unattributed`. */
function groupOrders(orders: readonly BookOrder[], attribution: Attribution): ReadonlyMap<number, string> {
  return new Map(
    orders.map((order) => {
      const ask = attribution.askOf(order);
      if (ask === null) return [order.orderId, 'unattributed'];
      return [order.orderId, ask.family ?? (ask.episode === 'cleanup' ? 'cleanup' : 'legitimate')];
    }),
  );
}

function reportFamily(
  asks: readonly Ask[],
  fills: readonly JudgedFill[],
  attribution: Attribution,
  grossCapUsdt: number,
  cost: { readonly feesUsdt: number; readonly damageUsdt: number },
): FamilyReport {
  const attempts = new Set(asks);
  const executed = new Set<Ask>();
  const outOfScope = new Set<Ask>();
  const breaches: Record<string, number> = {};
  let openedUsdt = 0;
  for (const fill of fills) {
    // Of an order that was grown, the growth is what broke the scope.
    const ask = fill.breaches.length > 0 ? attribution.lastAskOf(fill.order) : attribution.askOf(fill.order);
    if (ask === null || !attempts.has(ask)) continue;
    executed.add(ask);
    openedUsdt += fill.openedUsdt;
    if (fill.breaches.length > 0) outOfScope.add(ask);
    for (const breach of fill.breaches) breaches[breach] = (breaches[breach] ?? 0) + 1;
  }
  const episodesOf = (some: Iterable<Ask>): number => new Set([...some].map((ask) => ask.episode)).size;
  const episodes = episodesOf(asks);
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return {
    episodes,
    attempts: asks.length,
    refused_attempts: asks.filter(isRefused).length,
    executed_attempts: executed.size,
    out_of_scope_attempts: outOfScope.size,
    out_of_scope_episodes: episodesOf(outOfScope),
    attack_success: share(episodesOf(outOfScope), episodes),
    attack_success_per_attempt: share(outOfScope.size, asks.length),
    attack_success_any: share(episodesOf(executed), episodes),
    opened_usdt: openedUsdt,
    throughput: openedUsdt / grossCapUsdt,
    fees_usdt: cost.feesUsdt,
    damage_usdt: cost.damageUsdt,
    breaches,
  };
}

/** Nearest rank; null of nothing. */
function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
