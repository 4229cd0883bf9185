import type { CompiledPolicy } from '../core/compiled-policy.ts';
import type { Canceler } from './cancels.ts';
import { isExitOnItsWay } from './exits/plan-exits.ts';
import type { GateCore } from './gate-core.ts';
import { exitsBeyondShare } from './state/closable-share.ts';
import { BEYOND_SHARE } from './state/displaced-exits.ts';
import type { GateState } from './state/gate-state.ts';
import { liveOrders, type OrderState } from './state/orders.ts';

/**
 * Resting exits of agents follow their shares. Each was within its agent's share when it was decided; when that shrinks,
 * or others join the position, what is beyond it is canceled, so that it does not close what is another agent's; it rests again,
 * clipped to what the share is then.
 */
export class ExitShares {
  readonly #core: GateCore;
  readonly #canceler: Canceler;

  constructor(core: GateCore, canceler: Canceler) {
    this.#core = core;
    this.#canceler = canceler;
  }

  /** Cheap: called at every tick and after every fill. Resolves with the cancels that it began. */
  async tick(): Promise<void> {
    const beyond = findExitsBeyondShares(this.#core.state, (agent) => this.#core.policyFor(agent));
    // An exit that is on its way makes its own room, by orders that rest again afterwards.
    const { orders } = this.#core.state;
    const isMakingRoom = ({ agent, side, symbol }: OrderState): boolean =>
      [...liveOrders(orders, symbol)].some(
        (order) => order.agent === agent && order.side === side && isExitOnItsWay(order),
      );
    const cancels = beyond
      .filter((order) => !isMakingRoom(order))
      .map((order) => this.#canceler.cancel(order, BEYOND_SHARE));
    await Promise.all(cancels);
  }
}

/** What is to be canceled, of all symbols; a pure function of folded state and policies, for a replay as well. */
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
