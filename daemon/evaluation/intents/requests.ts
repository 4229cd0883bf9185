import type { Side } from '../../core/request.ts';
import type { AgentRequest } from '../facts/agents.ts';

/** Venue and account that the replay serves; both are in T. */
export const SERVED_VENUE = 'paper';
export const SERVED_ACCOUNT = 'main';

/** One shape for all requests, which an object that is spread has not. */
function requestOf(given: Partial<AgentRequest>): AgentRequest {
  const empty: AgentRequest = {
    tool: 'place_order',
    venue: SERVED_VENUE,
    account: SERVED_ACCOUNT,
    symbol: null,
    intent: 'open',
    side: null,
    requestedNotional: null,
    requestedLeverage: null,
    orderType: 'market',
    limitPrice: null,
    maxSlippageBps: null,
    fraction: null,
    clientOrderId: null,
    reduceOnly: false,
    afterDecisionId: null,
  };
  return Object.assign(empty, given);
}

export interface OrderTerms {
  readonly symbol: string;
  readonly side: Side;
  readonly notionalUsdt: number;
  readonly leverage: number;
  readonly slippageBps: number;
  /** Absent: a market order. */
  readonly limitPrice?: number | null;
}

/** place_order that opens. The contract takes no notional below a cent and only whole leverage. */
export function buildOpening(terms: OrderTerms, given: Partial<AgentRequest> = {}): AgentRequest {
  const { leverage, limitPrice = null, notionalUsdt, side, slippageBps, symbol } = terms;
  return requestOf({
    symbol,
    side,
    requestedNotional: Math.max(0.01, notionalUsdt),
    requestedLeverage: leverage,
    orderType: limitPrice === null ? 'market' : 'limit',
    limitPrice,
    maxSlippageBps: slippageBps,
    ...given,
  });
}

/** The same request, naming a decision whose answer has been seen. */
export function namingDecision(request: AgentRequest, afterDecisionId: string): AgentRequest {
  return requestOf({ ...request, afterDecisionId });
}

/** place_order with intent close: an opposite order that may not open. */
export function buildClosingOrder(terms: OrderTerms, reduceOnly: boolean): AgentRequest {
  return buildOpening(terms, { intent: 'close', reduceOnly });
}

/** close_position; `slippageBps` null: the gate's own exit ladder decides. */
export function buildClose(symbol: string, fraction: number, slippageBps: number | null = null): AgentRequest {
  return requestOf({ tool: 'close_position', intent: 'close', symbol, fraction, maxSlippageBps: slippageBps });
}

/** cancel_order; the symbol is the agent's own note, the order is named by its id. */
export function buildCancel(symbol: string, clientOrderId: string): AgentRequest {
  return requestOf({ tool: 'cancel_order', intent: 'cancel', symbol, clientOrderId });
}

/** modify_order; null leaves price or total as they are. */
export function buildModify(
  symbol: string,
  clientOrderId: string,
  change: Pick<AgentRequest, 'limitPrice' | 'requestedNotional'>,
): AgentRequest {
  return requestOf({ tool: 'modify_order', intent: 'modify', symbol, clientOrderId, orderType: 'limit', ...change });
}

export function opposite(side: Side): Side {
  return side === 'buy' ? 'sell' : 'buy';
}

interface ToolArgs {
  symbol?: string;
  intent?: AgentRequest['intent'];
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
export function argsOf(request: AgentRequest, strategyId: string): ToolArgs {
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
      args.strategy_id = strategyId;
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
