import { readDecisionRecord } from '../core/record-text/read-record.ts';
import { LedgerError } from './errors.ts';

/**
 * The members of a `decision` event's payload that serve as lookup keys:
 *
 *     { "agent": string | null, "decision": { "decision_id": string, "kind": string, "request_id": string | null, … }, … }
 *
 * `agent` is null for decisions that no agent requested. The id ends in `-` and the record's seq in base 36. That makes
 * it unique and leads from the id to the record.
 */
export interface DecisionKeys {
  readonly agent: string | null;
  readonly decision_id: string;
  readonly kind: string;
  readonly request_id: string | null;
}

export const DECISION_KIND = 'decision';

const ID_END = /-([1-9a-z][0-9a-z]{0,9})$/;

/** The seq that a decision id names; null when it is none. */
export function parseDecisionSeq(decisionId: string): number | null {
  const seq = Number.parseInt(ID_END.exec(decisionId)?.[1] ?? '', 36);
  return Number.isSafeInteger(seq) ? seq : null;
}

/**
 * Reads the lookup keys of the decision payload of record `seq`.
 *
 * @throws LedgerError LEDGER_ARGUMENT when a key is missing or has another type, or the id is not that of `seq`
 */
export function readDecisionKeys(payload: unknown, seq: number): DecisionKeys {
  const outer = asObject(payload, 'payload');
  const decision = asObject(outer.decision, 'payload.decision');
  const decision_id = text(decision.decision_id, 'payload.decision.decision_id');
  if (!decision_id.endsWith(`-${seq.toString(36)}`)) {
    throw new LedgerError('LEDGER_ARGUMENT', `The decision id ${decision_id} is not that of record ${seq}.`);
  }
  return {
    agent: textOrNull(outer.agent, 'payload.agent'),
    decision_id,
    kind: text(decision.kind, 'payload.decision.kind'),
    request_id: textOrNull(decision.request_id, 'payload.decision.request_id'),
  };
}

function asObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new LedgerError('LEDGER_ARGUMENT', `A decision record needs an object at ${path}.`);
}

function text(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new LedgerError('LEDGER_ARGUMENT', `A decision record needs a non-empty text at ${path}.`);
}

function textOrNull(value: unknown, path: string): string | null {
  return value === null ? null : text(value, path);
}

/** A payload as its writer had it in hand: members that the record of a decision holds as rows get their names back. */
export function readPayload(kind: string, stored: unknown, seq: number, atMs: number): unknown {
  return kind === DECISION_KIND ? readDecisionRecord(stored, seq, atMs) : stored;
}
