import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { PacingView } from '../../core/context.ts';
import { markInTicks, remainingLots, unitsInUsdt, valueTicks } from '../state/exposure.ts';
import type { GateState } from '../state/gate-state.ts';
import type { LiveInputs } from './inputs.ts';
import { type Own, othersThan } from './other-orders.ts';

export function viewPacing(
  state: GateState,
  inputs: LiveInputs,
  agent: string,
  symbol: string,
  policy: CompiledPolicy,
  decided: Own,
): PacingView {
  const now = inputs.nowMs;
  const pending = pendingTurnover(state, inputs, decided, null);
  const account = state.pacing.account;
  const own = state.pacing.readAgent(agent);
  const symbolPace = state.pacing.readSymbol(symbol);
  const sends = account.sends.count(now, policy.budgets.order_rate.window_ms);
  const agentSends = own.sends.count(now, (policy.agentBudgets ?? policy.budgets).order_rate.window_ms);
  const breaker = state.pacing.breakers.get(agent);
  return {
    account_sends: sends.tokens,
    account_sends_free_at_ms: sends.freeAtMs,
    agent_sends: agentSends.tokens,
    agent_sends_free_at_ms: agentSends.freeAtMs,
    breaker_until_ms: breaker === undefined || breaker.untilMs <= now ? null : breaker.untilMs,
    fees_usdt: account.fees.sum(now),
    last_open_fill_at_ms: symbolPace.lastOpenFillAtMs,
    last_open_fill_side: symbolPace.lastOpenFillSide,
    last_open_parent_at_ms: symbolPace.lastOpenParentAtMs,
    pending_fees_usdt: pending.feesUsdt,
    pending_turnover_usdt: pending.turnoverUsdt,
    turnover_usdt: account.turnover.sum(now),
    ...(inputs.venueSendsFreeAtMs === undefined ? {} : { venue_sends_free_at_ms: inputs.venueSendsFreeAtMs }),
  };
}

/**
 * Opening orders that may still fill, the decided one excepted: turnover to come, at the worse of mark and limit, and the
 * fees on it. `agent`: of its orders alone; null: of all.
 */
export function pendingTurnover(
  state: GateState,
  inputs: LiveInputs,
  own: Own,
  agent: string | null,
): { readonly turnoverUsdt: number; readonly feesUsdt: number } {
  let turnoverUsdt = 0;
  let feesUsdt = 0;
  for (const [symbol, orders] of state.orders.live) {
    if (orders.size === 0) continue;
    const rules = state.rules.get(symbol);
    if (rules === undefined) continue;
    const live = inputs.symbols.get(symbol);
    const markTicks = live === undefined ? 0 : markInTicks(live.mark, rules);
    for (const order of othersThan(orders, own, agent)) {
      if (order.reduceOnly) continue;
      const usdt = unitsInUsdt(remainingLots(order) * valueTicks(order, markTicks), rules);
      turnoverUsdt += usdt;
      feesUsdt += usdt * rules.takerFee;
    }
  }
  return { turnoverUsdt, feesUsdt };
}
