import type { RulesView } from '../../daemon/core/arithmetic/quantities.ts';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import type { AccountView, ExecutionContext, OrderView } from '../../daemon/core/context.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import type { ExecutionRequest } from '../../daemon/core/request.ts';
import { buildBaseContext, CASE_NOW_MS } from '../../daemon/policy/cases/case-base.ts';

/** One ask that is allowed as it stands, and how to change one thing in it. Figures are BTCUSDT's at 60,000 USDT. */
export const NOW = CASE_NOW_MS;

export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [key in keyof T]?: DeepPartial<T[key]> }
    : T;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function merged(base: unknown, change: unknown): unknown {
  if (!isRecord(base) || !isRecord(change)) return change;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(change)) result[key] = merged(result[key], value);
  return result;
}
/** `base` with `change` laid over it, objects key by key; arrays and null replace. */
export function withChange<T extends object>(base: T, change: DeepPartial<T>): T {
  return merged(base, change) as T;
}

/** DESIGN section 4, with a second skill list entry and nothing that tightens by itself. */
export const basePolicy: IntendedPolicySpec = {
  version: 1,
  name: 'test',
  mode: 'enforce',
  scope: {
    tools: ['place_order', 'close_position', 'modify_order', 'cancel_order', 'cancel_all'],
    actions: ['open', 'close', 'modify', 'cancel'],
    venues: ['paper', 'binance-demo'],
    symbols: ['BTCUSDT', 'ETHUSDT'],
    accounts: ['main'],
  },
  budgets: {
    leverage: 3,
    order_notional_usdt: 1200,
    symbol_notional_usdt: 2400,
    gross_notional_usdt: 3600,
    order_rate: { max: 20, window_ms: 60_000 },
    slippage_bps: 20,
    holding_time_ms: 259_200_000,
    concurrent_positions: 2,
    turnover_usdt_per_day: 20_000,
    fees_usdt_per_day: 10,
  },
  market: {
    bar_ms: 900_000,
    volatility: {
      window_bars: 60,
      baseline_bars: 2880,
      baseline_quantile: 0.75,
      min_history_bars: 240,
      volatile: 1,
      extreme: 2,
      absolute: { volatile: 0.025, extreme: 0.06 },
      jump_sigma: 6,
    },
    regime_hold_bars: 4,
    funding: { extreme: 0.01 },
    liquidity: { ema_bars: 60, below_quantile: 0.02, baseline_bars: 2880 },
    regimes: {
      calm: { leverage: 1, notional: 1, order_rate: 1, slippage: 1, cooldown_ms: 0, slices: 1 },
      volatile: { leverage: '2/3', notional: 0.6, order_rate: 0.5, slippage: 0.75, cooldown_ms: 60_000, slices: 4 },
      extreme: { leverage: '1/3', notional: 0.25, order_rate: 0.4, slippage: 0.5, cooldown_ms: 120_000, slices: 5 },
    },
    freshness: {
      mark_ms: 5000,
      quote_ms: 5000,
      bars: 2,
      account_ms: 10_000,
      filters_ms: 3_600_000,
      funding_ms: 3_600_000,
      clock_skew_ms: 1000,
      request_ms: 30_000,
    },
    collar_bps: 100,
  },
  account: {
    drawdown: {
      window_ms: 2_592_000_000,
      tiers: [
        { at: 0.05, multiplier: 0.5 },
        { at: 0.1, reduce_only: true },
      ],
    },
    daily_loss: {
      tiers: [
        { at: 0.03, multiplier: 0.5 },
        { at: 0.05, reduce_only: true },
      ],
    },
    margin_ratio: {
      tiers: [
        { at: 0.5, multiplier: 0.5 },
        { at: 0.8, reduce_only: true },
      ],
    },
    concentration: { share: 0.8, floor_usdt: 3000 },
    min_liquidation_distance: 0.15,
    margin_buffer_usdt: 10,
  },
  trust: {
    default: { provenance: 0.5, capability_risk: 0.5 },
    unknown_skill: { provenance: 0.3, capability_risk: 0.8 },
    skills: [
      { name: 'known', sha256: 'a'.repeat(64), provenance: 0.9, capability_risk: 0.2 },
      { name: 'risky', sha256: 'b'.repeat(64), provenance: 0.6, capability_risk: 0.75 },
    ],
    tiers: [
      { provenance_below: 0.4, multiplier: 0.5 },
      { capability_risk_above: 0.7, multiplier: 0.5 },
    ],
    signals: {
      injection: { multiplier: 0.4, reduce_only: false, max_ttl_ms: 86_400_000 },
      narrative: { multiplier: 0.5, max_ttl_ms: 3_600_000 },
      anomaly: { reduce_only: true, max_ttl_ms: 3_600_000 },
    },
  },
  trader_state: {
    window_trades: 200,
    max_age_ms: 604_800_000,
    base_rate: 0.1,
    limit_at: 0.5,
    block_at: 0.7,
    multiplier: 0.5,
    enforce_block: false,
  },
  temporal: {
    duplicate_window_ms: 10_000,
    duplicate_exempt: [],
    flip_interval_ms: 60_000,
    breaker: { repeats: 8, window_ms: 60_000, cooldown_ms: 300_000 },
  },
  staging: { spacing_ms: 2000, ttl_ms: 60_000 },
  standing: { resting_ttl_ms: 3_600_000, on_breach: 'cancel_opening' },
  exits: { ladder_bps: [20, 60, 150, 300], step_ms: 400, rate: { max: 30, window_ms: 60_000 } },
  protection: { required: false, stop_bps: 300 },
  intercept: { allow: {} },
  tools: {},
  agents: { default: {} },
  loosen_delay_ms: 600_000,
};

const { agent, approval: _, market, ...plain } = buildBaseContext();
const { losses: __, ...usualAgent } = agent;

export const baseRules: RulesView = {
  ...(market.rules as RulesView),
  bracket_caps: [3_000_000, 2_000_000, 1_000_000],
  max_lots: 120_000,
};
export const baseAccount: AccountView = { ...(plain.account as AccountView), available_usdt: 9000, margin_ratio: 0.01 };
/** Flat, calm, fresh, trusted: as a case of a policy, in an account that has traded. One lot is 60 USDT; W+ and W- are 0. */
export const baseContext: ExecutionContext = {
  ...plain,
  account: baseAccount,
  agent: usualAgent,
  market: {
    ...market,
    ask: 60_000,
    bars_as_of_ms: NOW - 60_000,
    bid: 60_000,
    jump_ratio: 0.5,
    liquidity: 100,
    liquidity_floor: 10,
    mark_at_ms: NOW - 100,
    quote_at_ms: NOW - 100,
    rules: baseRules,
  },
};
/** Ten lots (600 USDT) long at 2x, at market, 10 bps. */
export const baseRequest: ExecutionRequest = {
  account: 'main',
  after_decision_id: null,
  agent: 'alice',
  client_order_id: null,
  fraction: null,
  intent: 'open',
  limit_price: null,
  max_slippage_bps: 10,
  order_type: 'market',
  origin: 'agent',
  quantity: null,
  reduce_only: false,
  request_id: 'r1',
  requested_leverage: 2,
  requested_notional: 601,
  side: 'buy',
  skill_sha256: null,
  strategy_id: 's1',
  symbol: 'BTCUSDT',
  timestamp_ms: NOW,
  tool: 'place_order',
  valid_until_ms: null,
  venue: 'paper',
};
export const baseOrder: OrderView = {
  agent: 'alice',
  client_order_id: 'hfabc0001',
  filled_lots: 0,
  is_open: true,
  is_protective: false,
  lots: 10,
  order_type: 'limit',
  price_ticks: 599_000,
  reduce_only: false,
  side: 'buy',
  symbol: 'BTCUSDT',
};

export interface Change {
  readonly request?: DeepPartial<ExecutionRequest>;
  readonly context?: DeepPartial<ExecutionContext>;
  readonly policy?: DeepPartial<IntendedPolicySpec>;
}
export interface Case {
  readonly request: ExecutionRequest;
  readonly context: ExecutionContext;
  readonly policy: IntendedPolicySpec;
}
export function buildCase(...changes: readonly Change[]): Case {
  let request = baseRequest;
  let context = baseContext;
  let policy = basePolicy;
  for (const change of changes) {
    request = withChange<ExecutionRequest>(request, change.request ?? {});
    context = withChange<ExecutionContext>(context, change.context ?? {});
    policy = withChange<IntendedPolicySpec>(policy, change.policy ?? {});
  }
  return { request, context, policy };
}
export function decideCase({ request, context, policy }: Case): ExecutionDecision {
  return decide(request, context, compilePolicy(policy, 'test', request.agent));
}
export function decideWith(...changes: readonly Change[]): ExecutionDecision {
  return decideCase(buildCase(...changes));
}
export function codesOf(decision: ExecutionDecision): string[] {
  return decision.reasons.map((reason) => reason.code);
}

export const LOOSENESS = { BLOCK: 0, LIMIT: 1, ALLOW: 2 } as const;
/** What `candidate` allows beyond `base`: nothing when it is as strict. Lots, leverage and slippage count apart. */
export function loosened(candidate: ExecutionDecision, base: ExecutionDecision): string[] {
  const found: string[] = [];
  if (LOOSENESS[candidate.decision] > LOOSENESS[base.decision])
    found.push(`${base.decision} became ${candidate.decision}`);
  for (const figure of ['lots', 'leverage', 'max_slippage_bps'] as const) {
    const before = base.effective?.[figure] ?? 0;
    const now = candidate.effective?.[figure] ?? 0;
    if (now > before) found.push(`${figure} ${before} became ${now}`);
  }
  return found;
}

/**
 * The venue's brackets do not bind. Where they do, less leverage permits more notional: a policy or a regime that
 * lowers leverage then lifts that bound of the venue's, which is no loosening of ours.
 */
export function hasAmpleBrackets({ context }: Case): boolean {
  return context.market.rules?.bracket_caps.every((cap) => cap >= 100_000) ?? true;
}
