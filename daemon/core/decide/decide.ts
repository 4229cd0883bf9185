import { areUsable } from '../arithmetic/quantities.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import type { Constraints, ExecutionDecision, StagedSlice, Verdict } from '../decision.ts';
import type { ExecutionRequest } from '../request.ts';
import { checkSchema, checkScope, checkState } from '../rules/admission.ts';
import { buildAsk } from '../rules/asked-size.ts';
import { type BudgetFinding, type Deciding, findBudget } from '../rules/budgets.ts';
import { describePlan } from '../rules/fit-order.ts';
import { runOpeningRules } from '../rules/opening-rules.ts';
import { leverageCapOf, slippageCapOf } from '../rules/projection.ts';
import { NOTHING, type Outcome, Trace } from '../rules/trace.ts';
import { decideCancel, decideModify } from './changes.ts';
import { buildExit, checkExitRounding, checkParts, checkResting, type ExitSize, findExit } from './exit.ts';

/**
 * The gate (SAE sections 3 to 6, DESIGN section 3): pure, total on valid input, deterministic, + - * / only.
 * Request and context are data; the answer is data. All rules run and each leaves a verdict.
 */
export function decide(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
): ExecutionDecision {
  const deciding: Deciding = { trace: new Trace(), request, context, policy, found: findBudget(context, policy) };
  return conclude(deciding, runRules(deciding));
}

function runRules(deciding: Deciding): Outcome {
  const { request, context } = deciding;
  switch (request.intent) {
    case 'cancel':
      return decideCancel(deciding);
    case 'modify':
      return decideModify(deciding);
    case 'open':
    case 'close': {
      // RISK: an order against a position opens nothing: it is refused where it does not ask to reduce (AGAINST_POSITION).
      if (request.intent === 'open' && !request.reduce_only)
        return runOpeningRules(deciding, buildAsk(request, context), 'open');
      const exit = findExit(request, context);
      if (exit === null || exit.permittedLots === 0) return refuseExit(deciding, exit);
      return decideExit(deciding, exit);
    }
  }
}

function decideExit({ trace, request, context, policy }: Deciding, exit: ExitSize): Outcome {
  checkSchema(trace, context, 'exit');
  checkScope(trace, request, context, policy, 'exit');
  checkState(trace, request, context, 'exit', true);
  trace.skipRules(4, 11);
  const rules = context.market.rules;
  if (rules === null || !areUsable(rules)) {
    // Without lot and tick sizes no order can be written down; the emergency flatten does not come through here.
    trace.deny(13, 'STALE_FILTERS', null, null, null);
    return NOTHING;
  }
  const effective = buildExit(trace, request, context, policy, rules, exit);
  checkResting(trace, request, context, policy, effective);
  checkParts(trace, request, context, policy, effective);
  const sound =
    effective.lots >= 1 &&
    effective.lots <= Math.max(exit.permittedLots, rules.min_lots) &&
    Number.isSafeInteger(effective.lots) &&
    (effective.price_ticks === null || Number.isSafeInteger(effective.price_ticks)) &&
    effective.reduce_only;
  // What was approved is an opening; an exit is never asked of anybody, and this one was not asked for now.
  if (context.approval?.grant != null) trace.deny(16, 'APPROVAL_STALE', 'exit', 'open', 'intent');
  if (!trace.denied) checkExitRounding(trace, request, context, rules, exit);
  if (sound) trace.pass(13, 'RECHECK', effective.lots, exit.permittedLots, 'lots');
  else trace.deny(13, 'INTERNAL_RECHECK', effective.lots, exit.permittedLots, 'lots');
  trace.pass(14, 'STAGING', 1, 1, 'slices');
  return { approval: null, effective, plan: describePlan([effective.lots], rules, 0) };
}

/** Asked for an exit where there is none, or where the position is another's. */
function refuseExit({ trace, request, context, policy }: Deciding, exit: ExitSize | null): Outcome {
  checkSchema(trace, context, 'exit');
  checkScope(trace, request, context, policy, 'exit');
  checkState(trace, request, context, 'exit', true);
  if (exit === null) trace.deny(12, 'NOT_REDUCING', 0, null, 'lots');
  else trace.deny(12, 'EXIT_SCOPE', null, null, null);
  trace.skipTheRest();
  return NOTHING;
}

/** Puts a decision together from what the rules found. A denied order sends nothing. */
function conclude({ trace, policy, found }: Deciding, { approval, effective, plan }: Outcome): ExecutionDecision {
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

function describeConstraints(found: BudgetFinding, policy: CompiledPolicy, plan: readonly StagedSlice[]): Constraints {
  return {
    cooldown_ms: policy.regimes[found.regime.regime].cooldownMs,
    leverage_cap: Math.min(
      leverageCapOf(found.budget),
      Math.max(1, Math.floor(policy.agentBudgets?.leverage ?? Number.MAX_SAFE_INTEGER)),
    ),
    notional_cap: found.budget.order_notional_usdt,
    order_rate_cap: found.budget.order_rate,
    slippage_cap_bps: slippageCapOf(policy, found.budget),
    staging_plan: plan,
  };
}
