import type { GateCore } from '../journal/journal.ts';

/** A command or a signal that the policy, its form or what is known forbids; mapped to 400 by the door. */
export class OperatorRequestError extends Error {
  readonly code = 'INVALID_INPUT';
}

/** On live what loosens is asked for twice: the first time starts the delay, the second after it takes effect. */
export class LooseningDelay {
  readonly #core: GateCore;
  readonly #askedAt = new Map<string, number>();

  constructor(core: GateCore) {
    this.#core = core;
  }

  /** @throws OperatorRequestError with the instant from which `what` may be asked for again */
  requireWaited(what: string): void {
    if (this.#core.settings.venue !== 'binance-live') return;
    const now = this.#core.nowMs();
    const delayMs = this.#core.policySpec.loosen_delay_ms;
    const askedAt = this.#askedAt.get(what);
    if (askedAt !== undefined && now - askedAt >= delayMs) {
      this.#askedAt.delete(what);
      return;
    }
    if (askedAt === undefined) this.#askedAt.set(what, now);
    const readyAt = new Date((askedAt ?? now) + delayMs).toISOString();
    throw new OperatorRequestError(`on binance-live ${what} waits: ask again after ${readyAt}`);
  }
}
