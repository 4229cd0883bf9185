import type { MarketFeatures } from '../../core/features/market.ts';
import type { RegimeHold } from '../../core/features/regime-hold.ts';
import type { Side } from '../../core/request.ts';
import type { SymbolRules } from './venue.ts';

/** What the venue was found to hold, and what it has confirmed. */

/** One trade of the venue: price and fee of lots that `order` events moved already. */
export interface TradeEvent {
  readonly at_venue_ms: number;
  readonly client_order_id: string | null;
  readonly fee_usdt: number;
  readonly is_maker: boolean;
  readonly quantity_e8: number;
  readonly price: number;
  readonly realised_pnl_usdt: number;
  readonly side: Side;
  readonly symbol: string;
  readonly trade_id: string;
}
export interface PositionRecord {
  readonly entry_price: number;
  readonly liquidation_price: number | null;
  readonly quantity_e8: number;
  readonly maintenance_margin_usdt: number;
  readonly mark_price: number;
  readonly symbol: string;
  readonly unrealised_pnl_usdt: number;
  readonly updated_at_ms: number;
}
export interface AccountEvent {
  readonly available_usdt: number;
  /** By so much domain time may have differed from the venue's; absent: by less than a tenth of a second. */
  readonly clock_error_ms?: number;
  readonly initial_margin_usdt: number;
  readonly leverage: { readonly [symbol: string]: number };
  readonly maintenance_margin_usdt: number;
  readonly margin_balance_usdt: number;
  /** Maintenance margin / margin balance; with isolated positions the worst one. */
  readonly margin_ratio: number;
  /** What the maximum of drawdown takes in of the balance, where the reading before shows less; absent: all of it. */
  readonly peak_usdt?: number;
  readonly positions: readonly PositionRecord[];
  readonly requested_at_ms: number;
  /** Symbols whose row could not be read: of these it says nothing. Absent: there was none. */
  readonly unread?: readonly string[];
  readonly wallet_usdt: number;
}
/** One booking of the exchange on the account's wallet. */
export interface IncomeRow {
  /** Signed, USDT. */
  readonly amount_usdt: number;
  readonly at_venue_ms: number;
  /** The exchange's number of the booking; one number may stand for one booking of each type. */
  readonly income_id: string;
  /** Empty: of the account as a whole. */
  readonly symbol: string;
  /** The trade that it is of; null: of none. */
  readonly trade_id: string | null;
  /** The exchange's word: REALIZED_PNL, COMMISSION, FUNDING_FEE, INSURANCE_CLEAR, TRANSFER… */
  readonly type: string;
}
/** What the exchange has booked since the record before; every booking until `read_to_ms` is on record. */
export interface IncomeEvent {
  readonly read_to_ms: number;
  readonly rows: readonly IncomeRow[];
}
export interface TransferEvent {
  readonly amount_usdt: number;
  readonly at_venue_ms: number;
  readonly transfer_id: string;
}
/** Market inputs as a feed saw them change: a closed bar's features, a held regime, a funding rate. */
export interface MarketEvent {
  readonly features: MarketFeatures | null;
  readonly funding_rate_8h: number | null;
  readonly hold: RegimeHold | null;
  readonly symbol: string;
}
export interface RulesEvent {
  readonly rules: SymbolRules;
}
/** The venue confirmed a leverage setting. */
export interface LeverageEvent {
  /** Domain time of the confirmation; account answers requested before say nothing of it. Older records have none. */
  readonly confirmed_at_ms?: number;
  readonly leverage: number;
  /** Its answer was lost: it may be in effect, or may still arrive. */
  readonly lost?: true;
  readonly symbol: string;
}
/**
 * The venue's dead-man countdown of a symbol. `asked`: none ran, and it is about to be set. `set`: the venue has taken it,
 * for the first time or again. `ended`: the venue has confirmed that it runs no more; `countdown_ms` is 0.
 */
export interface CountdownEvent {
  readonly action: 'asked' | 'set' | 'ended';
  /** Of venue time. */
  readonly countdown_ms: number;
  /** Domain time before the request left. */
  readonly sent_at_ms: number;
  readonly symbol: string;
}
