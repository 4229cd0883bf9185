import type { DecisionBodySchema, ExecutionBodySchema, ToolAnswerSchema } from '../../contract/bodies/decisions.ts';
import type { explanationMembers } from '../../contract/explanation.ts';
import type { Body } from '../../contract/schema/agreement.ts';
import type { ExecutionContext } from '../../core/context.ts';
import type { ExecutionDecision, TimeInForce } from '../../core/decision.ts';
import type { RateLimit, RequestKind } from '../../core/policy.ts';
import type { ExecutionRequest, OrderType, Origin, Side } from '../../core/request.ts';
import type { ExitCause } from '../tables/rank.ts';
import type { OrderStatus } from '../tables/status.ts';
import type { OrderKind } from './venue.ts';

/** A decision and its execution: the answer of a tool. */

export type ExecutionState = ExecutionBody['state'];
export type { OrderStatus } from '../tables/status.ts';
export type DecisionKind = ExplainedDecision['kind'];
/** What is recorded of a decision, as it was taken. */
export type DecisionBody = Omit<ReportedDecision, keyof Recorded> & Recorded;
interface Recorded extends ExecutionDecision {
  /** sha256 of the context as it is recorded: its row, canonical JSON. */
  readonly context_hash: string;
  /** Version of the core that took it (core/core-version.ts). */
  readonly core_version: number;
}
/** What a record leaves out: it follows from request, view and policy, in the core that decided. */
export type DerivedMember =
  | 'approval'
  | 'budget'
  | 'condition_reducing'
  | 'constraints'
  | 'context_hash'
  | 'retry_after_ms'
  | 'verdicts';
/** As it is answered: with what is derived from its record on reading. */
export type ExplainedDecision = Body<typeof DecisionBodySchema>;
/**
 * A decision as it is told later: what another version of the core would have to derive is null. `core_version` null:
 * it was recorded before there were any.
 */
export type ReportedDecision = Omit<ExplainedDecision, keyof typeof explanationMembers>;
export type ExecutionBody = Body<typeof ExecutionBodySchema>;
export type ExecutionOrder = ExecutionBody['orders'][number];
export type ToolAnswer = Body<typeof ToolAnswerSchema>;
/**
 * Answer of a trading tool. `text` is the JSON of `{decision, execution}`, ready to send. 409 is `conflict`, 503 is
 * `unavailable`.
 */
export type ToolOutcome =
  | { readonly kind: 'decided'; readonly text: string }
  | { readonly kind: 'conflict'; readonly message: string; readonly decisionId: string }
  | Unavailable
  | OverBudget;
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly message: string;
}
/** A call without an effect, beyond its sender's budget: it is counted, and its request id is not used up. */
export interface OverBudget {
  readonly kind: 'over_budget';
  readonly budget: RequestKind;
  readonly limit: RateLimit;
  /** Time until one more is recorded, ms of domain time. */
  readonly retryAfterMs: number;
  readonly message: string;
  /** Null for advice, which has no record. */
  readonly decided: ExecutionDecision | null;
}

// --- what is recorded of a decision, and became known of its orders ------------------------------------------------

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
