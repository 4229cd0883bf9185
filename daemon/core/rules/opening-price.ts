import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext, RulesView } from '../context.ts';
import { areUsable } from '../quantities.ts';
import type { ExecutionRequest, Side } from '../request.ts';
import { Trace } from '../trace.ts';
import { buildAsk } from './approval.ts';
import { type BudgetFinding, findBudget } from './budget-finding.ts';
import { usdtOfAsk } from './fit-order.ts';
import { followParent } from './opening-rules.ts';
import { checkPrice, type PriceBound } from './price.ts';
import { slippageCapOf } from './projection.ts';

/** The price bound of rule 11, without its verdicts. Null: it is not known, or denied. */
export function findPrice(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  found: BudgetFinding,
  side: Side,
  rules: RulesView,
): PriceBound | null {
  const price = checkPrice(new Trace(), request, context, policy, side, slippageCapOf(policy, found.budget));
  return price === null ? null : followParent(price, context, rules, side);
}

/** The notional of an opening at the price at which it is sized, USDT. Null: that price is not known, or it is an exit. */
export function findAskedUsdt(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
): number | null {
  const { rules } = context.market;
  if (request.intent !== 'open' || request.reduce_only || rules === null || !areUsable(rules)) return null;
  const ask = buildAsk(request, context);
  const price = findPrice(request, context, policy, findBudget(context, policy), ask.side, rules);
  return price === null ? null : usdtOfAsk(ask, price.sizeTicks, rules);
}
