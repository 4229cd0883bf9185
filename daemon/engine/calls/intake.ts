import type { TradingArgs } from '../../contract/types/trading-calls.ts';
import { canonicalJson, numberText, quoted } from '../../core/canonical-json.ts';
import type { Action, ExecutionRequest, Origin } from '../../core/request.ts';
import type { LiveCore } from '../flow/core.ts';
import type { OrderState } from '../orders/orders.ts';
import type { Caller } from '../records/callers.ts';

/** A validated call, as the gate processes it. */
export interface Intake {
  readonly request: ExecutionRequest;
  readonly caller: Caller;
  /** Digest of the economic fields: not timestamp, validity, rationale or meta. Null for advisory calls. */
  readonly bodyHash: string | null;
  /** Free texts by field, stored beside the chain under their digest. */
  readonly texts: { readonly [field: string]: string };
  /** The order that modify_order or cancel_order names, if it exists. */
  readonly target: OrderState | null;
  /** By the operator's schema; of a size in the base asset it is not known before {@link judgeSize}. */
  readonly schemaViolation: string | null;
  /** The violation once the notional of a quantity is known, USDT; absent: no quantity was sent. */
  readonly judgeSize?: (usdt: number) => string | null;
  /** When the call came in, wall ms of the process; absent: no trace is kept. */
  readonly atWallMs?: number;
}

const NOT_ECONOMIC = new Set(['timestamp_ms', 'valid_until_ms', 'rationale', 'meta', 'request_id']);

export function originOf(caller: Caller): Origin {
  return caller.role === 'operator' ? 'operator' : 'agent';
}

/** `advisory`: dry run and intercept. They have no idempotency key, so they need no digest of the body. */
export function readIntake(
  core: LiveCore,
  caller: Caller,
  call: TradingArgs,
  purpose: 'binding' | 'advisory' = 'binding',
): Intake {
  const target = 'client_order_id' in call.args ? (core.state.orders.all.get(call.args.client_order_id) ?? null) : null;
  const texts: Record<string, string> = {};
  if (call.tool === 'place_order') {
    if (call.args.rationale !== undefined) texts.rationale = call.args.rationale;
    const skill = call.args.meta?.skill;
    if (skill !== undefined) texts.skill = canonicalJson(skill);
  }
  const judgeSize = judgeSizeOf(core, call);
  return {
    request: buildRequest(core, caller, call, target),
    caller,
    bodyHash: purpose === 'binding' ? core.ports.sha256(economicText(call)) : null,
    texts,
    target,
    schemaViolation: judgeSize === null ? judge(core, call, call.args) : null,
    ...(judgeSize === null ? {} : { judgeSize }),
  };
}

function judge(core: LiveCore, { tool }: TradingArgs, args: unknown): string | null {
  return core.ports.checkOperatorSchema(core.policySpec, tool, args);
}
/** Operators' schemas bound `requested_notional` alone: `policy check` refuses one that names a quantity. */
function judgeSizeOf(core: LiveCore, call: TradingArgs): ((usdt: number) => string | null) | null {
  if (call.tool !== 'place_order' || call.args.quantity === undefined) return null;
  const { quantity: _, ...args } = call.args;
  return (usdt) => judge(core, call, { ...args, requested_notional: usdt });
}

/** `canonicalJson` of the tool and its economic arguments, without an object of them: arguments come in any order. */
export function economicText({ tool, args }: TradingArgs): string {
  const keys = ['tool'];
  for (const key in args) if (!NOT_ECONOMIC.has(key)) keys.push(key);
  keys.sort();
  let text = '';
  for (const key of keys) {
    const value = key === 'tool' ? tool : (args as { readonly [key: string]: unknown })[key];
    text += `${text === '' ? '{' : ','}${quoted(key)}:${valueText(value)}`;
  }
  return `${text}}`;
}
function valueText(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'number' ? numberText(value) : canonicalJson(value);
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one literal: every member of a request, by tool
function buildRequest(core: LiveCore, caller: Caller, call: TradingArgs, target: OrderState | null): ExecutionRequest {
  const now = core.nowMs();
  const base: ExecutionRequest = {
    account: core.settings.account,
    after_decision_id: null,
    agent: caller.agent,
    client_order_id: null,
    fraction: null,
    intent: intentOf(call),
    limit_price: null,
    max_slippage_bps: null,
    order_type: null,
    origin: originOf(caller),
    quantity: null,
    reduce_only: false,
    request_id: call.args.request_id ?? null,
    requested_leverage: null,
    requested_notional: null,
    side: null,
    skill_sha256: null,
    strategy_id: null,
    symbol: null,
    timestamp_ms: now,
    tool: call.tool,
    valid_until_ms: null,
    venue: core.settings.venue,
  };
  switch (call.tool) {
    case 'place_order': {
      const { args } = call;
      return {
        ...base,
        account: args.account ?? base.account,
        after_decision_id: args.after_decision_id ?? null,
        limit_price: args.limit_price ?? null,
        max_slippage_bps: args.max_slippage_bps,
        order_type: args.order_type,
        quantity: args.quantity ?? null,
        reduce_only: args.reduce_only ?? false,
        requested_leverage: args.requested_leverage,
        requested_notional: args.requested_notional ?? null,
        side: args.side,
        skill_sha256: args.meta?.skill === undefined ? null : (args.meta.skill.sha256 ?? 'none'),
        strategy_id: args.strategy_id,
        symbol: args.symbol,
        timestamp_ms: args.timestamp_ms ?? now,
        valid_until_ms: args.valid_until_ms ?? null,
        venue: args.venue ?? base.venue,
      };
    }
    case 'close_position':
      return {
        ...base,
        fraction: call.args.fraction ?? 1,
        max_slippage_bps: call.args.max_slippage_bps ?? null,
        order_type: 'market',
        reduce_only: true,
        strategy_id: call.args.strategy_id ?? null,
        symbol: call.args.symbol,
      };
    case 'modify_order':
      return {
        ...base,
        client_order_id: call.args.client_order_id,
        limit_price: call.args.limit_price ?? null,
        requested_notional: call.args.requested_notional ?? null,
        side: target?.side ?? null,
        symbol: target?.symbol ?? null,
      };
    case 'cancel_order':
      return { ...base, client_order_id: call.args.client_order_id, symbol: target?.symbol ?? null };
    case 'cancel_all':
      return { ...base, symbol: call.args.symbol ?? null };
  }
}

function intentOf(call: TradingArgs): Action {
  switch (call.tool) {
    case 'place_order':
      return call.args.intent;
    case 'close_position':
      return 'close';
    case 'modify_order':
      return 'modify';
    case 'cancel_order':
    case 'cancel_all':
      return 'cancel';
  }
}
