// biome-ignore-all lint/style/noExcessiveLinesPerFile: one table of all that is recorded
/**
 * Everything that is appended to the ledger, by kind. State is folded from these events alone (state/gate-state.ts), so
 * a restart and `audit verify --deep` rebuild the very same views. Instants are domain time; the event's own `at_ms`
 * is when it was appended. Keys are in canonical order where records are hot.
 */

import type { AlertRoutesSpec } from '../../contract/alerts.ts';
import type { KeyOfHeads, SignedHead } from '../../contract/signed-heads.ts';
import type { SignedApproval } from '../../core/approval.ts';
import type { ExecutionContext, StateLayer, TradingStateName } from '../../core/context.ts';
import type { TimeInForce } from '../../core/decision.ts';
import type { MarketFeatures } from '../../core/features/market.ts';
import type { RegimeHold } from '../../core/features/regime-hold.ts';
import type { SignalKind } from '../../core/policy.ts';
import type { ExecutionRequest, OrderType, Origin, Side } from '../../core/request.ts';
import type { ExitCause } from '../tables/rank.ts';
import type { ApprovalProof } from './approvals.ts';
import type { DecisionBody, DerivedMember, OrderStatus } from './decisions.ts';
import type { OrderKind, SymbolRules } from './venue.ts';

/** One order that a decision gives rise to. A slice with a delay is reserved now and sent by a decision of its own. */
export interface PlannedOrder {
  readonly client_order_id: string;
  readonly delay_ms: number;
  readonly kind: OrderKind;
  readonly leverage: number;
  readonly quantity_e8: number;
  readonly order_type: OrderType;
  readonly price_e8: number | null;
  readonly protective: boolean;
  readonly reduce_only: boolean;
  readonly side: Side;
  readonly slice: number;
  readonly symbol: string;
  readonly time_in_force: TimeInForce | null;
  readonly trigger_e8: number | null;
}
/**
 * What is kept of a decision. The other members are in records of before rows, in those of tools that are executed
 * elsewhere, and in hand while it is taken; `audit/retell.ts` derives them.
 */
export type RecordedDecision = Omit<DecisionBody, DerivedMember | 'core_version'> &
  Partial<Pick<DecisionBody, DerivedMember | 'core_version'>> & {
    /** An amend whose rate was looked at (rule 6). Absent where the verdicts say it. */
    readonly is_paced?: boolean;
  };
/** What bounds the time of an order that opens. */
export type EndsBy = 'valid_until_ms' | 'resting_ttl_ms' | 'schedule' | 'opens_until_ms';
/** Until when, and on whose word, an order that opens may go out and rest (plan/authority.ts). */
export interface Authority {
  /** Venue time, fixed with the record: the least of what bounds it. */
  readonly ends_at_ms: number;
  readonly ends_by: EndsBy;
  /** Ids of the token, or passkey, that asked, and of each with which people approved. */
  readonly words: readonly string[];
}
export interface DecisionEvent {
  readonly agent: string;
  /**
   * Of a decision that opens, or makes what opens larger or dearer; then its words are added to the order's. Absent in every
   * other, and in older records.
   */
  readonly authority?: Authority;
  readonly body_hash: string | null;
  readonly context: ExecutionContext;
  readonly decision: RecordedDecision;
  /** Last market-input event folded into the context. */
  readonly market_seq: number;
  readonly orders: readonly PlannedOrder[];
  /** The parent of a slice, the decision that placed a standing order. */
  readonly parent_decision_id: string | null;
  readonly request: ExecutionRequest;
  /** Idempotency key beside agent and request id: the tool. */
  readonly route: string;
  /** Last account-side event folded into the context. */
  readonly state_seq: number;
  /** Digests of free texts (side table). */
  readonly texts: { readonly [field: string]: string };
}
/**
 * Where a word on an order comes from; evidence.ts has what each can prove. `shown`: the venue showed the order,
 * in a list, a look-up or the answer to a request. `absent`: answered lists, look-ups and trades without it. `stalled`:
 * the venue goes on showing as working what can only be filled or ended. `answer`: the request that placed it ended,
 * and its answer does not show the order: refused, or lost. `unsent`: the gate itself did not send it. `operator`: an
 * operator ended an order of which nothing could be proven.
 */
export type EvidenceKind = 'shown' | 'absent' | 'stalled' | 'answer' | 'unsent' | 'operator';
export interface Evidence {
  /** Head of the ledger when the venue was asked: what is recorded has an order of its own, which no clock can turn. */
  readonly asked_seq: number;
  readonly kind: EvidenceKind;
  /** With `unknown`: the order was sent no later than this, domain time. From here on it may be accepted, or not. */
  readonly sent_by_ms?: number;
}
/** What became known about one of our orders, or about a foreign one (then `foreign` describes it). */
export interface OrderEvent {
  /**
   * It is not the order that this ledger sent under that id: somebody else's takes its place. Absent in every other.
   */
  readonly another?: true;
  readonly average_price: number | null;
  readonly client_order_id: string;
  readonly detail: string | null;
  /** Absent in older records: they say what the order became, whatever was known before. */
  readonly evidence?: Evidence;
  /** Cumulative; only rises. */
  readonly executed_e8: number;
  readonly foreign: ForeignOrder | null;
  readonly retryable: boolean;
  readonly status: OrderStatus;
  /** Venue time of the change, or domain time of our knowledge when the venue gave none. */
  readonly venue_at_ms: number;
  readonly venue_order_id: string | null;
}
export interface ForeignOrder {
  readonly close_position: boolean;
  readonly kind: OrderKind;
  readonly quantity_e8: number;
  readonly order_type: string;
  readonly price_e8: number | null;
  readonly reduce_only: boolean;
  readonly side: Side;
  readonly symbol: string;
  readonly trigger_e8: number | null;
}
/**
 * A cancel or an amend was requested: what counts meanwhile is the larger and the worse of both. `cancel_failed`: the
 * venue did not take a cancel, which is requested again until the order has ended; recorded once for each answer.
 */
export interface OrderIntentEvent {
  readonly action: 'cancel' | 'cancel_failed' | 'amend' | 'amend_unknown' | 'amended' | 'amend_failed';
  /** The record of the decision whose amend this is about; absent in older records, and where somebody else's is. */
  readonly amend_seq?: number;
  readonly client_order_id: string;
  readonly quantity_e8: number | null;
  readonly price_e8: number | null;
  readonly reason: string;
  /**
   * `amend_unknown`: it was sent no later than this, domain time; both forms count until the venue shows which rests.
   */
  readonly sent_by_ms?: number;
}
export type { ExitCause } from '../tables/rank.ts';
/**
 * Why a target of an exit has ended. `filled`: closed what there was. `nothing_left`: something else closed it.
 * `rests`: it is its caller's resting order now. `exhausted`: no rung of the ladder filled all of it.
 */
export type ExitEnd =
  | 'filled'
  | 'nothing_left'
  | 'rests'
  | 'exhausted'
  | 'rejected'
  | 'halted'
  | 'canceled'
  | 'lost'
  | 'dropped';
/**
 * An exit is a target: so many lots of one symbol and side, of whose share and within what bound (`key`). Recorded with
 * the decision that permits it, and when it ends; all between follows from decisions and orders.
 */
export type ExitTargetEvent =
  | {
      readonly action: 'opened';
      readonly agent: string;
      readonly cause: ExitCause;
      /** The order that the decision planned. */
      readonly client_order_id: string;
      readonly decision_id: string;
      readonly is_whole: boolean;
      readonly key: string;
      readonly quantity_e8: number;
      readonly origin: Origin;
      readonly scope: 'own' | 'account';
      readonly side: Side;
      readonly symbol: string;
    }
  | {
      readonly action: 'ended';
      readonly decision_id: string;
      readonly detail: string;
      readonly filled_e8: number;
      readonly reason: ExitEnd;
    };
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
/** The venue confirmed a leverage setting. */
export interface LeverageEvent {
  /** Domain time of the confirmation; account answers requested before say nothing of it. Older records have none. */
  readonly confirmed_at_ms?: number;
  readonly leverage: number;
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
export interface AlertEvent {
  readonly code: string;
  readonly detail: string;
  readonly symbol: string | null;
}
/** An agent with a heartbeat has called, and nothing else on record says so. At most four in one heartbeat. */
export interface AgentSeenEvent {
  readonly agent: string;
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
/**
 * An access token was created or revoked, or will expire sooner (ledger/token-records.ts, which has the other members).
 * No view follows from it.
 */
export interface TokenEvent {
  readonly action: 'created' | 'revoked' | 'expires';
  readonly at_ms: number;
  readonly id: string;
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
/** What a person is asked to approve. `digest` is of `approvalText` (core/approval.ts), and is what is signed. */
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

export interface GateEvents {
  readonly account: AccountEvent;
  readonly agent_seen: AgentSeenEvent;
  readonly alert: AlertEvent;
  readonly alert_ack: AlertAckEvent;
  readonly approval: ApprovalEvent;
  readonly alert_message: AlertMessageEvent;
  readonly alert_routes: AlertRoutesEvent;
  readonly archived: ArchivedEvent;
  readonly arming: ArmingEvent;
  readonly arming_signed: ArmingSignedEvent;
  readonly checkpoint: CheckpointEvent;
  readonly countdown: CountdownEvent;
  readonly decision: DecisionEvent;
  readonly exit_target: ExitTargetEvent;
  readonly holder: HolderEvent;
  readonly income: IncomeEvent;
  readonly head: HeadEvent;
  readonly key: KeyEvent;
  readonly leverage: LeverageEvent;
  readonly market: MarketEvent;
  readonly order: OrderEvent;
  readonly order_intent: OrderIntentEvent;
  readonly passkey: PasskeyEvent;
  readonly policy: PolicyEvent;
  readonly rebase: RebaseEvent;
  readonly recovery: RecoveryEvent;
  readonly rejected_input: RejectedInputEvent;
  readonly request_sum: RequestSumEvent;
  readonly rules: RulesEvent;
  readonly signal: SignalEvent;
  readonly state: StateEvent;
  readonly text_erased: TextErasedEvent;
  readonly token: TokenEvent;
  readonly token_act: TokenActEvent;
  readonly trade: TradeEvent;
  readonly transfer: TransferEvent;
}
export type EventKind = keyof GateEvents;
export type GateEvent = {
  [K in EventKind]: { readonly kind: K; readonly seq: number; readonly at_ms: number; readonly payload: GateEvents[K] };
}[EventKind];
export type DecisionOrigin = Origin;
