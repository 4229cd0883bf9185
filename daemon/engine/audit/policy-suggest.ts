import { completeBudgets, factorValue } from '../../core/compiled-policy.ts';
import type { ExecutionContext } from '../../core/context.ts';
import { explainDecision } from '../../core/decide/explain.ts';
import { BUDGETS, COUNTED_BUDGETS, type CountedBudget, dayBudgetOf, MIN_VALUE } from '../../core/keys/budgets.ts';
import { type IntendedPolicySpec, REGIMES } from '../../core/policy.ts';
import { countedUsdt } from '../../core/rules/price.ts';
import { diffPolicy } from './policy-diff.ts';
import { type HistorySource, type RecordedDecision, walkDecisions } from './recorded.ts';
import { deriveAsRecorded, lookUpPolicies, type PolicyLookup } from './retell.ts';

export interface Suggestion {
  readonly key: CountedBudget;
  readonly today: number;
  /** The least value under which every opening that was permitted would have passed this budget. */
  readonly needed: number;
  readonly suggested: number;
  /** The suggestion allows more than today's value: only where it was asked for. */
  readonly looser: boolean;
  /** Requests that today's value cut or refused. */
  readonly cut_today: number;
  /** Recorded requests that would have been cut or refused with this key alone as suggested. */
  readonly would_cut: number;
  readonly would_block: number;
}
export interface PolicySuggestion {
  readonly since_ms: number;
  readonly openings: number;
  readonly suggestions: readonly Suggestion[];
  /** All together. */
  readonly would_cut: number;
  readonly would_block: number;
  readonly requests: number;
  readonly spec: IntendedPolicySpec;
}
export interface SuggestOptions {
  readonly policy: { readonly spec: IntendedPolicySpec; readonly hash: string };
  readonly sinceMs: number;
  /** A suggestion is this times what was needed, at least 1. */
  readonly headroom: number;
  /** Values above today's may be suggested. */
  readonly mayLoosen: boolean;
  readonly onStep?: (what: string) => void;
}

/** Limits from the openings that a ledger has recorded. Only reads. Null: there were none. */
export function suggestPolicy(source: HistorySource, options: SuggestOptions): PolicySuggestion | null {
  const { policy, sinceMs, onStep } = options;
  onStep?.('recorded openings');
  const seen = measure(source, sinceMs);
  if (seen.openings === 0) return null;
  const suggested = new Map<CountedBudget, number>();
  for (const key of COUNTED_BUDGETS) suggested.set(key, propose(key, seen.needs.get(key) ?? 0, options));
  const suggestions = COUNTED_BUDGETS.map((key): Suggestion => {
    const [today, value] = [todaysValue(policy.spec, key), suggested.get(key) ?? 0];
    onStep?.(`what ${key} ${value} would have cut`);
    const effect = value === today ? { cut: 0, blocked: 0 } : compare(source, options, [[key, value]]);
    return {
      key,
      today,
      needed: seen.needs.get(key) ?? 0,
      suggested: value,
      looser: value > today,
      cut_today: seen.cuts.get(key) ?? 0,
      would_cut: effect.cut,
      would_block: effect.blocked,
    };
  });
  onStep?.('all of them together');
  const all = compare(source, options, [...suggested]);
  return {
    since_ms: sinceMs,
    openings: seen.openings,
    suggestions,
    would_cut: all.cut,
    would_block: all.blocked,
    requests: all.requests,
    spec: withBudgets(policy.spec, [...suggested]),
  };
}

interface Seen {
  openings: number;
  readonly needs: Map<CountedBudget, number>;
  readonly cuts: Map<CountedBudget, number>;
}

function measure(source: HistorySource, sinceMs: number): Seen {
  const policyOf = lookUpPolicies((hash) => source.readPolicy(hash));
  const seen: Seen = { openings: 0, needs: new Map(), cuts: new Map() };
  for (const recorded of walkDecisions(source, sinceMs)) {
    const { decision } = recorded;
    if (decision.kind !== 'tool' || recorded.isForeignTool) continue;
    const codes = new Set<string>(decision.reasons.map(({ code }) => code));
    for (const key of COUNTED_BUDGETS)
      if (codes.has(BUDGETS[key].code)) seen.cuts.set(key, (seen.cuts.get(key) ?? 0) + 1);
    if (decision.effective?.action !== 'open') continue;
    const needs = needsOf(recorded, policyOf);
    if (needs === null) continue;
    seen.openings += 1;
    for (const [key, need] of needs) seen.needs.set(key, Math.max(seen.needs.get(key) ?? 0, need));
  }
  return seen;
}

/** What one permitted opening takes of each budget, before the factors of that moment. Null: not derivable. */
function needsOf(
  { request, context, event }: RecordedDecision,
  policyOf: PolicyLookup,
): [CountedBudget, number][] | null {
  const policy = policyOf(event.decision.policy_hash, request.agent);
  const decision = deriveAsRecorded(event, policyOf);
  if (policy === null || decision?.effective?.action !== 'open') return null;
  const { leverage, max_slippage_bps: slippage } = decision.effective;
  // Budgets count it at the worse of mark and price.
  const notional = countedUsdt(decision.effective, context);
  const { rows } = explainDecision(request, context, policy, decision).arithmetic;
  const taken = {
    USDT: notional,
    bps: slippage ?? 0,
    orders: decision.constraints.staging_plan.length,
    x: Math.max(leverage ?? 1, settingOf(context)),
  };
  return COUNTED_BUDGETS.map((key) => {
    const { code, unit } = BUDGETS[key];
    if (unit === 'positions') return [key, context.exposure.other_positions + 1];
    const row = rows.find((each) => each.code === code);
    if (row === undefined) return [key, 0];
    const { market, account, trust, trader, loss } = row.factors;
    const share = dayBudgetOf(code)?.perUsdt(context.market.rules?.taker_fee ?? 0) ?? 1;
    const amount = taken[unit] * share;
    return [key, (row.used + row.reserved + amount) / (market * account * trust * trader * loss)];
  });
}

/** The venue's leverage where it must stay: what opens beside it is refused below that, whatever it asked for. */
function settingOf({ market }: ExecutionContext): number {
  return market.leverage_locked ? (market.leverage_setting ?? 0) : 0;
}

function propose(key: CountedBudget, need: number, { policy, headroom, mayLoosen }: SuggestOptions): number {
  const today = todaysValue(policy.spec, key);
  const wanted = need * headroom;
  const { unit } = BUDGETS[key];
  const value = unit === 'USDT' || unit === 'bps' ? roundUp(wanted) : Math.ceil(wanted - 1e-9);
  const enough = Math.max(value, unit === 'orders' ? minRate(policy.spec) : MIN_VALUE[unit]);
  return enough > today && !mayLoosen ? today : enough;
}

/** Two digits, upwards: 1,037 becomes 1,100. */
function roundUp(value: number): number {
  if (!(value > 0)) return 0;
  const step = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / step - 1e-9) * step).toPrecision(2));
}

/** With a lower order rate some regime's slices could never be sent. */
function minRate({ market }: IntendedPolicySpec): number {
  return Math.max(
    ...REGIMES.map((regime) => {
      const { slices, order_rate } = market.regimes[regime];
      return Math.ceil(slices / factorValue(order_rate) - 1e-9);
    }),
  );
}

function todaysValue(spec: IntendedPolicySpec, key: CountedBudget): number {
  const budgets = completeBudgets(spec);
  return key === 'order_rate' ? budgets.order_rate.max : budgets[key];
}

type Values = readonly (readonly [CountedBudget, number])[];

/** Caps of agents may not be above the account's, so they follow it down. */
export function withBudgets(spec: IntendedPolicySpec, values: Values): IntendedPolicySpec {
  const copy: { -readonly [K in keyof IntendedPolicySpec]: IntendedPolicySpec[K] } = { ...spec };
  const { order_rate: rate, ...rest } = Object.fromEntries(values) as Partial<Record<CountedBudget, number>>;
  copy.budgets = {
    ...copy.budgets,
    ...rest,
    ...(rate === undefined ? {} : { order_rate: { ...copy.budgets.order_rate, max: rate } }),
  };
  copy.agents = Object.fromEntries(
    Object.entries(copy.agents).map(([name, section]) => {
      if (section.budgets === undefined) return [name, section];
      const own = Object.entries(section.budgets).map(([key, value]) => {
        const cap = (copy.budgets as unknown as Record<string, unknown>)[key];
        if (typeof value === 'number' && typeof cap === 'number') return [key, Math.min(value, cap)];
        return [key, key === 'order_rate' && rate !== undefined ? copy.budgets.order_rate : value];
      });
      return [name, { ...section, budgets: Object.fromEntries(own) }];
    }),
  );
  return copy;
}

function compare(source: HistorySource, { policy, sinceMs }: SuggestOptions, values: Values) {
  const candidate = { spec: withBudgets(policy.spec, values), hash: 'suggested' };
  const { totals } = diffPolicy(source, { candidate, sinceMs, allKinds: false, limit: 0 });
  return { cut: totals.cut, blocked: totals.blocked, requests: totals.requests };
}
