/** The venue as the gate reaches it; venue/ implements it. */
import type { VenueName } from '../core/venues.ts';
import type {
  AccountMode,
  AccountSnapshot,
  Approved,
  Bar,
  CancelOutcome,
  CountdownScope,
  FetchOutcome,
  Listed,
  LookupOutcome,
  MarketQuote,
  OrderCount,
  OrderInstruction,
  OrderKind,
  PlacedOrder,
  RulesReading,
  StopInstruction,
  SubmitOutcome,
  SymbolRules,
  VenueIncome,
  VenueOrder,
  VenueTrade,
  VenueTransfer,
} from '../engine/records/venue.ts';

/**
 * Acceptance horizon: milliseconds after the order's timestamp from which on "not found" counts (recvWindow + skew).
 */
export interface VenuePort {
  readonly venue: VenueName;
  readonly acceptanceHorizonMs: number;
  /** `unknown` until a simulated exchange was asked for its time scale. */
  readonly countdown: CountdownScope;
  fetchServerTime(): Promise<FetchOutcome<number>>;
  /** Rate of venue time against the wall clock (1, or the simulated exchange's scale). */
  fetchTimeScale(): Promise<number>;
  /** Fails only without the filters: unread brackets and fees delay only openings. */
  fetchRules(symbols: readonly string[]): Promise<FetchOutcome<RulesReading>>;
  /** Of any symbol, from the last filters read. Null: the venue does not list it; undefined: none were read. */
  findListing?(symbol: string): { readonly trading: boolean; readonly minNotionalUsdt: number } | null | undefined;
  /** Known rules, by which orders are written until newer ones are fetched. */
  noteRules(rules: readonly SymbolRules[]): void;
  /**
   * Sets one-way and isolated mode where needed, and reads the settings back. `isolated`: what an account snapshot has
   * just shown for the symbols; null: it is read.
   */
  prepareAccount(
    symbols: readonly string[],
    isolated: AccountSnapshot['isolated'] | null,
  ): Promise<FetchOutcome<AccountMode>>;
  fetchAccount(symbols: readonly string[]): Promise<FetchOutcome<AccountSnapshot>>;
  /** The venue's own name of the account, the same for each of its keys; null, or absent: it tells none. */
  fetchAccountAlias?(): Promise<FetchOutcome<string | null>>;
  fetchQuote(symbol: string): Promise<FetchOutcome<MarketQuote>>;
  /** Closed and running bars, oldest first, from `sinceMs`. */
  fetchBars(symbol: string, barMs: number, sinceMs: number, limit: number): Promise<FetchOutcome<readonly Bar[]>>;
  /** For these symbols; empty: for the whole account, which weighs much more. May include other symbols. */
  fetchOpenOrders(symbols: readonly string[]): Promise<FetchOutcome<Listed<VenueOrder>>>;
  /** Up to the first that cannot be read. */
  fetchTrades(symbol: string, fromTradeId: string | null, sinceMs: number): Promise<FetchOutcome<Listed<VenueTrade>>>;
  /** Transfers into (+) and out of (-) the account since an instant, oldest first. */
  fetchTransfers(sinceMs: number): Promise<FetchOutcome<readonly VenueTransfer[]>>;
  /** For the whole account since a time, according to its income. */
  fetchExecutions(sinceMs: number): Promise<FetchOutcome<VenueIncome>>;
  /** Regular orders that the venue accepted since a time, at most six days ago, including those that never rested. */
  fetchPlacedOrders(symbol: string, sinceMs: number): Promise<FetchOutcome<Listed<PlacedOrder>>>;
  lookupOrder(symbol: string, clientOrderId: string, kind: OrderKind): Promise<LookupOutcome>;
  /** The regular order of a trade, whoever placed it. `canWait`: behind all other reads. */
  lookupByVenueId(symbol: string, venueOrderId: string, canWait?: boolean): Promise<LookupOutcome>;
  /** `deadlineMs`: wall-clock milliseconds after which an unsent order is dropped (rejected, retryable). */
  submit(order: Approved<OrderInstruction>, deadlineMs: number): Promise<SubmitOutcome>;
  submitStop(order: Approved<StopInstruction>): Promise<SubmitOutcome>;
  amend(order: Approved<OrderInstruction>, deadlineMs: number): Promise<SubmitOutcome>;
  cancel(symbol: string, clientOrderId: string, kind: OrderKind): Promise<CancelOutcome>;
  /** Every regular and every conditional order of the symbol. */
  cancelAll(symbol: string): Promise<FetchOutcome<null>>;
  /**
   * The venue cancels the symbol's orders ({@link CountdownScope}) when its clock has gone on for `countdownMs` without
   * another such call; 0 ends the countdown.
   */
  setCountdown(symbol: string, countdownMs: number): Promise<FetchOutcome<null>>;
  setLeverage(symbol: string, leverage: number): Promise<SubmitOutcome>;
  /** While a start reads what it needs, its reads may use more of the address's remaining weight. */
  noteStarting?(isStarting: boolean): void;
  /** Request weight left for reads in this minute, according to the venue's last answer; null: there is no limit. */
  readWeightLeft?(): number | null;
  /** Wall time for which the venue asked to be left alone, what closes apart, ms; absent: it never does. */
  leftAloneMs?(): number;
  /** The account's order counts from answers since the last call; empty: no answer had one. */
  takeOrderCounts?(): readonly OrderCount[];
  close(): Promise<void>;
}
