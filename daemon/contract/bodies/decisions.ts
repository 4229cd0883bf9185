import * as Type from '../built/typebox.js';
import { decimal, decisionMembers } from '../decision.ts';
import { EXECUTION_STATES } from '../execution-states.ts';
import { explanationMembers } from '../explanation.ts';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
import { ApprovalBodySchema, ExecutionApprovalSchema } from './approvals.ts';
import { count, flag, instant, next, orderStatus, orNull, text } from './shared.ts';

/** What an agent reads of its own decisions, and people of all. */

export const DECISION_KINDS = ['tool', 'intercept', 'dry_run', 'slice', 'standing', 'gate'] as const;

/** Not in the record: null where another version of the core decided, which alone derives them. */
const derivedMembers = {
  budget: nullable(decisionMembers.budget),
  condition_reducing: nullable(decisionMembers.condition_reducing),
  constraints: nullable(decisionMembers.constraints),
  context_hash: nullable(text('sha256 of the recorded context.')), // AN-51
  retry_after_ms: decisionMembers.retry_after_ms,
  verdicts: nullable(decisionMembers.verdicts),
};
export const DecisionBodySchema = Type.Object(
  {
    decision_id: text(),
    request_id: nullable(text()),
    seq: count('Number of its record in the ledger.'), // AN-52
    at_ms: instant('When it was decided, exchange time.'), // AN-53
    kind: field.oneOf(DECISION_KINDS, 'slice, standing: the daemon decided again. gate: it asked itself.'), // note, note
    agent: text(),
    tool: text(),
    symbol: nullable(text()),
    binding: flag('false: advice that authorises nothing.'), // AN-54
    ...decisionMembers,
    ...derivedMembers,
    ...explanationMembers,
    policy_hash: text(),
    core_version: nullable(count('Version of the core that decided; null: recorded before there were any.')), // AN-55
  },
  { ...field.closed, description: 'SAE-DEC with its identifiers.' }, // note
);
export const ExecutionOrderSchema = Type.Object(
  {
    client_order_id: text(),
    venue_order_id: nullable(text()),
    slice: count(),
    status: orderStatus,
    quantity: decimal(),
    filled_quantity: decimal(),
    average_price: nullable(decimal('Average price of the fills, null until the exchange reports it.')), // AN-56
    fee_usdt: orNull('Paid, null until the exchange reports all of it.'), // AN-57
    realised_pnl_usdt: orNull('Realised before fees, null until the exchange reports all of it.'), // AN-58
  },
  field.closed,
);
export const executionState = field.oneOf(
  EXECUTION_STATES,
  'none: nothing was sent, or note says that it is too old to tell. submitting, staging, unknown: pending, do not send again; ask get_decision.', // AN-59, AN-60
);
export const ExecutionBodySchema = Type.Object(
  {
    approval: Type.Optional(ExecutionApprovalSchema),
    state: executionState,
    orders: Type.Array(ExecutionOrderSchema),
    note: nullable(text()),
    retryable: flag('The exchange refused it, and a retry makes sense.'), // AN-61
    slices_dropped: Type.Integer({
      minimum: 0,
      description: 'Slices that were dropped unsent.', // AN-62
    }),
  },
  { ...field.closed, description: 'What became of the decision so far.' }, // note
);
export const ToolAnswerSchema = Type.Object(
  { decision: DecisionBodySchema, execution: ExecutionBodySchema },
  { ...field.closed, description: 'A decided request.' }, // note
);
export const ApprovedBodySchema = Type.Object(
  { approval: ApprovalBodySchema, answer: nullable(ToolAnswerSchema) },
  {
    ...field.closed,
    description: 'answer: what was decided with it; null: more people must approve, or it was denied.', // AN-63
  },
);
/** intercept: advice has a decision and, where the gate shows one, an execution without orders. */
export const InterceptAnswerSchema = Type.Object(
  { decision: DecisionBodySchema, execution: Type.Optional(ExecutionBodySchema) },
  { ...field.closed, description: 'Advice on a tool call; it authorises nothing.' }, // AN-64
);
export const DecisionsBodySchema = Type.Object({ decisions: Type.Array(DecisionBodySchema), next }, field.closed);
