/** The venue as the gate reaches it; venue/ implements it. */
import type { VenueName } from '../core/venues.ts';
import type { LiveVenue } from '../engine/flow/core.ts';
import type { VenueCalls } from '../engine/flow/venue-calls.ts';
import type {
  Approved,
  CancelOutcome,
  FetchOutcome,
  LookupOutcome,
  OrderInstruction,
  OrderKind,
  StopInstruction,
  SubmitOutcome,
} from '../engine/records/venue.ts';

/** What the engine asks a venue for: each is answered later. */
type VenueAnswers = {
  readonly [K in keyof VenueCalls]: (...args: Parameters<VenueCalls[K]>) => Promise<ReturnType<VenueCalls[K]>>;
};

export interface VenuePort extends VenueAnswers, LiveVenue {
  readonly venue: VenueName;
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
  close(): Promise<void>;
}
