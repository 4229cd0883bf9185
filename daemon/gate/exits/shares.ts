import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import { isExitOnItsWay } from '../plan/exit-caps.ts';
import { findExitsBeyondShares } from '../plan/shares.ts';
import { BEYOND_SHARE } from '../state/displaced-exits.ts';
import { liveOrders, type OrderState } from '../state/orders.ts';

/**
 * Resting exits of agents follow their shares. Each was within its agent's share when it was decided; when that
 * shrinks, or others join the position, what is beyond it is canceled, so that it does not close what is another
 * agent's; it rests again, clipped to what the share is then.
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
