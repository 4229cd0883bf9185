/** What a venue says, and what it is asked for. Lots and ticks are integers; only the adapter uses decimals. */
import type { TimeInForce } from '../../core/decision.ts';
import type { OrderType, Side } from '../../core/request.ts';
import type { Cause } from '../tables/cause.ts';

declare const approvedBrand: unique symbol;
/** An order that passed the gate and is on disk. Only engine/sending/approval.ts creates one (SAE-NONBYPASS). */
export type Approved<T> = T & { readonly [approvedBrand]: true };

export interface LeverageBracket {
  readonly initialLeverage: number;
  readonly notionalFloor: number;
  readonly notionalCap: number;
  readonly maintenanceRate: number;
  readonly cum: number;
}
/** Filters, brackets and fee of one symbol as the venue publishes them. */
export interface SymbolRules {
  readonly symbol: string;
  readonly trading: boolean;
  /** tick size = tickMantissa / tickScale, scale a power of ten ("0.10" -> 1 / 10). */
  readonly tickMantissa: number;
  readonly tickScale: number;
  readonly lotMantissa: number;
  readonly lotScale: number;
  readonly minLots: number;
  readonly maxLots: number;
  readonly maxMarketLots: number;
  /** PRICE_FILTER; the largest safe integer where the venue names no highest price. */
  readonly minPriceTicks: number;
  readonly maxPriceTicks: number;
  readonly minNotionalUsdt: number;
  /** PERCENT_PRICE: buy price <= mark * up, sell price >= mark * down. */
  readonly multiplierUp: number;
  readonly multiplierDown: number;
  /** MAX_NUM_ORDERS: open orders that it takes of the account; absent where it does not say, and in records of before. */
  readonly maxOrders?: number;
  readonly takerFee: number;
  readonly makerFee: number;
  readonly brackets: readonly LeverageBracket[];
  readonly observedAtMs: number;
}
/** A part of the rules that could not be read, and the cause. */
export interface UnreadPart {
  readonly what: string;
  /** It is that symbol's alone; absent: it may concern all of them. */
  readonly symbol?: string;
  readonly detail: string;
  readonly cause: Cause;
  readonly retryAfterMs: number | null;
}
/**
 * Rules with fresh filters. Parts that are `unread` have their last known values, and the rules are as old as those.
 */
export interface RulesReading {
  readonly rules: readonly SymbolRules[];
  readonly unread: readonly UnreadPart[];
}
/** A row of a list that could not be read, and the cause. It says nothing about other symbols. */
export interface UnreadableRow {
  readonly symbol: string;
  readonly detail: string;
}
export interface Listed<T> {
  readonly rows: readonly T[];
  readonly unreadable: readonly UnreadableRow[];
}
export interface MarketQuote {
  readonly symbol: string;
  readonly mark: number;
  readonly markAtMs: number;
  readonly bid: number;
  readonly ask: number;
  /** Base asset at the best bid and ask, for show; absent or null: the venue did not say. */
  readonly bidQuantity?: number | null;
  readonly askQuantity?: number | null;
  readonly quoteAtMs: number;
  /** Fraction per funding interval, and the interval. */
  readonly fundingRate: number;
  readonly fundingIntervalMs: number;
  readonly nextFundingAtMs: number;
}
export interface Bar {
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}
export interface VenuePosition {
  readonly symbol: string;
  /** Signed, in units of 1e-8. */
  readonly quantityE8: number;
  readonly entryPrice: number;
  readonly markPrice: number;
  readonly liquidationPrice: number | null;
  readonly leverage: number | null;
  readonly isolatedMarginUsdt: number | null;
  readonly maintenanceMarginUsdt: number;
  readonly unrealisedPnlUsdt: number;
  /** Venue time of the position's last change; 0 if the venue gives none. */
  readonly updatedAtMs: number;
}
export interface AccountSnapshot {
  /** Domain time at which the *request* was sent: the answer contains everything from before it. */
  readonly requestedAtMs: number;
  readonly observedAtMs: number;
  readonly walletUsdt: number;
  readonly marginBalanceUsdt: number;
  readonly availableUsdt: number;
  readonly maintenanceMarginUsdt: number;
  readonly initialMarginUsdt: number;
  readonly positions: readonly VenuePosition[];
  /** Of these symbols the answer says no position, or not all settings. */
  readonly unreadable: readonly UnreadableRow[];
  /** Leverage setting by symbol, for all requested symbols. */
  readonly leverage: { readonly [symbol: string]: number };
  /** Whether a symbol is on isolated margin, for all requested symbols. */
  readonly isolated: { readonly [symbol: string]: boolean };
}
export type OrderKind = 'regular' | 'algo';
export type VenueOrderStatus = 'working' | 'partially_filled' | 'filled' | 'canceled' | 'expired' | 'rejected';
/** An order as the venue reports it. */
export interface VenueOrder {
  readonly kind: OrderKind;
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly side: Side;
  /** Venue's own type word: LIMIT, MARKET, STOP_MARKET… */
  readonly type: string;
  readonly quantityE8: number;
  readonly executedE8: number;
  readonly priceE8: number | null;
  readonly triggerE8: number | null;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly status: VenueOrderStatus;
  /** Average fill price, if the venue gave it (queries do, acknowledgements do not). */
  readonly averagePrice: number | null;
  /** When the venue accepted it; answers to changes of an order do not say. */
  readonly placedAtMs?: number;
  readonly updatedAtMs: number;
}
export interface VenueTrade {
  readonly tradeId: string;
  readonly symbol: string;
  readonly venueOrderId: string;
  readonly side: Side;
  readonly quantityE8: number;
  readonly price: number;
  readonly feeUsdt: number;
  readonly realisedPnlUsdt: number;
  readonly isMaker: boolean;
  readonly atMs: number;
}
export interface VenueTransfer {
  readonly transferId: string;
  readonly amountUsdt: number;
  readonly atMs: number;
}
/** An execution in a symbol, of any origin. */
export interface VenueExecution {
  readonly symbol: string;
  readonly tradeId: string;
  readonly atMs: number;
}
/** One booking on the account's wallet in USDT; `tradeId` null: of no trade. */
export interface VenueBooking {
  readonly incomeId: string;
  /** The venue's word. */
  readonly type: string;
  /** Empty: of the account as a whole. */
  readonly symbol: string;
  readonly amountUsdt: number;
  readonly tradeId: string | null;
  readonly atMs: number;
}
/** What the income of all types shows; `isWhole` false: there was more than one read returns. */
export interface VenueIncome {
  readonly bookings: readonly VenueBooking[];
  readonly executions: readonly VenueExecution[];
  /** When money last moved into or out of the account; null: it did not. */
  readonly lastTransferMs: number | null;
  readonly isWhole: boolean;
}
/** A regular order that the venue accepted, of any origin and with any end. */
export interface PlacedOrder {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly venueOrderId: string;
  readonly side: Side;
  readonly placedAtMs: number;
}
/** What the gate asks the venue to place. */
export interface OrderInstruction {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly orderType: OrderType;
  readonly timeInForce: TimeInForce | null;
  /** What is left of it expires at the venue then, ms, in whole seconds, more than 600 s ahead; null: it rests on. */
  readonly goodTillMs: number | null;
  readonly quantityE8: number;
  readonly priceE8: number | null;
  readonly reduceOnly: boolean;
}
/** A protective stop: STOP_MARKET, closePosition, on the mark. */
export interface StopInstruction {
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly triggerE8: number;
}
/** Why the venue refused an order. `code` and `message` are its words, for people. */
export interface Rejection {
  readonly cause: Cause;
  readonly code: string | null;
  readonly message: string;
  readonly retryAfterMs: number | null;
}
/** Certainly not executed is `rejected`, executed or live is `accepted`, everything ambiguous is `unknown`. */
export type SubmitOutcome =
  | { readonly kind: 'accepted'; readonly order: VenueOrder | null }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'unknown'; readonly detail: string };
export type CancelOutcome =
  | { readonly kind: 'canceled'; readonly order: VenueOrder | null }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'unknown'; readonly detail: string };
/** `not_found` is an answer of the venue; a failed query is `failed` and proves nothing. */
export type LookupOutcome =
  | { readonly kind: 'found'; readonly order: VenueOrder }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'failed'; readonly detail: string };
export type FetchOutcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | {
      readonly kind: 'failed';
      readonly detail: string;
      readonly cause: Cause;
      readonly retryAfterMs: number | null;
    };

export interface AccountMode {
  readonly oneWay: boolean;
  readonly singleAsset: boolean;
  readonly isolated: { readonly [symbol: string]: boolean };
  readonly canWithdraw: boolean | null;
  readonly canTrade: boolean;
  /** Why the venue keeps a symbol on crossed margin, in its words; absent: it was asked for no symbol, or refused none. */
  readonly refusal?: string;
}
/**
 * What the venue's dead-man countdown cancels when it has run out: `regular` orders alone, so that it spares protective
 * stops, or `all`; `unknown`: nobody has seen it.
 */
export type CountdownScope = 'regular' | 'all' | 'unknown';

/** How many orders of the account fall into a window of the venue, of any origin. */
export interface OrderCount {
  readonly windowMs: number;
  readonly used: number;
}
