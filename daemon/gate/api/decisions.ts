/** A decision and its execution: the answer of a tool. */
import type {
  BudgetRecord,
  Constraints,
  EffectiveAction,
  ExecutionDecision,
  Reason,
  RuleVerdict,
  Verdict,
} from '../../core/decision.ts';
import type { Explanation } from '../../core/explain.ts';
import type { RateLimit, RequestKind } from '../../core/policy.ts';

export const EXECUTION_STATES = [
  'none',
  'submitting',
  'staging',
  'working',
  'partially_filled',
  'filled',
  'canceled',
  'expired',
  'rejected',
  'unknown',
  'lost',
] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];
export const ORDER_STATUSES = [
  'pending_send',
  'in_flight',
  'working',
  'partially_filled',
  'filled',
  'canceled',
  'expired',
  'rejected',
  'unknown',
  'lost',
  'not_placed',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];
export const DECISION_KINDS = ['tool', 'intercept', 'dry_run', 'slice', 'standing', 'gate'] as const;
export type DecisionKind = (typeof DECISION_KINDS)[number];
export interface DecisionBody {
  readonly decision: Verdict;
  readonly decision_id: string;
  readonly request_id: string | null;
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: DecisionKind;
  readonly agent: string;
  readonly tool: string;
  readonly symbol: string | null;
  /** False for intercept and dry_run: it authorises nothing. */
  readonly binding: boolean;
  readonly enforced: boolean;
  readonly effective: EffectiveAction | null;
  readonly constraints: Constraints;
  readonly budget: BudgetRecord;
  readonly condition_reducing: boolean;
  readonly reasons: readonly Reason[];
  readonly verdicts: readonly RuleVerdict[];
  readonly retry_after_ms: number | null;
  readonly policy_hash: string;
  /** sha256 of the context as it is recorded: its row, canonical JSON. */
  readonly context_hash: string;
  /** Version of the core that took it (core/core-version.ts). */
  readonly core_version: number;
}
/** What a record leaves out: it follows from request, view and policy, in the core that decided. */
export type DerivedMember =
  | 'budget'
  | 'condition_reducing'
  | 'constraints'
  | 'context_hash'
  | 'retry_after_ms'
  | 'verdicts';
/**
 * A decision as it is told later: what another version of the core would have to derive is null. `core_version` null:
 * it was recorded before there were any.
 */
export type ToldDecision = Omit<DecisionBody, DerivedMember | 'core_version'> & {
  readonly [Member in DerivedMember | 'core_version']: DecisionBody[Member] | null;
};
/** As it is answered: with what is derived from its record on reading. */
export type ExplainedDecision = ToldDecision & Explanation;
export interface ExecutionOrder {
  readonly client_order_id: string;
  readonly venue_order_id: string | null;
  readonly slice: number;
  readonly status: OrderStatus;
  readonly quantity: string;
  readonly filled_quantity: string;
  readonly average_price: string | null;
  /** Null until the venue has told all of it. A part of an order that closes for others as well: its share of it. */
  readonly fee_usdt: number | null;
  readonly realised_pnl_usdt: number | null;
}
export interface ExecutionBody {
  readonly state: ExecutionState;
  readonly orders: readonly ExecutionOrder[];
  /** Advice such as "pending, do not resend", or the venue's reason for a rejection. */
  readonly note: string | null;
  /** Rejected by the venue, and a retry makes sense. */
  readonly retryable: boolean;
  /** Slices dropped because an exit closes what they would have opened again. */
  readonly slices_dropped: number;
}
export interface ToolAnswer {
  readonly decision: ExplainedDecision;
  readonly execution: ExecutionBody;
}
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
