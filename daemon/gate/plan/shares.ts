import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { exitsBeyondShare } from '../state/closable-share.ts';
import { mayOpenStill } from '../state/exit-bounds.ts';
import { remainingLots } from '../state/exposure.ts';
import type { GateState } from '../state/gate-state.ts';
import { isResting, liveOrders, newestFirst, type OrderState } from '../state/orders.ts';
import { isExitOnItsWay } from './exit-caps.ts';
import { mayMeetYounger } from './rests.ts';

const NONE: readonly OrderState[] = [];

/** What is to be canceled, of all symbols; a pure function of folded state and policies, for a replay as well. */
function findExitsBeyondShares(state: GateState, policyFor: (agent: string) => CompiledPolicy): readonly OrderState[] {
  let beyond = NONE;
  for (const [symbol, live] of state.orders.live) {
    if (live.size === 0) continue;
    for (const agent of agentsWithExits(live))
      if (policyFor(agent).exitScope === 'own')
        beyond = [...beyond, ...exitsBeyondShare(state.positions.get(symbol), live, agent)];
  }
  return beyond;
}

/**
 * What rests of an agent beyond the lots that were held when it was asked for: other exits have closed those since, and
 * it would close what was opened later. The newest first, until the others fit.
 */
function findExitsBeyondBounds(state: GateState): readonly OrderState[] {
  const { displaced, orders } = state;
  const beyond = new Set<OrderState>();
  for (const bound of displaced.bounds.all) {
    if (mayOpenStill(bound) || !mayMeetYounger(state, bound)) continue;
    const askedAtMs = (order: OrderState): number | undefined => displaced.bounds.find(order.decisionId)?.askedAtMs;
    const elder = [...liveOrders(orders, bound.symbol)].filter(
      (order) =>
        order.reduceOnly &&
        order.side === bound.side &&
        order.agent === bound.agent &&
        isResting(order) &&
        !order.cancelRequested &&
        !beyond.has(order) &&
        (askedAtMs(order) ?? Number.POSITIVE_INFINITY) <= bound.askedAtMs,
    );
    elder.sort(newestFirst);
    let lots = elder.reduce((sum, order) => sum + remainingLots(order), 0);
    for (const order of elder) {
      if (lots <= Math.max(0, bound.roomLots)) break;
      lots -= remainingLots(order);
      beyond.add(order);
    }
  }
  return [...beyond];
}

/** Of those, all but the ones that an exit on its way makes room by, which rest again afterwards. */
export function findExitsToCut(state: GateState, policyFor: (agent: string) => CompiledPolicy): readonly OrderState[] {
  const isMakingRoom = ({ agent, side, symbol }: OrderState): boolean => {
    for (const order of liveOrders(state.orders, symbol))
      if (order.agent === agent && order.side === side && isExitOnItsWay(order)) return true;
    return false;
  };
  const beyondShares = findExitsBeyondShares(state, policyFor);
  const beyondBounds = state.displaced.bounds.size === 0 ? NONE : findExitsBeyondBounds(state);
  if (beyondShares.length + beyondBounds.length === 0) return NONE;
  const beyond = new Set([...beyondShares, ...beyondBounds]);
  return [...beyond].filter((order) => !isMakingRoom(order));
}

const NOBODY: ReadonlySet<string> = new Set();
function agentsWithExits(live: ReadonlySet<OrderState>): ReadonlySet<string> {
  let agents: Set<string> | null = null;
  for (const order of live)
    if (order.reduceOnly && order.origin === 'agent' && order.agent !== null)
      agents = (agents ?? new Set<string>()).add(order.agent);
  return agents ?? NOBODY;
}
