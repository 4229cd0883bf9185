import type { CompiledPolicy } from './compiled-policy.ts';
import type { ApprovalCeiling, EffectiveAction, ExecutionDecision, StagedSlice, Verdict } from './decision.ts';
import { type BudgetFinding, describeConstraints } from './rules/budget-finding.ts';
import type { Trace } from './trace.ts';

/** What an exit is never asked about: each rule that it skips leaves a verdict that says so. */
export const SKIPPED_BY_EXITS = [
  [4, 'FRESHNESS'],
  [5, 'DUPLICATE_INTENT'],
  [6, 'TEMPORAL'],
  [7, 'REGIME'],
  [8, 'ACCOUNT'],
  [9, 'TRUST'],
  [10, 'TRADER_STATE'],
  [11, 'PRICE'],
] as const;

/**
 * Puts a decision together from what the rules found. `effective` is what would be sent; a denied order sends nothing.
 */
export function conclude(
  trace: Trace,
  policy: CompiledPolicy,
  found: BudgetFinding,
  effective: EffectiveAction | null,
  plan: readonly StagedSlice[],
  approval: ApprovalCeiling | null = null,
): ExecutionDecision {
  // ALLOW iff leverage, slippage and lots are as asked: rules 7 to 10 alone cut nothing.
  const decision: Verdict = trace.denied || effective === null ? 'BLOCK' : trace.isCut ? 'LIMIT' : 'ALLOW';
  const reported: ExecutionDecision = {
    budget: found.record,
    condition_reducing: found.account?.reduceOnly ?? false,
    constraints: describeConstraints(found, policy, decision === 'BLOCK' ? [] : plan),
    decision,
    effective: decision === 'BLOCK' ? null : effective,
    enforced: policy.spec.mode === 'enforce',
    reasons: decision === 'ALLOW' ? [] : trace.reasons,
    retry_after_ms: decision === 'BLOCK' ? trace.retryAfterMs : null,
    verdicts: trace.verdicts,
  };
  return approval === null ? reported : { approval, ...reported };
}
