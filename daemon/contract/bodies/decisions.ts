import * as Type from '../built/typebox.js';
import { decimal, decisionMembers } from '../decision.ts';
import { EXECUTION_STATES } from '../execution-states.ts';
import { explanationMembers } from '../explanation.ts';
import * as field from '../fields.ts';
import { nullable } from '../nullable.ts';
import { ApprovalBodySchema, ExecutionApprovalSchema } from './approvals.ts';
import { count, flag, instant, next, orderStatus, orNull, text } from './shared.ts';

/** What an agent reads of its own decisions, and people of all. */

export const DECISION_KINDS = ['tool', 'intercept', 'dry_run', 'slice', 'standing', 'gate'] as const;

/** Not in the record: null where another version of the core decided, which alone derives them. */
const derivedMembers = {
  budget: nullable(decisionMembers.budget),
  condition_reducing: nullable(decisionMembers.condition_reducing),
  constraints: nullable(decisionMembers.constraints),
  context_hash: nullable(text('sha256 of the recorded context.')),
  retry_after_ms: decisionMembers.retry_after_ms,
  verdicts: nullable(decisionMembers.verdicts),
};
export const DecisionBodySchema = Type.Object(
  {
    decision_id: text(),
    request_id: nullable(text()),
    seq: count('Number of its record in the ledger.'),
    at_ms: instant('When it was decided, exchange time.'),
    kind: field.oneOf(DECISION_KINDS, 'slice, standing: the daemon decided again. gate: it asked itself.'),
    agent: text(),
    tool: text(),
    symbol: nullable(text()),
    binding: flag('false: advice that authorises nothing.'),
    ...decisionMembers,
    ...derivedMembers,
    ...explanationMembers,
    policy_hash: text(),
    core_version: nullable(count('Version of the core that decided; null: recorded before there were any.')),
  },
  { ...field.closed, description: 'SAE-DEC with its identifiers.' },
);
export const ExecutionOrderSchema = Type.Object(
  {
    client_order_id: text(),
    venue_order_id: nullable(text()),
    slice: count(),
    status: orderStatus,
    quantity: decimal(),
    filled_quantity: decimal(),
    average_price: nullable(decimal('Average price of the fills, null until the exchange reports it.')),
    fee_usdt: orNull('Paid, null until the exchange reports all of it.'),
    realised_pnl_usdt: orNull('Realised before fees, null until the exchange reports all of it.'),
  },
  field.closed,
);
export const executionState = field.oneOf(
  EXECUTION_STATES,
  'none: nothing was sent, or note says that it is too old to tell. submitting, unknown: pending, do not send again; ask GET /v1/decisions/{id}.',
);
export const ExecutionBodySchema = Type.Object(
  {
    approval: Type.Optional(ExecutionApprovalSchema),
    state: executionState,
    orders: Type.Array(ExecutionOrderSchema),
    note: nullable(text()),
    retryable: flag('The exchange refused it, and a retry makes sense.'),
    slices_dropped: Type.Integer({
      minimum: 0,
      description: 'Slices that were dropped unsent.',
    }),
  },
  { ...field.closed, description: 'What became of the decision so far.' },
);
export const ToolAnswerSchema = Type.Object(
  { decision: DecisionBodySchema, execution: ExecutionBodySchema },
  { ...field.closed, description: 'A decided request.' },
);
export const ApprovedBodySchema = Type.Object(
  { approval: ApprovalBodySchema, answer: nullable(ToolAnswerSchema) },
  {
    ...field.closed,
    description: 'answer: what was decided with it; null: nothing.',
  },
);
/** intercept: advice has a decision and, where the gate shows one, an execution without orders. */
export const InterceptAnswerSchema = Type.Object(
  { decision: DecisionBodySchema, execution: Type.Optional(ExecutionBodySchema) },
  { ...field.closed, description: 'Advice on a tool call; it authorises nothing.' },
);
export const DecisionsBodySchema = Type.Object({ decisions: Type.Array(DecisionBodySchema), next }, field.closed);
