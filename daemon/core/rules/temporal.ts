import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import type { BudgetComponents } from '../decision.ts';
import { DAY_BUDGETS, type DayBudget } from '../keys/day-budgets.ts';
import type { Regime } from '../policy.ts';
import type { Side } from '../request.ts';
import type { Trace } from '../trace.ts';

/** Order tokens left for opening orders now: the account's window and the agent's own (SAE-M4). */
export function rateTokensLeft(context: ExecutionContext, policy: CompiledPolicy, budget: BudgetComponents): number {
  const account = budget.order_rate - context.pacing.account_sends;
  if (policy.agentBudgets === null) return account;
  return Math.min(account, policy.agentBudgets.order_rate.max - context.pacing.agent_sends);
}

/** Rule 6: cooldown, order rate, flip interval, breaker, turnover and fees of the day. Denied asks change nothing. */
export function checkTemporal(
  trace: Trace,
  context: ExecutionContext,
  policy: CompiledPolicy,
  side: Side,
  regime: Regime,
  budget: BudgetComponents,
): void {
  if (context.phase !== 'parent') {
    trace.skip(6, 'TEMPORAL');
    return;
  }
  const { pacing, now_ms: now } = context;
  const cooldownMs = policy.regimes[regime].cooldownMs;
  const last = pacing.last_open_parent_at_ms;
  const sinceLast = last === null ? null : now - last;
  if (last !== null && now - last < cooldownMs)
    trace.denyFor(6, 'COOLDOWN', last + cooldownMs - now, sinceLast, cooldownMs, 'ms');
  else trace.pass(6, 'COOLDOWN', sinceLast, cooldownMs, 'ms');

  checkRate(trace, context, policy, budget);

  const flipMs = policy.temporal.flip_interval_ms;
  const fillAt = pacing.last_open_fill_at_ms;
  if (fillAt !== null && pacing.last_open_fill_side !== side && now - fillAt < flipMs) {
    trace.denyFor(6, 'FLIP', fillAt + flipMs - now, now - fillAt, flipMs, 'ms');
  } else trace.pass(6, 'FLIP', fillAt === null ? null : now - fillAt, flipMs, 'ms');

  if (pacing.breaker_until_ms !== null && now < pacing.breaker_until_ms) {
    trace.denyFor(6, 'BREAKER', pacing.breaker_until_ms - now, pacing.breaker_until_ms - now, 0, 'ms');
  } else trace.pass(6, 'BREAKER');

  for (const day of DAY_BUDGETS) checkDay(trace, day, context, policy);
}

/** A budget of the last 24 hours: the account's, then the agent's own. */
function checkDay(
  trace: Trace,
  { key, spent, usedUsdt }: DayBudget,
  { pacing, agent }: ExecutionContext,
  { budgets, agentBudgets: own }: CompiledPolicy,
): void {
  const usdt = usedUsdt(pacing);
  const ownUsdt = usedUsdt(agent);
  if (!(usdt < budgets[key])) trace.deny(6, spent, usdt, budgets[key], 'USDT');
  else if (own !== null && !(ownUsdt < own[key])) trace.deny(6, spent, ownUsdt, own[key], 'USDT');
  else trace.pass(6, spent, usdt, budgets[key], 'USDT');
}

/** SAE-M4: whether an order token is left, in what the venue takes, in the account's window and in the agent's own. */
export function checkRate(
  trace: Trace,
  context: ExecutionContext,
  policy: CompiledPolicy,
  budget: Pick<BudgetComponents, 'order_rate'>,
): void {
  const { pacing, now_ms: now } = context;
  const own = policy.agentBudgets;
  // Beyond it a reserve is left for exits, operators and stops.
  const venueFreeAt = pacing.venue_sends_free_at_ms;
  if (venueFreeAt !== undefined && now < venueFreeAt) trace.denyFor(6, 'RATE', venueFreeAt - now, null, null, null);
  else if (!(pacing.account_sends < budget.order_rate)) {
    const freeAt = pacing.account_sends_free_at_ms ?? now + policy.budgets.order_rate.window_ms;
    trace.denyFor(6, 'RATE', freeAt - now, pacing.account_sends, budget.order_rate, 'orders');
  } else if (own !== null && !(pacing.agent_sends < own.order_rate.max)) {
    const freeAt = pacing.agent_sends_free_at_ms ?? now + own.order_rate.window_ms;
    trace.denyFor(6, 'RATE', freeAt - now, pacing.agent_sends, own.order_rate.max, 'orders');
  } else trace.pass(6, 'RATE', pacing.account_sends, budget.order_rate, 'orders');
}
