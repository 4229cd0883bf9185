import { createHash } from 'node:crypto';
import { lookUpPolicies, retell } from '../daemon/engine/audit/retell.ts';
import type { DecisionBody, DecisionEvent, ReportedDecision } from '../daemon/engine/records/decisions.ts';

export type ReportedEvent = Omit<DecisionEvent, 'decision'> & { readonly decision: DecisionBody };

/** Tells the recorded decisions of a ledger whole, with what the core derives of each. */
export function teller(ledger: { readPolicy(hash: string): string | null }): (payload: unknown) => ReportedEvent {
  const policyOf = lookUpPolicies((hash) => ledger.readPolicy(hash));
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  return (payload) => {
    const event = payload as DecisionEvent;
    return { ...event, decision: whole(retell(event, policyOf, sha256)) };
  };
}

function whole(reported: ReportedDecision): DecisionBody {
  const missing = Object.entries(reported).filter(([key, value]) => value === null && NEVER_NULL.has(key));
  if (missing.length > 0) throw new Error(`${reported.decision_id} was not derived: ${missing.map(([key]) => key)}`);
  return reported as DecisionBody;
}
const NEVER_NULL: ReadonlySet<string> = new Set([
  'budget',
  'condition_reducing',
  'constraints',
  'context_hash',
  'core_version',
  'verdicts',
]);
