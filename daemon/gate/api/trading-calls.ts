/** The trading tools and their arguments, as the contract passes them. */
import type { OrderType, Side } from '../../core/request.ts';

export type TradingToolName = 'place_order' | 'close_position' | 'modify_order' | 'cancel_order' | 'cancel_all';
export interface SkillClaim {
  readonly name?: string;
  readonly version?: string;
  readonly sha256?: string;
}
export interface PlaceOrderArgs {
  readonly symbol: string;
  readonly intent: 'open' | 'close';
  readonly side: Side;
  readonly requested_notional: number;
  readonly requested_leverage: number;
  readonly order_type: OrderType;
  readonly limit_price?: number;
  readonly max_slippage_bps: number;
  readonly strategy_id: string;
  readonly request_id?: string;
  readonly venue?: string;
  readonly timestamp_ms?: number;
  readonly valid_until_ms?: number;
  readonly account?: string;
  readonly reduce_only?: boolean;
  readonly after_decision_id?: string;
  readonly rationale?: string;
  readonly meta?: { readonly skill?: SkillClaim };
}
export interface ClosePositionArgs {
  readonly symbol: string;
  readonly fraction?: number;
  readonly max_slippage_bps?: number;
  readonly request_id?: string;
  readonly strategy_id?: string;
}
export interface ModifyOrderArgs {
  readonly client_order_id: string;
  readonly limit_price?: number;
  readonly requested_notional?: number;
  readonly request_id?: string;
}
export interface CancelOrderArgs {
  readonly client_order_id: string;
  readonly request_id?: string;
}
export interface CancelAllArgs {
  readonly symbol?: string;
  readonly request_id?: string;
}
export type TradingArgs =
  | { readonly tool: 'place_order'; readonly args: PlaceOrderArgs }
  | { readonly tool: 'close_position'; readonly args: ClosePositionArgs }
  | { readonly tool: 'modify_order'; readonly args: ModifyOrderArgs }
  | { readonly tool: 'cancel_order'; readonly args: CancelOrderArgs }
  | { readonly tool: 'cancel_all'; readonly args: CancelAllArgs };
