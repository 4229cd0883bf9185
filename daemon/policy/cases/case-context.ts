import { joinPath, type Violation, violationAt } from '../../contract/schema/violations.ts';
import type { ApprovalGrant, ExecutionContext, HoldingView, OpeningsView } from '../../core/context.ts';
import type { ExecutionRequest, ToolName } from '../../core/request.ts';
import { SIMULATED_VENUE } from '../../core/venues.ts';
import { buildBaseContext, CASE_NOW_MS } from './case-base.ts';

const NOTHING_ASKED = {
  account: 'main',
  after_decision_id: null,
  client_order_id: null,
  fraction: null,
  limit_price: null,
  max_slippage_bps: null,
  order_type: null,
  origin: 'agent',
  quantity: null,
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
  venue: SIMULATED_VENUE,
} as const;

/** The default request of a case: for each tool the simplest request that the default policy permits. */
export function buildBaseRequest(tool: ToolName, agent: string, given: JsonRecord = {}): ExecutionRequest {
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
        // One of the two sizes is given.
        requested_notional: given.quantity == null ? 121 : null,
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
  const { position_lots: position, order, grant, holding, openings, ...rest } = partial;
  let context = buildBaseContext();
  if (position !== undefined) {
    if (typeof position === 'number' && Number.isSafeInteger(position)) context = withPosition(context, position);
    else violations.push(violationAt(`${path}.position_lots`, 'is not a whole number of lots', position));
  }
  context = leanOnGross(mergeOver(context, rest, path, violations), rest);
  context = withGrant(context, grant, path, violations);
  /** A part of the context that is mostly absent: nothing to add where the case does not give it. */
  const part = <Name extends keyof typeof PARTS>(name: Name, given: unknown): Pick<typeof PARTS, Name> | object => {
    if (given === undefined || given === null) return {};
    if (isRecord(given)) return { [name]: mergeOver(PARTS[name], given, `${path}.${name}`, violations) };
    violations.push(violationAt(`${path}.${name}`, 'is not an object', given));
    return {};
  };
  return { ...context, ...part('holding', holding), ...part('openings', openings), ...part('order', order) };
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
/** The default of a case's `openings: {}`: nothing rests. */
const CASE_OPENINGS: OpeningsView = { all: 0, own: 0, venue_limit: 200 };
const PARTS = { holding: CASE_HOLDING, openings: CASE_OPENINGS, order: CASE_ORDER } as const;

/** If a case names only the gross exposure of the other symbols, all of it is held. */
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
