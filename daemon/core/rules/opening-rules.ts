import { areUsable, ceilTicks, floorTicks, type RulesView, ticksToPrice } from '../arithmetic/quantities.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import type { SizedAction } from '../decision.ts';
import { MAX_OPENINGS } from '../policy.ts';
import type { ExecutionRequest, Side } from '../request.ts';
import { checkDuplicate, checkFreshness, checkSchedule, checkSchema, checkScope, checkState } from './admission.ts';
import { checkApproval, heldTicks } from './approval.ts';
import { buildAsk, type OpeningAsk, usdtOfAsk } from './asked-size.ts';
import { type BudgetFinding, type Deciding, findBudget } from './budgets.ts';
import { fitOrder } from './fit-order.ts';
import { checkPrice, checkRange, type PriceBound } from './price.ts';
import { slippageCapOf } from './projection.ts';
import {
  checkAccount,
  checkAgentLoss,
  checkHolding,
  checkRegime,
  checkTemporal,
  checkTraderState,
  checkTrust,
} from './tightening.ts';
import { NOTHING, type Outcome, Trace } from './trace.ts';

/** Rules 1 to 14 and 16 for whatever adds risk: a new order, a later slice, a standing order, an amended order. */
export function runOpeningRules(deciding: Deciding, ask: OpeningAsk, action: SizedAction['action']): Outcome {
  const { trace, request, context, policy, found } = deciding;
  checkSchema(trace, context, action);
  checkScope(trace, request, context, policy, action);
  checkState(trace, request, context, action, false);
  checkSchedule(trace, context, policy);
  // No feed watches a symbol outside the scope: that its inputs are missing, and what follows from that (its regime,
  // with the order rate and the waits of it), is no reason beside the one that denies it. INVARIANT: rule 2 has denied.
  const isInScope = request.symbol !== null && policy.symbols.has(request.symbol);
  if (isInScope) checkFreshness(trace, request, context, policy);
  else trace.skipRules(4);
  checkDuplicate(trace, context, policy);
  if (isInScope) {
    checkTemporal(trace, context, policy, ask.side, found.regime.regime, found.budget);
    checkRegime(trace, found.regime, policy);
  } else trace.skipRules(6, 7);
  checkAccount(trace, context, policy, found.account, isInScope);
  checkTrust(trace, found.trust, context);
  checkTraderState(trace, context, policy);
  checkAgentLoss(trace, context, policy);
  const price = checkPrice(trace, request, context, policy, ask.side, slippageCapOf(policy, found.budget));
  checkHolding(trace, request, context, policy, ask.side);
  checkOpenings(trace, context, policy);
  const rules = context.market.rules;
  const followed = price === null || rules === null ? null : followParent(price, context, rules, ask.side);
  if (followed === null || rules === null || !checkRange(trace, followed.priceTicks, rules)) {
    trace.skipRules(12, 14);
    return NOTHING;
  }
  const { effective, plan } = fitOrder(deciding, ask, followed, rules, action);
  const approval = checkApproval(deciding, effective, {
    ask,
    rules,
    priceTicks: price?.priceTicks ?? followed.priceTicks,
    sizeTicks: followed.sizeTicks,
  });
  return trace.denied ? { ...NOTHING, approval } : { approval, effective, plan };
}

/**
 * A later slice's price is no worse than its parent's by more than the slippage bound, and no approved order's worse than
 * what was approved.
 */
export function followParent(price: PriceBound, context: ExecutionContext, rules: RulesView, side: Side): PriceBound {
  const parent = context.parent_price_ticks;
  const held = heldTicks(context);
  if (parent === null && held === null) return price;
  const isBuy = side === 'buy';
  let { priceTicks } = price;
  if (parent !== null) {
    const worst = ticksToPrice(parent, rules) * (isBuy ? 1 + price.slippageBps / 1e4 : 1 - price.slippageBps / 1e4);
    priceTicks = isBuy ? Math.min(priceTicks, floorTicks(worst, rules)) : Math.max(priceTicks, ceilTicks(worst, rules));
  }
  if (held !== null) priceTicks = isBuy ? Math.min(priceTicks, held) : Math.max(priceTicks, held);
  const valueTicks = Math.max(ceilTicks(context.market.mark ?? 0, rules), priceTicks);
  const sizeTicks = price.sizeTicks === price.valueTicks ? valueTicks : Math.max(price.sizeTicks, priceTicks);
  return { slippageBps: price.slippageBps, priceTicks, valueTicks, sizeTicks };
}

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

/** Share of the venue's limit on open orders that openings may take up together: the rest is for what closes. */
const OPENINGS_SHARE = 0.5;
/**
 * The venue takes so many open orders in a symbol and no more: an agent's openings leave room for others', and all of
 * them for exits (DESIGN 12.4). In every phase, so that a tighter policy or venue sends away what rests beyond it.
 */
function checkOpenings(trace: Trace, { openings }: ExecutionContext, { spec }: CompiledPolicy): void {
  if (openings === undefined) return;
  const most = spec.standing.resting ?? MAX_OPENINGS;
  const maxOfAll = Math.max(1, Math.floor(openings.venue_limit * OPENINGS_SHARE));
  if (openings.own >= most) trace.deny(12, 'OPENINGS_RESTING', openings.own, most, 'orders');
  else if (openings.all >= maxOfAll) trace.deny(12, 'OPENINGS_RESTING', openings.all, maxOfAll, 'orders');
}
