/** A decision and its execution: the answer of a tool. */
import type { Body } from '../../contract/agreement.ts';
import type { DecisionBodySchema, ExecutionBodySchema, ToolAnswerSchema } from '../../contract/bodies/decisions.ts';
import type { explanationMembers } from '../../contract/explanation.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import type { RateLimit, RequestKind } from '../../core/policy.ts';

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
