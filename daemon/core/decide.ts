import { decideCancel, decideModify } from './changes.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import { conclude, SKIPPED_BY_EXITS } from './conclude.ts';
import type { ExecutionContext } from './context.ts';
import type { ExecutionDecision } from './decision.ts';
import { buildExit, checkExitRounding, checkParts, checkResting, type ExitSize, findExit } from './exit.ts';
import { areUsable } from './quantities.ts';
import type { ExecutionRequest } from './request.ts';
import { checkSchema, checkScope, checkState } from './rules/admission.ts';
import { buildAsk } from './rules/approval.ts';
import { type Deciding, findBudget } from './rules/budget-finding.ts';
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
  const deciding: Deciding = { trace: new Trace(), request, context, policy, found: findBudget(context, policy) };
  switch (request.intent) {
    case 'cancel':
      return decideCancel(deciding);
    case 'modify':
      return decideModify(deciding);
    case 'open':
    case 'close': {
      // RISK: an order against a position opens nothing: it is refused where it does not ask to reduce (AGAINST_POSITION).
      if (request.intent === 'open' && !request.reduce_only) return decideOpening(deciding);
      const exit = findExit(request, context);
      if (exit === null || exit.permittedLots === 0) return refuseExit(deciding, exit);
      return decideExit(deciding, exit);
    }
  }
}

function decideExit({ trace, request, context, policy, found }: Deciding, exit: ExitSize): ExecutionDecision {
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
  return conclude(trace, policy, found, effective, describePlan([effective.lots], rules, 0));
}

/** Asked for an exit where there is none, or where the position is another's. */
function refuseExit({ trace, request, context, policy, found }: Deciding, exit: ExitSize | null): ExecutionDecision {
  checkSchema(trace, context, 'exit');
  checkScope(trace, request, context, policy, 'exit');
  checkState(trace, request, context, 'exit', true);
  if (exit === null) trace.deny(12, 'NOT_REDUCING', 0, null, 'lots');
  else trace.deny(12, 'EXIT_SCOPE', null, null, null);
  trace.skipTheRest();
  return conclude(trace, policy, found, null, []);
}

function decideOpening(deciding: Deciding): ExecutionDecision {
  const { trace, request, context, policy, found } = deciding;
  const opening = runOpeningRules(deciding, buildAsk(request, context), 'open');
  return conclude(trace, policy, found, opening.effective, opening.plan, opening.approval);
}
