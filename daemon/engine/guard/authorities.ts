import type { EngineCore } from '../flow/core.ts';
import type { Started } from '../flow/step.ts';
import { findEnded, WORD_GONE } from '../openings/authority.ts';
import type { Canceler } from '../sending/cancels.ts';

/** Drops and cancels what opens on an authority that has ended ({@link findEnded}). */
export class Authorities {
  readonly #core: EngineCore;
  readonly #canceler: Canceler;

  constructor(core: EngineCore, canceler: Canceler) {
    this.#core = core;
    this.#canceler = canceler;
  }

  /** Called at every tick, also before the account was read: the cancels which it began. */
  tick(): readonly Started<void>[] {
    const core = this.#core;
    const now = core.authorityNow();
    const ended = findEnded(core.state, now);
    for (const { order, why } of ended)
      if (why === WORD_GONE && order.origin === 'agent' && order.agent !== null && !now.isSpokenFor(order.agent))
        core.alertRarely(
          'AGENT_WITHOUT_TOKEN',
          `agent ${order.agent} has no token any more: its opening orders are canceled and its slices dropped`,
          null,
          order.agent,
        );
    return ended.map(({ order, why }) => this.#canceler.cancel(order, why));
  }
}
