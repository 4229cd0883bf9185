import type { ReloadOutcome } from '../../contract/types/policy.ts';
import { profileOf } from '../../core/venues.ts';
import type { LiveCore } from '../flow/core.ts';

/** A command or signal that the policy, its form or the current state forbids; a 400 over HTTP. */
export class OperatorRequestError extends Error {
  readonly code = 'INVALID_INPUT';
}

/** It would loosen, and whoever asks may only tighten; a 403 over HTTP. */
export class LooseningRefused extends Error {
  readonly code = 'FORBIDDEN';
}

/** Of a pending policy, or pending alert routes: whoever took the file back wants them no more. */
export function heldNoMore(file: string, hash: string): ReloadOutcome {
  const message = `${file} holds it no more: save it there again, or put back what is in force`;
  return { status: 'refused', message, pending_hash: hash };
}

/** So long after its delay a first request is good for a second one, domain ms: whoever asks later means another thing. */
const GOOD_FOR_MS = 3_600_000;

/**
 * On live a loosening must be requested twice: the first request starts the delay, the second takes effect after it.
 */
export class LooseningDelay {
  readonly #core: LiveCore;
  readonly #askedAt = new Map<string, number>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** @throws OperatorRequestError with the time from which `what` may be requested again */
  requireWaited(what: string): void {
    const { venue } = this.#core.settings;
    if (!profileOf(venue).isRealMoney) return;
    const now = this.#core.passedMs();
    const delayMs = this.#core.policySpec.loosen_delay_ms;
    const firstAt = this.#askedAt.get(what);
    const askedAt = firstAt !== undefined && now - firstAt <= delayMs + GOOD_FOR_MS ? firstAt : undefined;
    if (askedAt !== undefined && now - askedAt >= delayMs) {
      this.#askedAt.delete(what);
      return;
    }
    if (askedAt === undefined) this.#askedAt.set(what, now);
    const readyAt = new Date(this.#core.state.time.venueMs((askedAt ?? now) + delayMs)).toISOString();
    throw new OperatorRequestError(`on ${venue} ${what} waits: ask again after ${readyAt}`);
  }
}
