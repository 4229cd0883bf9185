import {
  canonicalJson,
  inOnePiece,
  listText,
  type Names,
  numberOrNull,
  numberText,
  quoted,
  quotedOrNull,
  type Words,
  wordOrNull,
} from '../../core/canonical-json.ts';
import { CORE_VERSION } from '../../core/core-version.ts';
import type { EffectiveAction, ExecutionDecision, Reason, RuleVerdict } from '../../core/decision.ts';
import type { PlannedOrderColumn } from '../../core/record-text/columns.ts';
import {
  isSameVerdict,
  writeBudget,
  writeConstraints,
  writeEffective,
  writeReason,
  writeVerdict,
} from '../../core/record-text/members.ts';
import { writeEffectiveRow, writeReasonRow, writeRequest } from '../../core/record-text/rows.ts';
import type { DecisionBody, DecisionEvent, PlannedOrder } from '../records/decisions.ts';
import { isPaced } from '../state/apply-orders.ts';

/** `canonicalJson(body)`: what the caller is answered. @throws CanonicalJsonError when a figure is not finite */
export function writeBody(body: DecisionBody): string {
  return (
    `{"agent":${quoted(body.agent)}${writeApproval(body)},"at_ms":${numberText(body.at_ms)},"binding":${body.binding}` +
    `,"budget":${writeBudget(body.budget)},"condition_reducing":${body.condition_reducing}` +
    `,"constraints":${writeConstraints(body.constraints)},"context_hash":"${body.context_hash}"` +
    `,"core_version":${body.core_version},"decision":"${body.decision}","decision_id":"${body.decision_id}"` +
    `,"effective":${writeEffectiveOrNull(body.effective)},"enforced":${body.enforced},"kind":"${body.kind}"` +
    `,"policy_hash":"${body.policy_hash}","reasons":${writeReasons(body.reasons)}` +
    `,"request_id":${quotedOrNull(body.request_id)},"retry_after_ms":${numberOrNull(body.retry_after_ms)}` +
    `,"seq":${numberText(body.seq)},"symbol":${quotedOrNull(body.symbol)},"tool":${quoted(body.tool)}` +
    `,"verdicts":${writeVerdicts(body.verdicts)}}`
  );
}

/** Where a decision does not follow from its record (a tool that is executed elsewhere), the record holds all of it. */
export type RecordForm = 'derived' | 'whole';

/** `,"approval":…`; empty where nothing is to be approved. */
function writeApproval({ approval }: DecisionBody): string {
  return approval === undefined ? '' : `,"approval":${canonicalJson(approval)}`;
}

/**
 * The record of a decision, canonical JSON; `readDecisionRecord` reads it. View, request, effective action, reasons and
 * orders are rows (core/record-text/columns.ts). What follows from them is left out, and so is a member that has its
 * usual value.
 *
 * @throws CanonicalJsonError when a figure is not finite
 */
export function writeRecord(event: DecisionEvent, body: DecisionBody, contextText: string, form: RecordForm): string {
  const { body_hash: hash, orders, parent_decision_id: parent, request, route, texts } = event;
  return inOnePiece(
    `{"agent":${quoted(event.agent)}${writeAuthority(event)}${hash === null ? '' : `,"body_hash":${quoted(hash)}`}` +
      `,"context":${contextText},"decision":${form === 'whole' ? writeBody(body) : writeOutline(body)}` +
      `,"market_seq":${numberText(event.market_seq)}` +
      (orders.length === 0 ? '' : `,"orders":${listText(orders, writeOrder)}`) +
      (parent === null ? '' : `,"parent_decision_id":${quoted(parent)}`) +
      `,"request":${writeRequest(request)}${route === request.tool ? '' : `,"route":${quoted(route)}`}` +
      `,"state_seq":${numberText(event.state_seq)}${isEmpty(texts) ? '' : `,"texts":${canonicalJson(texts)}`}}`,
  );
}
function writeAuthority({ authority }: DecisionEvent): string {
  if (authority === undefined) return '';
  const { ends_at_ms: endsAtMs, ends_by: endsBy, words } = authority;
  return `,"authority":{"ends_at_ms":${numberText(endsAtMs)},"ends_by":"${endsBy}","words":${listText(words, quoted)}}`;
}
function isEmpty(texts: object): boolean {
  for (const _ in texts) return false;
  return true;
}

/** What request, view and policy do not say, and what views are folded from also where another core decided. */
function writeOutline(body: DecisionBody): string {
  const { effective, reasons } = body;
  return (
    `{"core_version":${body.core_version},"decision":"${body.decision}","decision_id":"${body.decision_id}"` +
    (effective === null ? '' : `,"effective":${writeEffectiveRow(effective)}`) +
    (body.enforced ? '' : ',"enforced":false') +
    (effective?.action === 'amend' && isPaced(body) ? ',"is_paced":true' : '') +
    `,"kind":"${body.kind}","policy_hash":"${body.policy_hash}"` +
    (reasons.length === 0 ? '}' : `,"reasons":${writeReasonRows(reasons)}}`)
  );
}

function writeOrder(order: PlannedOrder): string {
  return (
    `[${quoted(order.client_order_id)},${numberText(order.delay_ms)},"${order.kind}",${numberText(order.leverage)}` +
    `,${numberText(order.quantity_e8)},"${order.order_type}",${numberOrNull(order.price_e8)},${order.protective}` +
    `,${order.reduce_only},"${order.side}",${numberText(order.slice)},${quoted(order.symbol)}` +
    `,${wordOrNull(order.time_in_force)},${numberOrNull(order.trigger_e8)}]`
  );
}

/** Each line stops compiling when a type gains a member that is not written. */
export const RECORD_IS_WHOLE: readonly [
  Names<
    DecisionBody,
    Words<
      | 'agent approval at_ms binding budget condition_reducing constraints context_hash'
      | 'core_version decision decision_id effective enforced kind policy_hash reasons'
      | 'request_id retry_after_ms seq symbol tool verdicts'
    >
  >,
  Names<
    DecisionEvent,
    Words<
      | 'agent authority body_hash context decision market_seq orders parent_decision_id'
      | 'request route state_seq texts'
    >
  >,
  Names<PlannedOrder, PlannedOrderColumn>,
] = [true, true, true];

/**
 * Lists of SAE-DEC as they are answered (`canonicalJson`) and as they are recorded. Each throws CanonicalJsonError when a
 * figure is not finite.
 */

/** Precondition: codes and units are words of ours, as `decide` gives them. */
export function writeVerdicts(verdicts: readonly RuleVerdict[]): string {
  if (verdicts.length === lastList.length && verdicts.every(isUnchanged)) return lastList.text;
  // Writing may throw, and leaves some of the newest verdicts then.
  lastList = NO_LIST;
  lastList = { length: verdicts.length, text: inOnePiece(listText(verdicts, writeKept)) };
  return lastList.text;
}
const NO_LIST = { length: -1, text: '' };
/** The newest list, whole: its verdicts are the first of `lastVerdicts`. */
let lastList = NO_LIST;
function isUnchanged(verdict: RuleVerdict, place: number): boolean {
  return isSameVerdict(verdict, lastVerdicts[place]?.verdict);
}
function writeKept(verdict: RuleVerdict, place: number): string {
  const last = lastVerdicts[place];
  if (last !== undefined && isSameVerdict(verdict, last.verdict)) return last.text;
  const text = inOnePiece(writeVerdict(verdict));
  lastVerdicts[place] = { verdict, text };
  return text;
}

/**
 * The newest verdict at each place of the list, and its text: rules run in one order, and what most of them find stays
 * from one decision to the next. Bounded by the longest list of verdicts.
 */
const lastVerdicts: { readonly verdict: RuleVerdict; readonly text: string }[] = [];

export function writeEffectiveOrNull(effective: EffectiveAction | null): string {
  return effective === null ? 'null' : writeEffective(effective);
}
export function writeReasons(reasons: readonly Reason[]): string {
  return listText(reasons, writeReason);
}
/** What is recorded of them (columns.ts). */
export function writeReasonRows(reasons: readonly Reason[]): string {
  return listText(reasons, writeReasonRow);
}

/** The body of a decision that was just taken. Keys in canonical order, so that the record costs no sorting. */
export function buildBody(
  derived: ExecutionDecision,
  around: Omit<DecisionBody, keyof ExecutionDecision | 'binding' | 'core_version'>,
): DecisionBody {
  const body: DecisionBody = {
    agent: around.agent,
    at_ms: around.at_ms,
    binding: around.kind !== 'intercept' && around.kind !== 'dry_run',
    budget: derived.budget,
    condition_reducing: derived.condition_reducing,
    constraints: derived.constraints,
    context_hash: around.context_hash,
    core_version: CORE_VERSION,
    decision: derived.decision,
    decision_id: around.decision_id,
    effective: derived.effective,
    enforced: derived.enforced,
    kind: around.kind,
    policy_hash: around.policy_hash,
    reasons: derived.reasons,
    request_id: around.request_id,
    retry_after_ms: derived.retry_after_ms,
    seq: around.seq,
    symbol: around.symbol,
    tool: around.tool,
    verdicts: derived.verdicts,
  };
  if (derived.approval === undefined) return body;
  const { agent, ...others } = body;
  return { agent, approval: derived.approval, ...others };
}
