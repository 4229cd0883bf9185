import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { exitsBeyondShare } from '../state/closable-share.ts';
import type { GateState } from '../state/gate-state.ts';
import { liveOrders, type OrderState } from '../state/orders.ts';
import { isExitOnItsWay } from './exit-caps.ts';

/** What is to be canceled, of all symbols; a pure function of folded state and policies, for a replay as well. */
function findExitsBeyondShares(state: GateState, policyFor: (agent: string) => CompiledPolicy): readonly OrderState[] {
  const beyond: OrderState[] = [];
  for (const [symbol, live] of state.orders.live)
    for (const agent of agentsWithExits(live))
      if (policyFor(agent).exitScope === 'own')
        beyond.push(...exitsBeyondShare(state.positions.get(symbol), live, agent));
  return beyond;
}

/** Of those, all but the ones that an exit on its way makes room by, which rest again afterwards. */
export function findExitsToCut(state: GateState, policyFor: (agent: string) => CompiledPolicy): readonly OrderState[] {
  const isMakingRoom = ({ agent, side, symbol }: OrderState): boolean => {
    for (const order of liveOrders(state.orders, symbol))
      if (order.agent === agent && order.side === side && isExitOnItsWay(order)) return true;
    return false;
  };
  return findExitsBeyondShares(state, policyFor).filter((order) => !isMakingRoom(order));
}

const NOBODY: ReadonlySet<string> = new Set();
function agentsWithExits(live: ReadonlySet<OrderState>): ReadonlySet<string> {
  let agents: Set<string> | null = null;
  for (const order of live)
    if (order.reduceOnly && order.origin === 'agent' && order.agent !== null)
      agents = (agents ?? new Set<string>()).add(order.agent);
  return agents ?? NOBODY;
}
