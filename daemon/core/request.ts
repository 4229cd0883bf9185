/** Every name of a tool stands here: a policy permits tools by it, and the contract has the arguments of each. */
export const TRADING_TOOLS = ['place_order', 'close_position', 'modify_order', 'cancel_order', 'cancel_all'] as const;
export type TradingTool = (typeof TRADING_TOOLS)[number];
export const READING_TOOLS = [
  'get_account',
  'get_positions',
  'get_orders',
  'get_market',
  'get_candles',
  'get_order_book',
  'get_limits',
  'get_decision',
] as const;
export type ReadingTool = (typeof READING_TOOLS)[number];
export const TOOL_NAMES = [...TRADING_TOOLS, ...READING_TOOLS] as const;
export type ToolName = TradingTool | ReadingTool;
export const ACTIONS = ['open', 'close', 'modify', 'cancel'] as const;
export type Action = (typeof ACTIONS)[number];

export type Side = 'buy' | 'sell';
export type OrderType = 'market' | 'limit';
/** Who asks: an agent's token, an operator's token, or the gate itself (standing orders, protective exits). */
export type Origin = 'agent' | 'operator' | 'gate';

/**
 * SAE-REQ: untrusted intent after the contract schema, every field present (null: not given), so that its canonical
 * JSON is stable. Amounts in USDT, prices in USDT per unit of the base asset, instants in domain time.
 */
export interface ExecutionRequest {
  readonly account: string;
  readonly after_decision_id: string | null;
  readonly agent: string;
  /** modify_order and cancel_order: the order meant. */
  readonly client_order_id: string | null;
  /** close_position: share of the position, in (0, 1]. */
  readonly fraction: number | null;
  readonly intent: Action;
  readonly limit_price: number | null;
  readonly max_slippage_bps: number | null;
  readonly order_type: OrderType | null;
  readonly origin: Origin;
  /** place_order: size in the base asset. Instead of `requested_notional`, never beside it. */
  readonly quantity: number | null;
  /** True: an exit or nothing. */
  readonly reduce_only: boolean;
  readonly request_id: string | null;
  readonly requested_leverage: number | null;
  readonly requested_notional: number | null;
  readonly side: Side | null;
  /** Digest that the caller claims for its skill (`meta.skill.sha256`): may only lower trust. */
  readonly skill_sha256: string | null;
  readonly strategy_id: string | null;
  /** Null: every symbol (cancel_all). */
  readonly symbol: string | null;
  readonly timestamp_ms: number;
  readonly tool: ToolName;
  readonly valid_until_ms: number | null;
  readonly venue: string;
}

/**
 * A copy that is still to be changed. Member by member: the engine gives an object that is spread, and then gets values
 * of other kinds, a shape of its own, and whatever reads many shapes is slow.
 */
export function copyRequest(request: ExecutionRequest): {
  -readonly [Key in keyof ExecutionRequest]: ExecutionRequest[Key];
} {
  return {
    account: request.account,
    after_decision_id: request.after_decision_id,
    agent: request.agent,
    client_order_id: request.client_order_id,
    fraction: request.fraction,
    intent: request.intent,
    limit_price: request.limit_price,
    max_slippage_bps: request.max_slippage_bps,
    order_type: request.order_type,
    origin: request.origin,
    quantity: request.quantity,
    reduce_only: request.reduce_only,
    request_id: request.request_id,
    requested_leverage: request.requested_leverage,
    requested_notional: request.requested_notional,
    side: request.side,
    skill_sha256: request.skill_sha256,
    strategy_id: request.strategy_id,
    symbol: request.symbol,
    timestamp_ms: request.timestamp_ms,
    tool: request.tool,
    valid_until_ms: request.valid_until_ms,
    venue: request.venue,
  };
}
