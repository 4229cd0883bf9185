import { canonicalJson } from '../../core/canonical-json.ts';
import { writeBudget, writeConstraints } from '../../core/record-text/budget.ts';
import { writeEffective, writeReasons, writeVerdicts } from '../../core/record-text/decision.ts';
import { writeRequest } from '../../core/record-text/request.ts';
import {
  inOnePiece,
  type Names,
  numberOrNull,
  numberText,
  quoted,
  quotedOrNull,
} from '../../core/record-text/scalars.ts';
import type { DecisionBody } from '../api/decisions.ts';
import type { DecisionEvent } from '../events.ts';

/** @throws CanonicalJsonError when a figure is not finite */
function writeBody(body: DecisionBody): string {
  return (
    `{"agent":${quoted(body.agent)},"at_ms":${numberText(body.at_ms)},"binding":${body.binding}` +
    `,"budget":${writeBudget(body.budget)},"condition_reducing":${body.condition_reducing}` +
    `,"constraints":${writeConstraints(body.constraints)},"context_hash":"${body.context_hash}"` +
    `,"decision":"${body.decision}","decision_id":"${body.decision_id}"` +
    `,"effective":${writeEffective(body.effective)},"enforced":${body.enforced},"kind":"${body.kind}"` +
    `,"policy_hash":"${body.policy_hash}","reasons":${writeReasons(body.reasons)}` +
    `,"request_id":${quotedOrNull(body.request_id)},"retry_after_ms":${numberOrNull(body.retry_after_ms)}` +
    `,"seq":${numberText(body.seq)},"symbol":${quotedOrNull(body.symbol)},"tool":${quoted(body.tool)}` +
    `,"verdicts":${writeVerdicts(body.verdicts)}}`
  );
}

export interface RecordText {
  /** `canonicalJson(event)`. */
  readonly text: string;
  /** The decision's part of it, `canonicalJson(event.decision)`. */
  readonly bodyText: string;
  /** Where it begins in the record's text, characters. */
  readonly bodyAt: number;
}
/**
 * Of the record the context is written already. The text is put together once: the record's hash, the database and the
 * caller, who is answered with a part of it, read the same characters.
 */
export function writeRecord(event: DecisionEvent, contextText: string): RecordText {
  const head =
    `{"agent":${quoted(event.agent)},"body_hash":${quotedOrNull(event.body_hash)},"context":${contextText}` +
    `,"decision":`;
  const body = writeBody(event.decision);
  const orders = event.orders.length === 0 ? '[]' : canonicalJson(event.orders);
  const text = inOnePiece(
    `${head}${body},"market_seq":${numberText(event.market_seq)},"orders":${orders}` +
      `,"parent_decision_id":${quotedOrNull(event.parent_decision_id)},"request":${writeRequest(event.request)}` +
      `,"route":${quoted(event.route)},"state_seq":${numberText(event.state_seq)},"texts":${canonicalJson(event.texts)}}`,
  );
  return { text, bodyText: text.slice(head.length, head.length + body.length), bodyAt: head.length };
}

const ANSWER_HEAD = '{"decision":';
/** `{"decision":…}` of a recorded decision. Its bytes are copied from the record's, which were written already. */
export function writeAnswer({ text, bodyText, bodyAt }: RecordText, recorded: Uint8Array | null): string | Buffer {
  // Places in the text are places in the bytes only where every character is one byte.
  if (recorded?.length !== text.length) return `${ANSWER_HEAD}${bodyText}}`;
  const answer = Buffer.allocUnsafe(ANSWER_HEAD.length + bodyText.length + 1);
  answer.write(ANSWER_HEAD, 'latin1');
  answer.set(recorded.subarray(bodyAt, bodyAt + bodyText.length), ANSWER_HEAD.length);
  answer.write('}', answer.length - 1, 'latin1');
  return answer;
}

export const RECORD_IS_WHOLE: readonly [
  Names<
    DecisionBody,
    | 'agent'
    | 'at_ms'
    | 'binding'
    | 'budget'
    | 'condition_reducing'
    | 'constraints'
    | 'context_hash'
    | 'decision'
    | 'decision_id'
    | 'effective'
    | 'enforced'
    | 'kind'
    | 'policy_hash'
    | 'reasons'
    | 'request_id'
    | 'retry_after_ms'
    | 'seq'
    | 'symbol'
    | 'tool'
    | 'verdicts'
  >,
  Names<
    DecisionEvent,
    | 'agent'
    | 'body_hash'
    | 'context'
    | 'decision'
    | 'market_seq'
    | 'orders'
    | 'parent_decision_id'
    | 'request'
    | 'route'
    | 'state_seq'
    | 'texts'
  >,
] = [true, true];
