import { joinPath, type Violation, violationAt } from '../contract/violations.ts';
import type { ApprovalGrant, ExecutionContext, HoldingView } from '../core/context.ts';
import type { ToolName } from '../core/policy.ts';
import type { ExecutionRequest } from '../core/request.ts';

/** Domain time of every case, so that times in a base context are round. */
export const CASE_NOW_MS = 1_800_000_000_000;

/**
 * The default context of a case: BTCUSDT at 60,000 in a calm market, every input one
 * second old, 10,000 USDT, flat, nothing sent, no signal, an agent without a skill. Filters are those of Binance USD-M
 * (lot 0.001, tick 0.1, minimum 50 USDT, taker fee 0.05 %), so one lot is worth 60 USDT.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one table of values
export function buildBaseContext(): ExecutionContext {
  const at = CASE_NOW_MS - 1000;
  return {
    account: {
      available_usdt: 10_000,
      daily_loss: 0,
      drawdown: 0,
      equity_usdt: 10_000,
      margin_ratio: 0,
      observed_at_ms: at,
      reserved_margin_usdt: 0,
    },
    account_name: 'main',
    agent: {
      fees_usdt: 0,
      gross_other_usdt: 0,
      long_units: 0,
      other_positions: 0,
      p_risk: 0.1,
      pending_fees_usdt: 0,
      pending_turnover_usdt: 0,
      resting_exits: 0,
      symbol_resting_exits: 0,
      share_lots: 0,
      short_units: 0,
      turnover_usdt: 0,
      losses: { day_usdt: 0, week_usdt: 0 },
    },
    approval: {
      approved_usdt: 0,
      grant: null,
      opened_usdt: 0,
      order_price_ticks: null,
      pending_count: 0,
      pending_id: null,
    },
    clock_skew_ms: 10,
    duplicate_of: null,
    exit_rung: 0,
    exposure: {
      gross_other_sent_usdt: 0,
      gross_other_usdt: 0,
      liquidation_distance: null,
      long_lots: 0,
      long_units: 0,
      opposed_by_long: null,
      opposed_by_short: null,
      other_mark_at_ms: null,
      other_marks: [],
      other_positions: 0,
      other_regime: null,
      position_lots: 0,
      position_since_ms: null,
      recorded_price: null,
      short_lots: 0,
      short_units: 0,
    },
    market: {
      ask: 60_000.1,
      bar_count: 3000,
      bar_ms: 900_000,
      bars_as_of_ms: at,
      bid: 59_999.9,
      funding_at_ms: at,
      funding_rate_8h: 0.0001,
      held_regime: 'calm',
      history_count: 2880,
      jump_ratio: 1,
      leverage_locked: false,
      leverage_setting: 1,
      liquidity: 2,
      liquidity_floor: 1,
      mark: 60_000,
      mark_at_ms: at,
      quote_at_ms: at,
      rules: {
        bracket_caps: Array.from({ length: 125 }, () => 50_000_000),
        lot_mantissa: 1,
        lot_scale: 1000,
        maintenance_rate: 0.004,
        max_lots: 1_000_000,
        max_market_lots: 120_000,
        max_price_ticks: 45_297_640,
        min_lots: 1,
        min_notional_usdt: 50,
        min_price_ticks: 5_568,
        multiplier_down: 0.95,
        multiplier_up: 1.05,
        observed_at_ms: at,
        taker_fee: 0.0005,
        tick_mantissa: 1,
        tick_scale: 10,
        trading: true,
      },
      sigma: 0.01,
      sigma_baseline: 0.02,
    },
    leaving_order_ids: [],
    now_ms: CASE_NOW_MS,
    order: null,
    own_order_id: null,
    pacing: {
      account_sends: 0,
      account_sends_free_at_ms: null,
      agent_sends: 0,
      agent_sends_free_at_ms: null,
      breaker_until_ms: null,
      fees_usdt: 0,
      last_open_fill_at_ms: null,
      last_open_fill_side: null,
      last_open_parent_at_ms: null,
      pending_fees_usdt: 0,
      pending_turnover_usdt: 0,
      turnover_usdt: 0,
    },
    phase: 'parent',
    parent_price_ticks: null,
    schema_violation: null,
    slice_lots: null,
    state: { layer: null, reason: null, scope: null, state: 'active' },
    trust: { claimed_skill_sha256: null, signals: [], token_skill_sha256: null },
    venue: 'paper',
  };
}

const NOTHING_ASKED = {
  account: 'main',
  after_decision_id: null,
  client_order_id: null,
  fraction: null,
  limit_price: null,
  max_slippage_bps: null,
  order_type: null,
  origin: 'agent',
  reduce_only: false,
  request_id: null,
  requested_leverage: null,
  requested_notional: null,
  side: null,
  skill_sha256: null,
  strategy_id: null,
  symbol: 'BTCUSDT',
  timestamp_ms: CASE_NOW_MS,
  valid_until_ms: null,
  venue: 'paper',
} as const;

/** The default request of a case: for each tool the simplest request that the default policy permits. */
export function buildBaseRequest(tool: ToolName, agent: string): ExecutionRequest {
  const nothing = { ...NOTHING_ASKED, agent, tool };
  switch (tool) {
    case 'close_position':
      return { ...nothing, intent: 'close', fraction: 1 };
    case 'modify_order':
      return { ...nothing, intent: 'modify', client_order_id: CASE_ORDER.client_order_id };
    case 'cancel_order':
      return { ...nothing, intent: 'cancel', client_order_id: CASE_ORDER.client_order_id };
    case 'cancel_all':
      return { ...nothing, intent: 'cancel', symbol: null };
    default:
      return {
        ...nothing,
        intent: 'open',
        max_slippage_bps: 10,
        order_type: 'market',
        requested_leverage: 1,
        requested_notional: 130,
        side: 'buy',
        strategy_id: 'case',
      };
  }
}

/** The default of a case's `order: {}`, some keys of which the case may override: a resting buy of two lots. */
export const CASE_ORDER = {
  agent: 'agent',
  client_order_id: 'case-order',
  filled_lots: 0,
  is_open: true,
  is_protective: false,
  lots: 2,
  order_type: 'limit',
  price_ticks: 590_000,
  reduce_only: false,
  side: 'buy',
  symbol: 'BTCUSDT',
} as const;

export type JsonRecord = { readonly [key: string]: unknown };
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Merges a partial document into a base. Lists and scalars replace. A key that the base does not have is a violation,
 * so that a misspelt key cannot make a case pass. `X_ago_ms: n` sets `X_at_ms` (or `X_ms`) to n ms before now.
 */
export function mergeOver<T extends object>(base: T, partial: JsonRecord, path: string, violations: Violation[]): T {
  const merged: Record<string, unknown> = { ...(base as JsonRecord) };
  for (const [key, value] of Object.entries(partial)) {
    const place = joinPath(path, key);
    const instant = instantKey(base, key);
    if (instant !== null) {
      if (typeof value === 'number') merged[instant] = CASE_NOW_MS - value;
      else violations.push(violationAt(place, 'is not a number of milliseconds', value));
    } else if (!Object.hasOwn(base, key)) {
      violations.push(violationAt(place, `unknown key "${key}"`, value, Object.keys(base).join(', ')));
    } else {
      const below = merged[key];
      merged[key] = isRecord(below) && isRecord(value) ? mergeOver(below, value, place, violations) : value;
    }
  }
  return merged as T;
}

function instantKey(base: object, key: string): string | null {
  const stem = /^(.+)_ago_ms$/.exec(key)?.[1];
  if (stem === undefined) return null;
  return [`${stem}_at_ms`, `${stem}_ms`].find((each) => Object.hasOwn(base, each)) ?? null;
}

/** The context of one case. Besides the context's keys, `position_lots` (signed) creates a position of the agent. */
export function buildCaseContext(partial: JsonRecord, path: string, violations: Violation[]): ExecutionContext {
  const { position_lots: position, order, grant, holding, ...rest } = partial;
  let context = buildBaseContext();
  if (position !== undefined) {
    if (typeof position === 'number' && Number.isSafeInteger(position)) context = withPosition(context, position);
    else violations.push(violationAt(`${path}.position_lots`, 'is not a whole number of lots', position));
  }
  context = leanOnGross(mergeOver(context, rest, path, violations), rest);
  const merged = withHolding(withGrant(context, grant, path, violations), holding, path, violations);
  if (order === undefined || order === null) return merged;
  if (isRecord(order)) return { ...merged, order: mergeOver(CASE_ORDER, order, `${path}.order`, violations) };
  violations.push(violationAt(`${path}.order`, 'is not an object', order));
  return merged;
}

/** The default of a case's `grant: {}`, some keys of which the case may override: the base request, approved. */
const CASE_GRANT: ApprovalGrant = {
  agent: 'agent',
  approval_id: 'case-approval',
  expires_at_ms: CASE_NOW_MS + 60_000,
  leverage: 1,
  lots: 2,
  policy_hash: '',
  price_ticks: 600_600,
  quorum: 1,
  side: 'buy',
  symbol: 'BTCUSDT',
};

/** The approval that is being used; it is of the policy of the case, unless the case says of which. */
function withGrant(context: ExecutionContext, grant: unknown, path: string, violations: Violation[]): ExecutionContext {
  if (grant === undefined || grant === null || context.approval === undefined) return context;
  if (!isRecord(grant)) {
    violations.push(violationAt(`${path}.grant`, 'is not an object', grant));
    return context;
  }
  return {
    ...context,
    approval: { ...context.approval, grant: mergeOver(CASE_GRANT, grant, `${path}.grant`, violations) },
  };
}

/** The default of a case's `holding: {}`: nothing stands against opening. */
const CASE_HOLDING: HoldingView = {
  exit_decision: null,
  exit_until_ms: null,
  held_by: null,
  is_unowned: false,
  open_exits: 0,
  unproven_order: null,
};
function withHolding(
  context: ExecutionContext,
  holding: unknown,
  path: string,
  violations: Violation[],
): ExecutionContext {
  if (holding === undefined || holding === null) return context;
  if (isRecord(holding))
    return { ...context, holding: mergeOver(CASE_HOLDING, holding, `${path}.holding`, violations) };
  violations.push(violationAt(`${path}.holding`, 'is not an object', holding));
  return context;
}

/** If a case names only the gross exposure of the other symbols, it is taken as exposure at the venue. */
function leanOnGross(context: ExecutionContext, given: Readonly<Record<string, unknown>>): ExecutionContext {
  const { exposure } = given;
  if (!isRecord(exposure) || 'gross_other_sent_usdt' in exposure) return context;
  return { ...context, exposure: { ...context.exposure, gross_other_sent_usdt: context.exposure.gross_other_usdt } };
}

function withPosition(context: ExecutionContext, lots: number): ExecutionContext {
  const markTicks = 600_000;
  const long = Math.max(0, lots);
  const short = Math.max(0, -lots);
  const units = { long_units: long * markTicks, short_units: short * markTicks };
  return {
    ...context,
    agent: { ...context.agent, ...units, share_lots: lots },
    exposure: {
      ...context.exposure,
      ...units,
      long_lots: long,
      position_lots: lots,
      short_lots: short,
      liquidation_distance: 0.9,
      position_since_ms: context.now_ms - 60_000,
    },
  };
}
