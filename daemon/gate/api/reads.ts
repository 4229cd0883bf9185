/** Reads of orders, positions, account, market and alerts. */
import type { Regime } from '../../core/policy.ts';
import type { Side } from '../../core/request.ts';
import type { OrderStatus } from './decisions.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
export interface OrderBody {
  readonly client_order_id: string;
  readonly venue_order_id: string | null;
  readonly decision_id: string | null;
  readonly agent: string | null;
  readonly symbol: string;
  readonly side: Side;
  readonly order_type: string;
  readonly limit_price: string | null;
  readonly quantity: string;
  readonly filled_quantity: string;
  readonly average_price: string | null;
  readonly reduce_only: boolean;
  readonly status: OrderStatus;
  readonly slice: number;
  readonly reserved_notional_usdt: number;
  readonly foreign: boolean;
  readonly updated_at_ms: number;
}
/** One fill as the venue tells it. */
export interface FillBody {
  readonly seq: number;
  readonly at_ms: number;
  readonly trade_id: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: string;
  readonly price: string;
  readonly fee_usdt: number;
  /** Before fees; 0 for what opens. */
  readonly realised_pnl_usdt: number;
  readonly is_maker: boolean;
  readonly client_order_id: string | null;
  readonly decision_id: string | null;
  /** Null: the order is not of this daemon. */
  readonly agent: string | null;
}
export interface FillsBody {
  readonly fills: readonly FillBody[];
  readonly next: string | null;
}
export interface PositionBody {
  readonly symbol: string;
  /** Signed decimal string. */
  readonly quantity: string;
  readonly notional_usdt: number;
  readonly entry_price: string | null;
  readonly mark_price: string | null;
  readonly leverage: number | null;
  readonly unrealised_pnl_usdt: number | null;
  readonly liquidation_price: string | null;
  readonly agent_share: { readonly [agent: string]: string };
}
export interface AccountBody {
  readonly account: string;
  readonly venue: string;
  readonly equity_usdt: number | null;
  readonly wallet_usdt: number | null;
  readonly available_usdt: number | null;
  readonly margin_ratio: number | null;
  readonly drawdown: number | null;
  readonly daily_loss: number | null;
  readonly turnover_24h_usdt: number;
  readonly fees_24h_usdt: number;
  readonly observed_at_ms: number | null;
}
export interface MarketBody {
  readonly symbol: string;
  readonly mark_price: number | null;
  readonly bid: number | null;
  readonly ask: number | null;
  readonly funding_rate_8h: number | null;
  readonly regime: Regime;
  readonly regime_cause: string;
  readonly sigma: number | null;
  readonly sigma_baseline: number | null;
  readonly jump_ratio: number | null;
  readonly liquidity: number | null;
  readonly liquidity_floor: number | null;
  readonly tick_size: string | null;
  readonly lot_size: string | null;
  readonly min_notional_usdt: number | null;
  /** Least notional to ask for that is not below the venue's minimum, within any slippage bound of the policy. */
  readonly smallest_order_usdt: number | null;
  readonly mark_at_ms: number | null;
  readonly quote_at_ms: number | null;
  readonly bars_as_of_ms: number | null;
}
export interface AlertBody {
  readonly seq: number;
  readonly at_ms: number;
  readonly code: string;
  readonly detail: string;
  readonly symbol: string | null;
}
export interface AlertsBody {
  readonly alerts: readonly AlertBody[];
  readonly next: string | null;
}
