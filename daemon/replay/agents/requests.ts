import type { Side } from '../../core/request.ts';
import type { AgentRequest } from '../types.ts';

/** Venue and account that the replay serves; both are in T. */
export const SERVED_VENUE = 'paper';
export const SERVED_ACCOUNT = 'main';

const EMPTY: AgentRequest = {
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
export function buildOpening(terms: OrderTerms): AgentRequest {
  const limitPrice = terms.limitPrice ?? null;
  return {
    ...EMPTY,
    symbol: terms.symbol,
    side: terms.side,
    requestedNotional: Math.max(0.01, terms.notionalUsdt),
    requestedLeverage: terms.leverage,
    orderType: limitPrice === null ? 'market' : 'limit',
    limitPrice,
    maxSlippageBps: terms.slippageBps,
  };
}

/** place_order with intent close: an opposite order that may not open. */
export function buildClosingOrder(terms: OrderTerms, reduceOnly: boolean): AgentRequest {
  return { ...buildOpening(terms), intent: 'close', reduceOnly };
}

/** close_position; `slippageBps` null: the gate's own exit ladder decides. */
export function buildClose(symbol: string, fraction: number, slippageBps: number | null = null): AgentRequest {
  return { ...EMPTY, tool: 'close_position', intent: 'close', symbol, fraction, maxSlippageBps: slippageBps };
}

/** cancel_order; the symbol is the agent's own note, the order is named by its id. */
export function buildCancel(symbol: string, clientOrderId: string): AgentRequest {
  return { ...EMPTY, tool: 'cancel_order', intent: 'cancel', symbol, clientOrderId };
}

/** modify_order; null leaves price or total as they are. */
export function buildModify(
  symbol: string,
  clientOrderId: string,
  change: { readonly limitPrice: number | null; readonly requestedNotional: number | null },
): AgentRequest {
  return {
    ...EMPTY,
    tool: 'modify_order',
    intent: 'modify',
    symbol,
    clientOrderId,
    orderType: 'limit',
    limitPrice: change.limitPrice,
    requestedNotional: change.requestedNotional,
  };
}

export function opposite(side: Side): Side {
  return side === 'buy' ? 'sell' : 'buy';
}
