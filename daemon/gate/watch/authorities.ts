import { findEnded, WORD_GONE } from '../../engine/openings/authority.ts';
import { authorityNow } from '../journal/authority-now.ts';
import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';

/** Drops and cancels what opens on an authority that has ended ({@link findEnded}). */
export class Authorities {
  readonly #core: GateCore;
  readonly #canceler: Canceler;

  constructor(core: GateCore, canceler: Canceler) {
    this.#core = core;
    this.#canceler = canceler;
  }

  /** Called at every tick, also before the account was read. The promise is that of the cancels which it began. */
  tick(): Promise<unknown> | null {
    const core = this.#core;
    const now = authorityNow(core);
    const ended = findEnded(core.state, now);
    if (ended.length === 0) return null;
    for (const { order, why } of ended)
      if (why === WORD_GONE && order.origin === 'agent' && order.agent !== null && !now.isSpokenFor(order.agent))
        core.alertRarely(
          'AGENT_WITHOUT_TOKEN',
          `agent ${order.agent} has no token any more: its opening orders are canceled and its slices dropped`,
          null,
          order.agent,
        );
    return Promise.all(ended.map(({ order, why }) => this.#canceler.cancel(order, why)));
  }
}
