import type { KeyOfHeads, SignedHead } from '../../contract/signed-heads.ts';
import type { Origin } from '../../core/request.ts';

/** What the daemon notes of calls, alerts and the ledger itself. */

export interface AlertEvent {
  readonly code: string;
  readonly detail: string;
  readonly symbol: string | null;
}
/** An agent with a heartbeat has called, and nothing else on record says so. At most four in one heartbeat. */
export interface AgentSeenEvent {
  readonly agent: string;
}
/** Equal alerts (code and symbol) that are reported together. */
export interface AlertGroup {
  readonly code: string;
  readonly count: number;
  readonly first_ms: number;
  readonly first_seq: number;
  readonly last_ms: number;
  readonly last_seq: number;
  readonly symbol: string | null;
}
/**
 * A message of one channel. It is recorded before it is sent, with all that it tells and the id that receivers know it
 * by, and again when the receiver has taken it; in between it is sent as often as needed. `failed`: its first failure.
 * `dropped`: it was given up. `silent`: the channel has failed for an hour. `test`: an operator sends one, once.
 */
export type AlertMessageEvent =
  | {
      readonly action: 'queued';
      readonly channel: string;
      readonly groups: readonly AlertGroup[];
      readonly kind: 'alert' | 'hourly' | 'daily';
      readonly message_id: string;
    }
  | { readonly action: 'failed'; readonly channel: string; readonly detail: string; readonly message_id: string }
  | { readonly action: 'delivered'; readonly attempts: number; readonly channel: string; readonly message_id: string }
  | {
      readonly action: 'dropped';
      readonly attempts: number;
      readonly channel: string;
      readonly message_id: string;
      readonly reason: string;
    }
  | { readonly action: 'silent'; readonly channel: string; readonly since_ms: number }
  | { readonly action: 'test'; readonly channel: string; readonly message_id: string; readonly set_by: string };
/**
 * An access token was created or revoked, or will expire sooner (ledger/token-records.ts, which has the other members).
 * No view follows from it.
 */
export interface TokenEvent {
  readonly action: 'created' | 'revoked' | 'expires';
  readonly at_ms: number;
  readonly id: string;
}
/**
 * The folded state after record `seq` was written into a file, of which this is all but the views (docs/ledger.md). No view
 * follows from it.
 */
export interface CheckpointEvent {
  readonly account: string;
  readonly bytes: number;
  /** Of the last recovery; null: there was none. */
  readonly epoch: number | null;
  /** Of the code that folded it. Records of before also have a `fold_version`. */
  readonly fold_sha256: string;
  readonly format: number;
  /** Hash of the genesis record. */
  readonly genesis: string;
  /** Hash of record `seq`. */
  readonly hash: string;
  /** Of the policy in force; null: none was yet. */
  readonly policy_hash: string | null;
  /** Number of the last migration. */
  readonly schema: number;
  /** The last committed record that it takes in. */
  readonly seq: number;
  /** Of the file. */
  readonly sha256: string;
  readonly venue: string;
}
/** No view follows from it. */
export type HeadEvent = SignedHead;
/** No view follows from it. */
export type KeyEvent = KeyOfHeads;
/**
 * A segment of the chain lies in a file of its own, compressed: what is to be known of it without the file. No view
 * follows from it.
 */
export interface ArchivedEvent {
  readonly bytes: number;
  /** The two checkpoints above it that were folded again from the beginning and were the same. */
  readonly checkpoints: readonly { readonly seq: number; readonly sha256: string }[];
  /** Name of the file in the folder `archives` beside the ledger. */
  readonly file: string;
  readonly first_at_ms: number;
  /** Bytes of each frame; frame `n` begins with record `from_seq + n * frame_records`. */
  readonly frames: readonly number[];
  readonly frame_records: number;
  readonly from_seq: number;
  /** Hash of record `to_seq`. */
  readonly hash: string;
  readonly last_at_ms: number;
  /** Hash of the record before `from_seq`. */
  readonly prev_hash: string;
  /** Of the file. */
  readonly sha256: string;
  readonly to_seq: number;
}
export interface RejectedInputEvent {
  readonly agent: string;
  /** Absent in older records. */
  readonly origin?: Origin;
  readonly paths: readonly string[];
  readonly tool: string;
}
/** What a call was that had no effect and is not on record by itself. */
export type SummedKind = 'blocked' | 'empty_cancel' | 'dry_run' | 'intercept' | 'rejected_input' | 'signal';
/** `monitor`: of signals. */
export type SenderRole = Origin | 'monitor';
/** Calls of one agent beyond its budget of recorded ones, at most one record a minute for each kind. */
export interface RequestSumEvent {
  readonly agent: string;
  readonly count: number;
  readonly first_ms: number;
  readonly kind: SummedKind;
  readonly last_ms: number;
  readonly origin: SenderRole;
}
