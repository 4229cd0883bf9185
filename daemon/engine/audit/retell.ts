/** Decisions derived again from their records, and told as they were answered. */
import { isSameJson } from '../../core/canonical-json.ts';
import { type CompiledPolicy, compilePolicy } from '../../core/compiled-policy.ts';
import { CORE_VERSION } from '../../core/core-version.ts';
import { decide } from '../../core/decide/decide.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { writeContext } from '../../core/record-text/rows.ts';
import type { DecisionEvent, RecordedDecision, ReportedDecision } from '../records/decisions.ts';

/** Policies by hash and agent; null: the ledger does not hold it. */
export type PolicyLookup = (hash: string, agent: string) => CompiledPolicy | null;

/** Agents come from tokens and policies from operators, so their number is bounded; still, never grow without end. */
const MAX_COMPILED = 1000;

/** @param readPolicy canonical JSON of the policy with this hash */
export function lookUpPolicies(readPolicy: (hash: string) => string | null): PolicyLookup {
  const compiled = new Map<string, CompiledPolicy>();
  return (hash, agent) => {
    const key = `${hash} ${agent}`;
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const body = readPolicy(hash);
    if (body === null) return null;
    const policy = compilePolicy(JSON.parse(body) as IntendedPolicySpec, hash, agent);
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    compiled.set(key, policy);
    return policy;
  };
}

/**
 * What `decide` returned when a decision was recorded in long form; null: the record leaves out what can be derived.
 */
export function longPart(recorded: RecordedDecision): ExecutionDecision | null {
  const { budget, condition_reducing, constraints, retry_after_ms, verdicts } = recorded;
  if (budget === undefined || constraints === undefined || verdicts === undefined) return null;
  return {
    budget,
    condition_reducing: condition_reducing ?? false,
    constraints,
    decision: recorded.decision,
    effective: recorded.effective,
    enforced: recorded.enforced,
    reasons: recorded.reasons,
    retry_after_ms: retry_after_ms ?? null,
    verdicts,
  };
}

/** Tools executed elsewhere are allowed by name and schema of arguments that are not recorded: nothing to derive. */
export function isForeignTool({ decision, request, route }: DecisionEvent): boolean {
  return route === 'intercept' && decision.kind === 'intercept' && request.symbol === null && request.side === null;
}

/** Decides a recorded request again; null: another version of the core decided it, or its policy is not at hand. */
export function deriveAgain(event: DecisionEvent, policyOf: PolicyLookup): ExecutionDecision | null {
  if (event.decision.core_version !== CORE_VERSION) return null;
  const policy = policyOf(event.decision.policy_hash, event.request.agent);
  return policy === null ? null : decide(event.request, event.context, policy);
}

/**
 * {@link deriveAgain}, also of records of before versions, and only if this version says what is recorded.
 *
 * @returns null: it does not, or cannot
 */
export function deriveAsRecorded(event: DecisionEvent, policyOf: PolicyLookup): ExecutionDecision | null {
  const { decision, request, context } = event;
  const policy = policyOf(decision.policy_hash, request.agent);
  const version = decision.core_version;
  if (policy === null || (version !== undefined && version !== CORE_VERSION)) return null;
  const again = decide(request, context, policy);
  const long = longPart(decision);
  const isSame = long === null ? isSameJson(outlineOf(again), outlineOf(decision)) : isSameJson(again, long);
  return isSame ? again : null;
}
function outlineOf(of: Pick<ExecutionDecision, 'decision' | 'effective' | 'enforced' | 'reasons'>): unknown {
  return [of.decision, of.effective, of.enforced, of.reasons];
}

/**
 * A recorded decision as it was answered when it was taken. What its record leaves out is derived; where another
 * version of the core decided, it is null.
 */
export function retell(
  event: DecisionEvent,
  policyOf: PolicyLookup,
  sha256: (text: string) => string,
): ReportedDecision {
  const { decision } = event;
  const long = longPart(decision);
  const derived = long ?? deriveAgain(event, policyOf);
  const contextHash = decision.context_hash ?? (derived === null ? null : sha256(writeContext(event.context)));
  return {
    agent: decision.agent,
    ...(derived?.approval === undefined ? {} : { approval: derived.approval }),
    at_ms: decision.at_ms,
    binding: decision.binding,
    budget: derived?.budget ?? null,
    condition_reducing: derived?.condition_reducing ?? null,
    constraints: derived?.constraints ?? null,
    context_hash: contextHash,
    core_version: decision.core_version ?? null,
    decision: decision.decision,
    decision_id: decision.decision_id,
    effective: decision.effective,
    enforced: decision.enforced,
    kind: decision.kind,
    policy_hash: decision.policy_hash,
    reasons: decision.reasons,
    request_id: decision.request_id,
    retry_after_ms: derived?.retry_after_ms ?? null,
    seq: decision.seq,
    symbol: decision.symbol,
    tool: decision.tool,
    verdicts: derived?.verdicts ?? null,
  };
}
