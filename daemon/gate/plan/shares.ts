import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { exitsBeyondShare } from '../state/closable-share.ts';
import type { GateState } from '../state/gate-state.ts';
import type { OrderState } from '../state/orders.ts';

/** Resting exits to cancel, in all symbols; a pure function of folded state and policies, also for a replay. */
export function findExitsBeyondShares(
  state: GateState,
  policyFor: (agent: string) => CompiledPolicy,
): readonly OrderState[] {
  const beyond: OrderState[] = [];
  for (const [symbol, live] of state.orders.live)
    for (const agent of agentsWithExits(live))
      if (policyFor(agent).exitScope === 'own')
        beyond.push(...exitsBeyondShare(state.positions.get(symbol), live, agent));
  return beyond;
}

const NOBODY: ReadonlySet<string> = new Set();
function agentsWithExits(live: ReadonlySet<OrderState>): ReadonlySet<string> {
  let agents: Set<string> | null = null;
  for (const order of live)
    if (order.reduceOnly && order.origin === 'agent' && order.agent !== null)
      agents = (agents ?? new Set<string>()).add(order.agent);
  return agents ?? NOBODY;
}
