import { readDecisionRecord } from '../core/record-text/read-record.ts';
import { DECISION_KIND } from './decision-keys.ts';

/** A payload as its writer had it in hand: members that the record of a decision holds as rows get their names back. */
export function readPayload(kind: string, stored: unknown, seq: number, atMs: number): unknown {
  return kind === DECISION_KIND ? readDecisionRecord(stored, seq, atMs) : stored;
}
