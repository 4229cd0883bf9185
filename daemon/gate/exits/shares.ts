import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import { findExitsToCut } from '../plan/shares.ts';
import { BEYOND_SHARE } from '../state/displaced-exits.ts';

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
    const beyond = findExitsToCut(this.#core.state, (agent) => this.#core.policyFor(agent));
    await Promise.all(beyond.map((order) => this.#canceler.cancel(order, BEYOND_SHARE)));
  }
}
