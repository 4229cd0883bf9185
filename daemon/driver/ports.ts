/** The venue as the gate reaches it; venue/ implements it. */

import type { PolicyPreview } from '../contract/types/policy.ts';
import type { ReceiptOutcome } from '../contract/types/receipts.ts';
import type { IntendedPolicySpec } from '../core/policy.ts';
import type { VenueName } from '../core/venues.ts';
import type { LivePorts, LiveVenue } from '../engine/flow/core.ts';
import type { LedgerPort, LedgerRecord } from '../engine/flow/ports.ts';
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
import type { TimePort } from '../time/time-port.ts';

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

/** A ledger that says when it has written. */
export interface WritingLedger extends LedgerPort {
  appendNow(records: readonly LedgerRecord[]): {
    readonly seqs: readonly number[];
    readonly committed: Promise<void>;
  };
}
/** Receipts of recorded decisions; boot/receipts.ts implements it. */
export interface ReceiptPort {
  /** `head`: number of the head; null: the last, and a new one where the decision needs it. */
  read(decisionId: string, head: number | null): Promise<ReceiptOutcome>;
}
/** Decides recorded requests again under another policy, away from the event loop; boot/policy-preview.ts implements it. */
export interface PreviewPort {
  /** @throws PreviewUnavailable */
  run(candidate: { readonly spec: IntendedPolicySpec; readonly hash: string }, sinceMs: number): Promise<PolicyPreview>;
}
export class PreviewUnavailable extends Error {
  readonly code = 'NOT_READY';
  readonly retryAfterMs = 5_000;
}

/** What the engine is driven with. */
export interface GatePorts extends LivePorts {
  readonly ledger: WritingLedger;
  readonly venue: VenuePort;
  /**
   * Wall time: every wait and every deadline. The host's clock stamps what an operator tightens before domain time is
   * known.
   */
  readonly time: TimePort;
  /** Absent: this ledger signs no heads. */
  readonly receipts?: ReceiptPort;
  /** Absent: there is no history on disk. */
  readonly preview?: PreviewPort;
}
