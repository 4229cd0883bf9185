/** The venue as the gate reaches it; venue/ implements it. */
import type { VenueName } from '../core/venues.ts';
import type { VenueCalls } from '../engine/flow/venue-calls.ts';
import type {
  Approved,
  CancelOutcome,
  CountdownScope,
  FetchOutcome,
  LookupOutcome,
  OrderCount,
  OrderInstruction,
  OrderKind,
  StopInstruction,
  SubmitOutcome,
  SymbolRules,
} from '../engine/records/venue.ts';

/** What the engine asks a venue for: each is answered later. */
type VenueAnswers = {
  readonly [K in keyof VenueCalls]: (...args: Parameters<VenueCalls[K]>) => Promise<ReturnType<VenueCalls[K]>>;
};

/**
 * Acceptance horizon: milliseconds after the order's timestamp from which on "not found" counts (recvWindow + skew).
 */
export interface VenuePort extends VenueAnswers {
  readonly venue: VenueName;
  readonly acceptanceHorizonMs: number;
  /** `unknown` until a simulated exchange was asked for its time scale. */
  readonly countdown: CountdownScope;
  /** Rate of venue time against the wall clock (1, or the simulated exchange's scale). */
  fetchTimeScale(): Promise<number>;
  /** Of any symbol, from the last filters read. Null: the venue does not list it; undefined: none were read. */
  findListing?(symbol: string): { readonly trading: boolean; readonly minNotionalUsdt: number } | null | undefined;
  /** Known rules, by which orders are written until newer ones are fetched. */
  noteRules(rules: readonly SymbolRules[]): void;
  /** The venue's own name of the account, the same for each of its keys; null, or absent: it tells none. */
  fetchAccountAlias?(): Promise<FetchOutcome<string | null>>;
  lookupOrder(symbol: string, clientOrderId: string, kind: OrderKind): Promise<LookupOutcome>;
  /** `deadlineMs`: wall-clock milliseconds after which an unsent order is dropped (rejected, retryable). */
  submit(order: Approved<OrderInstruction>, deadlineMs: number): Promise<SubmitOutcome>;
  submitStop(order: Approved<StopInstruction>): Promise<SubmitOutcome>;
  amend(order: Approved<OrderInstruction>, deadlineMs: number): Promise<SubmitOutcome>;
  cancel(symbol: string, clientOrderId: string, kind: OrderKind): Promise<CancelOutcome>;
  /** Every regular and every conditional order of the symbol. */
  cancelAll(symbol: string): Promise<FetchOutcome<null>>;
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
