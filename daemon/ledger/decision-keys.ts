import { LedgerError } from './errors.ts';

/**
 * Members of the payload of a `decision` event by which it is looked up:
 *
 *     { "agent": string | null, "decision": { "decision_id": string, "kind": string, "request_id": string | null, … }, … }
 *
 * `agent` is null for decisions that no agent asked for.
 */
export interface DecisionKeys {
  readonly agent: string | null;
  readonly decision_id: string;
  readonly kind: string;
  readonly request_id: string | null;
}

export const DECISION_KIND = 'decision';

/**
 * Reads the lookup keys of a decision payload.
 *
 * @throws LedgerError LEDGER_ARGUMENT when a key is missing or has another type
 */
export function readDecisionKeys(payload: unknown): DecisionKeys {
  const outer = asObject(payload, 'payload');
  const decision = asObject(outer.decision, 'payload.decision');
  return {
    agent: textOrNull(outer.agent, 'payload.agent'),
    decision_id: text(decision.decision_id, 'payload.decision.decision_id'),
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
