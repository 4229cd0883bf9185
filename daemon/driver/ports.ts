import type { PolicyPreview } from '../contract/types/policy.ts';
import type { ReceiptOutcome } from '../contract/types/receipts.ts';
import type { IntendedPolicySpec } from '../core/policy.ts';
import type { LivePorts } from '../engine/flow/core.ts';
import type { LedgerPort, LedgerRecord } from '../engine/flow/ports.ts';
import type { TimePort } from '../time/time-port.ts';
import type { VenuePort } from './venue-port.ts';

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
