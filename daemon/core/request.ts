import type { Action, ToolName } from './policy.ts';

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
