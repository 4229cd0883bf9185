import { REASONS } from '../reasons.ts';
import { ORDER_IN_STEPS, ROW_FORMS, type RowForm, readRow } from './columns.ts';

type Members = { readonly [key: string]: unknown };

/**
 * The payload of a `decision` record with its members named, as the daemon had it in hand (engine/records/events.ts
 * `DecisionEvent`). What follows from request, view and policy is not in the record; `engine/audit/retell.ts` derives it.
 * Records of before rows, which hold all of it in long form, stay as they are.
 *
 * @param seq number of the record
 * @param atMs its instant, domain time: that of the decision
 */
export function readDecisionRecord(payload: unknown, seq: number, atMs: number): unknown {
  if (!isMembers(payload) || !Array.isArray(payload.context) || !isMembers(payload.decision)) return payload;
  // Before core version 7 every size was a notional.
  const request = { quantity: null, ...(readRow(ROW_FORMS.request, payload.request) as Members) } as Members;
  const { decision, orders } = payload;
  return {
    agent: payload.agent,
    ...(payload.authority === undefined ? {} : { authority: payload.authority }),
    body_hash: payload.body_hash ?? null,
    context: readRow(ROW_FORMS.context, payload.context),
    decision: 'verdicts' in decision ? decision : readOutline(decision, request, seq, atMs),
    market_seq: payload.market_seq,
    orders: readRows(isInSteps(decision) ? ORDER_IN_STEPS : ROW_FORMS.order, orders),
    parent_decision_id: payload.parent_decision_id ?? null,
    request,
    route: payload.route ?? request.tool,
    state_seq: payload.state_seq,
    texts: payload.texts ?? {},
  };
}

/** Orders are in lots and ticks of the decision's own rules, not in units of 1e-8. */
function isInSteps({ core_version: version }: Members): boolean {
  return typeof version !== 'number' || version < FIRST_IN_FIXED_UNITS;
}
const FIRST_IN_FIXED_UNITS = 4;

const ADVISORY: ReadonlySet<unknown> = new Set(['intercept', 'dry_run']);

function readOutline(decision: Members, request: Members, seq: number, atMs: number): Members {
  return {
    agent: request.agent,
    at_ms: atMs,
    binding: !ADVISORY.has(decision.kind),
    core_version: decision.core_version,
    decision: decision.decision,
    decision_id: decision.decision_id,
    effective: readRow(ROW_FORMS.effective, decision.effective ?? null),
    enforced: decision.enforced ?? true,
    is_paced: decision.is_paced ?? false,
    kind: decision.kind,
    policy_hash: decision.policy_hash,
    reasons: readRows(ROW_FORMS.reason, decision.reasons).map(nameReason),
    request_id: request.request_id,
    seq,
    symbol: request.symbol,
    tool: request.tool,
  };
}

/** Message and hint are those of this version; a code of another has neither. */
function nameReason(reason: Members): Members {
  const words = (REASONS as { readonly [code: string]: { readonly message: string; readonly hint: string } })[
    String(reason.code)
  ];
  return {
    code: reason.code,
    hint: words?.hint ?? '',
    limit: reason.limit,
    message: words?.message ?? String(reason.code),
    observed: reason.observed,
    unit: reason.unit,
  };
}

function readRows(form: RowForm, rows: unknown): Members[] {
  return Array.isArray(rows) ? rows.map((row) => readRow(form, row) as Members) : [];
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
