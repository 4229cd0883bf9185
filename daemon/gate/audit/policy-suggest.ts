import { factorValue } from '../../core/compiled-policy.ts';
import { explainDecision } from '../../core/explain.ts';
import { type IntendedPolicySpec, REGIMES } from '../../core/policy.ts';
import { countedUsdt } from '../../core/rules/counted-usdt.ts';
import { deriveAsRecorded, lookUpPolicies, type PolicyLookup } from '../plan/retell.ts';
import { diffPolicy } from './policy-diff.ts';
import { type HistorySource, type RecordedDecision, walkDecisions } from './recorded.ts';

/** The budgets that are suggested, each with the reason code of what it cuts. */
export const SUGGESTED = {
  leverage: 'BUDGET_LEVERAGE',
  order_notional_usdt: 'BUDGET_NOTIONAL',
  symbol_notional_usdt: 'BUDGET_SYMBOL',
  gross_notional_usdt: 'BUDGET_GROSS',
  order_rate: 'RATE',
  slippage_bps: 'PRICE_SLIPPAGE',
  concurrent_positions: 'ACCOUNT_POSITIONS',
  turnover_usdt_per_day: 'BUDGET_TURNOVER',
  fees_usdt_per_day: 'BUDGET_FEES',
} as const;
export type SuggestedKey = keyof typeof SUGGESTED;
const KEYS = Object.keys(SUGGESTED) as SuggestedKey[];
const WHOLE: ReadonlySet<SuggestedKey> = new Set(['leverage', 'order_rate', 'concurrent_positions']);

export interface Suggestion {
  readonly key: SuggestedKey;
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
  const suggested = new Map<SuggestedKey, number>();
  for (const key of KEYS) suggested.set(key, propose(key, seen.needs.get(key) ?? 0, options));
  const suggestions = KEYS.map((key): Suggestion => {
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
  readonly needs: Map<SuggestedKey, number>;
  readonly cuts: Map<SuggestedKey, number>;
}

function measure(source: HistorySource, sinceMs: number): Seen {
  const policyOf = lookUpPolicies((hash) => source.readPolicy(hash));
  const seen: Seen = { openings: 0, needs: new Map(), cuts: new Map() };
  for (const recorded of walkDecisions(source, sinceMs)) {
    const { decision } = recorded;
    if (decision.kind !== 'tool' || recorded.isForeignTool) continue;
    const codes = new Set<string>(decision.reasons.map(({ code }) => code));
    for (const key of KEYS) if (codes.has(SUGGESTED[key])) seen.cuts.set(key, (seen.cuts.get(key) ?? 0) + 1);
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
): [SuggestedKey, number][] | null {
  const policy = policyOf(event.decision.policy_hash, request.agent);
  const decision = deriveAsRecorded(event, policyOf);
  if (policy === null || decision?.effective?.action !== 'open') return null;
  const { leverage, max_slippage_bps: slippage } = decision.effective;
  // Budgets count it at the worse of mark and price.
  const notional = countedUsdt(decision.effective, context);
  const { rows } = explainDecision(request, context, policy, decision).arithmetic;
  const scaled = (label: string, amount: number): number => {
    const row = rows.find((each) => each.label === label);
    if (row === undefined) return 0;
    const { market, account, trust, trader, loss } = row.factors;
    return (row.used + row.reserved + amount) / (market * account * trust * trader * loss);
  };
  const fee = notional * (context.market.rules?.taker_fee ?? 0);
  return [
    ['leverage', scaled('leverage cap', leverage ?? 1)],
    ['order_notional_usdt', scaled('order cap', notional)],
    ['symbol_notional_usdt', scaled('symbol cap', notional)],
    ['gross_notional_usdt', scaled('gross cap', notional)],
    ['order_rate', scaled('order rate', decision.constraints.staging_plan.length)],
    ['slippage_bps', scaled('slippage cap', slippage ?? 0)],
    ['concurrent_positions', context.exposure.other_positions + 1],
    ['turnover_usdt_per_day', scaled('turnover cap of the day', notional)],
    ['fees_usdt_per_day', scaled('fee cap of the day', fee)],
  ];
}

function propose(key: SuggestedKey, need: number, { policy, headroom, mayLoosen }: SuggestOptions): number {
  const today = todaysValue(policy.spec, key);
  const wanted = need * headroom;
  const value = WHOLE.has(key) ? Math.ceil(wanted - 1e-9) : roundUp(wanted);
  const enough = Math.max(value, key === 'order_rate' ? minRate(policy.spec) : smallest(key));
  return enough > today && !mayLoosen ? today : enough;
}

/** Two digits, upwards: 1,037 becomes 1,100. */
function roundUp(value: number): number {
  if (!(value > 0)) return 0;
  const step = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / step - 1e-9) * step).toPrecision(2));
}

function smallest(key: SuggestedKey): number {
  return WHOLE.has(key) ? 1 : key === 'slippage_bps' ? 0.1 : 0.01;
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

function todaysValue({ budgets }: IntendedPolicySpec, key: SuggestedKey): number {
  return key === 'order_rate' ? budgets.order_rate.max : budgets[key];
}

type Values = readonly (readonly [SuggestedKey, number])[];

/** Caps of agents may not be above the account's, so they follow it down. */
export function withBudgets(spec: IntendedPolicySpec, values: Values): IntendedPolicySpec {
  const copy = structuredClone(spec) as { -readonly [K in keyof IntendedPolicySpec]: IntendedPolicySpec[K] };
  const { order_rate: rate, ...rest } = Object.fromEntries(values) as Partial<Record<SuggestedKey, number>>;
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
