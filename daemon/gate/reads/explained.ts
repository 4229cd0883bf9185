import { type Explanation, explainDecision, explainWithoutPolicy } from '../../core/explain.ts';
import type { ExplainedDecision } from '../api/decisions.ts';
import type { DecisionEvent } from '../events.ts';
import type { GateCore } from '../journal/journal.ts';

type Recorded = Pick<DecisionEvent, 'context' | 'decision' | 'request'>;

/** Why a recorded decision is what it is, under the policy that it was taken by. */
export function explainRecorded(core: GateCore, { context, decision, request }: Recorded): Explanation {
  const policy = core.policyOf(decision.policy_hash, request.agent);
  return policy === null ? explainWithoutPolicy(decision) : explainDecision(request, context, policy, decision);
}

export function withExplanation(core: GateCore, event: Recorded): ExplainedDecision {
  return { ...event.decision, ...explainRecorded(core, event) };
}

/** The members that an answer has behind the recorded ones, to stand before the closing brace. */
export function explanationText(core: GateCore, event: Recorded): string {
  const { arithmetic, bound_by: boundBy } = explainRecorded(core, event);
  return `,"arithmetic":${JSON.stringify(arithmetic)},"bound_by":${JSON.stringify(boundBy)}`;
}
