import { decideCancel, decideModify } from './changes.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import { conclude, SKIPPED_BY_EXITS } from './conclude.ts';
import type { ExecutionContext } from './context.ts';
import type { ExecutionDecision } from './decision.ts';
import { buildExit, checkResting, type ExitSize, findExit } from './exit.ts';
import { areUsable } from './quantities.ts';
import type { ExecutionRequest } from './request.ts';
import { checkSchema, checkScope, checkState } from './rules/admission.ts';
import { buildAsk } from './rules/approval.ts';
import { type BudgetFinding, findBudget } from './rules/budget-finding.ts';
import { runOpeningRules } from './rules/opening-rules.ts';
import { describePlan } from './rules/staging.ts';
import { Trace } from './trace.ts';

/**
 * The gate (SAE sections 3 to 6, DESIGN section 3): pure, total on valid input, deterministic, + - * / only.
 * Request and context are data; the answer is data. All rules run and each leaves a verdict.
 */
export function decide(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
): ExecutionDecision {
  const trace = new Trace();
  const found = findBudget(context, policy);
  switch (request.intent) {
    case 'cancel':
      return decideCancel(trace, request, context, policy, found);
    case 'modify':
      return decideModify(trace, request, context, policy, found);
    case 'open':
    case 'close': {
      const exit = findExit(request, context, policy);
      // RISK: an order on the side opposite to a position is an exit and nothing else, so that it can never add risk.
      if (exit !== null && exit.permittedLots > 0) return decideExit(trace, request, context, policy, found, exit);
      if (request.intent === 'close' || request.reduce_only || exit !== null)
        return refuseExit(trace, request, context, policy, found, exit);
      return decideOpening(trace, request, context, policy, found);
    }
  }
}

function decideExit(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  exit: ExitSize,
): ExecutionDecision {
  checkSchema(trace, context, 'exit');
  checkScope(trace, request, context, policy, 'exit');
  checkState(trace, request, context, 'exit', true);
  for (const [rule, code] of SKIPPED_BY_EXITS) trace.skip(rule, code);
  const rules = context.market.rules;
  if (rules === null || !areUsable(rules)) {
    // Without lot and tick sizes no order can be written down; the emergency flatten does not come through here.
    trace.deny(13, 'STALE_FILTERS', null, null, null);
    return conclude(trace, policy, found, null, []);
  }
  const effective = buildExit(trace, request, context, policy, rules, exit);
  checkResting(trace, request, context, policy, effective);
  const sound =
    effective.lots >= 1 &&
    effective.lots <= exit.permittedLots &&
    Number.isSafeInteger(effective.lots) &&
    (effective.price_ticks === null || Number.isSafeInteger(effective.price_ticks)) &&
    effective.reduce_only;
  // What was approved is an opening; an exit is never asked of anybody, and this one was not asked for now.
  if (context.approval?.grant != null) trace.deny(16, 'APPROVAL_STALE', 'exit', 'open', 'intent');
  if (sound) trace.pass(13, 'RECHECK', effective.lots, exit.permittedLots, 'lots');
  else trace.deny(13, 'INTERNAL_RECHECK', effective.lots, exit.permittedLots, 'lots');
  trace.pass(14, 'STAGING', 1, 1, 'slices');
  return conclude(trace, policy, found, effective, describePlan([effective.lots], rules, 0));
}

/** Asked for an exit where there is none, or where the position is another's. */
function refuseExit(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  exit: ExitSize | null,
): ExecutionDecision {
  checkSchema(trace, context, 'exit');
  checkScope(trace, request, context, policy, 'exit');
  checkState(trace, request, context, 'exit', true);
  if (exit === null) trace.deny(12, 'NOT_REDUCING', 0, null, 'lots');
  else {
    const opposed = exit.side === 'sell' ? context.exposure.opposed_by_long : context.exposure.opposed_by_short;
    if (opposed !== null && request.intent === 'open') trace.deny(12, 'OPPOSES_AGENT', opposed, null, null);
    else trace.deny(12, 'EXIT_SCOPE', opposed, null, null);
  }
  trace.skipTheRest();
  return conclude(trace, policy, found, null, []);
}

function decideOpening(
  trace: Trace,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
): ExecutionDecision {
  const opening = runOpeningRules(trace, request, context, policy, found, buildAsk(request, context), 'open');
  return conclude(trace, policy, found, opening.effective, opening.plan, opening.approval);
}
