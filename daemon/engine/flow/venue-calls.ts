import type {
  AccountMode,
  AccountSnapshot,
  Bar,
  FetchOutcome,
  Listed,
  LookupOutcome,
  MarketQuote,
  PlacedOrder,
  RulesReading,
  VenueIncome,
  VenueOrder,
  VenueTrade,
  VenueTransfer,
} from '../records/venue.ts';

/** What a venue is asked for beside what becomes of an order, and what it answers. A replay is asked for none of it. */
export interface VenueCalls {
  fetchServerTime(): FetchOutcome<number>;
  /** Rate of venue time against the wall clock (1, or the simulated exchange's scale). */
  fetchTimeScale(): number;
  /** Fails only without the filters: unread brackets and fees delay only openings. */
  fetchRules(symbols: readonly string[]): FetchOutcome<RulesReading>;
  /**
   * Sets one-way and isolated mode where needed, and reads the settings back. `isolated`: what an account snapshot has
   * just shown for the symbols; null: it is read.
   */
  prepareAccount(symbols: readonly string[], isolated: AccountSnapshot['isolated'] | null): FetchOutcome<AccountMode>;
  fetchAccount(symbols: readonly string[]): FetchOutcome<AccountSnapshot>;
  fetchQuote(symbol: string): FetchOutcome<MarketQuote>;
  /** Closed and running bars, oldest first, from `sinceMs`. */
  fetchBars(symbol: string, barMs: number, sinceMs: number, limit: number): FetchOutcome<readonly Bar[]>;
  /** For these symbols; empty: for the whole account, which weighs much more. May include other symbols. */
  fetchOpenOrders(symbols: readonly string[]): FetchOutcome<Listed<VenueOrder>>;
  /** Up to the first that cannot be read. */
  fetchTrades(symbol: string, fromTradeId: string | null, sinceMs: number): FetchOutcome<Listed<VenueTrade>>;
  /** Transfers into (+) and out of (-) the account since an instant, oldest first. */
  fetchTransfers(sinceMs: number): FetchOutcome<readonly VenueTransfer[]>;
  /** For the whole account since a time, according to its income. */
  fetchExecutions(sinceMs: number): FetchOutcome<VenueIncome>;
  /** Regular orders that the venue accepted since a time, at most six days ago, including those that never rested. */
  fetchPlacedOrders(symbol: string, sinceMs: number): FetchOutcome<Listed<PlacedOrder>>;
  /** The regular order of a trade, whoever placed it. `canWait`: behind all other reads. */
  lookupByVenueId(symbol: string, venueOrderId: string, canWait?: boolean): LookupOutcome;
  /**
   * The venue cancels the symbol's orders (`CountdownScope`) when its clock has gone on for `countdownMs` without another
   * such call; 0 ends the countdown.
   */
  setCountdown(symbol: string, countdownMs: number): FetchOutcome<null>;
}
