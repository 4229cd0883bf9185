import { formatPrice, formatQuantity, lotsToQuantity, ticksToPrice } from '../arithmetic/quantities.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import type { ExecutionDecision, SizedAction } from '../decision.ts';
import type { ExecutionRequest } from '../request.ts';
import { buildAsk, isCutByLots, lotsOfAsk, sizeOfAsk, writeAskedSize } from '../rules/asked-size.ts';
import { describePlan } from '../rules/fit-order.ts';
import { boundPrice } from '../rules/price.ts';
import { findHolder } from '../rules/tightening.ts';

/**
 * Policy mode `shadow` (paper and replay only): the quantised *request* is what executes, while the decision that the
 * gate took is recorded beside it with `enforced: false`. Only what opens risk differs; exits and cancels are the same,
 * and so is whose a symbol is: what two agents had opened beside each other neither of them could close.
 * Without filters, mark or book there is nothing to quantise with, and the gate's own decision stands.
 */
export function shadowDecision(
  decision: ExecutionDecision,
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
): ExecutionDecision {
  const { rules, mark, bid, ask } = context.market;
  if (request.intent !== 'open' || request.side === null) return decision;
  if (request.requested_notional === null && request.quantity === null) return decision;
  if (decision.effective !== null && decision.effective.action !== 'open') return decision;
  const { heldBy, isUnowned } = findHolder(request, context, policy);
  if (heldBy !== null || isUnowned) return decision;
  if (rules === null || mark === null || bid === null || ask === null) return decision;
  const slippageBps = request.max_slippage_bps ?? 0;
  const limit = request.order_type === 'limit' ? request.limit_price : null;
  const quoted = { mid: (bid + ask) / 2, mark, collarBps: policy.spec.market.collar_bps };
  const price = boundPrice(rules, request.side, limit, slippageBps, quoted);
  const asked = buildAsk(request, context);
  const lots = Math.min(lotsOfAsk(asked, price.sizeTicks, rules), rules.max_lots);
  if (lots < 1 || price.priceTicks < 1) return decision;
  const notional = lotsToQuantity(lots, rules) * ticksToPrice(price.sizeTicks, rules);
  const size = sizeOfAsk(asked, ticksToPrice(price.sizeTicks, rules), rules);
  const isCut = asked.lots === null && isCutByLots(size.size, lots * size.lot);
  const effective: SizedAction = {
    action: 'open',
    leverage: request.requested_leverage ?? 1,
    limit_price: formatPrice(price.priceTicks, rules),
    lots,
    max_slippage_bps: slippageBps,
    notional,
    order_type: 'limit',
    price_ticks: price.priceTicks,
    quantity: formatQuantity(lots, rules),
    reduce_only: false,
    requested_quantity: writeAskedSize(size, rules),
    side: request.side,
    time_in_force: limit === null ? 'IOC' : 'GTC',
  };
  return {
    ...decision,
    constraints: { ...decision.constraints, staging_plan: describePlan([lots], rules, 0) },
    decision: isCut ? 'LIMIT' : 'ALLOW',
    effective,
  };
}
