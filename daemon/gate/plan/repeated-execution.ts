import type { TemporalSection } from '../../core/policy.ts';
import type { StateEvent } from '../events.ts';
import type { GateState } from '../state/gate-state.ts';
import type { OrderState } from '../state/orders.ts';

/** Trips beyond which the cooldown no longer doubles. */
const MOST_DOUBLINGS = 20;

/** How long an agent's breaker stays open after this many earlier trips. */
export function breakerMs(cooldownMs: number, trips: number): number {
  return cooldownMs * 2 ** Math.min(trips, MOST_DOUBLINGS);
}

/**
 * The repeated-execution breaker: the layer to set when the parent of a fill, equal in agent, symbol,
 * side and lots, has been executed `repeats` times within the window; null: nothing to set. Its cooldown doubles with
 * every trip of the agent.
 */
export function findRepeatedExecution(
  state: GateState,
  order: OrderState,
  breaker: TemporalSection['breaker'],
  nowMs: number,
): StateEvent | null {
  if (order.reduceOnly || order.agent === null || order.decisionId === null) return null;
  const { repeats, window_ms: windowMs, cooldown_ms: cooldownMs } = breaker;
  const { pacing, orders } = state;
  const known = pacing.breakers.get(order.agent);
  if (known !== undefined && known.untilMs > nowMs) return null;
  const siblings = orders.byDecision.get(order.decisionId) ?? [order];
  const lots = siblings.reduce((sum, sibling) => sum + sibling.lots, 0);
  const sinceMs = known?.untilMs ?? 0;
  const count = pacing.countExecutions(order.agent, order.symbol, order.side, lots, nowMs, windowMs, sinceMs);
  if (count < repeats) return null;
  return {
    clears_at_ms: nowMs + breakerMs(cooldownMs, known?.trips ?? 0),
    clears_when: 'its cooldown is over, or an operator clears it',
    layer: 'breaker',
    name: order.agent,
    reason: `the same ${order.side} of ${order.symbol} was executed ${count} times within ${windowMs} ms`,
    scope: 'agent',
    set_by: 'daemon',
    state: 'reducing',
  };
}
