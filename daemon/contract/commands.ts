import type { Static } from 'typebox';
import { SIGNAL_KINDS } from '../core/policy.ts';
import * as Type from './built/typebox.js';
import { AssertionSchema } from './passkeys.ts';
import { buildContractCheck, buildRequestCheck } from './schema/check.ts';
import * as field from './schema/fields.ts';
import { SYMBOL_PATTERN } from './schema/symbols.ts';

/** Bodies and queries of the routes that are not tools. */

export const InterceptRequest = Type.Object(
  {
    tool: field.toolName,
    args: Type.Unsafe<{ readonly [name: string]: unknown }>({
      type: 'object',
      additionalProperties: true,
      description: 'Arguments of the tool as the agent gave them.', // note
    }),
    meta: Type.Optional(field.meta),
  },
  { ...field.closed, description: 'A tool call that an agent is about to make.' }, // note
);

export const SignalRequest = Type.Object(
  {
    kind: field.oneOf(SIGNAL_KINDS, 'What was seen. The policy says what it does.'), // note, TF-65
    scope: Type.Object(
      {
        account: Type.Optional(field.accountName),
        agent: Type.Optional(field.agentName),
        symbol: Type.Optional(field.symbol),
      },
      { ...field.closed, description: 'Whom it concerns; {} is the whole account.' }, // TF-66
    ),
    severity: Type.Number({ minimum: 0, maximum: 1, description: 'How bad: 0 to 1. For the record.' }), // note, note
    ttl_ms: Type.Integer({
      minimum: 1,
      maximum: 2_592_000_000,
      description: 'How long it is active, ms; max_ttl_ms of the policy is the longest for its kind.', // TF-67
    }),
    evidence: Type.Optional(field.freeText('Why, at most 2 kB. Kept as untrusted text.')), // TF-68, TF-69
  },
  field.closed,
);

export const reason = field.freeText('Why, for the record. At most 2 kB.', 1); // TF-70, TF-71
export const StateChangeRequest = Type.Object(
  {
    state: field.oneOf(['active', 'reducing', 'halted'], 'active: lifts the operator layer only.'), // TF-72
    reason,
    symbol: Type.Optional({ ...field.symbol, description: 'Only this symbol. Absent: the whole account.' }), // TF-73, TF-74
    agent: Type.Optional({ ...field.agentName, description: 'Only this agent. Absent: every agent.' }), // TF-75, TF-76
  },
  field.closed,
);
export const FlattenRequest = Type.Object(
  {
    symbols: Type.Optional(
      Type.Array(field.symbol, {
        minItems: 1,
        maxItems: 1000,
        uniqueItems: true,
        description: 'Only these symbols. Absent: everything.', // TF-77, TF-78
      }),
    ),
    reason,
  },
  field.closed,
);
export const RebaseRequest = Type.Object({ reason: Type.Optional(reason) }, field.closed);
/** An operator ends something: a signal early, or an order whose fate cannot be determined. */
export const EndRequest = Type.Object({ reason }, field.closed);
export const ReleaseRequest = Type.Object(
  {
    for_ms: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2_592_000_000, description: 'So long after it is free. Absent: 0.' }), // TF-79, TF-80
    ),
    reason,
  },
  field.closed,
);
export const AdoptRequest = Type.Object({ agent: field.agentName, reason }, field.closed);
export const ArmingRequest = Type.Object({ digest: field.sha256('As it was looked at.') }, field.closed); // TF-81
/** Absent proof: the operator token of the call itself. */
export const ApprovalRequest = Type.Object(
  {
    action: field.oneOf(['approve', 'deny']),
    digest: Type.Optional(field.sha256('approve: as it was looked at.')), // TF-82
    reason: Type.Optional(reason),
    assertion: Type.Optional(AssertionSchema),
  },
  field.closed,
);
export const ApprovalPath = Type.Object({ id: field.decisionId }, field.closed);
export const SignalPath = Type.Object({ id: field.signalId }, field.closed);
export const TextPath = Type.Object({ id: field.textOwner }, field.closed);
export const AlertPath = Type.Object({ id: field.recordNumber }, field.closed);
export const SymbolPath = Type.Object({ symbol: field.symbol }, field.closed);
export const OrderPath = Type.Object({ id: field.clientOrderId }, field.closed);
export const PolicyCheckRequest = Type.Object(
  { text: Type.String({ minLength: 1, description: 'A policy file, YAML or JSON.' }) }, // TF-83
  field.closed,
);
export const PolicyReloadRequest = Type.Object(
  {
    hash: Type.Optional(field.sha256('Pending hash to accept, from /readyz. Absent: only asks.')), // TF-84, TF-85
  },
  field.closed,
);

export const AlertTestRequest = Type.Object(
  { channel: Type.Optional(Type.String({ minLength: 1, maxLength: 32, description: 'Only this one. Absent: all.' })) }, // TF-86, TF-87
  field.closed,
);
export const AlertRoutesReloadRequest = Type.Object(
  {
    hash: Type.Optional(field.sha256('Pending hash to accept, from /readyz. Absent: only asks.')), // TF-88, TF-89
  },
  field.closed,
);

export const CATALOGUE_FORMATS = ['openai', 'openai_strict', 'openai_responses', 'anthropic', 'mcp'] as const;
export const ToolsQuery = Type.Object(
  {
    format: Type.Optional(field.oneOf(CATALOGUE_FORMATS, 'Form of the entries. Absent: the plain form.')), // note, TF-90
    view: Type.Optional(field.oneOf(['full', 'brief'], 'brief, with format mcp: in fewer words.')), // note
  },
  field.closed,
);
export const ViewQuery = Type.Object(
  {
    view: Type.Optional(
      field.oneOf(['full', 'brief'], 'brief: what a model needs. Absent: full.'), // TF-91, TF-92
    ),
  },
  field.closed,
);
export const EventsQuery = Type.Object(
  {
    view: Type.Optional(field.oneOf(['full', 'brief'], 'brief: for screens, with sums.')), // TF-93
  },
  field.closed,
);
export const PageQuery = Type.Object(
  { limit: Type.Optional(field.pageLimit), cursor: Type.Optional(field.cursor) },
  field.closed,
);
export const DecisionsQuery = Type.Object(
  {
    agent: Type.Optional(Type.String({ maxLength: 64 })),
    symbol: Type.Optional(Type.String({ pattern: SYMBOL_PATTERN })),
    outcome: Type.Optional(Type.Enum(['ALLOW', 'LIMIT', 'BLOCK'], { type: 'string' })),
    since: Type.Optional(Type.String({ maxLength: 40, description: 'As 24h.' })), // note
    limit: Type.Optional(field.pageLimit),
    cursor: Type.Optional(field.cursor),
  },
  field.closed,
);
/** The account is one entry: any limit is enough, and no cursor is ever issued. */
export const AccountQuery = Type.Object(
  { limit: Type.Optional(field.wholeLimit), cursor: Type.Optional(field.cursor) },
  field.closed,
);
export const EQUITY_SPANS = ['hour', 'day', 'month', 'all'] as const;
export const EquityHistoryQuery = Type.Object(
  {
    span: Type.Optional(
      Type.Enum([...EQUITY_SPANS], { type: 'string', description: 'Until the last reading; all if absent.' }), // TF-94
    ),
  },
  field.closed,
);
export const NoQuery = Type.Object({}, field.closed);
export const DecisionPath = Type.Object({ id: field.decisionId }, field.closed);

export const checkIntercept = buildRequestCheck<Static<typeof InterceptRequest>>(InterceptRequest);
export const checkSignal = buildContractCheck<Static<typeof SignalRequest>>(SignalRequest);
export const checkStateChange = buildContractCheck<Static<typeof StateChangeRequest>>(StateChangeRequest);
export const checkAlertTest = buildContractCheck<Static<typeof AlertTestRequest>>(AlertTestRequest);
export const checkAlertRoutesReload =
  buildContractCheck<Static<typeof AlertRoutesReloadRequest>>(AlertRoutesReloadRequest);
export const checkFlatten = buildContractCheck<Static<typeof FlattenRequest>>(FlattenRequest);
export const checkRebase = buildContractCheck<Static<typeof RebaseRequest>>(RebaseRequest);
export const checkEnd = buildContractCheck<Static<typeof EndRequest>>(EndRequest);
export const checkApproval = buildContractCheck<Static<typeof ApprovalRequest>>(ApprovalRequest);
export const checkApprovalPath = buildContractCheck<Static<typeof ApprovalPath>>(ApprovalPath);
export const checkSignalPath = buildContractCheck<Static<typeof SignalPath>>(SignalPath);
export const checkTextPath = buildContractCheck<Static<typeof TextPath>>(TextPath);
export const checkAlertPath = buildContractCheck<Static<typeof AlertPath>>(AlertPath);
export const checkSymbolPath = buildContractCheck<Static<typeof SymbolPath>>(SymbolPath);
export const checkOrderPath = buildContractCheck<Static<typeof OrderPath>>(OrderPath);
export const checkPolicyCheck = buildContractCheck<Static<typeof PolicyCheckRequest>>(PolicyCheckRequest);
export const checkRelease = buildContractCheck<Static<typeof ReleaseRequest>>(ReleaseRequest);
export const checkAdopt = buildContractCheck<Static<typeof AdoptRequest>>(AdoptRequest);
export const checkArming = buildContractCheck<Static<typeof ArmingRequest>>(ArmingRequest);
export const checkPolicyReload = buildContractCheck<Static<typeof PolicyReloadRequest>>(PolicyReloadRequest);
export const checkToolsQuery = buildContractCheck<Static<typeof ToolsQuery>>(ToolsQuery);
export const checkViewQuery = buildContractCheck<Static<typeof ViewQuery>>(ViewQuery);
export const checkPageQuery = buildContractCheck<Static<typeof PageQuery>>(PageQuery);
export const checkDecisionsQuery = buildContractCheck<Static<typeof DecisionsQuery>>(DecisionsQuery);
export const checkAccountQuery = buildContractCheck<Static<typeof AccountQuery>>(AccountQuery);
export const checkEventsQuery = buildContractCheck<Static<typeof EventsQuery>>(EventsQuery);
export const checkEquityHistoryQuery = buildContractCheck<Static<typeof EquityHistoryQuery>>(EquityHistoryQuery);
export const checkNoQuery = buildContractCheck<Static<typeof NoQuery>>(NoQuery);
export const checkDecisionPath = buildContractCheck<Static<typeof DecisionPath>>(DecisionPath);
