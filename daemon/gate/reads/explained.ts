import { CORE_VERSION } from '../../core/core-version.ts';
import { type Explanation, explainDecision, explainWithoutPolicy } from '../../core/explain.ts';
import type { ExplainedDecision, ToldDecision } from '../api/decisions.ts';
import type { DecisionEvent } from '../events.ts';
import type { GateCore } from '../journal/journal.ts';

type Recorded = Pick<DecisionEvent, 'context' | 'request'>;

/** Another version of the core decided: what bound it is not derived here. */
const NOT_DERIVED: Explanation = { arithmetic: { line: null, rows: [] }, bound_by: null };

/** Why a recorded decision is what it is, under the policy that it was taken by. */
export function explainRecorded(core: GateCore, { context, request }: Recorded, told: ToldDecision): Explanation {
  const { verdicts } = told;
  if (verdicts === null) return NOT_DERIVED;
  const policy = told.core_version === CORE_VERSION ? core.policyOf(told.policy_hash, request.agent) : null;
  const decision = { ...told, verdicts };
  return policy === null ? explainWithoutPolicy(decision) : explainDecision(request, context, policy, decision);
}

/** A recorded decision as it is told later, with what is derived of it. */
export function tellExplained(core: GateCore, event: DecisionEvent): ExplainedDecision {
  const told = core.retell(event);
  return { ...told, ...explainRecorded(core, event, told) };
}

/** The members that an answer has behind the decision's own, to stand before the closing brace. */
export function explanationText(core: GateCore, event: Recorded, told: ToldDecision): string {
  const { arithmetic, bound_by: boundBy } = explainRecorded(core, event, told);
  return `,"arithmetic":${JSON.stringify(arithmetic)},"bound_by":${JSON.stringify(boundBy)}`;
}
