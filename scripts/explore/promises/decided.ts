import type { IntendedPolicySpec } from '../../../daemon/core/policy.ts';
import { deriveAgain, lookUpPolicies } from '../../../daemon/engine/audit/retell.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import { decideByTheDocuments } from '../../../test/oracle/decide-oracle.ts';
import { disagreements } from '../../../test/oracle/disagreements.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';

/**
 * Every decision is the one that a second implementation reads out of the documents, from the same snapshot. Excepted are
 * changes of orders, which that does not decide, and orders while no price is known.
 * @except a change of an order
 * @except no price is known
 */
export function findDecidedOtherwise({ events, world: { ledger } }: History): readonly Breach[] {
  const policyOf = lookUpPolicies((hash) => ledger.readPolicy(hash));
  const policies = new Map<string, IntendedPolicySpec>();
  const breaches: Breach[] = [];
  for (const { atMs, event } of events) {
    if (event.kind !== 'decision' || !isDecidable(event.payload)) continue;
    const { context, decision, request } = event.payload;
    const derived = deriveAgain(event.payload, policyOf);
    // That it derives as it was recorded is for the audit to say.
    if (derived === null) continue;
    const hash = decision.policy_hash;
    const policy = policies.get(hash) ?? (JSON.parse(ledger.readPolicy(hash) ?? 'null') as IntendedPolicySpec);
    policies.set(hash, policy);
    const found = disagreements(derived, decideByTheDocuments(request, context, policy, hash));
    if (found.length > 0)
      breaches.push({
        code: 'decided-otherwise',
        detail: `${decision.decision_id} (${request.origin}, ${request.intent}) at ${at(atMs)}: ${found.join('; ')}`,
      });
  }
  return breaches;
}

function isDecidable({ context: { market }, request }: DecisionEvent): boolean {
  if (request.intent === 'cancel') return true;
  return request.intent !== 'modify' && market.mark !== null;
}
