import { checkTradingCall, isToolName, isTradingTool } from '../../contract/tools.ts';
import type { Action } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { OrderState } from '../../gate/state/orders.ts';
import type { AgentRequest } from '../facts/agents.ts';

/** What the daemon serves in a replay. */
export const VENUE = 'paper';
export const ACCOUNT = 'main';
export const PLACE = { account: ACCOUNT, venue: VENUE };

export type Intake =
  | {
      readonly kind: 'request';
      readonly request: ExecutionRequest;
      readonly args: object;
      readonly target: OrderState | null;
    }
  /** Answered without a decision: a reading tool, or what HTTP answers with 400 and 404. */
  | { readonly kind: 'read' }
  | { readonly kind: 'rejected'; readonly code: 'SCHEMA' | 'UNKNOWN_TOOL' };

interface ToolArgs {
  symbol?: string;
  intent?: Action;
  side?: AgentRequest['side'];
  requested_notional?: number;
  requested_leverage?: number;
  order_type?: AgentRequest['orderType'];
  limit_price?: number;
  max_slippage_bps?: number;
  after_decision_id?: string;
  client_order_id?: string;
  fraction?: number;
  strategy_id?: string;
  venue?: string;
  account?: string;
  reduce_only?: boolean;
}

/** Tool arguments as they would travel: absent fields are absent. */
export function argsOf(request: AgentRequest): ToolArgs {
  // Set by name: names that are only known as values cost a search each.
  const args: ToolArgs = {};
  switch (request.tool) {
    case 'place_order':
      if (request.symbol !== null) args.symbol = request.symbol;
      args.intent = request.intent;
      if (request.side !== null) args.side = request.side;
      if (request.requestedNotional !== null) args.requested_notional = request.requestedNotional;
      if (request.requestedLeverage !== null) args.requested_leverage = request.requestedLeverage;
      args.order_type = request.orderType;
      if (request.limitPrice !== null) args.limit_price = request.limitPrice;
      if (request.maxSlippageBps !== null) args.max_slippage_bps = request.maxSlippageBps;
      if (request.afterDecisionId !== null) args.after_decision_id = request.afterDecisionId;
      args.strategy_id = 'replay';
      args.venue = request.venue;
      args.account = request.account;
      if (request.reduceOnly) args.reduce_only = true;
      return args;
    case 'close_position':
      if (request.symbol !== null) args.symbol = request.symbol;
      if (request.fraction !== null) args.fraction = request.fraction;
      if (request.maxSlippageBps !== null) args.max_slippage_bps = request.maxSlippageBps;
      return args;
    case 'modify_order':
      if (request.clientOrderId !== null) args.client_order_id = request.clientOrderId;
      if (request.limitPrice !== null) args.limit_price = request.limitPrice;
      if (request.requestedNotional !== null) args.requested_notional = request.requestedNotional;
      return args;
    case 'cancel_order':
      if (request.clientOrderId !== null) args.client_order_id = request.clientOrderId;
      return args;
    default:
      if (request.symbol !== null) args.symbol = request.symbol;
      return args;
  }
}

/** The daemon's own intake: the contract's check, then the request that `decide` reads. */
export function readReplayIntake(
  asked: AgentRequest,
  agent: string,
  nowMs: number,
  orders: Pick<ReadonlyMap<string, OrderState>, 'get'>,
): Intake {
  if (!isTradingTool(asked.tool))
    return isToolName(asked.tool) ? { kind: 'read' } : { kind: 'rejected', code: 'UNKNOWN_TOOL' };
  const args = argsOf(asked);
  if (!checkTradingCall(asked.tool, args).ok) return { kind: 'rejected', code: 'SCHEMA' };
  const named = asked.tool === 'modify_order' || asked.tool === 'cancel_order';
  const target = named && asked.clientOrderId !== null ? (orders.get(asked.clientOrderId) ?? null) : null;
  const isOrder = asked.tool === 'place_order';
  const request: ExecutionRequest = {
    account: isOrder ? asked.account : ACCOUNT,
    after_decision_id: isOrder ? asked.afterDecisionId : null,
    agent,
    client_order_id: named ? asked.clientOrderId : null,
    fraction: asked.tool === 'close_position' ? (asked.fraction ?? 1) : null,
    intent: intentOf(asked),
    limit_price: isOrder || asked.tool === 'modify_order' ? asked.limitPrice : null,
    max_slippage_bps: isOrder || asked.tool === 'close_position' ? asked.maxSlippageBps : null,
    order_type: isOrder ? asked.orderType : asked.tool === 'close_position' ? 'market' : null,
    origin: 'agent',
    reduce_only: asked.tool === 'close_position' || (isOrder && asked.reduceOnly),
    request_id: null,
    requested_leverage: isOrder ? asked.requestedLeverage : null,
    requested_notional: isOrder || asked.tool === 'modify_order' ? asked.requestedNotional : null,
    side: isOrder ? asked.side : (target?.side ?? null),
    skill_sha256: null,
    strategy_id: isOrder ? 'replay' : null,
    symbol: named ? (target?.symbol ?? null) : asked.symbol,
    timestamp_ms: nowMs,
    tool: asked.tool,
    valid_until_ms: null,
    venue: isOrder ? asked.venue : VENUE,
  };
  return { kind: 'request', request, args, target };
}

function intentOf(asked: AgentRequest): Action {
  switch (asked.tool) {
    case 'place_order':
      return asked.intent;
    case 'close_position':
      return 'close';
    case 'modify_order':
      return 'modify';
    default:
      return 'cancel';
  }
}
