import type { AlertRoutesSpec } from '../../contract/alerts.ts';
import type { StateLayer, TradingStateName } from '../../core/context.ts';
import type { SignalKind } from '../../core/policy.ts';
import type { SignedApproval } from '../../core/signed/approval.ts';

/** What people have said, and what they are told; states beside it, which the gate sets as well. */

/** An operator's word on whose a symbol is (DESIGN 12.1). */
export type HolderEvent =
  | {
      /** Its holder opens nothing there until it is free, and for so long after that, ms. */
      readonly action: 'released';
      readonly agent: string;
      readonly for_ms: number;
      readonly reason: string;
      readonly set_by: string;
      readonly symbol: string;
    }
  | {
      /** All that is held is that agent's from here on. */
      readonly action: 'adopted';
      readonly agent: string;
      readonly quantity_e8: number;
      /** It signed this very call, and its signature is on record; null: a token made it. */
      readonly passkey_id: string | null;
      readonly reason: string;
      readonly set_by: string;
      readonly symbol: string;
    };
export interface StateEvent {
  readonly clears_at_ms: number | null;
  readonly clears_when: string;
  /**
   * `t` of this record (state/passed-time.ts). In those of the clock: by so much less than `at_ms` is `t` from here on. In
   * one of before the venue's time was known: no time has passed. Absent in every other, and in records of older daemons.
   */
  readonly t_ms?: number;
  /** Domain time is earlier than that of records before this one: the clock was ahead. Absent in every other. */
  readonly clock_set_back?: true;
  /** By how much domain time has moved that did not pass: ahead, or back from there below 0. Absent: by nothing. */
  readonly clock_ahead_ms?: number;
  /** A clock that went ahead was right: the host's clock agrees with it. Absent in every other. */
  readonly clock_agrees?: true;
  /** Domain time minus the host's clock. Absent on paper, where a tape has a time of its own. */
  readonly host_offset_ms?: number;
  /** A halt that closes positions until there are none; absent in every other. */
  readonly flatten?: true;
  /** `t` at which that is over, though the halt is not: an operator had lifted it. Absent in every other. */
  readonly flatten_until_t_ms?: number;
  readonly layer: StateLayer;
  readonly name: string | null;
  readonly reason: string;
  readonly scope: 'account' | 'symbol' | 'agent';
  readonly set_by: string;
  readonly state: TradingStateName;
}
/** With `ended_reason`: an operator ended the signal of that name before its time; absent in every other. */
export interface SignalEvent {
  readonly account: string | null;
  readonly agent: string | null;
  readonly ended_reason?: string;
  readonly evidence_hash: string | null;
  readonly expires_at_ms: number;
  readonly kind: SignalKind;
  readonly set_by: string;
  readonly severity: number;
  readonly signal_id: string;
  readonly symbol: string | null;
}
export interface RebaseEvent {
  readonly equity_usdt: number;
  readonly reason: string;
  readonly set_by: string;
}
export interface PolicyEvent {
  /** `signed`: one of several passkeys that must accept the pending policy; its id is the detail. */
  readonly action: 'in_force' | 'pending' | 'refused' | 'signed';
  readonly detail: string | null;
  readonly hash: string;
  readonly name: string;
  readonly set_by: string;
}
/** An operator has seen the alert of that record. It changes nothing else. */
export interface AlertAckEvent {
  readonly alert_seq: number;
  readonly reason: string;
  readonly set_by: string;
}
/** The free texts with these digests were erased, all of the decision or signal `of`. The chain holds digests alone. */
export interface TextErasedEvent {
  readonly hashes: readonly string[];
  readonly of: string;
  readonly reason: string;
  readonly set_by: string;
}
/** Where alerts go: `routes` of a record of `in_force` are all of them, so that a start needs no file. No secret is in them. */
export interface AlertRoutesEvent {
  readonly action: 'in_force' | 'pending';
  readonly detail: string | null;
  readonly hash: string;
  readonly routes: AlertRoutesSpec | null;
  readonly set_by: string;
}
/**
 * An operator declared this ledger the one of the account, after an older copy of it was put back, or instead of
 * another ledger: ids are of a new epoch from here on.
 */
export interface RecoveryEvent {
  readonly at_venue_ms: number;
  /** `at_venue_ms` in seconds, later than every epoch before it. */
  readonly epoch: number;
  readonly set_by: string;
  /** Orders that other ledgers placed until then are somebody else's from here on, no sign of another daemon. */
  readonly take_over: boolean;
}
/** What an answer of a passkey was asked for. */
export type PasskeyPurpose = 'sign_in' | 'act' | 'approval' | 'enrolment';
/** A passkey (WebAuthn) was enrolled. All binary members are base64url. */
export interface PasskeyAddedEvent {
  readonly action: 'added';
  /** Model of the authenticator, as it says; zeros where it does not. */
  readonly aaguid: string;
  /** The key that confirmed this one; null: it was the first, or it is of a recovery. */
  readonly confirmed_by: string | null;
  readonly counter: number;
  readonly credential_id: string;
  /** It counts for nothing before: on live a new key waits like every loosening. */
  readonly effective_at_ms: number;
  readonly id: string;
  /** Every earlier key is void. */
  readonly is_recovery: boolean;
  readonly name: string;
  readonly origin: string;
  /** COSE. */
  readonly public_key: string;
  readonly set_by: string;
  readonly transports: readonly string[];
}
/**
 * A passkey signed, and its signature was found good: whoever has the `added` record proves it again, without a daemon
 * (passkeys/offline.ts).
 */
export interface PasskeyAssertedEvent {
  readonly action: 'asserted';
  readonly authenticator_data: string;
  /** What it signed: random, or the sha256 of a text. */
  readonly challenge: string;
  readonly client_data_json: string;
  readonly counter: number;
  readonly id: string;
  readonly name: string;
  readonly purpose: PasskeyPurpose;
  readonly signature: string;
  /** Whose sha256 the challenge is, where the text is in no other record; null otherwise. */
  readonly text: string | null;
}
export type PasskeyEvent =
  | PasskeyAddedEvent
  | PasskeyAssertedEvent
  | { readonly action: 'removed'; readonly id: string; readonly reason: string; readonly set_by: string };
/**
 * Who approves. The entrance has verified it: the token, or the passkey's signature of the approval's digest, of which the
 * record keeps all that an outsider needs to verify it again.
 */
export type ApprovalProof =
  /** `token_id`: absent in older records. */
  | { readonly kind: 'operator_token'; readonly by: string; readonly token_id?: string }
  | {
      readonly kind: 'passkey';
      readonly key_id: string;
      readonly name: string;
      readonly assertion: { readonly [member: string]: unknown };
    };
/** What a person is asked to approve. `digest` is of `approvalText` (core/signed/approval.ts), and is what is signed. */
export interface RequestedApproval extends SignedApproval {
  readonly action: 'requested';
  readonly digest: string;
  /** The token that asked: once it is revoked, the approval is void. */
  readonly token_id: string;
}
/**
 * An approval: asked for, signed, denied, or void for a reason that no other record has. It is used up by the decision of
 * the grant, which names it in its context. `refused`: a grant that was not accepted; nothing follows from it.
 */
export type ApprovalEvent =
  | RequestedApproval
  | {
      readonly action: 'signed';
      readonly approval_id: string;
      readonly digest: string;
      readonly proof: ApprovalProof;
      readonly set_by: string;
    }
  | { readonly action: 'denied'; readonly approval_id: string; readonly reason: string; readonly set_by: string }
  | { readonly action: 'voided'; readonly approval_id: string; readonly reason: string; readonly set_by: string }
  | { readonly action: 'refused'; readonly approval_id: string; readonly reason: string; readonly set_by: string };
export interface ArmingEvent {
  readonly account: string;
  /** Not before: arming waits `loosen_delay_ms` like every loosening on live. */
  readonly effective_at_ms: number;
  readonly expires_at_ms: number;
  readonly policy_hash: string;
  readonly set_by: string;
  readonly version: string;
}
/** A passkey signed the arming with this digest, by a call whose signature is on record. */
export interface ArmingSignedEvent {
  readonly digest: string;
  readonly passkey_id: string;
  /** The passkey's name. */
  readonly set_by: string;
}
/** An operator created or revoked an access token over HTTP; the change itself is a `token` record beside it. */
export interface TokenActEvent {
  readonly action: 'create' | 'revoke';
  /** passkey: it signed this very call, and its signature is on record. */
  readonly by: 'operator_token' | 'passkey';
  readonly passkey_id: string | null;
  readonly reason: string | null;
  readonly set_by: string;
  readonly token_id: string;
}
